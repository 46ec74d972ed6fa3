"""What can be done to the simulated application by hand, besides what every simulator offers.

Verbs: set_online, set_failing, console, add_device, delete_device, set_tags, rename_device, set_agent, add_flow,
create_version, delete_version, report_failure; and `grant`: `{"token": "t", "scopes": ["devices.get"]}`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from reconciler.simulators.losant.access import Access
from reconciler.simulators.losant.world import LosantWorld

VERBS: tuple[Callable[..., Any], ...] = (
    LosantWorld.set_online,
    LosantWorld.set_failing,
    LosantWorld.console,
    LosantWorld.add_device,
    LosantWorld.delete_device,
    LosantWorld.set_tags,
    LosantWorld.rename_device,
    LosantWorld.set_agent,
    LosantWorld.add_flow,
    LosantWorld.create_version,
    LosantWorld.delete_version,
    LosantWorld.report_failure,
)


def verbs(world: LosantWorld, access: Access) -> dict[str, Callable[..., Any]]:
    """All verbs by name."""
    found: dict[str, Callable[..., Any]] = {verb.__name__: partial(verb, world) for verb in VERBS}
    return found | {"grant": access.grant}
