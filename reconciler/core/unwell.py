"""Slots that failed or drifted, until a reading shows that they are well: so a trouble is over for good, or not over.

A slot is well once it is assigned what git says and reports it. What is sent once more, or waits for that, is not well yet.
A slot that is gone, and one of which git asks something else by now, is no trouble any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged, verdict
from reconciler.core.resolve import Column
from reconciler.core.status import status_bucket
from reconciler.model.change import SlotId
from reconciler.model.desired import Want
from reconciler.model.event_parts import Failing
from reconciler.model.observation import State
from reconciler.model.unit import Reach, Ref
from reconciler.model.verdict import Standing, Verdict

SAMPLE = 3
"""Units that are named of those that fail alike."""
MOST = 20
"""Kinds of failures of a fleet that are named."""
BAD = frozenset({Standing.FAILED, Standing.STUCK})
WELL = frozenset({Verdict.SYNCED, Verdict.LEFTOVER})
"""Verdicts of slots that report what git says."""
ON_THEIR_WAY = frozenset({Verdict.CONVERGING, Verdict.WAITING, Verdict.NEXT, Verdict.PAUSED, Verdict.REMOVING})

Kind = tuple[str, str | None]
"""The id of a workload, and a version of it."""


class Unwell(msgspec.Struct):
    """Of one fleet, what a watch must see well before it says that a trouble is over."""

    failed: dict[SlotId, str | None] = {}
    """The version that a slot failed to take."""
    failing: set[SlotId] = set()
    """Those of them that fail in the last reading."""
    astray: set[SlotId] = set()
    """Slots that drifted."""
    doubtful: set[Kind] | None = None
    """Versions that were on their way when this process read first, and still are: some of them may have failed before that."""

    def see(self, one: FleetAssessment) -> None:
        """Take a reading: what fails is remembered, what is well by now is forgotten."""
        columns = {judged.column.workload.id: judged.column for judged in one.judged}
        self.astray = {slot for slot in self.astray if not _over(one, columns, slot)}
        self.failed = {
            slot: version
            for slot, version in self.failed.items()
            if not _over(one, columns, slot) and _asks(one, columns, slot, version)
        }
        ids = one.snapshot.units.ids
        now = {
            (ids[row], judged.column.workload.id): state.assigned
            for judged in one.judged
            for row, state in failing_rows(one, judged)
        }
        self.failed |= now
        self.failing = set(now)
        moving = {
            (judged.column.workload.id, one.snapshot.states[number].assigned)
            for judged in one.judged
            for found, number, _ in judged.tally
            if found in ON_THEIR_WAY
        }
        self.doubtful = moving if self.doubtful is None else self.doubtful & moving

    def unsettled(self, one: FleetAssessment) -> tuple[Failing, ...]:
        """Return what failed and does not fail now, yet is not well either: a kind each, some units named."""
        names = {judged.column.workload.id: judged.column.workload.ref for judged in one.judged}
        slots: dict[Kind, list[Ref]] = {kind: [] for kind in self.doubtful or ()}
        for (unit, workload), version in self.failed.items():
            if (unit, workload) not in self.failing:
                row = one.snapshot.units.index.get(unit)
                ref = one.snapshot.units.ref(row) if row is not None else Ref(unit, unit)
                slots.setdefault((workload, version), []).append(ref)
        found = [
            Failing(workload=names[workload], version=version, slots=len(some), units=tuple(some[:SAMPLE]))
            for (workload, version), some in slots.items()
            if workload in names
        ]
        return tuple(sorted(found, key=lambda each: (-each.slots, each.workload.name, each.version or ""))[:MOST])


def failing_rows(one: FleetAssessment, judged: Judged) -> Iterator[tuple[int, State]]:
    """Yield the rows of a workload that fail or are stuck, with their states. Only where there are some is each looked at."""
    states, reaches, column = one.snapshot.states, one.snapshot.units.reach, judged.column
    bad = {number for found, number, reach in judged.tally if _bad(found, states[number], Reach(reach))}
    rows = zip(column.rows, column.rows.of(one.snapshot.column(column.workload.id)), strict=True) if bad else ()
    for row, number in rows:
        if number in bad:
            state, reach = states[number], Reach(reaches[row])
            if _bad(verdict(column.rule(row).value, state, reach, one.patience), state, reach):
                yield row, state


def _bad(found: Verdict, state: State, reach: Reach) -> bool:
    return found is not Verdict.UNMANAGED and status_bucket(found, state, reach) in BAD


def _over(one: FleetAssessment, columns: Mapping[str, Column], slot: SlotId) -> bool:
    """Return whether a slot is no trouble any more: well, unmanaged, or proved to be gone."""
    row, column = one.snapshot.units.index.get(slot[0]), columns.get(slot[1])
    if row is None or column is None:
        return one.snapshot.coverage.complete
    value = column.rule(row).value
    if row not in column.rows or value.want is Want.UNMANAGED:
        return True
    state, reach = one.snapshot.state(slot[1], row), Reach(one.snapshot.units.reach[row])
    return verdict(value, state, reach, one.patience) in WELL


def _asks(one: FleetAssessment, columns: Mapping[str, Column], slot: SlotId, version: str | None) -> bool:
    """Return whether git still asks for a version on a slot, as far as anybody knows."""
    row, column = one.snapshot.units.index.get(slot[0]), columns.get(slot[1])
    return row is None or column is None or column.rule(row).value.version == version
