"""What a history has: as text that groups what is alike, as JSON, and as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.event import AnyEvent, Called, Differing, Drifted, Intended, Resolved, Settled
from reconciler.model.event_shape import fleet_of, to_builtins
from reconciler.model.kept import Kept
from reconciler.model.memory import Unanswered
from reconciler.model.quantity import iso
from reconciler.model.unit import Ref
from reconciler.views import event_line
from reconciler.views.line import EMPTY, Line, folded, line, text_of
from reconciler.views.watch_text import Log
from reconciler.views.words import SIGNS, clean, count, end, listed

FORMAT = "reconciler/history.v1"

COLUMNS = ("time", "run", "event", "level", "fleet", "unit", "unit_id", "workload", "workload_id", "words")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""

HANG = 21
"""Where a line goes on that is folded: below what follows its time."""

NOBODY = Ref("", "")


def encode(found: Kept) -> bytes:
    """Return what a history has as UTF-8 JSON; its events follow `event.v1`."""
    return msgspec.json.encode(
        {
            "format": FORMAT,
            "events": [to_builtins(one) for one in found.events],
            "unanswered": [{**msgspec.to_builtins(one), "at": iso(one.at, "milliseconds")} for one in found.unanswered],
            "older": found.older,
        }
    )


def render(found: Kept, *, width: int) -> list[Line]:
    """Return what a history has as lines of at most `width` columns, as a watch says it."""
    log = Log(steady=True)
    lines = [one for event in found.events for one in log.record(event)] + log.flush()
    if not lines and not found.unanswered:
        return [line("nothing recorded")]
    return folded([*lines, *unanswered(found.unanswered)], width, HANG)


def unanswered(found: Sequence[Unanswered]) -> Iterator[Line]:
    """Yield the calls that nobody knows the outcome of."""
    calls: dict[tuple[str, int, str], list[Unanswered]] = {}
    for one in found:
        calls.setdefault((one.run, one.call, one.fleet), []).append(one)
    if calls:
        yield EMPTY
        yield line((f"Outcome unknown: {count(len(calls), 'call')}, until a reading shows it", "bold yellow"))
    for (run, call, fleet), some in calls.items():
        first = some[0]
        what = f"{SIGNS[first.verb]} {first.verb.value} {clean(first.workload.name)}{end(first.verb, first.to)}"
        units = listed([one.unit.name for one in some])
        yield line(
            (iso(first.at), "dim"),
            f" {clean(fleet)} call {call:,} of run {clean(run)[:12]}: {what} on {units}",
            indent=2,
        )


def table(found: Kept) -> str:
    """Return what a history has as comma-separated values, a row a slot where an event names some.

    No cell is one that a spreadsheet takes for a formula.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    calls: dict[tuple[str, int], Intended] = {}
    for event in found.events:
        if isinstance(event, Intended):
            calls[event.run, event.call] = event
        for unit, workload in slots_of(event, calls):
            writer.writerow(map(_cell, (*_head(event), unit.name, unit.id, workload.name, workload.id, _words(event))))
    return text.getvalue()


def _head(event: AnyEvent) -> tuple[str, str, str, str, str]:
    kind = str(event.__struct_config__.tag)
    return iso(event.at, "milliseconds"), event.run, kind, event_line.level_of(event), fleet_of(event)


def _words(event: AnyEvent) -> str:
    return text_of(tuple(event_line.words_of(event)[1]))


def slots_of(event: AnyEvent, calls: dict[tuple[str, int], Intended]) -> list[tuple[Ref, Ref]]:
    """Return the slots that an event is about; one of neither where it names none."""
    named = calls.get((event.run, event.call)) if isinstance(event, Called) else event
    found: list[tuple[Ref, Ref]] = []
    if isinstance(named, Intended | Resolved):
        found = [(one.unit, one.workload) for one in named.slots]
    elif isinstance(named, Settled):
        found = [(named.outcome.unit, named.outcome.workload)]
    elif isinstance(named, Drifted):
        found = [(named.unit, named.workload)]
    elif isinstance(named, Differing):
        found = [(unit, named.workload) for unit in named.units]
    return found or [(NOBODY, getattr(event, "workload", NOBODY))]


def _cell(text: str) -> str:
    """Return a text as a cell that is one line, and no formula whatever a platform calls its units."""
    one = clean(text)
    return f"'{one}" if one.startswith(FORMULA) else one
