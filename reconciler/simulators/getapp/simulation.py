"""GetApp's simulator for `simulate` and `demo`."""

from reconciler.plugin import Proposal, Row, Simulation, SimulatorOption, Slot, Story
from reconciler.simulators.getapp import Faults, Shape, Variants, serve


def _slot(row: Row) -> Slot:
    return Slot(row["device"], row["name"], row["project"], row["assigned"])


STORY = Story(
    title="A GetApp CDN master with its devices is running",
    units="devices",
    simulator=lambda devices: ("--units", str(devices), "--offline", "0%"),
    connect=lambda it: ("--url", it["url"], "--delivery", it["delivery"]),
    secrets=lambda it: {"GETAPP_USERNAME": it["username"], "GETAPP_PASSWORD": it["password"]},
    slot=_slot,
    click=lambda slot, old: [("console", {"device": slot.unit, "project": slot.workload, "version": old})],
    proposal=Proposal(
        "Take over the calls that the agent describes",
        "No document confirms them, so nothing is sent before somebody read them: `doctor` proposes `routes:`.",
    ),
    note=" The plan names the first call of each device; those that follow come when it took effect.",
    order=2,
)
SIMULATION = Simulation(
    help="""Simulate a GetApp CDN master with its devices, and the delivery server.

    The first line on standard output is one JSON object with platform, url, delivery, username and password. The agent
    of the master's own device answers at the same url.
    """,
    example="--units 1000 --variant multi-version=side-by-side",
    device="edge-000017",
    options=(
        SimulatorOption("units", 100, "Devices, the master being one."),
        SimulatorOption("workloads", 3, "Projects."),
        SimulatorOption("prepare", "1s", "How long preparing a release takes."),
        SimulatorOption("token-life", "1h", "How long a login is good for."),
    ),
    shape=Shape,
    faults=lambda seed, texts: Faults(seed).parse(texts),
    variants=Variants.parse,
    serve=serve,
    story=STORY,
)
