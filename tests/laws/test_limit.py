"""Limits: a plain restatement, and how they behave when plans grow and limits tighten."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.core.begin import limits_of
from reconciler.core.plan import verb_of
from reconciler.model.change import Verb
from reconciler.model.desired import Want
from reconciler.model.diagnostic import Severity
from reconciler.model.fleet import Document, FleetSpec, Limit, Limits, Selector, WorkloadSpec
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.snapshot import PROVED, Snapshot
from reconciler.model.unit import Unit
from reconciler.model.verdict import Verdict
from reconciler.views.reason_words import violation_words
from tests.laws import naive
from tests.laws.strategies import document, drafted, fleets, limits, narrows, planned, snapshots, unit_lists
from tests.laws.test_plan import reaches, verdicts

Broken = set[tuple[LimitKind, int, int]]


def expected(one: FleetAssessment) -> Broken:
    """Return (kind, intended, of) of every limit that all intended changes in reach break, held ones included."""
    spec: FleetSpec = one.document.spec
    units, snapshot = one.snapshot.units, one.snapshot
    scope = [unit for unit in naive.all_units(units) if naive.in_scope(spec, unit, units)]
    holding: dict[str, int] = {}
    changes: list[tuple[Verb, str, int]] = []
    judged = verdicts(one)
    for workload in snapshot.workloads:
        for unit in scope:
            wish, _ = naive.wish(one.document, snapshot, unit, workload)
            state = snapshot.state(workload.id, unit.row)
            if wish.want is not Want.UNMANAGED and (state.assigned is not None or state.extra_versions):
                holding[workload.id] = holding.get(workload.id, 0) + unit.size
            if (unit.id, workload.id) in judged:
                found = judged[unit.id, workload.id][0]
                verb = verb_of(found, state, wish)
                if verb is not None and found is not Verdict.LEFTOVER:
                    changes.append((verb, workload.id, unit.size))
    broken: Broken = set()
    if not scope and not spec.allow_empty:
        broken.add((LimitKind.EMPTY_SCOPE, 0, 0))
    of = sum(holding.values())
    for kind, verb in zip((LimitKind.RELEASE, LimitKind.REPLACE, LimitKind.REMOVE), Verb, strict=True):
        sizes = [size for found, _, size in changes if found is verb]
        if over(getattr(spec.limits, kind.value), sizes, of, few=len(scope) <= spec.limits.minimum):
            broken.add((kind, sum(sizes), of))
    for workload in snapshot.workloads:
        removed = sum(size for verb, key, size in changes if verb is Verb.REMOVE and key == workload.id)
        if removed and removed >= holding.get(workload.id, 0):
            broken.add((LimitKind.REMOVE, removed, holding.get(workload.id, 0)))
    return broken


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
    assume(not any(finding.severity is Severity.ERROR for finding in one.resolution.diagnostics))
    return one


def found(violations: tuple[Violation, ...]) -> Broken:
    return {(one.kind, one.intended, one.of) for one in violations}


@given(fleets(), snapshots(), narrows)
def test_limits_equal_their_plain_restatement(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    one = sound(drafted(fleet, snapshot, filters))
    plan = planned(one)
    assert found(plan.violations) == expected(one)
    for violation in plan.violations:
        assert violation.intended > violation.allowed or violation.kind is LimitKind.EMPTY_SCOPE
        assert violation_words(violation)
        assert violation.origin is not None


@given(fleets(), snapshots(), st.data())
def test_a_part_of_the_changes_breaks_no_limit_that_the_whole_keeps(
    fleet: Document, snapshot: Snapshot, data: st.DataObject
) -> None:
    spared = msgspec.structs.replace(fleet.spec.limits, minimum=0)
    one = sound(drafted(document(msgspec.structs.replace(fleet.spec, limits=spared)), snapshot))
    changes = planned(one).changes
    part = [change for change in changes if data.draw(st.booleans())]
    whole = limits_of(one, changes)
    assert {(violation.kind, violation.origin) for violation in limits_of(one, part)} <= {
        (violation.kind, violation.origin) for violation in whole
    }


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
    removals = [change for change in planned(one).changes if change.verb is Verb.REMOVE]
    weight = sum(change.size for change in removals)
    kinds = [violation.kind for violation in limits_of(one, removals)]
    holders = sum(
        unit.size
        for unit in naive.all_units(snapshot.units)
        if naive.in_scope(fleet.spec, unit, snapshot.units)
        and (snapshot.state("w1", unit.row).assigned or snapshot.state("w1", unit.row).extra_versions)
    )
    assert (LimitKind.REMOVE in kinds) == (weight > 0 and weight >= holders)


@given(fleets(), snapshots(), narrows)
def test_filters_do_not_shrink_what_a_share_is_taken_of(fleet: Document, snapshot: Snapshot, filters: Filters) -> None:
    whole, part = (sound(drafted(fleet, snapshot, one)) for one in (Filters(), filters))
    every = {(violation.kind, violation.origin): violation.of for violation in limits_of(whole, planned(whole).changes)}
    changes = planned(part).changes
    for violation in limits_of(part, changes):
        assert every.get((violation.kind, violation.origin), violation.of) == violation.of
        assert all(reaches(filters, one.unit.id, one.unit.name, one.workload.id, one.workload.name) for one in changes)


@pytest.mark.parametrize(
    ("share", "of", "allowed"), [("10%", 30, 3), ("10%", 29, 2), ("64.35%", 2000, 1287), ("0%", 9, 0), ("100%", 7, 7)]
)
def test_shares_are_exact(share: str, of: int, allowed: int) -> None:
    from reconciler.core.guards import violations
    from reconciler.core.guards.limit import Intended, Load

    fleet = document(
        FleetSpec(connection="plant", units=Selector(all=True), workloads={}, limits=Limits(replace=share))
    )
    intended = Intended()
    for _ in range(allowed):
        intended.add(Verb.REPLACE, 1, free=False)
    assert not list(violations(fleet, [Load("poller", of, intended)], 100))
    intended.add(Verb.REPLACE, 1, free=False)
    (violation,) = violations(fleet, [Load("poller", of, intended)], 100)
    assert (violation.allowed, violation.intended, violation.of) == (allowed, allowed + 1, of)
    assert violation.percent == share
