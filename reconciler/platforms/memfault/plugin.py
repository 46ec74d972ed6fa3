"""What Memfault brings along."""

from reconciler.platforms.memfault.connection import (
    OPTIONS,
    ROLLOUT,
    MemfaultConnection,
    check,
    check_share,
    connection,
    target,
)
from reconciler.plugin import PlatformPlugin

PLUGIN = PlatformPlugin(
    name="memfault",
    title="Memfault",
    spec=MemfaultConnection,
    factory="reconciler.platforms.memfault.platform:factory",
    options=OPTIONS,
    connection=connection,
    example="--organization acme --project watch",
    harmless=frozenset({"organization", "project", "seen_within", "redraw"}),
    check=check,
    target=target,
    selectors=frozenset({"ids", "names", "tags", "cohorts"}),
    settings={ROLLOUT: check_share},
    stages=True,
    simulation="reconciler.simulators.memfault.simulation:SIMULATION",
)
