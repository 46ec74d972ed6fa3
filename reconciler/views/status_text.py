"""How fleets are doing, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.diagnostic import Severity
from reconciler.model.report import (
    STATUS_FORMAT,
    FleetStatus,
    Movement,
    SlotStatus,
    Spread,
    Status,
    Trouble,
    UnitStatus,
)
from reconciler.model.unit import Names
from reconciler.model.verdict import Health, Standing, Sync, Verdict
from reconciler.views import alike, rollout_text
from reconciler.views.condition_words import conditions_words
from reconciler.views.line import EMPTY, Line, Span, aligned, fits, folded, line, table
from reconciler.views.reason_words import diagnostic_words
from reconciler.views.words import SAMPLE, clean, count, devices, listed, ready, since, underway, version

HEAD = ("Fleet", "Sync", "Health", "Ready")
RIGHT = frozenset({3})
NUMBERS = ("Out", "Moving", "Waiting", "Failed", "Stuck", "Unknown", "Unmanaged")

SYNC_STYLES = {Sync.SYNCED: "green", Sync.OUT: "yellow", Sync.UNKNOWN: "bold yellow", Sync.NONE: "dim"}
HEALTH_STYLES = {
    Health.NONE: "dim",
    Health.HEALTHY: "green",
    Health.PROGRESSING: "cyan",
    Health.WAITING: "cyan",
    Health.UNKNOWN: "bold yellow",
    Health.DEGRADED: "bold red",
}
GOOD = {Verdict.SYNCED, Verdict.UNMANAGED}

ENDLESS = 1_000_000
"""Columns of a line that nothing folds."""
WIDEST = 40
"""Columns that names are aligned to where nothing is folded."""

FOUND = ((Severity.ERROR, "x mistake: ", "red"), (Severity.WARNING, "! ", "yellow"))

KINDS = 5
"""Different errors of one fleet that are shown when units are not listed."""


def encode(status: Status) -> bytes:
    """Return a status as UTF-8 JSON."""
    return msgspec.json.encode({"format": STATUS_FORMAT, **msgspec.to_builtins(status)})


def render(status: Status, *, now: float, width: int, piped: bool = False) -> list[Line]:
    """Return how fleets are doing as lines of at most `width` columns; `now` in seconds since 1970.

    Where they are `piped`, a unit is one line, however long.
    """
    if not status.fleets:
        return [line(nothing(status))]
    lines: list[Line] = []
    if status.filters:
        lines += [*folded([line(("Filters: ", "bold"), clean(status.filters))], width), EMPTY]
    table_lines, wide = _table(status.fleets, width)
    lines += table_lines
    for fleet in status.fleets:
        if status.only:
            details = folded(_unread(fleet), width)
        else:
            details = detailed(fleet, now=now, width=width, numbers=not wide)
            details += rollout_text.render(fleet.rollouts, width)
        if fleet.unit_list is not None:
            details += _units(fleet.unit_list, ENDLESS if piped else width)
        if details:
            lines += [EMPTY, *folded([_title(fleet)], width), *details]
    return lines


def detailed(fleet: FleetStatus, *, now: float, width: int, numbers: bool) -> list[Line]:
    """Return what there is to say of a fleet besides its row, rollouts and units; its `numbers` where its row has none."""
    return folded(_details(fleet, now, numbers=numbers), width)


def nothing(status: Status) -> str:
    """Return that there is nothing to show."""
    return f"No slot is {alternatives(status.only)}." if status.only else "No fleet matches."


def alternatives(only: Sequence[Standing]) -> str:
    """Return how slots are to stand: `failed or waiting`."""
    return " or ".join("out of sync" if one is Standing.OUT else one.value for one in only)


def _table(fleets: Sequence[FleetStatus], width: int) -> tuple[list[Line], bool]:
    """Return one row a fleet, and whether there was room for all of its numbers."""
    head = (*HEAD, *NUMBERS, "Read")
    rows = [[*axes_cells(one), *number_cells(one), read(one)] for one in fleets]
    if fits(head, rows, width):
        return table(head, rows, width, right=RIGHT | set(range(len(HEAD), len(head) - 1))), True
    return table((*HEAD, "Read"), [[*axes_cells(one), read(one)] for one in fleets], width, right=RIGHT), False


def _title(fleet: FleetStatus) -> Line:
    where = f" · {clean(fleet.platform)} · connection {clean(fleet.connection)}"
    listing = "" if fleet.unit_list is None else f" · {count(len(fleet.unit_list), 'unit')} listed"
    return line(("Fleet ", "bold"), (clean(fleet.fleet), "bold cyan"), where, listing)


def axes_cells(fleet: FleetStatus) -> list[str | Span]:
    """Return a fleet's name, its axes, and how many of its slots are ready."""
    return [
        (clean(fleet.fleet), "bold"),
        (fleet.sync.value, SYNC_STYLES[fleet.sync]),
        (fleet.health.value, HEALTH_STYLES[fleet.health]),
        f"{fleet.ready:,}/{fleet.total:,}",
    ]


def _numbers(fleet: FleetStatus) -> tuple[int, ...]:
    """Return the numbers of a fleet, in the order of `NUMBERS`."""
    counted = (fleet.out, fleet.moving, fleet.waiting, len(fleet.failed), len(fleet.stuck))
    return (*counted, fleet.unknown, fleet.unmanaged)


def number_cells(fleet: FleetStatus) -> list[str]:
    """Return the numbers of a fleet as cells of a table."""
    return [f"{number:,}" for number in _numbers(fleet)]


def read(fleet: FleetStatus) -> str:
    """Return when a fleet was read."""
    return "never" if fleet.read_at is None else clean(fleet.read_at)


def _unread(fleet: FleetStatus) -> Iterator[Line]:
    """Yield why not everything of a fleet is known."""
    if fleet.error:
        yield line(("! could not be read: ", "bold red"), clean(fleet.error), indent=2)
    for problem in fleet.problems:
        yield line(("! reading incomplete: ", "yellow"), clean(problem), indent=2)


def _details(fleet: FleetStatus, now: float, *, numbers: bool) -> Iterator[Line]:
    if fleet.error:
        yield from _unread(fleet)
        return
    named = [f"{number:,} {name.lower()}" for name, number in zip(NUMBERS, _numbers(fleet), strict=True) if number]
    if numbers and named:
        yield line(", ".join(named), indent=2)
    if fleet.unmatched:
        what = count(fleet.unmatched, "line") + " of the manifest about units that are not there"
        yield line((f"! {what}", "yellow"), indent=2)
    if fleet.next_step:
        yield line(f"{count(fleet.next_step, 'slot')} on the way, where the platform waits for the next call", indent=2)
    if fleet.ready_devices is not None and fleet.devices is not None:
        yield line(f"{ready(fleet.ready_devices, fleet.devices)}", indent=2)
    yield from _unread(fleet)
    for severity, name, style in FOUND:
        words = [diagnostic_words(one) for one in fleet.diagnostics if one.severity is severity]
        for text in alike.grouped(words):
            yield line((name, style), clean(text), indent=2)
    for workload in dict.fromkeys(one.workload for one in fleet.spread):
        yield _spread([one for one in fleet.spread if one.workload == workload])
    for moving in fleet.movements:
        yield _movement(moving)
    yield from _troubles("failed", "bold red", fleet.failed, now)
    yield from _troubles("stuck", "yellow", fleet.stuck, now)
    if fleet.unit_list is None:  # where units are listed, each says its own
        yield from _remarks(fleet)


def _spread(found: Sequence[Spread]) -> Line:
    parts: list[str | Span] = [(clean(found[0].workload), "bold"), ": "]
    shown = [one for one in found if one.version is not None or one.assigned] or found
    ordered = sorted(shown, key=lambda one: (-one.assigned, one.version or ""))
    for position, one in enumerate(ordered):
        parts.append(f"{'; ' if position else ''}{version(one.version)} {_where(one)}")
    return line(*parts, indent=2)


def _where(one: Spread) -> str:
    """Return on how many units a version is, and how many report it where these are not the same."""
    if not one.assigned:
        return f"reported by {devices(one.devices) if one.devices is not None else count(one.reported, 'unit')}"
    behind = f", {one.reported:,} reporting it" if one.version is not None and one.reported != one.assigned else ""
    running = f" ({devices(one.devices)})" if one.devices is not None else ""
    return f"on {count(one.assigned, 'unit')}{behind}{running}"


def _movement(one: Movement) -> Line:
    done = underway(one.least, one.most, one.eta)
    goal = "removed" if one.version is None else f"on {version(one.version)}"
    what = f": {count(one.slots, 'slot')} not yet {goal}{f', {done}' if done else ''}"
    return line((clean(one.workload), "bold"), (what, "cyan"), indent=2)


def _remarks(fleet: FleetStatus) -> Iterator[Line]:
    """Yield what the platform adds, unless it stands among the troubles already."""
    shown = {one.conditions for one in (*fleet.failed, *fleet.stuck)}
    found = [one for one in fleet.remarks if one.conditions not in shown]
    for one in found[:KINDS]:
        unit = Names(one.units)
        more = f" and {one.slots - len(one.units):,} more" if one.slots > len(one.units) else ""
        names = ", ".join(clean(unit(ref)) for ref in one.units)
        yield line(
            (f"{clean(one.workload)} on {names}{more}: {clean(conditions_words(one.conditions))}", "dim"), indent=2
        )
    if len(found) > KINDS:
        yield line((f"… and {count(len(found) - KINDS, 'more remark')}; -o json names all", "dim"), indent=2)


def _troubles(name: str, style: str, found: Sequence[Trouble], now: float) -> Iterator[Line]:
    """Yield failures gathered by workload, version and the platform's own words."""
    unit = Names(one.unit for one in found)
    groups: dict[tuple[str, str | None, str], list[Trouble]] = {}
    for one in found:
        groups.setdefault((one.workload, one.version, one.error or conditions_words(one.conditions)), []).append(one)
    ordered = sorted(groups.items(), key=lambda entry: -len(entry[1]))
    for (workload, wanted, error), members in ordered[:KINDS]:
        words = clean(error) if error else "the platform gives no reason"
        what = f" {clean(workload)} {version(wanted)} on {count(len(members), 'unit')}: {words}"
        yield line((f"! {name}", style), what, indent=2)
        begun = [one.since for one in members if one.since is not None]
        first = f"; {'the longest ' if len(members) > 1 else ''}{since(min(begun), now)}" if begun else ""
        yield line((f"{listed([unit(one.unit) for one in members], SAMPLE)}{first}", "dim"), indent=4)
    if len(ordered) > KINDS:
        rest = sum(len(members) for _, members in ordered[KINDS:])
        yield line((f"… and {count(rest, f'more {name} slot')} with other errors; -o json names all", "dim"), indent=2)


def _units(units: Sequence[UnitStatus], width: int) -> list[Line]:
    name = Names(one.unit for one in units)
    return aligned(
        [_unit(one, name(one.unit)) for one in units], width, indent=2, widest=WIDEST if width == ENDLESS else 0
    )


def _unit(one: UnitStatus, name: str) -> list[Span]:
    known = clean(name)
    identity = "" if one.unit.id in {one.unit.name, ""} or one.unit.id in name else clean(one.unit.id)
    return [(known, "bold"), (identity, "dim"), (clean(one.reach), ""), slots_span(one)]


def slots_span(one: UnitStatus) -> Span:
    """Return how the slots of a unit are doing."""
    good = all(slot.verdict in GOOD for slot in one.slots)
    slots = "; ".join(slot_words(slot) for slot in one.slots)
    return (slots or "no workload of the fleet", "" if good else "yellow")


def slot_words(slot: SlotStatus) -> str:
    """Return how a slot is doing: `vision v2, assigned v3: failed (no space left)`."""
    good = slot.verdict in GOOD
    assigned = "" if slot.assigned == slot.reported else f", assigned {version(slot.assigned)}"
    wants = "" if good or slot.desired == slot.assigned else f", git says {clean(slot.desired)}"
    begun = "" if good or slot.since is None else f"since {clean(slot.since)}"
    said = ", ".join(one for one in (*besides(slot), begun) if one)
    return (
        f"{clean(slot.workload)} {version(slot.reported)}{assigned}{wants}: {slot.verdict.value}"
        f"{f' ({said})' if said else ''}"
    )


def besides(slot: SlotStatus) -> list[str]:
    """Return what the platform says of a slot besides its versions."""
    words = (
        ready(slot.ready, slot.size),
        underway(slot.progress, slot.progress, slot.eta),
        clean(slot.error),
        clean(conditions_words(slot.conditions)),
    )
    return [one for one in words if one]
