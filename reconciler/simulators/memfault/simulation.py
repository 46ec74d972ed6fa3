"""Memfault's simulator for `simulate` and `demo`."""

from typing import Any

from reconciler.plugin import Row, Simulation, SimulatorOption, Slot, Story
from reconciler.simulators.memfault import Faults, Shape, Variants, serve


def _slot(row: Row) -> Slot:
    return Slot(row["cohort"], row["cohort"], row["software_type"], row["assigned"])


def _click(slot: Slot, old: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("pull", {"cohort": slot.unit, "version": slot.assigned}),
        ("activate", {"cohort": slot.unit, "version": old}),
    ]


STORY = Story(
    title="A Memfault project with cohorts of devices is running",
    units="cohorts",
    simulator=lambda devices: ("--units", "6", "--devices", str(devices), "--offline", "4%"),
    connect=lambda it: ("--url", it["url"], "--organization", it["organization"], "--project", it["project"]),
    secrets=lambda it: {"MEMFAULT_ORG_TOKEN": it["token"]},
    slot=_slot,
    click=_click,
    note=" An older activation is pulled only once the newer one is in force.",
    order=3,
)
SIMULATION = Simulation(
    help="""Simulate a Memfault project with cohorts of devices.

    The first line on standard output is one JSON object with platform, url, organization, project, token, email, key
    and project_key.
    """,
    example="--devices 1000 --variant activation-status=in_progress",
    device="DEV-000017",
    options=(
        SimulatorOption("units", 5, "Cohorts."),
        SimulatorOption("workloads", 2, "Software types."),
        SimulatorOption("devices", 100, "Devices of all cohorts."),
    ),
    shape=Shape,
    faults=lambda seed, texts: Faults(seed).parse(texts),
    variants=Variants.parse,
    serve=serve,
    story=STORY,
)
