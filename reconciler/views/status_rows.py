"""How fleets are doing for scripts: a table of full width, and names for xargs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from reconciler.model.report import FleetStatus, SlotStatus, Status, UnitStatus
from reconciler.views.line import Line, Row, line, table
from reconciler.views.status_text import (
    ENDLESS,
    GOOD,
    HEAD,
    HEALTH_STYLES,
    NUMBERS,
    RIGHT,
    SYNC_STYLES,
    axes_cells,
    besides,
    nothing,
    number_cells,
    read,
)
from reconciler.views.words import clean, version

SLOT_HEAD = (
    "Unit", "Id", "Reach", "Workload", "Desired", "Assigned", "Reported", "State", "Sync", "Health", "Since", "Fleet",
    "Detail",
)  # fmt: skip
FLEET_HEAD = (*HEAD, *NUMBERS, "Read", "Units", "Connection", "Platform", "Detail")
NONE = "-"
"""What stands for no value, so that every row has as many columns."""

WORD = re.compile(r"[\w.:@%+=,~-]+")
"""A name that a shell and xargs take for one word, and in which no slash divides unit from workload."""


def wide(status: Status) -> list[Line]:
    """Return one row a slot where units are listed, else one row a fleet; none is ever folded."""
    if not status.fleets:
        return [line(nothing(status))]
    if all(fleet.unit_list is None for fleet in status.fleets):
        right = RIGHT | set(range(len(HEAD), len(HEAD) + len(NUMBERS))) | {len(HEAD) + len(NUMBERS) + 1}
        return table(FLEET_HEAD, [_fleet(one) for one in status.fleets], ENDLESS, right=right)
    rows = [_slot(fleet, unit, slot) for fleet, unit, slot in slots(status)]
    return table(SLOT_HEAD, rows, ENDLESS) if rows else [line(nothing(status) if status.only else "No unit matches.")]


def slots(status: Status) -> Iterator[tuple[FleetStatus, UnitStatus, SlotStatus]]:
    """Yield every slot that is listed."""
    for fleet in status.fleets:
        for unit in fleet.unit_list or ():
            for slot in unit.slots:
                yield fleet, unit, slot


def names(status: Status) -> list[str]:
    """Return the slots that are listed as `unit/workload`, each one word for xargs; `explain` takes it as it is."""
    return [slot_name(unit, slot) for _, unit, slot in slots(status)]


def slot_name(unit: UnitStatus, slot: SlotStatus) -> str:
    """Return a slot as `unit/workload`: by names where these are single words, else by ids, quoted where they must be."""
    return f"{_word(unit.key, unit.unit.id)}/{_word(slot.workload, slot.workload_id)}"


def _word(name: str, identity: str) -> str:
    found = next((one for one in (name, identity) if WORD.fullmatch(one) and not one.startswith("-")), None)
    return found or shlex.quote(name or identity)


def _fleet(one: FleetStatus) -> Row:
    detail = "; ".join(clean(text) for text in (one.error, *one.problems) if text)
    return [
        *axes_cells(one),
        *number_cells(one),
        read(one),
        f"{one.units:,}",
        clean(one.connection),
        clean(one.platform),
        detail or NONE,
    ]


def _slot(fleet: FleetStatus, unit: UnitStatus, slot: SlotStatus) -> Row:
    return [
        (clean(unit.unit.name) or NONE, "bold"),
        (clean(unit.unit.id) or NONE, "dim"),
        clean(unit.reach),
        clean(slot.workload),
        clean(slot.desired),
        NONE if slot.assigned is None else version(slot.assigned),
        NONE if slot.reported is None else version(slot.reported),
        (slot.verdict.value, "" if slot.verdict in GOOD else "yellow"),
        (slot.sync.value, SYNC_STYLES[slot.sync]),
        (slot.health.value, HEALTH_STYLES[slot.health]),
        clean(slot.since or NONE),
        clean(fleet.fleet),
        ", ".join(besides(slot)) or NONE,
    ]
