"""What went in a time counts against limits together with what is intended (`limits.window`): each slot once a verb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import FREE, Judged, verb_of
from reconciler.core.select import Rows
from reconciler.model.change import Verb
from reconciler.model.desired import Want
from reconciler.model.memory import Went
from reconciler.model.quantity import iso, seconds
from reconciler.model.verdict import Verdict

LONGEST = 31 * 86400.0
"""Seconds: how far back limits may look."""


class Spent(msgspec.Struct):
    """What went, by verb: its weight in devices, its slots, and the weight that is in no sum of what holds a workload now."""

    weight: Counter[Verb] = msgspec.field(default_factory=Counter)
    slots: Counter[Verb] = msgspec.field(default_factory=Counter)
    more: Counter[Verb] = msgspec.field(default_factory=Counter)

    def add(self, went: Went, *, counted: bool) -> None:
        """Count a slot; `counted`: it is among what holds the workload now."""
        self.weight[went.verb] += went.size
        self.slots[went.verb] += 1
        self.more[went.verb] += 0 if counted else went.size


def window_of(one: FleetAssessment) -> str:
    """Return the time in which what went counts, as a duration; empty where nothing of the past does."""
    return one.resolution.spec.limits.window or (one.limit_window if one.memory.durable else "")


def went_in(one: FleetAssessment) -> dict[str, list[Went]]:
    """Return what went of a fleet in that time, by workload id: of each slot and verb what went last."""
    window = window_of(one)
    if not window:
        return {}
    since = one.patience.now - seconds(window)
    recent = (went for went in one.memory.went if went.at > since)
    found: dict[str, list[Went]] = {}
    for went in {(each.workload, each.unit, each.verb): each for each in recent}.values():
        found.setdefault(went.workload, []).append(went)
    return found


def spent(one: FleetAssessment, judged: Judged, went: Iterable[Went], rows: Rows | None = None) -> Spent:
    """Return what went of a workload, without slots where the same is intended still; of some `rows` only, if given."""
    found = Spent()
    some = [(one.snapshot.units.index.get(each.unit), each) for each in went]
    intended = set(_intended(one, judged, {row for row, _ in some if row is not None})) if some else set()
    for row, each in some:
        if (rows is None or row in rows) and (row, each.verb) not in intended:
            held = row is not None and judged.column.winner(row) and one.snapshot.state(each.workload, row).holds
            found.add(each, counted=bool(held))
    return found


def _intended(one: FleetAssessment, judged: Judged, rows: set[int]) -> Iterator[tuple[int, Verb]]:
    for intent in judged.intents:
        if intent.row in rows and intent.verdict not in FREE:
            value = judged.column.rules[intent.rule].value
            verb = verb_of(intent.verdict, one.snapshot.states[intent.state], value)
            if verb is None and intent.verdict is Verdict.UNKNOWN and value.want is Want.ABSENT:
                verb = Verb.REMOVE
            if verb is not None:
                yield intent.row, verb


def forgetful(one: FleetAssessment) -> Iterator[str]:
    """Yield that the memory does not reach as far back as the fleet's limits look, where anything is to be changed."""
    window, memory = one.resolution.spec.limits.window, one.memory
    if window is None or memory.since <= one.patience.now - seconds(window):
        return
    if any(intent.verdict not in FREE for judged in one.unfiltered for intent in judged.intents):
        since = f"before {iso(memory.since)}" if memory.durable else "before this process started"
        yield f"limits count what went in the last {window}, but what went {since} is not remembered"
