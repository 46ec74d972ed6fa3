"""A saved plan is an upper bound: what still goes is in it, and in today's plan, and of a slot that did not move."""

from __future__ import annotations

from array import array

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.core.bind import Bound, bind, slot_of
from reconciler.core.judge import CHANGES, verdict
from reconciler.model.desired import Want
from reconciler.model.fleet import Document
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog
from reconciler.model.snapshot import PROVED, Snapshot
from reconciler.model.unit import Unit, Units
from tests.laws import naive
from tests.laws.strategies import (
    GOOD,
    NOW,
    WORKLOADS,
    catalogs,
    coverages,
    drafted,
    fleets,
    narrows,
    planned,
    selectors,
    snapshots,
    states,
    unit_lists,
)

CATALOGS = st.one_of(st.just(GOOD), st.just(GOOD), st.just(GOOD), catalogs())


def sound(one: FleetAssessment) -> FleetAssessment:
    assume(not one.resolution.mistakes)
    return one


def bound(saved: FleetPlan, today: FleetPlan, assessment: FleetAssessment) -> Bound:
    """Bind a saved plan; hold that each of its changes comes out exactly once, going as today's plan has it."""
    found = bind(saved.changes, saved.basis.versions, today, assessment)
    out = [slot_of(change) for change in found.going] + [slot_of(dropped.change) for dropped in found.settled]
    assert sorted(out) == sorted(slot_of(change) for change in saved.changes)
    assert set(found.going) <= set(today.changes)
    assert all(dropped.detail or dropped.holds for dropped in found.settled)
    return found


@given(fleets(), snapshots(), CATALOGS)
def test_in_an_unchanged_world_all_goes(fleet: Document, snapshot: Snapshot, catalog: Catalog) -> None:
    one = sound(drafted(fleet, snapshot))
    plan = planned(one, catalog)
    assert bound(plan, plan, one) == Bound(plan.changes, ())


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Document, Snapshot, Document, Snapshot]:
    """A fleet and a reading, then and now; mostly a little has changed, now and then everything."""
    rows = draw(unit_lists(some=True))
    then = draw(fleets(eager=True))
    before = draw(snapshots(rows, draw(st.sampled_from([PROVED, PROVED, None]))))
    now = draw(st.sampled_from([then, then, then, draw(fleets(eager=True))]))
    later = draw(st.sampled_from([nudged(draw, before, rows)] * 3 + [draw(snapshots())]))
    return then, before, now, later


def nudged(draw: st.DrawFn, before: Snapshot, rows: list[Unit]) -> Snapshot:
    """Return a reading in which some slots changed, some are no longer shown, or a unit has gone."""
    kept = rows[1:] if draw(st.sampled_from([False, False, False, True])) else rows
    units = Units.build(kept)
    fresh = [*before.states, *draw(st.lists(states(), max_size=3))]
    columns = {
        key: array("I", [column[before.units.index[unit_id]] for unit_id in units.ids])
        for key, column in before.columns.items()
    }
    for column in columns.values():
        for row in draw(st.sets(st.integers(0, max(0, len(units) - 1)), max_size=2 if units.ids else 0)):
            column[row] = draw(st.sampled_from([0, 0, draw(st.integers(0, len(fresh) - 1))]))
    return Snapshot(
        identity=before.identity,
        units=units,
        workloads=before.workloads,
        states=fresh,
        columns=columns,
        coverage=draw(coverages),
        read_at=NOW,
    )


@settings(max_examples=2 * settings().max_examples)
@given(worlds(), CATALOGS, CATALOGS, narrows)
def test_nothing_goes_that_the_plan_or_git_forbids(
    world: tuple[Document, Snapshot, Document, Snapshot], catalog: Catalog, later_catalog: Catalog, filters: Filters
) -> None:
    then, before, now, later = world
    saved = planned(sound(drafted(then, before)), catalog)
    assessment = sound(drafted(now, later, filters))
    today = planned(assessment, later_catalog)
    found = bound(saved, today, assessment)
    planned_then = {slot_of(change): change for change in saved.changes}
    identities = {(workload, version): identity for workload, version, identity in saved.basis.versions}
    identities_now = {(workload, version): identity for workload, version, identity in today.basis.versions}
    for change in found.going:
        old = planned_then[slot_of(change)]
        unit = later.units[later.units.index[change.unit.id]]
        workload = next(one for one in WORKLOADS if one.id == change.workload.id)
        wish, _ = naive.wish(now, later, unit, workload)
        assert wish.want is not Want.UNMANAGED
        assert (wish.version, wish.settings) == (old.to, old.settings) == (change.to, change.settings)
        assert change.verb is old.verb
        was = before.state(workload.id, before.units.index[change.unit.id])
        state = later.state(workload.id, unit.row)
        assert (was.assigned, was.extra_versions, was.settings, was.identity) == (
            state.assigned,
            state.extra_versions,
            state.settings,
            state.identity,
        )
        if change.to is None:
            assert was.reported == state.reported
        else:
            assert identities[change.workload.id, change.to] == identities_now[change.workload.id, change.to]
    for dropped in found.settled:
        if dropped.result is Result.DONE:
            unit = later.units[later.units.index[dropped.change.unit.id]]
            workload = next(one for one in WORKLOADS if one.id == dropped.change.workload.id)
            wish, _ = naive.wish(now, later, unit, workload)
            assert (wish.version, wish.settings) == (dropped.change.to, dropped.change.settings)
            state = later.state(workload.id, unit.row)
            assert state.phase != "unknown"
            assert verdict(wish, state, unit.reach, assessment.patience) not in CHANGES


@given(fleets(), unit_lists(), st.data())
def test_a_change_of_deciding_tags_moves_a_slot(fleet: Document, rows: list[Unit], data: st.DataObject) -> None:
    snapshot = data.draw(snapshots(rows))
    one = sound(drafted(fleet, snapshot))
    saved = planned(one)
    selector = data.draw(selectors)
    retagged = [unit if not naive.selects(selector, unit) else _retagged(unit) for unit in rows]
    fresh = data.draw(snapshots(retagged, snapshot.coverage))
    later = Snapshot(
        identity=snapshot.identity,
        units=fresh.units,
        workloads=snapshot.workloads,
        states=snapshot.states,
        columns=snapshot.columns,
        coverage=snapshot.coverage,
        read_at=snapshot.read_at,
    )
    assessment = sound(drafted(fleet, later))
    found = bound(saved, planned(assessment), assessment)
    keys = one.resolution.label_keys
    for change in found.going:
        then, now = (each.units[each.units.index[change.unit.id]] for each in (snapshot, later))
        assert [pair for pair in then.labels if pair[0] in keys] == [pair for pair in now.labels if pair[0] in keys]


def _retagged(unit: Unit) -> Unit:
    return Unit(unit.row, unit.id, unit.name, (("ring", "other"),), unit.reach, unit.size, unit.agent, unit.assignable)
