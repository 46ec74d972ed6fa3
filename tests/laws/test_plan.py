"""What every plan keeps, whatever the fleet, the reading and the catalogue."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.assemble import assemble
from reconciler.core.assessment import Filters, FleetAssessment, leavers, unmanaged, wanted
from reconciler.core.guards import Vetoes
from reconciler.core.guards.case import Scene
from reconciler.core.judge import CHANGES, HELD, Intent, verdict
from reconciler.core.resolve import resolve
from reconciler.model.change import Change, Held, Reason, Verb
from reconciler.model.desired import Want
from reconciler.model.fleet import Document, FleetSpec, Quarantine, Selector
from reconciler.model.hold import HoldReason
from reconciler.model.observation import Phase
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import Snapshot, Workload
from reconciler.model.unit import Ref, Unit, Units
from reconciler.model.verdict import Verdict
from reconciler.views.reason_words import hold_words
from tests.laws import naive
from tests.laws.strategies import (
    CHANNELS,
    NOW,
    catalogs,
    document,
    drafted,
    fleets,
    narrows,
    planned,
    snapshots,
    unit_lists,
)

Slot = tuple[str, str]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def sound(one: FleetAssessment) -> FleetAssessment:
    """Keep assessments of manifests that a plan would accept."""
    assume(not one.resolution.mistakes)
    return one


def verdicts(one: FleetAssessment) -> dict[Slot, tuple[Verdict, bool]]:
    """Judge every slot in reach slowly; say besides whether it is pruning that wants it."""
    found: dict[Slot, tuple[Verdict, bool]] = {}
    for unit in naive.all_units(one.snapshot.units):
        for workload in one.snapshot.workloads:
            wish, pruning = naive.wish(one.document, one.snapshot, unit, workload)
            if reaches(one.filters, unit.id, unit.name, *names(one.document, one.snapshot, workload)):
                state = one.snapshot.state(workload.id, unit.row)
                found[unit.id, workload.id] = verdict(wish, state, unit.reach, one.patience), pruning
    return found


def reaches(filters: Filters, unit: str, name: str, *workload: str) -> bool:
    """Return whether a slot is in reach of the filters: by all names of its workload, those of the manifest included."""

    def any_of(patterns: tuple[str, ...], *texts: str) -> bool:
        return any(naive.matches(text, list(patterns)) for text in texts)

    return (
        (not filters.units or any_of(filters.units, unit, name))
        and (not filters.workloads or any_of(filters.workloads, *workload))
        and not any_of(filters.exclude, unit, name)
    )


def names(fleet: Document, snapshot: Snapshot, workload: Workload | Ref) -> list[str]:
    """Return all that a workload goes by."""
    listed = naive.identified(fleet.spec, snapshot)
    return [workload.id, workload.name, *(key for known, (key, _) in listed.items() if known == workload.id)]


@given(fleets(), snapshots(), catalogs(), narrows, st.booleans())
def test_changes_and_held_are_exactly_the_slots_whose_verdict_needs_something(
    fleet: Document, snapshot: Snapshot, catalog: Catalog, filters: Filters, retries_itself: bool
) -> None:
    one = sound(drafted(fleet, snapshot, filters, retries_itself=retries_itself))
    plan = planned(one, catalog)
    judged = verdicts(one)
    changes = [(change.unit.id, change.workload.id) for change in plan.changes]
    held = [(entry.unit.id, entry.workload.id) for entry in plan.held if entry.unit.id != "*"]
    assert len(set(changes + held)) == len(changes) + len(held)
    needing = {
        slot
        for slot, (found, pruning) in judged.items()
        if found in CHANGES | HELD and not (pruning and unseen(one, slot))
    }
    assert set(changes) | set(held) == needing
    assert plan.summary.held == len(plan.held)
    assert plan.summary.changes.total == len(changes)
    counted = [found for found, _ in judged.values() if found is not Verdict.UNMANAGED]
    assert plan.summary.slots == len(counted)
    assert plan.summary.unknown == counted.count(Verdict.UNKNOWN)
    assert plan.summary.synced + plan.summary.unknown + sum(
        found in CHANGES and found is not Verdict.RETRY for found in counted
    ) == len(counted)


@given(fleets(), snapshots(), catalogs(), narrows)
def test_a_mix_counts_every_managed_device_once_whatever_the_filters(
    fleet: Document, snapshot: Snapshot, catalog: Catalog, filters: Filters
) -> None:
    one = sound(drafted(fleet, snapshot, filters))
    found = planned(one, catalog).mix
    assert found == planned(sound(drafted(fleet, snapshot)), catalog).mix
    devices: Counter[str] = Counter()
    now: Counter[tuple[str, str | None]] = Counter()
    desired: Counter[tuple[str, str | None]] = Counter()
    for unit in naive.all_units(snapshot.units):
        for workload in snapshot.workloads:
            wish, _ = naive.wish(fleet, snapshot, unit, workload)
            if wish.want is Want.UNMANAGED:
                continue
            state = snapshot.state(workload.id, unit.row)
            devices[workload.id] += unit.size
            desired[workload.id, wish.version] += unit.size
            if state.phase is not Phase.UNKNOWN:
                now[workload.id, state.assigned] += unit.size
    assert {each.workload.id: sum(it.desired for it in each.versions) for each in found} == +devices
    counted = [(each.workload.id, it) for each in found for it in each.versions]
    assert {(key, it.version): it.assigned for key, it in counted if it.assigned} == +now
    assert {(key, it.version): it.desired for key, it in counted if it.desired} == +desired
    for each in found:
        assert sum(it.assigned for it in each.versions) + each.unknown == devices[each.workload.id]


def unseen(one: FleetAssessment, slot: Slot) -> bool:
    """Return whether the reading showed no row of a slot and proved nothing by that."""
    row = one.snapshot.units.index[slot[0]]
    return one.snapshot.column(slot[1])[row] == 0 and not one.snapshot.coverage.complete


@given(fleets(), snapshots(), catalogs(), narrows)
def test_nothing_is_outside_the_scope_or_the_filters(
    fleet: Document, snapshot: Snapshot, catalog: Catalog, filters: Filters
) -> None:
    plan = planned(sound(drafted(fleet, snapshot, filters)), catalog)
    entries: list[Change | Held] = [*plan.changes, *(entry for entry in plan.held if entry.unit.id != "*")]
    for entry in entries:
        unit = snapshot.units[snapshot.units.index[entry.unit.id]]
        assert naive.in_scope(fleet.spec, unit, snapshot.units)
        assert reaches(filters, unit.id, unit.name, *names(fleet, snapshot, entry.workload))
        assert (unit.name, entry.workload) == (entry.unit.name, entry.workload)
        wish, _ = naive.wish(fleet, snapshot, unit, workload_of(snapshot, entry.workload.id))
        assert wish.want is not Want.UNMANAGED
        assert wish.version == entry.to


def workload_of(snapshot: Snapshot, workload_id: str) -> Workload:
    return next(workload for workload in snapshot.workloads if workload.id == workload_id)


@given(fleets(), snapshots(), catalogs())
def test_what_the_reading_does_not_prove_is_left_alone(fleet: Document, snapshot: Snapshot, catalog: Catalog) -> None:
    plan = planned(sound(drafted(fleet, snapshot)), catalog)
    for change in plan.changes:
        assert snapshot.state(change.workload.id, snapshot.units.index[change.unit.id]).phase is not Phase.UNKNOWN
    for held in plan.held:
        assert held.reasons
        assert all(hold_words(reason, held.workload.name, held.to) for reason in held.reasons)
        if held.verb is None and held.unit.id != "*":
            assert {reason.code for reason in held.reasons} & {HoldReason.UNKNOWN, HoldReason.PAUSED}


@given(fleets(), snapshots(), catalogs())
def test_nothing_is_pruned_when_that_is_unsafe(fleet: Document, snapshot: Snapshot, catalog: Catalog) -> None:
    one = sound(drafted(fleet, snapshot))
    safe = naive.prunes_safely(fleet.spec, snapshot)
    for change in planned(one, catalog).changes:
        row = snapshot.units.index[change.unit.id]
        _, pruning = naive.wish(fleet, snapshot, snapshot.units[row], workload_of(snapshot, change.workload.id))
        if pruning:
            assert safe
            assert not snapshot.state(change.workload.id, row).protected
            assert change.verb is Verb.REMOVE


@given(fleets(), snapshots(), catalogs())
def test_a_change_moves_only_to_what_the_catalogue_has_and_policy_allows(
    fleet: Document, snapshot: Snapshot, catalog: Catalog
) -> None:
    one = sound(drafted(fleet, snapshot))
    spec: FleetSpec = fleet.spec
    asked = {release for release, _ in wanted(one)}
    for change in planned(one, catalog).changes:
        assert spec.suspend is None or spec.suspend.until == "2026-01-01"
        assert snapshot.units[snapshot.units.index[change.unit.id]].assignable
        if change.to is None:
            continue
        release = next(one for one in asked if (one.workload, one.version) == (change.workload.id, change.to))
        info = catalog[release]
        assert info.found
        assert info.released
        assert not info.forbidden
        assert not any(
            (entry.workload, entry.version) == (change.workload.name, change.to) and entry.until != "2026-01-01"
            for entry in spec.quarantine
        )
        if info.minimum_agent is not None:
            assert snapshot.units[snapshot.units.index[change.unit.id]].agent in {None, "1.10.0", "2.0", "beta"}


@given(fleets(eager=True), snapshots(), catalogs(), st.data())
def test_a_quarantined_version_goes_nowhere_and_all_else_as_before(
    fleet: Document, snapshot: Snapshot, catalog: Catalog, data: st.DataObject
) -> None:
    one = sound(drafted(fleet, snapshot))
    before = planned(one, catalog)
    moves: list[Change | Held] = [change for change in before.changes if change.to is not None]
    moves = moves or [held for held in before.held if held.verb is not None and held.to is not None]
    if not moves:
        return
    bad = data.draw(st.sampled_from(moves))
    named = data.draw(st.sampled_from(sorted(names(fleet, snapshot, bad.workload))))
    entry = Quarantine(workload=named, version=bad.to or "", reason="boot loop")
    spec: FleetSpec = msgspec.structs.replace(fleet.spec, quarantine=[*fleet.spec.quarantine, entry])
    after = planned(sound(drafted(msgspec.structs.replace(fleet, spec=spec), snapshot)), catalog)
    left = {(change.unit.id, change.workload.id): change for change in after.changes}
    held = {(found.unit.id, found.workload.id): found for found in after.held}
    for change in before.changes:
        slot = change.unit.id, change.workload.id
        brings = catalog[Release(change.workload.id, change.to)].dependencies if change.to is not None else ()
        meant = (change.workload.id, change.to) == (bad.workload.id, bad.to)
        if meant:
            assert HoldReason.QUARANTINED in {reason.code for reason in held[slot].reasons}
        elif not any(name.endswith(f" {bad.to}") for name in brings):
            assert left[slot] == change


@given(fleets(), snapshots(), catalogs())
def test_what_a_person_paused_is_held_as_paused(fleet: Document, snapshot: Snapshot, catalog: Catalog) -> None:
    one = sound(drafted(fleet, snapshot))
    vetoes = Vetoes(Scene(one.resolution, snapshot, catalog, one.mistakes, NOW))
    for column in one.resolution.columns.values():
        for row in column.rows:
            state = snapshot.column(column.workload.id)[row]
            reasons = vetoes(column, Intent(row, column.winner(row), state, Verdict.PAUSED))
            assert HoldReason.PAUSED in {reason.code for reason in reasons}


@given(fleets(), snapshots(), catalogs())
def test_every_change_has_its_call_and_names_its_steps(fleet: Document, snapshot: Snapshot, catalog: Catalog) -> None:
    plan = planned(sound(drafted(fleet, snapshot)), catalog)
    slots = [slot for action in plan.actions for slot in action.slots]
    assert sorted(slots) == list(range(len(plan.changes)))
    for change in plan.changes:
        assert [step.call for step in change.steps] == [f"test.{change.verb}"]
        assert change.origin == fleet.locate(()).__class__(change.origin.file)


def shuffled(draw: Draw, snapshot: Snapshot) -> Snapshot:
    """Return the same reading as if rows, units, workloads and states had come in another order."""
    order = draw(st.permutations(range(1, len(snapshot.states))))
    numbers = {0: 0, **{old: new for new, old in enumerate(order, 1)}}
    units = draw(st.permutations(naive.all_units(snapshot.units)))
    return Snapshot(
        identity=snapshot.identity,
        units=Units.build(units),
        workloads=tuple(draw(st.permutations(snapshot.workloads))),
        states=[snapshot.states[0], *(snapshot.states[old] for old in order)],
        columns={
            key: array("I", [numbers[state] for state in snapshot.columns[key]])
            for key in draw(st.permutations(list(snapshot.columns)))
        },
        coverage=snapshot.coverage,
        read_at=snapshot.read_at,
    )


def reordered(draw: Draw, fleet: Document) -> Document:
    """Return the same fleet with the keys of its mappings in another order."""
    spec: FleetSpec = fleet.spec

    def turned(mapping: dict[str, Any]) -> dict[str, Any]:
        return {key: mapping[key] for key in draw(st.permutations(list(mapping)))}

    return document(msgspec.structs.replace(spec, workloads=turned(spec.workloads), pins=turned(spec.pins)), fleet.name)


@given(fleets(), snapshots(), catalogs(), st.data())
def test_the_order_of_input_does_not_matter(
    fleet: Document, snapshot: Snapshot, catalog: Catalog, data: st.DataObject
) -> None:
    one = sound(drafted(fleet, snapshot))
    plan = planned(one, catalog)
    again = planned(drafted(reordered(data.draw, fleet), shuffled(data.draw, snapshot)), catalog)
    assert msgspec.json.encode(again) == msgspec.json.encode(plan)
    whole = [assemble([entry], now=NOW, read={}, filters="") for entry in (plan, again)]
    assert whole[0].fingerprint == whole[1].fingerprint


@given(fleets("a"), fleets("b"), snapshots())
def test_the_order_of_fleets_does_not_matter(left: Document, right: Document, snapshot: Snapshot) -> None:
    plans = [planned(sound(drafted(fleet, snapshot))) for fleet in (left, right)]
    ahead = assemble(plans, now=NOW, read={"a": 1.0, "b": 2.0}, filters="")
    back = assemble(plans[::-1], now=NOW, read={"b": 2.0, "a": 1.0}, filters="")
    assert msgspec.json.encode(ahead) == msgspec.json.encode(back)


@given(fleets(), snapshots(), narrows)
def test_the_count_of_unmanaged_slots_is_exact(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    one = sound(drafted(fleet, snapshot, filters))
    expected = 0
    for unit in naive.all_units(snapshot.units):
        for workload in snapshot.workloads:
            wish, _ = naive.wish(fleet, snapshot, unit, workload)
            state = snapshot.state(workload.id, unit.row)
            expected += (
                naive.in_scope(fleet.spec, unit, snapshot.units)
                and reaches(filters, unit.id, unit.name, *names(fleet, snapshot, workload))
                and wish.want is Want.UNMANAGED
                and bool(state.assigned or state.reported or state.extra_versions)
            )
    assert unmanaged(one) == expected


@given(fleets(), fleets(), snapshots())
def test_leavers_are_the_slots_that_the_base_gave_a_version_and_git_now_leaves_alone(
    fleet: Document, before: Document, snapshot: Snapshot
) -> None:
    one = sound(drafted(fleet, snapshot))
    assert leavers(one) == {}
    assert all(change.reason not in {Reason.DRIFT, Reason.CHANGE} for change in planned(one).changes)
    one.base = resolve(before, CHANNELS, snapshot.units, snapshot.workloads)
    assume(not one.base.mistakes)
    expected: dict[str, list[str]] = {}
    for workload in snapshot.workloads:
        for unit in naive.all_units(snapshot.units):
            was, _ = naive.wish(before, snapshot, unit, workload)
            now, _ = naive.wish(fleet, snapshot, unit, workload)
            state = snapshot.state(workload.id, unit.row)
            if was.want is Want.VERSION and now.want is Want.UNMANAGED and state.assigned is not None:
                expected.setdefault(workload.name, []).append(unit.id)
    found = {name: [snapshot.units.ids[row] for row in rows] for name, rows in leavers(one).items()}
    assert found == expected
    for change in planned(one).changes:
        if change.reason in {Reason.DRIFT, Reason.CHANGE}:
            unit = snapshot.units[snapshot.units.index[change.unit.id]]
            workload = workload_of(snapshot, change.workload.id)
            same = naive.wish(before, snapshot, unit, workload)[0] == naive.wish(fleet, snapshot, unit, workload)[0]
            assert (change.reason is Reason.DRIFT) == same


@given(unit_lists(max_size=4), snapshots(), st.data())
def test_a_workload_is_uniform_only_when_whoever_comes_is_treated_alike(
    newcomers: list[Unit], snapshot: Snapshot, data: st.DataObject
) -> None:
    fleet = data.draw(fleets(scope=data.draw(st.sampled_from([Selector(all=True), Selector(tags={"site": "*"})]))))
    one = sound(drafted(fleet, snapshot))
    for workload_id in one.fleet_wide:
        assert snapshot.coverage.complete
        everyone = [*naive.all_units(snapshot.units), *newcomers]
        later = Snapshot(
            identity="test:world",
            units=Units.build({unit.id: unit for unit in everyone}.values()),
            workloads=snapshot.workloads,
            states=snapshot.states,
            columns={},
            coverage=snapshot.coverage,
            read_at=NOW,
        )
        workload = workload_of(snapshot, workload_id)
        wishes = {
            naive.wish(fleet, later, unit, workload)[0] for unit in naive.all_units(later.units) if unit.assignable
        }
        assert len(wishes) <= 1


@given(fleets(), snapshots(), narrows)
def test_filters_drop_slots_and_change_none(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    whole = planned(sound(drafted(fleet, snapshot)))
    part = planned(drafted(fleet, snapshot, filters))
    kept = [
        change
        for change in whole.changes
        if reaches(filters, change.unit.id, change.unit.name, *names(fleet, snapshot, change.workload))
    ]
    assert list(part.changes) == kept
    assert filters.slots == bool(filters.units or filters.workloads or filters.exclude)
    if filters.slots:
        assert not drafted(fleet, snapshot, filters).fleet_wide


@given(fleets(), snapshots())
def test_a_plan_says_whether_it_is_complete_and_can_be_applied(fleet: Document, snapshot: Snapshot) -> None:
    plan: FleetPlan = planned(sound(drafted(fleet, snapshot)))
    whole = assemble([plan], now=NOW, read={}, filters="")
    assert whole.complete == (plan.summary.unknown == 0 and snapshot.coverage.complete)
    assert whole.applyable == bool(plan.changes and not plan.violations)
    assert not whole.errored
