"""Shelf's simulator for `simulate` and `demo`."""

from reconciler.plugin import Row, Simulation, SimulatorOption, Slot, Story
from reconciler_shelf.simulator import Faults, Shape, Variants, serve


def _slot(row: Row) -> Slot:
    return Slot(row["shelf"], row["shelf"], row["package"], row["assigned"])


STORY = Story(
    title="A store with shelves is running",
    units="shelves",
    simulator=lambda devices: ("--units", str(devices), "--offline", "4%"),
    connect=lambda it: ("--url", it["url"], "--store", it["store"]),
    secrets=lambda it: {"SHELF_TOKEN": it["token"]},
    slot=_slot,
    click=lambda slot, old: [("console", {"shelf": slot.unit, "package": slot.workload, "version": old})],
)
SIMULATION = Simulation(
    help="""Simulate a store with shelves of electronic price labels.

    The first line on standard output is one JSON object with platform, url, store and token.
    """,
    example="--units 200 --variant unknown-shelves=refuse",
    device="shelf-0017",
    options=(SimulatorOption("units", 20, "Shelves."), SimulatorOption("workloads", 2, "Packages.")),
    shape=Shape,
    faults=lambda seed, texts: Faults(seed).parse(texts),
    variants=Variants.parse,
    serve=serve,
    story=STORY,
)
