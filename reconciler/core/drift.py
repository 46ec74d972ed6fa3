"""What a watch remembers of a fleet between passes, and drift: slots that somebody changed since they were read last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import eq

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import slot_of
from reconciler.core.reuse import numbered_alike
from reconciler.core.select import Rows
from reconciler.core.unwell import Unwell
from reconciler.model.change import Change, Held, SlotId
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.drift import DriftCause
from reconciler.model.event import Drifted
from reconciler.model.observation import UNSEEN, Phase, State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Violation
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Ref

SENT = frozenset({Result.DONE, Result.WAITING})
"""Results after which a slot has what was sent, or will have."""

DOUBTFUL = frozenset({Result.UNKNOWN, Result.FAILED})
"""Results after which a slot has what was sent or what was read: a call that failed may have been refused or not."""


class Memory(msgspec.Struct):
    """One fleet as the last pass left it: what it read and told, and what its calls made of slots since.

    Nothing is decided by it: it only serves to tell what is new.
    """

    snapshot: Snapshot | None = None
    """What was read last; None before the first reading."""
    error: str = ""
    """Why it could not be read, where that was told."""
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    differing: dict[SlotId, str | None] = {}
    """Slots that needed a change, and the version that they needed."""
    sent: dict[SlotId, str | None] = {}
    doubtful: set[SlotId] = set()
    """Slots of which nobody knows what a call made of them."""
    open: dict[SlotId, Change] = {}
    """Changes that the platform accepted and of whose end nothing was told yet."""
    unwell: Unwell = msgspec.field(default_factory=Unwell)

    def came_of(self, one: Outcome, change: Change | None) -> None:
        """Take note of what a pass made of a slot, by which change."""
        slot = one.unit.id, one.workload.id
        if one.result in SENT:
            self.sent[slot] = one.to
        elif one.result in DOUBTFUL:
            self.doubtful.add(slot)
        if one.result is Result.WAITING and change is not None:
            self.open[slot] = change
        else:
            self.open.pop(slot, None)

    def moved(self, slot: SlotId, now: str | None) -> tuple[bool, str | None]:
        """Return whether somebody else must have changed a slot that has `now` assigned, and what it had."""
        row = self.snapshot.units.index.get(slot[0]) if self.snapshot is not None else None
        state = self.snapshot.state(slot[1], row) if self.snapshot is not None and row is not None else UNSEEN
        unchanged = state.assigned == now
        if slot in self.doubtful or state.phase is Phase.UNKNOWN or unchanged:
            return False, None  # with a call on its way, what was read is no change yet
        was = self.sent.get(slot, state.assigned)
        return was != now, was


def drifted(before: Memory, fleet: FleetPlan, one: FleetAssessment, *, at: float, run: str) -> Iterator[Drifted]:
    """Yield what changed since the last reading though git did not ask for it, and nothing was sent for it.

    First slots that need a change since something else is assigned than before, held or not; then those whose unit ran what
    it is assigned, and reports something else by now. A unit that merely comes back, or of which nothing was known, is no
    drift; nor is a change that git asks for. Distinct pairs of states are judged once, so that nothing new costs little.
    """
    old = before.snapshot
    if old is None or old is one.snapshot:
        return
    reassigned: set[SlotId] = set()
    left: list[Drifted] = []
    for workload, rows, pairs in _transitions(old, one):
        kinds = {pair: kind for pair in set(pairs()) if (kind := _kind(old, one.snapshot, *pair)) is not None}
        for row, pair in zip(rows, pairs(), strict=True) if kinds else ():
            kind, slot = kinds.get(pair), (one.snapshot.units.ids[row], workload.id)
            if kind is DriftCause.PLATFORM:
                reassigned.add(slot)
            elif kind is DriftCause.UNIT and slot not in before.doubtful and slot not in before.sent:
                states = old.states[pair[0]], one.snapshot.states[pair[1]]
                left.append(_left(fleet.fleet, one.snapshot.units.ref(row), workload, *states, at, run))
    intended: Sequence[Change | Held] = (*fleet.changes, *fleet.held) if reassigned else ()
    for change in intended:
        if slot_of(change) in reassigned and change.verb is not None:
            moved, was = before.moved(slot_of(change), change.from_)
            if moved:
                yield _event(change, was, fleet.fleet, at, run)
    yield from left


Pairs = Iterable[tuple[int, int]]
"""Numbers of the states that slots had before, and have now; -1 where there was no such unit."""


def _transitions(old: Snapshot, one: FleetAssessment) -> Iterator[tuple[Ref, Rows, Callable[[], Pairs]]]:
    """Yield the workloads of a fleet with its rows, and what their slots had and have; not what is known to be the same."""
    same, alike, places = _same_units(old, one), numbered_alike(old, one.snapshot), old.units.index
    for judged in one.judged:
        workload, rows = judged.column.workload, judged.column.rows
        was, now = old.column(workload.id), one.snapshot.column(workload.id)
        if same and alike and workload.id in old.columns and was is now:
            continue
        units = () if same else rows.of(one.snapshot.units.ids)
        had = rows.of(was) if same else [was[places[unit]] if unit in places else -1 for unit in units]
        yield workload.ref, rows, partial(zip, had, rows.of(now), strict=True)


def _same_units(old: Snapshot, one: FleetAssessment) -> bool:
    """Return whether the units of a fleet stand where they stood; only they are looked at, for there may be many fleets."""
    before, now = old.units.ids, one.snapshot.units.ids
    scope = one.resolution.scope
    return before is now or (len(before) == len(now) and all(map(eq, scope.of(before), scope.of(now))))


def _kind(old: Snapshot, new: Snapshot, before: int, now: int) -> DriftCause | None:
    """Return who may have made a slot go from one state to another: somebody on the platform, the unit, or nobody."""
    if before < 0:
        return None
    was, state = old.states[before], new.states[now]
    if was.assigned != state.assigned:
        return DriftCause.PLATFORM
    ran = was.assigned is not None and was.assigned == was.reported and was.phase is Phase.SETTLED
    stays = state.phase is not Phase.UNKNOWN and state.ready is None
    return DriftCause.UNIT if ran and stays and state.reported != was.reported else None


def _left(  # a slot, what it was, what it is, and when that was seen
    fleet: str, unit: Ref, workload: Ref, was: State, state: State, at: float, run: str
) -> Drifted:
    return Drifted(
        at=at,
        run=run,
        fleet=fleet,
        unit=unit,
        workload=workload,
        was=was.reported,
        now=state.reported,
        desired=state.assigned,
        cause=DriftCause.UNIT,
    )


def _event(change: Change | Held, was: str | None, fleet: str, at: float, run: str) -> Drifted:
    return Drifted(
        at=at,
        run=run,
        fleet=fleet,
        unit=change.unit,
        workload=change.workload,
        was=was,
        now=change.from_,
        desired=change.to,
        verb=change.verb,
        holds=change.reasons if isinstance(change, Held) else (),
    )
