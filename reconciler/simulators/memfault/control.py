"""What can be done to the simulated project by hand, besides what every simulator offers.

Verbs: set_online, set_failing, add_device, delete_device, move_device, set_reported, add_cohort, delete_cohort,
add_release, delete_release, activate, pull, set_status, expire_tokens, revoke, grant.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from reconciler.simulators.memfault.world import MemfaultWorld

VERBS: tuple[Callable[..., Any], ...] = (
    MemfaultWorld.set_online,
    MemfaultWorld.set_failing,
    MemfaultWorld.add_device,
    MemfaultWorld.delete_device,
    MemfaultWorld.move_device,
    MemfaultWorld.set_reported,
    MemfaultWorld.add_cohort,
    MemfaultWorld.delete_cohort,
    MemfaultWorld.add_release,
    MemfaultWorld.delete_release,
    MemfaultWorld.activate,
    MemfaultWorld.pull,
    MemfaultWorld.set_status,
    MemfaultWorld.expire_tokens,
    MemfaultWorld.revoke,
    MemfaultWorld.grant,
)


def verbs(world: MemfaultWorld) -> dict[str, Callable[..., Any]]:
    """All verbs by name."""
    return {verb.__name__: partial(verb, world) for verb in VERBS}
