"""What Shelf brings along."""

from reconciler.plugin import PlatformPlugin
from reconciler_shelf.connection import OPTIONS, ShelfConnection, check, connection, target

PLUGIN = PlatformPlugin(
    name="shelf",
    title="Shelf",
    spec=ShelfConnection,
    factory="reconciler_shelf.platform:factory",
    options=OPTIONS,
    connection=connection,
    example="--url https://shelves.example.com --store store-7",
    check=check,
    target=target,
    simulation="reconciler_shelf.simulation:SIMULATION",
)
