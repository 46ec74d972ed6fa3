"""The verdict table: what an observation means against desired. First match wins; total over all inputs.

| desired | observed | verdict |
|---|---|---|
| unmanaged | any | unmanaged |
| any | not covered, or a value we don't know | unknown |
| V | assigned V, settings differ, or content overwritten while reachable | differs |
| V | assigned V, paused | paused |
| V | assigned V, failed, platform retries itself | failed |
| V | assigned V, failed, platform does not retry | retry |
| V | assigned V, and the platform waits for the next step | next step |
| V | assigned V, not (all) reporting V, unreachable | waiting |
| V | assigned V, moving, within the deadline | converging |
| V | assigned V, reports a later version | ahead |
| V | assigned V, not reporting V: moving longer, or fell back without an error | stuck |
| V | assigned V, others present | leftover |
| V | assigned V, reporting V (or nobody there to report) | synced |
| V | assigned none | missing |
| V | assigned W | differs |
| absent | assigned W, or others present | surplus |
| absent | assigned none, still reported | removing |
| absent | nothing | synced |
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import msgspec

from reconciler.core.resolve import Column
from reconciler.model.change import Verb
from reconciler.model.desired import Desired, Want
from reconciler.model.observation import Phase, State
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Sync, Verdict


class Patience(msgspec.Struct, frozen=True):
    """What judging needs to know besides the observation. `now` in seconds since 1970, `deadline` in seconds."""

    now: float
    deadline: float = 900.0
    retries_itself: bool = True


def verdict(desired: Desired, state: State, reach: Reach, patience: Patience) -> Verdict:
    """Return what this observation means."""
    if desired.want is Want.UNMANAGED:
        return Verdict.UNMANAGED
    if state.phase is Phase.UNKNOWN:
        return Verdict.UNKNOWN
    if desired.want is Want.ABSENT:
        return _absent(state)
    if state.assigned is None:
        return Verdict.MISSING
    if state.assigned != desired.version:
        return Verdict.DIFFERS
    return _assigned(desired, state, reach, patience)


def _absent(state: State) -> Verdict:
    if state.holds:
        return Verdict.SURPLUS
    return Verdict.SYNCED if state.reported is None else Verdict.REMOVING


def _assigned(desired: Desired, state: State, reach: Reach, patience: Patience) -> Verdict:
    reachable = reach is Reach.CONNECTED
    if state.settings != desired.settings or (state.overwritten and reachable):
        return Verdict.DIFFERS
    if state.phase is Phase.PAUSED:
        return Verdict.PAUSED
    if state.phase is Phase.FAILED:
        return Verdict.FAILED if patience.retries_itself else Verdict.RETRY
    if state.phase is Phase.READY:
        return Verdict.NEXT
    if not reports_assigned(state):
        return _on_the_way(state, patience, reachable=reachable)
    return Verdict.LEFTOVER if state.extra_versions else Verdict.SYNCED


def _on_the_way(state: State, patience: Patience, *, reachable: bool) -> Verdict:
    if not reachable:
        return Verdict.WAITING
    if state.ahead:
        return Verdict.AHEAD
    moving = state.phase is Phase.MOVING
    if moving and (state.since is None or patience.now - state.since <= patience.deadline):
        return Verdict.CONVERGING
    return Verdict.STUCK


def reports_assigned(state: State) -> bool:
    """Return whether all that could report says it runs what was assigned."""
    if state.size == 0:
        return True
    if state.ready is not None:
        return state.ready >= state.size
    on_the_way = state.phase is Phase.MOVING or state.phase is Phase.READY
    return state.reported == state.assigned and not state.overwritten and not on_the_way


SYNC = {
    Verdict.UNMANAGED: Sync.NONE,
    Verdict.UNKNOWN: Sync.UNKNOWN,
    Verdict.DIFFERS: Sync.OUT,
    Verdict.MISSING: Sync.OUT,
    Verdict.SURPLUS: Sync.OUT,
    Verdict.LEFTOVER: Sync.OUT,
    Verdict.NEXT: Sync.OUT,
}

HEALTH = {
    Verdict.UNMANAGED: Health.NONE,
    Verdict.UNKNOWN: Health.UNKNOWN,
    Verdict.PAUSED: Health.WAITING,
    Verdict.FAILED: Health.DEGRADED,
    Verdict.RETRY: Health.DEGRADED,
    Verdict.WAITING: Health.WAITING,
    Verdict.CONVERGING: Health.PROGRESSING,
    Verdict.STUCK: Health.DEGRADED,
    Verdict.AHEAD: Health.DEGRADED,
    Verdict.NEXT: Health.PROGRESSING,
    Verdict.SYNCED: Health.HEALTHY,
}

PHASE_HEALTH = {
    Phase.SETTLED: Health.HEALTHY,
    Phase.PAUSED: Health.WAITING,
    Phase.FAILED: Health.DEGRADED,
    Phase.READY: Health.PROGRESSING,
}


def sync(found: Verdict) -> Sync:
    """Return the sync axis of a verdict."""
    return SYNC.get(found, Sync.SYNCED)


def health(found: Verdict, state: State, reach: Reach) -> Health:
    """Return the health axis: by verdict where the table says so, else by phase."""
    if found in HEALTH:
        return HEALTH[found]
    moving = state.phase is Phase.MOVING or (state.phase is Phase.SETTLED and found is Verdict.REMOVING)
    if moving:
        return Health.PROGRESSING if reach is Reach.CONNECTED else Health.WAITING
    return PHASE_HEALTH[state.phase]


CHANGES = frozenset({Verdict.DIFFERS, Verdict.MISSING, Verdict.SURPLUS, Verdict.LEFTOVER, Verdict.RETRY, Verdict.NEXT})
"""Verdicts that need something to be done."""

FREE = frozenset({Verdict.LEFTOVER, Verdict.NEXT})
"""Verdicts whose changes count against no limit."""

HELD = frozenset({Verdict.UNKNOWN, Verdict.PAUSED})
"""Verdicts that would, could more be known or had nobody paused it."""


def verb_of(found: Verdict, state: State, desired: Desired) -> Verb | None:
    """Return what a verdict calls for; None where nothing is known or nothing is to be done."""
    if found in {Verdict.MISSING, Verdict.RETRY, Verdict.NEXT}:
        return Verb.RELEASE
    if found in {Verdict.SURPLUS, Verdict.LEFTOVER}:
        return Verb.REMOVE
    if found is Verdict.DIFFERS:
        return Verb.RELEASE if state.assigned == desired.version else Verb.REPLACE
    return None


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A slot that needs something: its row, winning rule and state by number, and the verdict."""

    row: int
    rule: int
    state: int
    verdict: Verdict


Triple = tuple[int, int, int]


class Judged(msgspec.Struct):
    """One workload of one fleet, judged. `tally` counts slots by verdict and state; `intents` are in row order."""

    column: Column
    tally: Counter[tuple[Verdict, int, int]]
    """Slots by (verdict, state number, reach)."""
    intents: list[Intent]
    triples: Counter[Triple]
    """Slots by (rule, state number, reach)."""
    needing: dict[Triple, Verdict]
    """What those mean that need something."""

    def count(self, *verdicts: Verdict) -> int:
        """Return how many slots have one of these verdicts."""
        return sum(number for (found, _, _), number in self.tally.items() if found in verdicts)


def judge(column: Column, snapshot: Snapshot, patience: Patience) -> Judged:
    """Judge every slot that a fleet's column speaks of. Each distinct (rule, state, reach) is judged once."""
    states, reaches = snapshot.column(column.workload.id), snapshot.units.reach
    triples = Counter(zip(column.winners, column.rows.of(states), column.rows.of(reaches), strict=True))
    tally, needing = _counted(column, triples, snapshot, patience)
    intents: list[Intent] = []
    if needing:
        observed = zip(column.winners, column.rows.of(states), column.rows.of(reaches), strict=True)
        for row, triple in zip(column.rows, observed, strict=True):
            wanted = needing.get(triple)
            if wanted is not None:
                intents.append(Intent(row, triple[0], triple[1], wanted))
    return Judged(column, tally, intents, triples, needing)


def judged_anew(before: Judged, snapshot: Snapshot, patience: Patience) -> Judged:
    """Judge again what shows the same states as before, and may mean something else by now."""
    tally, needing = _counted(before.column, before.triples, snapshot, patience)
    if needing != before.needing:
        return judge(before.column, snapshot, patience)
    return Judged(before.column, tally, before.intents, before.triples, needing)


def _counted(
    column: Column, triples: Counter[Triple], snapshot: Snapshot, patience: Patience
) -> tuple[Counter[tuple[Verdict, int, int]], dict[Triple, Verdict]]:
    """Return slots by (verdict, state number, reach), and what those mean that need something."""
    judged = lru_cache(maxsize=None)(
        lambda value, state, reach: verdict(value, snapshot.states[state], Reach(reach), patience)
    )
    tally: Counter[tuple[Verdict, int, int]] = Counter()
    needing: dict[Triple, Verdict] = {}
    for (rule, state, reach), number in triples.items():
        found = judged(column.rules[rule].value, state, reach)
        tally[found, state, reach] += number
        if found in CHANGES or found in HELD:
            needing[rule, state, reach] = found
    return tally, needing
