"""What a watch reports, as lines for people: what is alike in a pass is one line with a count, and nothing is said twice.

The number of lines of a pass is bounded by the kinds of things that happened, not by units or fleets. Every event by
itself is in JSON and in the result file, and with `verbose` at the level debug.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import msgspec

from reconciler.model.event import (
    AnyEvent,
    Approved,
    Blocked,
    Called,
    Completed,
    Differing,
    Drifted,
    Finished,
    Halted,
    InForce,
    Intended,
    Met,
    Note,
    Notified,
    Passed,
    Proposed,
    Resolved,
    RollbackFailed,
    RolledBack,
    Ruled,
    Settled,
    Settling,
    Started,
)
from reconciler.model.event_shape import fleet_of
from reconciler.model.outcome import ReceiptKind
from reconciler.model.verdict import Health, Sync
from reconciler.views import alike as messages
from reconciler.views import event_line, event_words
from reconciler.views.event_kinds import alike, stands
from reconciler.views.line import Line, text_of
from reconciler.views.settling_text import SettlingText
from reconciler.views.words import count, duration, joined

MOST = 20
"""Lines of one kind in a pass; of what is beyond, the largest and worst come first, and the rest is counted."""

LONGEST = 400_000
"""Bytes of a pass at most, whatever is in names and errors; what is beyond is counted."""

HEARTBEAT = 900.0
"""Seconds without a line after which a pass says that there was nothing to say."""

GATHER = 5.0
"""Seconds that calls, and what came of them, wait for others like them."""

WORST = {"error": 0, "warning": 1, "info": 2}
DETAILS = (Intended, Called, Settled, Drifted, Differing)
ENDS = (Started, Settling, Finished, Completed)
"""Events that end what is gathered."""
WHERE = "all are in --log-format json and --result FILE, or with -v"
WHERE_OF_A_RUN = "all are in --result FILE"


class Group(msgspec.Struct):
    """Events that are said in one line; `call` is the kind of calls that they answer."""

    call: str
    events: list[AnyEvent]
    fleets: dict[str, None]
    names: list[str]

    @property
    def first(self) -> AnyEvent:
        """Return the event that opened it."""
        return self.events[0]


class Log:
    """Folds the events of a watch into lines."""

    def __init__(self, *, verbose: bool = False, steady: bool = False) -> None:
        """Take whether to say each event by itself, too, and whether to say what a single run does (`steady`)."""
        self._verbose = verbose
        self._steady = steady
        self._where = WHERE_OF_A_RUN if steady else WHERE
        self._settling = SettlingText(steady=steady)
        self._calls: dict[int, Intended] = {}
        self._groups: dict[Hashable, Group] = {}
        self._since: float | None = None
        self._before: set[Hashable] = set()
        """What the pass before said, and this one need not repeat."""
        self._said: set[Hashable] = set()
        self._standing: dict[str, Hashable] = {}
        """How each fleet stood when it was reported last."""
        self._passed: dict[str, Passed] = {}
        self._lines: Counter[type] = Counter()
        self._left: dict[type, list[Group]] = {}
        self._written = 0
        self._unwritten = 0
        self._last: float | None = None

    def record(self, event: AnyEvent) -> list[Line]:
        """Return the lines that an event makes due."""
        found = list(self._record(event))
        if found:
            self._last = event.at
        return found

    def flush(self) -> list[Line]:
        """Return the lines of all that is still gathered."""
        return [*self._flush(), *self._settling.flush(), *self._remaining()]

    def _record(self, event: AnyEvent) -> Iterator[Line]:
        if isinstance(event, ENDS) or (self._since is not None and event.at - self._since >= GATHER):
            yield from self._flush(passed=isinstance(event, Completed))
        for settled in self._settling.before(event, self._last):
            yield from self._written_line(settled)
        if self._verbose and (isinstance(event, DETAILS) or event_line.for_the_record(event)):
            yield from map(event_line.debug, _each(event))
        if isinstance(event, Intended):
            self._calls[event.call] = event
            self._said = set() if self._steady else self._said  # a run has one pass, and after a call all is new
        elif isinstance(event, Settling):
            self._settling.take(event)
        elif isinstance(event, Completed):
            yield from self._completed(event)
        elif not isinstance(event, Finished) and not self._goes_without_saying(event):
            self._gather(event)
        if isinstance(event, Started | InForce) or (isinstance(event, Note) and not event.fleet):
            yield from self._flush()

    def _goes_without_saying(self, event: AnyEvent) -> bool:
        """Return whether a message merely went, or what came of the changes of a call says all that its answer does."""
        if not isinstance(event, Called):
            return event_line.for_the_record(event)
        one = event.receipt
        plain = one.kind is ReceiptKind.ACCEPTED and not (one.refused or one.answer or self._steady)
        if plain:
            self._calls.pop(event.call, None)
        return plain

    def _gather(self, event: AnyEvent) -> None:
        """Put an event to those like it."""
        if isinstance(event, Passed):
            self._passed[event.fleet] = event
        call = self._calls.pop(event.call, None) if isinstance(event, Called) else None
        key = (type(event), *alike(event), call.kind if call is not None else "")
        group = self._groups.setdefault(key, Group(call.kind if call is not None else "", [], {}, []))
        group.events.append(event)
        group.fleets[fleet_of(event)] = None
        group.names += [slot.unit.name for slot in call.slots] if call is not None else event_words.units_of(event)
        if isinstance(event, Called | Settled) and self._since is None:
            self._since = event.at

    def _flush(self, *, passed: bool = False) -> Iterator[Line]:
        """Say what was gathered, in the order of the times that the lines bear; how fleets stand only once a pass is over."""
        due = {key: one for key, one in self._groups.items() if passed or not isinstance(one.first, Passed)}
        self._groups = {key: one for key, one in self._groups.items() if key not in due}
        self._since = None
        kinds: dict[type, list[Group]] = {}
        for key, group in due.items():
            if self._new(key, group):
                kinds.setdefault(type(group.first), []).append(group)
        if Note in kinds:
            kinds[Note] = _merged(kinds[Note])
        said: list[Group] = []
        for kind, groups in kinds.items():
            free = max(0, MOST - self._lines[kind])
            if len(groups) > free:
                groups.sort(key=lambda one: (WORST.get(event_line.level_of(one.first), 1), -_size(one)))
                self._left.setdefault(kind, []).extend(groups[free:])
            self._lines[kind] += len(groups[:free])
            said += groups[:free]
        for group in sorted(said, key=lambda one: one.events[-1].at):
            yield from self._written_line(_line(group))

    def _new(self, key: Hashable, group: Group) -> bool:
        """Return whether a group is to be said: it differs from what the pass before said."""
        if isinstance(group.first, Passed):
            group.fleets = {
                name: None for name in group.fleets if self._standing.get(name) != stands(self._passed[name])
            }
            self._standing |= {name: stands(self._passed[name]) for name in group.fleets}
            return bool(group.fleets)
        if isinstance(group.first, Drifted | Differing | Blocked | InForce):
            return True
        said = (key, frozenset(group.fleets), frozenset(group.names))
        if self._steady and said in self._said:
            return False
        self._said.add(said)
        return said not in self._before

    def _remaining(self) -> Iterator[Line]:
        """Count what has no line of its own, at the time of the last of it."""
        for groups in self._left.values():
            yield event_line.remark(groups[-1].events[-1], _rest(groups, self._where))
        self._left.clear()

    def _completed(self, event: Completed) -> Iterator[Line]:
        for groups in self._left.values():
            yield event_line.remark(event, _rest(groups, self._where))
        if self._unwritten:
            yield event_line.remark(event, f"… and {count(self._unwritten, 'more line')}; {self._where}")
        silent = not (self._written or self._left or self._unwritten)
        if silent and (self._last is None or event.at - self._last >= HEARTBEAT):
            fleets = [*self._passed.values()]
            stands = f"{count(len(fleets), 'fleet')}: {_standings(fleets)}" if fleets else "no fleet could be compared"
            yield event_line.remark(event, f"pass {event.number:,}: nothing new; {stands}{_read_in_full(fleets)}")
        self._before, self._said, self._passed = self._said, set(), {}
        self._lines.clear()
        self._left.clear()
        self._settling.clear()
        self._written = self._unwritten = 0

    def _written_line(self, one: Line) -> Iterator[Line]:
        size = len(text_of(one).encode())
        if self._written + size > LONGEST:
            self._unwritten += 1
            return
        self._written += size
        yield one


def _read_in_full(fleets: Sequence[Passed]) -> str:
    """Return how long before its last reading everything was read of the fleet of which that is longest ago, if it is."""
    ages = [one.read_at - one.full_at for one in fleets if one.read_at is not None and one.full_at is not None]
    longest = max(ages, default=0.0)
    return f"; changes since the full reading {duration(longest)} ago" if longest > 0 else ""


def _each(event: AnyEvent) -> Sequence[AnyEvent]:
    if isinstance(event, Differing):
        return [msgspec.structs.replace(event, units=(unit,)) for unit in event.units]
    return [event]


def _line(group: Group) -> Line:
    calls = [one for one in group.events if isinstance(one, Called)]
    if calls:
        return event_line.answered(group.call, calls, len(group.names))
    return event_line.grouped(group.events[-1], [*group.fleets], group.names)


def _merged(groups: Sequence[Group]) -> list[Group]:
    """Return messages about the same fleets that differ in names alone as one."""
    kinds: dict[Hashable, list[tuple[Group, Note]]] = {}
    for group in groups:
        newest = group.events[-1]
        if isinstance(newest, Note):
            key = (newest.level, *group.fleets, messages.kind(newest.message))
            kinds.setdefault(key, []).append((group, newest))
    found = []
    for some in kinds.values():
        (words,) = messages.grouped([note.message for _, note in some])
        newest = msgspec.structs.replace(some[-1][1], message=words)
        found.append(Group("", [newest], some[0][0].fleets, []))
    return found


def _size(group: Group) -> int:
    return len(group.names) or len(group.fleets)


def _rest(groups: Sequence[Group], where: str) -> str:
    """Return what is not said one by one, and where it is."""
    first = groups[0].first
    if isinstance(first, Passed):
        events = [event for group in groups for event in group.events if isinstance(event, Passed)]
        return f"… and {count(len(events), 'more fleet')}: {_standings(events)}; {where}"
    slots = sum(len(group.names) for group in groups)
    about = f" about {count(slots, 'slot')}" if slots else ""
    return f"… and {count(len(groups), 'more kind')} of {NAMES[type(first)]}{about}; {where}"


NAMES: dict[type, str] = {
    Started: "runs",
    InForce: "manifests",
    Note: "messages",
    RolledBack: "rollbacks",
    RollbackFailed: "rollbacks that failed",
    Proposed: "proposed plans",
    Approved: "approvals",
    Blocked: "blocked fleets",
    Called: "answers to calls",
    Resolved: "calls without an answer",
    Settled: "results",
    Drifted: "drift",
    Met: "waves",
    Halted: "halted rollouts",
    Ruled: "decisions about rollouts",
    Differing: "differences",
    Notified: "messages to people",
}


def _standings(found: Sequence[Passed]) -> str:
    """Return how fleets stand: `11 synced and 1 out of sync; 1 degraded`."""
    syncs, healths = Counter(one.sync for one in found), Counter(one.health for one in found)
    parts = joined(f"{syncs[one]:,} {one.value}" for one in Sync if syncs[one])
    worse = joined(f"{healths[one]:,} {one.value}" for one in (Health.DEGRADED, Health.UNKNOWN) if healths[one])
    return f"{parts}{f'; {worse}' if worse else ''}"
