"""Losant's simulator for `simulate` and `demo`."""

from reconciler.plugin import Bad, Row, Simulation, SimulatorOption, Slot, Story
from reconciler.simulators.losant import Faults, Shape, Variants, serve


def _slot(row: Row) -> Slot:
    return Slot(row["device"], row["device"], row["flow"], row["desired"])


STORY = Story(
    title="A Losant application is running",
    units="gateways",
    simulator=lambda devices: ("--units", str(devices), "--offline", "4%"),
    connect=lambda it: ("--url", it["url"], "--application", it["application"]),
    secrets=lambda it: {"LOSANT_API_TOKEN": it["token"]},
    slot=_slot,
    click=lambda slot, old: [("console", {"device": slot.unit, "flow": slot.workload, "version": old})],
    bad=Bad("vision", "v1.3.0", lambda slot: ("set_failing", {"device": slot.unit, "failing": True})),
    order=1,
)
SIMULATION = Simulation(
    help="""Simulate a Losant application with a fleet of edge devices.

    The first line on standard output is one JSON object with platform, url, application and token.
    """,
    example="--units 1000 --failing 0% --variant max-per-page=reject",
    device="gw-017",
    options=(
        SimulatorOption("units", 100, "Edge devices."),
        SimulatorOption("workloads", 3, "Edge workflows."),
        SimulatorOption("sites", 5, "Sites that they are at, as their tag."),
    ),
    shape=Shape,
    faults=lambda seed, texts: Faults(seed).parse(texts),
    variants=Variants.parse,
    serve=serve,
    story=STORY,
)
