"""Limits: a plain restatement, and how they behave when plans grow and limits tighten."""

from __future__ import annotations

from array import array
from collections import Counter
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.core.judge import verb_of, verdict
from reconciler.model.change import FREE, Change, Verb
from reconciler.model.desired import Want
from reconciler.model.fleet import Document, FleetSpec, Limit, Limits, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.memory import Memory, Went
from reconciler.model.observation import State
from reconciler.model.plan import FleetPlan, LimitKind, Violation
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Unit
from reconciler.model.verdict import Verdict
from reconciler.views.limit_words import violation_words
from tests.laws import naive
from tests.laws.strategies import NOW, document, drafted, fleets, limits, narrows, planned, snapshots, unit_lists

tags = st.sampled_from([None, "site"])
Broken = set[tuple[LimitKind, str, int, int]]
KINDS = (LimitKind.RELEASE, LimitKind.REPLACE, LimitKind.REMOVE)


def expected(one: FleetAssessment) -> Broken:
    """Return (kind, workload, intended, of) of every limit that all intended changes break, held and unseen ones included."""
    spec: FleetSpec = one.document.spec
    units = one.snapshot.units
    scope = [unit for unit in naive.all_units(units) if naive.in_scope(spec, unit, units)]
    broken: Broken = set()
    if not scope and not spec.allow_empty:
        broken.add((LimitKind.EMPTY_SCOPE, "", 0, 0))
    loads = {workload.name: load_of(one, workload, scope) for workload in one.snapshot.workloads}
    for kind, verb in zip(KINDS, Verb, strict=True):
        limit = getattr(spec.limits, kind.value)
        of = {name: load.base(verb) for name, load in loads.items()}
        going = {name: load for name, load in loads.items() if any(found is verb for found, _ in load.changes)}
        alone = {
            name
            for name, load in going.items()
            if min(len(scope), len(load.holding)) <= spec.limits.minimum and len(load.sizes(verb)) == 1
        }
        each = {name for name, load in going.items() if over(limit, load.sizes(verb), of[name], few=name in alone)}
        broken |= {(kind, name, sum(loads[name].sizes(verb)), of[name]) for name in each}
        sizes = [size for load in loads.values() for size in load.sizes(verb)]
        few = min(len(scope), sum(len(load.holding) for load in loads.values())) <= spec.limits.minimum
        if going and not each and over(limit, sizes, sum(of.values()), few=few):
            broken.add((kind, "", sum(sizes), sum(of.values())))
        if verb is Verb.REMOVE:
            for name, load in going.items():
                if 0 < of[name] <= sum(load.sizes(verb)):
                    broken.add((kind, name, of[name], of[name]))
    return broken


class Slots(msgspec.Struct):
    """The slots of one workload: sizes of those that hold it (or may), of changes by verb, and of removals that may be due."""

    holding: list[int] = []
    missing: list[int] = []
    changes: list[tuple[Verb, int]] = []
    unknown: list[int] = []

    def base(self, verb: Verb) -> int:
        return sum(self.holding) + (sum(self.missing) if verb is Verb.RELEASE else 0)

    def sizes(self, verb: Verb) -> list[int]:
        return [size for found, size in self.changes if found is verb] + (self.unknown if verb is Verb.REMOVE else [])


def load_of(one: FleetAssessment, workload: Workload, scope: list[Unit]) -> Slots:
    slots = Slots()
    for unit in scope:
        wish, pruning = naive.wish(one.document, one.snapshot, unit, workload)
        state = one.snapshot.state(workload.id, unit.row)
        found = verdict(wish, state, unit.reach, one.patience)
        verb = verb_of(found, state, wish)
        seen = one.snapshot.column(workload.id)[unit.row] != 0
        unknown = found is Verdict.UNKNOWN and wish.want is Want.ABSENT and (seen or not pruning)
        if wish.want is not Want.UNMANAGED and (state.assigned is not None or state.extra_versions or unknown):
            slots.holding.append(unit.size)
        if unknown:
            slots.unknown.append(unit.size)
        if found is Verdict.MISSING and not (state.assigned is not None or state.extra_versions):
            slots.missing.append(unit.size)
        if verb is not None and found not in {Verdict.LEFTOVER, Verdict.NEXT}:
            slots.changes.append((verb, unit.size))
    return slots


def over(limit: str | Limit | None, sizes: list[int], of: int, *, few: bool) -> bool:
    """Return whether changes of units of these sizes are more than a limit lets through."""
    if limit is None:
        return False
    if isinstance(limit, str):
        limit = Limit(percent=limit) if limit.endswith("%") else Limit(number=int(limit))
    if limit.number is not None and sum(sizes) > limit.number:
        return True
    if limit.percent is None or (few and len(sizes) == 1):
        return False
    return sum(sizes) * 100 > of * Fraction(limit.percent.rstrip("%"))


def sound(one: FleetAssessment) -> FleetAssessment:
    assume(not one.resolution.mistakes)
    return one


def found(violations: tuple[Violation, ...]) -> Broken:
    return {(one.kind, one.workload or one.every_holder_of, one.intended, one.of) for one in violations}


@given(fleets(), snapshots(), narrows)
def test_limits_equal_their_plain_restatement_whatever_the_filters(
    fleet: Document, snapshot: Snapshot, filters: Filters
) -> None:
    one = sound(drafted(fleet, snapshot, filters))
    plan = planned(one)
    assert found(plan.violations) == expected(one)
    for violation in plan.violations:
        assert violation.intended + violation.went > violation.allowed or violation.kind is LimitKind.EMPTY_SCOPE
        assert violation_words(violation)
        assert violation.origin is not None


@given(fleets(), snapshots(coverage=PROVED), st.data())
def test_a_reading_that_misses_slots_lets_no_more_removals_through(
    fleet: Document, snapshot: Snapshot, data: st.DataObject
) -> None:
    fleet = document(msgspec.structs.replace(fleet.spec, prune="none"))
    whole = planned(sound(drafted(fleet, snapshot)))
    removals = [change for change in whole.changes if change.verb is Verb.REMOVE]
    missed = [change for change in removals if data.draw(st.booleans())]
    part = planned(drafted(fleet, missing(snapshot, missed)))
    if len(missed) < len(removals) and broken_removals(whole):
        assert broken_removals(part) >= broken_removals(whole)


@given(fleets(eager=True), snapshots(coverage=PROVED), st.sampled_from(list(Verb)), tags, st.data())
def test_in_instalments_no_more_goes_than_at_once(
    fleet: Document, snapshot: Snapshot, verb: Verb, per: str | None, data: st.DataObject
) -> None:
    fleet = document(
        msgspec.structs.replace(
            fleet.spec, limits=msgspec.structs.replace(fleet.spec.limits, window="24h", per=per), allow=[]
        )
    )
    before = sound(drafted(fleet, snapshot))
    changes = [one for one in planned(before).changes if one.verb is verb and one.reason not in FREE]
    first = [one for one in changes if data.draw(st.booleans())]
    after = drafted(fleet, carried_out(snapshot, first))
    after.memory = Memory(
        went=tuple(
            Went(
                fleet="fleet",
                unit=one.unit.id,
                workload=one.workload.id,
                verb=verb,
                size=one.size,
                to="v2",
                at=NOW - 5.0,
            )
            for one in first
        )
    )
    labels = {unit.id: unit.labels for unit in naive.all_units(snapshot.units)}
    left = {(one.workload.name, value) for one in changes if one not in first for value in (None, *labels[one.unit.id])}
    once, again = (sums(planned(one), verb, left) for one in (before, after))
    assert {one for one in once if one[0]} == {one for one in again if one[0]}
    assert {one for one in once if not one[0]} <= again


def sums(plan: FleetPlan, verb: Verb, left: set[tuple[str, Any]]) -> set[tuple[Any, ...]]:
    """Return what is broken of one kind, with what went counted in: of workloads and tags of which some changes are left."""
    return {
        (one.workload, one.tag, one.value, one.intended + one.went, one.of)
        for one in plan.violations
        for value in [(one.tag, one.value) if one.tag else None]
        if one.kind.value == verb.value and not one.every_holder_of
        if (one.workload, value) in left or (not one.workload and any(value == other for _, other in left))
    }


def carried_out(snapshot: Snapshot, changes: list[Change]) -> Snapshot:
    """Return the reading once changes took effect."""
    states = list(snapshot.states)
    columns = {workload.id: array("I", snapshot.column(workload.id)) for workload in snapshot.workloads}
    for one in changes:
        states.append(State(one.to, one.to, settings=one.settings) if one.to is not None else State())
        columns[one.workload.id][snapshot.units.index[one.unit.id]] = len(states) - 1
    return msgspec.structs.replace(snapshot, states=states, columns=columns)


def broken_removals(plan: FleetPlan) -> set[tuple[str, str]]:
    return {(one.workload, one.every_holder_of) for one in plan.violations if one.kind is LimitKind.REMOVE}


def missing(snapshot: Snapshot, missed: list[Change]) -> Snapshot:
    """Return a reading in which these slots are not seen."""
    columns = {key: array("I", column) for key, column in snapshot.columns.items()}
    for one in missed:
        columns[one.workload.id][snapshot.units.index[one.unit.id]] = 0
    return Snapshot(
        identity=snapshot.identity,
        units=snapshot.units,
        workloads=snapshot.workloads,
        states=list(snapshot.states),
        columns=columns,
        coverage=Coverage(False, ("rows changed while they were read",)),
        read_at=snapshot.read_at,
    )


@given(fleets(), snapshots(), limits)
def test_a_limit_that_is_lifted_forbids_nothing_more(fleet: Document, snapshot: Snapshot, other: Limits) -> None:
    one = sound(drafted(fleet, snapshot))
    strict = document(msgspec.structs.replace(fleet.spec, limits=other))
    loose = document(
        msgspec.structs.replace(
            fleet.spec,
            limits=Limits(remove="100%", replace=None, release=Limit(), minimum=max(other.minimum, 1)),
        )
    )
    kept = {violation.kind for violation in planned(drafted(loose, snapshot)).violations}
    assert kept <= {violation.kind for violation in planned(drafted(strict, snapshot)).violations} | {LimitKind.REMOVE}
    assert LimitKind.REPLACE not in kept
    assert LimitKind.RELEASE not in kept
    assert one.document is fleet


@given(unit_lists(), st.data())
def test_removing_a_workload_from_every_holder_is_always_a_violation(rows: list[Unit], data: st.DataObject) -> None:
    snapshot = data.draw(snapshots(rows, PROVED))
    fleet = document(
        FleetSpec(
            connection="plant",
            units=Selector(all=True),
            workloads={"poller": WorkloadSpec(absent=True)},
            limits=Limits(remove="100%", minimum=1000),
        )
    )
    one = drafted(fleet, snapshot)
    plan = planned(one)
    removals = [change for change in plan.changes if change.verb is Verb.REMOVE]
    perhaps = [held for held in plan.held if any(reason.code is HoldReason.UNKNOWN for reason in held.reasons)]
    weight = sum(change.size for change in removals) + sum(held.size for held in perhaps)
    kinds = [violation.kind for violation in plan.violations if violation.every_holder_of]
    assert (LimitKind.REMOVE in kinds) == (bool(removals) and weight > 0)


@pytest.mark.parametrize(
    ("share", "of", "allowed"), [("10%", 30, 3), ("10%", 29, 2), ("64.35%", 2000, 1287), ("0%", 9, 0), ("100%", 7, 7)]
)
def test_shares_are_exact(share: str, of: int, allowed: int) -> None:
    from reconciler.core.guards.allow import admitted
    from reconciler.core.guards.limit import Load

    def load(count: int) -> Load:
        return Load(
            "poller",
            holding=of,
            holders=of,
            weight=Counter({Verb.REPLACE: count}),
            changes=Counter({Verb.REPLACE: count}),
        )

    fleet = document(
        FleetSpec(connection="plant", units=Selector(all=True), workloads={}, limits=Limits(replace=share))
    )
    assert not admitted(fleet, [load(allowed)], 100, NOW).violations
    (violation,) = admitted(fleet, [load(allowed + 1)], 100, NOW).violations
    assert (violation.allowed, violation.intended, violation.of) == (allowed, allowed + 1, of)
    assert (violation.percent, violation.workload) == (share, "poller")
