"""Laws of status: each managed slot counts once, and as its verdict, phase and reach say."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from reconciler.core.assessment import Filters
from reconciler.core.judge import Patience, health, sync, verdict
from reconciler.core.status import axes, fleet_status
from reconciler.model.fleet import Document
from reconciler.model.observation import Phase
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Standing, Sync, Verdict
from tests.laws.strategies import NOW, drafted, fleets, narrows, planned, snapshots


@given(fleets(), snapshots(), narrows)
def test_every_managed_slot_counts_once(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    one = drafted(fleet, snapshot, filters)
    found = fleet_status(one)
    summary = planned(one).summary
    assert (found.total, found.units, found.unknown) == (summary.slots, summary.units, summary.unknown)
    assert found.out + found.unknown == found.total - summary.synced
    assert (found.sync, found.health) == axes(one)
    assert found.unit_list is None
    rest = found.total - found.out - found.unknown - found.ready - found.moving - found.waiting
    assert 0 <= rest <= len(found.failed) + len(found.stuck), "what is neither failed nor is stuck"
    assert rest >= len(found.stuck)


@given(fleets(), snapshots(), narrows)
def test_counts_are_those_of_the_units(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    """Say it again, slowly: slot by slot."""
    one = drafted(fleet, snapshot, filters)
    found = fleet_status(one, units=True)
    counts: Counter[str] = Counter()
    failed, assigned = [], Counter[tuple[str, str | None]]()
    for judged in one.judged:
        for row in range(len(snapshot.units)):
            if not judged.column.winner(row):
                continue
            state, reach = snapshot.state(judged.column.workload.id, row), Reach(snapshot.units.reach[row])
            verdict_ = verdict(judged.column.rule(row).value, state, reach, Patience(now=NOW))
            if verdict_ is Verdict.UNMANAGED:
                continue
            if verdict_ is not Verdict.UNKNOWN:
                assigned[judged.column.workload.name, state.assigned] += 1
                if state.phase is Phase.FAILED:
                    failed.append((judged.column.workload.name, snapshot.units.ids[row]))
            counts["ready"] += verdict_ is Verdict.SYNCED and state.phase is not Phase.FAILED
            counts["out"] += sync(verdict_) is Sync.OUT
            if verdict_ in {Verdict.CONVERGING, Verdict.WAITING, Verdict.PAUSED, Verdict.REMOVING}:
                if state.phase is Phase.FAILED:
                    continue
                word = "waiting" if health(verdict_, state, reach) is Health.WAITING else "moving"
                counts[word] += 1
    assert (found.ready, found.out, found.moving, found.waiting) == tuple(
        counts[word] for word in ("ready", "out", "moving", "waiting")
    )
    assert [(one.workload, one.unit.id) for one in found.failed] == failed
    assert {(one.workload, one.version): one.assigned for one in found.spread if one.assigned} == dict(assigned)
    assert found.unit_list is not None
    assert len(found.unit_list) == found.units
    listed = [slot.verdict for unit in found.unit_list for slot in unit.slots]
    assert len(listed) - listed.count(Verdict.UNMANAGED) == found.total


@given(fleets(), snapshots(), narrows)
def test_what_is_listed_by_a_standing_is_what_is_counted(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    one = drafted(fleet, snapshot, filters)
    found = fleet_status(one)
    for standing, number in (
        (Standing.READY, found.ready),
        (Standing.OUT, found.out),
        (Standing.MOVING, found.moving),
        (Standing.WAITING, found.waiting),
        (Standing.FAILED, len(found.failed)),
        (Standing.STUCK, len(found.stuck)),
        (Standing.UNKNOWN, found.unknown),
    ):
        listed = fleet_status(one, only=[standing]).unit_list or ()
        assert sum(len(unit.slots) for unit in listed) == number
    degraded = fleet_status(one, only=[Standing.DEGRADED]).unit_list or ()
    assert all(slot.health is Health.DEGRADED for unit in degraded for slot in unit.slots)
    both = fleet_status(one, only=[Standing.FAILED, Standing.STUCK]).unit_list or ()
    assert sum(len(unit.slots) for unit in both) == len(found.failed) + len(found.stuck)
