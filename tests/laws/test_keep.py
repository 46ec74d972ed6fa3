"""`keep`: whatever goes in one pass, each group keeps so many units untouched and healthy, or none of it moves."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.assessment import FleetAssessment, Neighbours
from reconciler.core.judge import health, verdict
from reconciler.model.desired import Want
from reconciler.model.fleet import Document, FleetSpec, Keep, Limits, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.plan import FleetPlan, PaceKind
from reconciler.model.snapshot import PROVED, Snapshot
from reconciler.model.unit import Reach, Unit
from reconciler.model.verdict import Health
from tests.laws import naive
from tests.laws.strategies import WORKLOADS, document, drafted, planned, snapshots, unit_lists, versions

scopes = st.sampled_from([Selector(all=True), Selector(tags={"site": "*"}), Selector(ids=["ua", "uB", "uc"])])
keeps = st.builds(Keep, per=st.sampled_from(["site", "ring"]), serving=st.integers(1, 2))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Snapshot, list[Document]]:
    """Return a reading in which most units are there, and fleets of different workloads, some of which keep."""
    units = [
        msgspec.structs.replace(unit, reach=draw(st.sampled_from([Reach.CONNECTED] * 5 + list(Reach))))
        for unit in draw(unit_lists(some=True, max_size=10))
    ]
    documents = [
        document(
            FleetSpec(
                connection="plant",
                units=draw(scopes),
                workloads={workload.name: WorkloadSpec(id=workload.id, version=draw(versions))},
                limits=Limits(remove="100%"),
                keep=draw(st.none() | keeps),
                allow_empty=True,
            ),
            f"fleet-{number}",
        )
        for number, workload in enumerate(WORKLOADS[: draw(st.integers(1, 3))])
    ]
    return draw(snapshots(units, PROVED)), documents


def decided(snapshot: Snapshot, documents: list[Document]) -> list[tuple[FleetAssessment, FleetPlan]]:
    """Return the plans of the fleets of one connection, decided together."""
    assessments = [drafted(one, snapshot) for one in documents]
    neighbours = Neighbours([one.resolution for one in assessments])
    for one in assessments:
        one.neighbours = neighbours
    return [(one, planned(one)) for one in assessments]


def serves(found: list[tuple[FleetAssessment, FleetPlan]], unit: Unit) -> bool:
    if unit.reach is not Reach.CONNECTED:
        return False
    for one, _ in found:
        for workload in one.snapshot.workloads:
            wish, _ = naive.wish(one.document, one.snapshot, unit, workload)
            state = one.snapshot.state(workload.id, unit.row)
            healthy = health(verdict(wish, state, unit.reach, one.patience), state, unit.reach) is Health.HEALTHY
            if wish.want is not Want.UNMANAGED and not healthy:
                return False
    return True


def groups(found: list[tuple[FleetAssessment, FleetPlan]]) -> Iterator[tuple[Keep, str, list[Unit]]]:
    """Yield every group of every fleet that keeps."""
    for one, _ in found:
        keep, units = one.document.spec.keep, one.snapshot.units
        scope = [unit for unit in naive.all_units(units) if naive.in_scope(one.document.spec, unit, units)]
        values = {value for unit in scope for tag, value in unit.labels if keep is not None and tag == keep.per}
        for value in sorted(values) if keep is not None else ():
            yield keep, value, [unit for unit in scope if (keep.per, value) in unit.labels]


@given(worlds())
def test_every_group_keeps_serving_or_none_of_it_moves(world: tuple[Snapshot, list[Document]]) -> None:
    found = decided(*world)
    touched = {change.unit.id for _, plan in found for change in plan.changes}
    for keep, _, members in groups(found):
        left = [unit for unit in members if serves(found, unit) and unit.id not in touched]
        moving = [unit for unit in members if unit.id in touched]
        assert len(left) >= keep.serving or not moving


@given(worlds())
def test_nothing_is_held_for_nothing(world: tuple[Snapshot, list[Document]]) -> None:
    found = decided(*world)
    touched = {change.unit.id for _, plan in found for change in plan.changes}
    rules = list(groups(found))
    for _, plan in found:
        for held in plan.held:
            for reason in held.reasons:
                kept = reason.kept
                if kept is None:
                    continue
                mine = [
                    members
                    for keep, value, members in rules
                    if (keep.per, keep.serving, value) == (kept.tag, kept.serving, kept.value)
                    and len(members) == kept.members
                ]
                if reason.code is HoldReason.KEPT:
                    assert any(
                        sum(
                            serves(found, unit) and unit.id not in touched
                            for unit in members
                            if unit.id != held.unit.id
                        )
                        < kept.serving
                        for members in mine
                    )
                elif kept.value:
                    assert any(len(members) <= kept.serving for members in mine)


@given(worlds())
def test_a_person_lifts_it(world: tuple[Snapshot, list[Document]]) -> None:
    snapshot, documents = world
    free = [drafted(one, snapshot) for one in documents]
    for one in free:
        one.lifted = frozenset({PaceKind.KEEP})
        assert not any(reason.kept for held in planned(one).held for reason in held.reasons)
