"""What changed between two readings of a status, a line each: for logs, where nothing can be drawn over."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.report import FleetStatus, SlotStatus, Status, UnitStatus
from reconciler.views.line import Line, line
from reconciler.views.status_rows import slot_name, slots
from reconciler.views.status_text import (
    GOOD,
    HEALTH_STYLES,
    NUMBERS,
    SYNC_STYLES,
    alternatives,
    number_cells,
    slot_words,
)
from reconciler.views.words import clean

COUNTED = ("ready", *(name.lower() for name in NUMBERS))
Key = tuple[str, str, str]
Listed = dict[Key, tuple[UnitStatus, SlotStatus]]


def changed(before: Status, after: Status) -> bool:
    """Return whether two statuses say different things; when they were read is not one."""
    return any(True for _ in changes(before, after, at=""))


def changes(before: Status, after: Status, *, at: str) -> Iterator[Line]:
    """Yield what is different, fleet by fleet, then slot by slot where they are listed. `at` is when that was seen."""
    fleets = {one.fleet: one for one in before.fleets}
    for one in after.fleets:
        earlier = fleets.pop(one.fleet, None)
        words = _fleet(earlier, one)
        if words:
            yield line((at, "dim"), " ", (clean(one.fleet), "bold"), ": ", *words)
    for name in fleets:
        gone = f"no slot is {alternatives(after.only)} any more" if after.only else "the fleet is gone"
        yield line((at, "dim"), " ", (clean(name), "bold"), f": {gone}")
    yield from _slots(_listed(before), _listed(after), at)


def appeared(before: Status, after: Status) -> list[str]:
    """Return the names of slots that are listed now, and were not, or were otherwise."""
    known = _listed(before)
    return [slot_name(*one) for key, one in _listed(after).items() if _is_new(key, one[1], known)]


def _fleet(before: FleetStatus | None, after: FleetStatus) -> list[str | tuple[str, str]]:
    if before is not None and _said(before) == _said(after):
        return []
    if after.error:
        return [("could not be read: ", "bold red"), clean(after.error)]
    moved: list[str] = []
    now = dict(zip(COUNTED, (f"{after.ready:,}", *number_cells(after)), strict=True))
    was = dict(zip(COUNTED, (f"{before.ready:,}", *number_cells(before)), strict=True)) if before is not None else {}
    for name, number in now.items():
        earlier = was.get(name)
        if earlier is not None and earlier != number:
            moved.append(f"{name} {earlier} \N{RIGHTWARDS ARROW} {number}")
        elif earlier is None and number != "0":
            moved.append(f"{name} {number}")
    problems = [f"reading incomplete: {clean(problem)}" for problem in after.problems]
    axes: list[str | tuple[str, str]] = [
        (after.sync.value, SYNC_STYLES[after.sync]),
        ", ",
        (after.health.value, HEALTH_STYLES[after.health]),
    ]
    return [*axes, "".join(f"; {one}" for one in ((", ".join(moved),) if moved else ()) + tuple(problems))]


def _said(one: FleetStatus) -> tuple[object, ...]:
    return (one.sync, one.health, one.ready, *number_cells(one), one.error, one.problems)


def _listed(status: Status) -> Listed:
    return {(fleet.fleet, unit.unit.id, slot.workload_id): (unit, slot) for fleet, unit, slot in slots(status)}


def _is_new(key: Key, slot: SlotStatus, before: Listed) -> bool:
    return key not in before or _stands(before[key][1]) != _stands(slot)


def _slots(before: Listed, after: Listed, at: str) -> Iterator[Line]:
    for key, (unit, slot) in after.items():
        if _is_new(key, slot, before):
            style = "" if slot.verdict in GOOD else "yellow"
            yield line(
                (at, "dim"), " ", (clean(unit.unit.name or unit.unit.id), "bold"), (f": {slot_words(slot)}", style)
            )
    for key, (unit, slot) in before.items():
        if key not in after:
            what = f": {clean(slot.workload)} no longer listed (was {slot.verdict.value})"
            yield line((at, "dim"), " ", (clean(unit.unit.name or unit.unit.id), "bold"), what)


def _stands(one: SlotStatus) -> tuple[object, ...]:
    return one.verdict, one.assigned, one.reported, one.desired, one.error
