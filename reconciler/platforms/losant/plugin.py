"""What Losant brings along."""

from reconciler.platforms.losant.connection import OPTIONS, LosantConnection, check, connection, target
from reconciler.plugin import PlatformPlugin

PLUGIN = PlatformPlugin(
    name="losant",
    title="Losant",
    spec=LosantConnection,
    factory="reconciler.platforms.losant.platform:factory",
    options=OPTIONS,
    connection=connection,
    example="--application 575ec8687ae143cd83dc4a97",
    harmless=frozenset({"application", "wide_calls"}),
    check=check,
    target=target,
    simulation="reconciler.simulators.losant.simulation:SIMULATION",
)
