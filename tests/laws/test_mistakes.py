"""One mistake stays one mistake: it holds its own slots, and changes nothing about any other."""

from __future__ import annotations

import msgspec
from hypothesis import given

from reconciler.core.mistakes import Mistakes
from reconciler.core.resolve import resolve
from reconciler.model.fleet import Document
from reconciler.model.hold import HoldReason
from reconciler.model.snapshot import Snapshot
from tests.laws.strategies import CHANNELS, drafted, fleets, planned, snapshots


@given(fleets("left"), fleets("right"), snapshots())
def test_a_mistake_holds_its_slots_and_no_other(left: Document, right: Document, snapshot: Snapshot) -> None:
    both = [resolve(one, CHANNELS, snapshot.units, snapshot.workloads) for one in (left, right)]
    mistakes = Mistakes(both, snapshot.units)
    for document in (left, right):
        assessment = drafted(document, snapshot)
        assessment.mistakes = Mistakes()
        without = planned(assessment)
        assessment.mistakes = mistakes
        found = planned(assessment)
        wrong = {
            (snapshot.units.ids[row], workload.id)
            for workload in snapshot.workloads
            for row in mistakes.holds(workload.id)
        }
        stay = [change for change in without.changes if (change.unit.id, change.workload.id) not in wrong]
        assert [msgspec.structs.replace(change, steps=()) for change in found.changes] == [
            msgspec.structs.replace(change, steps=()) for change in stay
        ]
        held = {
            (entry.unit.id, entry.workload.id)
            for entry in found.held
            if any(reason.code is HoldReason.MISTAKE for reason in entry.reasons)
        }
        needing = {(one.unit.id, one.workload.id) for one in without.changes}
        needing |= {(one.unit.id, one.workload.id) for one in without.held}
        assert held == wrong & needing
        assert found.violations == without.violations
