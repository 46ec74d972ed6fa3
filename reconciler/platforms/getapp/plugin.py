"""What GetApp brings along."""

from reconciler.platforms.getapp.connection import OPTIONS, GetAppConnection, check, connection, target
from reconciler.plugin import PlatformPlugin

PLUGIN = PlatformPlugin(
    name="getapp",
    title="GetApp",
    spec=GetAppConnection,
    factory="reconciler.platforms.getapp.platform:factory",
    options=OPTIONS,
    connection=connection,
    example="--url https://cdn.example.com --delivery https://getapp.example.com",
    harmless=frozenset({"agent", "topology", "api", "routes"}),  # an agent gets no secret
    check=check,
    target=target,
    question="Which call carries out each step? No document confirms it, so plans hold what needs a step until `routes:` says it.",
    simulation="reconciler.simulators.getapp.simulation:SIMULATION",
)
