"""What a watch remembers of a fleet between passes, and drift: slots that somebody changed since they were read last."""

from __future__ import annotations

from collections.abc import Iterator
from operator import eq

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import slot_of
from reconciler.core.reuse import numbered_alike
from reconciler.model.change import Change, SlotId
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.event import DriftCause, Drifted
from reconciler.model.observation import UNSEEN, Phase
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Violation
from reconciler.model.snapshot import Snapshot

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


def drifted(before: Memory, fleet: FleetPlan, *, at: float, run: str) -> Iterator[Drifted]:
    """Yield the slots that need a change since something else is assigned than before.

    A unit that merely comes back, or of which nothing was known, is no drift; nor is a change that git asks for.
    """
    for change in fleet.changes:
        moved, was = before.moved(slot_of(change), change.from_)
        if moved:
            yield _event(change, was, fleet.fleet, at, run)


def left(before: Memory, one: FleetAssessment, *, at: float, run: str) -> Iterator[Drifted]:
    """Yield the slots whose unit ran what it is assigned when it was read last, and reports something else by now.

    Nothing was assigned or sent in between. Distinct pairs of states are judged once, so that nothing new costs little.
    """
    old = before.snapshot
    if old is None or old is one.snapshot or not _same_units(old, one):
        return
    alike = numbered_alike(old, one.snapshot)
    for judged in one.judged:
        workload, rows = judged.column.workload, judged.column.rows
        if workload.id in old.columns and old.columns[workload.id] is one.snapshot.columns.get(workload.id) and alike:
            continue
        states = rows.of(old.column(workload.id)), rows.of(one.snapshot.column(workload.id))
        leaving = {pair for pair in set(zip(*states, strict=True)) if _leaves(old, one.snapshot, *pair)}
        for row, pair in zip(rows, zip(*states, strict=True), strict=True) if leaving else ():
            unit = one.snapshot.units.ref(row)
            slot = unit.id, workload.id
            if pair in leaving and slot not in before.doubtful and slot not in before.sent:
                was, now = old.states[pair[0]], one.snapshot.states[pair[1]]
                yield Drifted(
                    at=at,
                    run=run,
                    fleet=one.document.name,
                    unit=unit,
                    workload=workload.ref,
                    was=was.reported,
                    now=now.reported,
                    desired=now.assigned,
                    cause=DriftCause.UNIT,
                )


def _same_units(old: Snapshot, one: FleetAssessment) -> bool:
    """Return whether the units of a fleet stand where they stood; only they are looked at, for there may be many fleets."""
    before, now = old.units.ids, one.snapshot.units.ids
    scope = one.resolution.scope
    return before is now or (len(before) == len(now) and all(map(eq, scope.of(before), scope.of(now))))


def _leaves(old: Snapshot, new: Snapshot, before: int, now: int) -> bool:
    """Return whether a slot that went from one state to another left what it is assigned."""
    was, state = old.states[before], new.states[now]
    ran = was.assigned is not None and was.assigned == was.reported and was.phase is Phase.SETTLED
    stays = state.assigned == was.assigned and state.phase is not Phase.UNKNOWN and state.ready is None
    return ran and stays and state.reported != was.reported


def _event(change: Change, was: str | None, fleet: str, at: float, run: str) -> Drifted:
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
    )
