"""What a history has, as a page shows it: numbers, how busy it was when, how fleets stand, rollouts, runs, every event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.event import (
    AnyEvent,
    Approved,
    Completed,
    Drifted,
    Finished,
    Halted,
    Intended,
    Met,
    Passed,
    Proposed,
    RolledBack,
    Ruled,
    Settling,
    Started,
)
from reconciler.model.event_shape import fleet_of
from reconciler.model.kept import Kept
from reconciler.model.outcome import Result
from reconciler.model.quantity import iso
from reconciler.model.verdict import Health, Sync
from reconciler.views import event_line
from reconciler.views.history_text import slots_of, unanswered
from reconciler.views.line import text_of
from reconciler.views.long_list import Builder, Field, Kind, LongList
from reconciler.views.reason_words import RESULTS
from reconciler.views.sheet import BAD, GOOD, IDLE, INFO, SIGNS, TIME, WARN, Block, Table, Tile, head, numbers
from reconciler.views.words import clean, commit_words, count, duration, joined, listed

PARTS = 48
"""Parts into which the time of a history is cut, where its busy hours are drawn."""
HEIGHT = 100
MOST = 200
"""Rows of a table, the newest ones."""
DECISIONS = (Met, Halted, Ruled, RolledBack, Proposed, Approved)

LEVELS = {"error": BAD, "warning": WARN, "info": IDLE}
HEALTHS = {
    Health.HEALTHY: GOOD,
    Health.PROGRESSING: INFO,
    Health.WAITING: INFO,
    Health.UNKNOWN: WARN,
    Health.DEGRADED: BAD,
}

EVENTS = (
    Field("time", "Time", Kind.TIME, 1.9),
    Field("level", "Level", width=0.7, filter=True),
    Field("words", "What happened", width=5),
    Field("fleet", "Fleet", width=1, filter=True),
    Field("kind", "Event", width=0.9, filter=True),
    Field("workload", "Workload", width=1.1, filter=True),
    Field("units", "Units", width=1.4),
    Field("every", "All units"),
    Field("run", "Run"),
)


class Busy(msgspec.Struct, frozen=True):
    """How much happened in a part of the time: the heights of errors, of warnings and of the rest, out of `HEIGHT`."""

    error: int
    warning: int
    rest: int
    words: str


class Stand(msgspec.Struct, frozen=True):
    """How a fleet stood when it was compared last."""

    fleet: str
    sync: str
    sync_tone: str
    health: str
    health_tone: str
    words: str
    at: str

    @property
    def signs(self) -> tuple[str, str]:
        """Return what says the same as the colours."""
        return SIGNS[self.sync_tone], SIGNS[self.health_tone]


class HistorySheet(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page of a history shows."""

    title: str
    span: str
    older: str
    tiles: tuple[Tile, ...]
    busy: tuple[Busy, ...]
    busiest: str
    stands: tuple[Stand, ...]
    blocks: tuple[Block, ...]
    events: LongList


def sheet(found: Kept) -> HistorySheet:
    """Return what a history has as its page shows it; the same events give the same page."""
    events = [one for one in found.events if not isinstance(one, Completed | Settling)]
    first, last = (events[0].at, events[-1].at) if events else (0.0, 0.0)
    levels = Counter(map(event_line.level_of, events))
    busy = tuple(_busy(events, first, last))
    return HistorySheet(
        title=count(len(events), "event") if events else "nothing recorded",
        span=f"{iso(first)} to {iso(last)}" if events else "",
        older="There are older events; --limit 0 has all of them." if found.older else "",
        tiles=tuple(_tiles(found, events, levels)),
        busy=busy,
        busiest=_busiest(events, first, last) if busy else "",
        stands=tuple(_stands(events)),
        blocks=tuple(_blocks(found, events)),
        events=_listed(events),
    )


def _tiles(found: Kept, events: Sequence[AnyEvent], levels: Counter[str]) -> Iterator[Tile]:
    drifted = sum(isinstance(one, Drifted) for one in events)
    sent = sum(isinstance(one, Intended) for one in events)
    yield numbers(levels["error"], "errors", BAD)
    yield numbers(levels["warning"], "warnings", WARN)
    yield numbers(sent, "calls", INFO)
    yield numbers(drifted, "drift", WARN, "slots that somebody changed" if drifted else "")
    yield numbers(sum(isinstance(one, Halted) for one in events), "rollouts halted", BAD)
    unknown = {(one.run, one.call, one.fleet) for one in found.unanswered}
    yield numbers(len(unknown), "calls of unknown outcome", BAD)


def _busy(events: Sequence[AnyEvent], first: float, last: float) -> Iterator[Busy]:
    if len(events) < 2 or last <= first:
        return
    part, found = _parts(events, first, last)
    whole = max(levels.total() for levels in found)
    for number, levels in enumerate(found):
        rest = levels.total() - levels["error"] - levels["warning"]
        error, warning, others = (-(-some * HEIGHT // whole) for some in (levels["error"], levels["warning"], rest))
        said = joined(f"{levels[level]:,} {level}" for level in LEVELS if levels[level])
        yield Busy(error, warning, others, f"{iso(first + number * part)}: {said or 'nothing'}")


def _parts(events: Sequence[AnyEvent], first: float, last: float) -> tuple[float, list[Counter[str]]]:
    """Return how long each part of the time is, in seconds, and its events by level."""
    part = (last - first) / PARTS
    found = [Counter[str]() for _ in range(PARTS)]
    for one in events:
        found[max(0, min(PARTS - 1, int((one.at - first) / part)))][event_line.level_of(one)] += 1
    return part, found


def _busiest(events: Sequence[AnyEvent], first: float, last: float) -> str:
    """Return what the highest bar stands for."""
    part, found = _parts(events, first, last)
    return f"{count(max(levels.total() for levels in found), 'event')} in {duration(max(1.0, part))}"


def _stands(events: Sequence[AnyEvent]) -> Iterator[Stand]:
    newest = {one.fleet: one for one in events if isinstance(one, Passed)}
    for name, one in sorted(newest.items()):
        sync = GOOD if one.sync == Sync.SYNCED else WARN
        health = next((tone for known, tone in HEALTHS.items() if known == one.health), IDLE)
        words = text_of(tuple(event_line.words_of(one)[1])).partition("; ")[2]
        yield Stand(clean(name), clean(one.sync), sync, clean(one.health), health, words, iso(one.at))


def _blocks(found: Kept, events: Sequence[AnyEvent]) -> Iterator[Block]:
    lines = [text_of(one).strip() for one in unanswered(found.unanswered)][2:]
    if lines:
        detail = "until a reading shows it"
        yield Block(id="unanswered", title="Outcome unknown", detail=detail, tone=BAD, lines=lines)
    said = [one for one in events if isinstance(one, DECISIONS)]
    if said:
        rows = [[iso(one.at), clean(fleet_of(one)), _words(one)] for one in said[: -MOST - 1 : -1]]
        columns = [("Time", TIME), ("Fleet", ""), ("What happened", "")]
        yield Block(id="rollouts", title="Rollouts and decisions", table=Table(columns, rows), rest=_rest(len(said)))
    runs = list(_runs(events))
    if runs:
        columns = [("Began", TIME), *map(head, ("Run", "Kind", "Commit", "Calls:", "Results", "Took"))]
        yield Block(id="runs", title="Runs", table=Table(columns, runs[: -MOST - 1 : -1]), rest=_rest(len(runs)))


def _rest(number: int) -> str:
    return f"{number - MOST:,} older ones are in the list of events." if number > MOST else ""


def _runs(events: Sequence[AnyEvent]) -> Iterator[list[str]]:
    calls = Counter(one.run for one in events if isinstance(one, Intended))
    ends = {one.run: one for one in events if isinstance(one, Finished)}
    for one in events:
        if not isinstance(one, Started):
            continue
        end = ends.get(one.run)
        results = _results(end.results) if end is not None else ""
        took = duration(end.seconds) if end is not None else ""
        commit = commit_words(one.commit, 12) if one.commit else ""
        yield [iso(one.at), clean(one.run)[:12], clean(one.kind), commit, f"{calls[one.run]:,}", results, took]


def _results(found: dict[Result, int]) -> str:
    return joined(f"{found[one]:,} {RESULTS[one][0]}" for one in RESULTS if found.get(one)) or "nothing"


def _words(one: AnyEvent) -> str:
    if isinstance(one, Finished):
        return f"run {clean(one.run)} ended after {duration(one.seconds)}: {_results(one.results)}"
    return text_of(tuple(event_line.words_of(one)[1]))


def _listed(events: Sequence[AnyEvent]) -> LongList:
    found = Builder("event", EVENTS)
    calls: dict[tuple[str, int], Intended] = {}
    for one in events:
        if isinstance(one, Intended):
            calls[one.run, one.call] = one
        slots = slots_of(one, calls)
        units = list(dict.fromkeys(unit.name or unit.id for unit, _ in slots if unit.name or unit.id))
        every = [f"{clean(unit.name)} ({clean(unit.id)})" for unit, _ in slots if unit.id]
        workloads = list(dict.fromkeys(workload.name or workload.id for _, workload in slots))
        found.add(
            int(one.at * 1000),
            event_line.level_of(one),
            _words(one),
            clean(fleet_of(one)),
            str(one.__struct_config__.tag),
            listed(workloads),
            listed(units),
            ", ".join(dict.fromkeys(every)) if len(every) > 1 else "".join(every),
            clean(one.run),
        )
    return found.built()
