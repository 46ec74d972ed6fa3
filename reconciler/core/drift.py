"""Drift: slots that somebody changed since they were read last, told from what was read and sent before."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.core.bind import slot_of
from reconciler.model.change import Change, SlotId
from reconciler.model.event import Drifted
from reconciler.model.observation import Phase
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Snapshot

SENT = frozenset({Result.DONE, Result.WAITING, Result.FAILED})
"""Results after which a slot has what was sent, rather than what was read."""


class Memory(msgspec.Struct):
    """One fleet as the last pass left it: what it read, and what its calls made of slots since."""

    snapshot: Snapshot
    sent: dict[SlotId, str | None] = {}
    doubtful: set[SlotId] = set()
    """Slots of which nobody knows what a call made of them."""

    def came_of(self, one: Outcome) -> None:
        """Take note of what a pass made of a slot."""
        slot = one.unit.id, one.workload.id
        if one.result in SENT:
            self.sent[slot] = one.to
        elif one.result is Result.UNKNOWN:
            self.doubtful.add(slot)

    def assigned(self, slot: SlotId) -> tuple[bool, str | None]:
        """Return whether it is known what was assigned in a slot, and what."""
        if slot in self.sent or slot in self.doubtful:
            return slot not in self.doubtful, self.sent.get(slot)
        row = self.snapshot.units.index.get(slot[0])
        if row is None:
            return False, None
        state = self.snapshot.state(slot[1], row)
        return state.phase is not Phase.UNKNOWN, state.assigned


def drifted(before: Memory, fleet: FleetPlan, *, at: float, run: str) -> Iterator[Drifted]:
    """Yield the slots that need a change since something else is assigned than before.

    A unit that merely comes back, or of which nothing was known, is no drift; nor is a change that git asks for.
    """
    for change in fleet.changes:
        known, was = before.assigned(slot_of(change))
        if known and was != change.from_:
            yield _event(change, was, fleet.fleet, at, run)


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
