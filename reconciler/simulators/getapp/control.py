"""What can be done to the simulated fleet by hand, besides what every simulator offers.

Verbs: set_online, set_inactive, set_failing, console, pause, cancel, add_device, delete_device, restart_agent,
set_status, add_release, fail_preparation, set_field, expire_tokens.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from reconciler.simulators.getapp.world import GetAppWorld

VERBS: tuple[Callable[..., Any], ...] = (
    GetAppWorld.set_online,
    GetAppWorld.set_inactive,
    GetAppWorld.set_failing,
    GetAppWorld.console,
    GetAppWorld.pause,
    GetAppWorld.cancel,
    GetAppWorld.add_device,
    GetAppWorld.delete_device,
    GetAppWorld.restart_agent,
    GetAppWorld.set_status,
    GetAppWorld.add_release,
    GetAppWorld.fail_preparation,
    GetAppWorld.set_field,
    GetAppWorld.expire_tokens,
)


def verbs(world: GetAppWorld) -> dict[str, Callable[..., Any]]:
    """All verbs by name."""
    return {verb.__name__: partial(verb, world) for verb in VERBS}
