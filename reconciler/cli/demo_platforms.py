"""The demo's table: how each platform is simulated, connected and meddled with; the story itself is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Announcement = dict[str, str]
"""What a simulator says of itself: address, names and made-up secrets."""

Row = dict[str, Any]
"""One slot of a simulator's state, as its control surface tells it."""


class Slot(NamedTuple):
    """A slot as the story sees it: the unit's id and name, the workload, what the platform was told, None for nothing."""

    unit: str
    name: str
    workload: str
    told: str | None


Clicks = list[tuple[str, dict[str, Any]]]
"""What a person does in the platform's console: verbs of the simulator with their values."""


class Stage(NamedTuple):
    """All that differs between platforms."""

    title: str
    """What is running, in words."""
    units: str
    """What units are called."""
    simulator: Callable[[int], Sequence[str]]
    """Options of `simulate`, by the number of units asked for."""
    connect: Callable[[Announcement], Sequence[str]]
    """Options of `import`."""
    secrets: Callable[[Announcement], dict[str, str]]
    """Environment variables that hold the secrets."""
    slot: Callable[[Row], Slot]
    click: Callable[[Slot, str], Clicks]
    """How somebody sets a slot back to an older version by hand."""
    routes: bool = False
    """Whether calls must be taken over from what `doctor` proposes."""
    note: str = ""
    """What is particular, said where the manifest is changed."""


def _losant_slot(row: Row) -> Slot:
    return Slot(row["device"], row["device"], row["flow"], row["desired"])


def _losant_click(slot: Slot, old: str) -> Clicks:
    return [("console", {"device": slot.unit, "flow": slot.workload, "version": old})]


def _getapp_slot(row: Row) -> Slot:
    return Slot(row["device"], row["name"], row["project"], row["told"])


def _getapp_click(slot: Slot, old: str) -> Clicks:
    return [("console", {"device": slot.unit, "project": slot.workload, "version": old})]


def _memfault_slot(row: Row) -> Slot:
    return Slot(row["cohort"], row["cohort"], row["software_type"], row["told"])


def _memfault_click(slot: Slot, old: str) -> Clicks:
    return [
        ("pull", {"cohort": slot.unit, "version": slot.told}),
        ("activate", {"cohort": slot.unit, "version": old}),
    ]


STAGES = {
    "losant": Stage(
        title="A Losant application is running",
        units="gateways",
        simulator=lambda units: ("--units", str(units), "--offline", "4%"),
        connect=lambda it: ("--url", it["url"], "--application", it["application"]),
        secrets=lambda it: {"LOSANT_API_TOKEN": it["token"]},
        slot=_losant_slot,
        click=_losant_click,
    ),
    "getapp": Stage(
        title="A GetApp CDN master with its devices is running",
        units="devices",
        simulator=lambda units: ("--units", str(units), "--offline", "0%"),
        connect=lambda it: ("--url", it["url"], "--delivery", it["delivery"]),
        secrets=lambda it: {"GETAPP_USERNAME": it["username"], "GETAPP_PASSWORD": it["password"]},
        slot=_getapp_slot,
        click=_getapp_click,
        routes=True,
        note=" The plan names the first call of each device; those that follow come when it took effect.",
    ),
    "memfault": Stage(
        title="A Memfault project with cohorts of devices is running",
        units="cohorts",
        simulator=lambda units: ("--units", "6", "--devices", str(units), "--offline", "4%"),
        connect=lambda it: ("--url", it["url"], "--organization", it["organization"], "--project", it["project"]),
        secrets=lambda it: {"MEMFAULT_ORG_TOKEN": it["token"]},
        slot=_memfault_slot,
        click=_memfault_click,
        note=" An older activation is pulled only once the newer one is in force.",
    ),
}
