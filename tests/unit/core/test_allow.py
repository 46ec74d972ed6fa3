"""Limits that a fleet itself lifts: which, for whom, until when; and what is left to forbid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.guards.allow import admitted
from reconciler.core.guards.limit import loads
from reconciler.model.fleet import Allowance, Document, FleetSpec, Limits, Selector, WorkloadSpec
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Snapshot
from tests.laws.strategies import NOW, document, drafted, fleets, planned, snapshots
from tests.unit.core.test_limits import gone, reading

LATER, OVER = "2099-01-01", "2020-01-01"
ABSENT = WorkloadSpec(absent=True)


def allow(workload: str | None = "vision", limit: str = "remove", until: str = LATER) -> Allowance:
    return Allowance(limit=limit, workload=workload, reason="end of life", until=until)


def plan(workloads: dict[str, WorkloadSpec], allow: list[Allowance], **more: Any) -> FleetPlan:
    spec = FleetSpec(connection="plant", units=Selector(all=True), workloads=workloads, allow=allow, **more)
    return planned(drafted(document(spec), reading(40, {"vision": range(40), "poller": range(40)})))


def broken(plan: FleetPlan) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.workload, one.every_holder_of) for one in plan.violations}


def lifted(plan: FleetPlan) -> set[tuple[str, str, str]]:
    return {(one.violation.kind.value, one.violation.workload, one.violation.every_holder_of) for one in plan.lifted}


LIMIT, LAST = ("remove", "vision", ""), ("remove", "", "vision")


def test_the_last_holder_goes_only_where_its_workload_is_named() -> None:
    assert broken(plan({"vision": ABSENT}, [])) == {LIMIT, LAST}
    named = plan({"vision": ABSENT}, [allow()])
    assert (broken(named), lifted(named)) == (set(), {LIMIT, LAST})
    unnamed = plan({"vision": ABSENT}, [allow(None)])
    assert (broken(unnamed), lifted(unnamed)) == ({LAST}, {LIMIT})


def test_who_lifts_it_is_told() -> None:
    (one, *_) = plan({"vision": ABSENT}, [allow("poller"), allow()]).lifted
    assert (one.reason, one.until) == ("end of life", LATER)
    assert one.origin == document(FleetSpec(connection="", units=Selector(), workloads={})).locate(("spec", "allow", 1))


@pytest.mark.parametrize("entry", [allow(until=OVER), allow("poller"), allow(limit="replace"), allow("stranger")])
def test_what_is_over_or_about_something_else_lifts_nothing(entry: Allowance) -> None:
    found = plan({"vision": ABSENT}, [entry])
    assert (broken(found), lifted(found)) == ({LIMIT, LAST}, set())


def test_a_workload_goes_by_all_its_names() -> None:
    for name in ("vision", "id-vision", "eyes"):
        assert broken(plan({"eyes": WorkloadSpec(id="id-vision", absent=True)}, [allow(name)])) == set()


def test_the_rest_is_judged_as_if_it_were_not_there() -> None:
    """Three of forty are too many for the fleet together with forty others, and not by themselves."""
    both = {"vision": ABSENT, "poller": gone(3)}
    assert broken(plan(both, [allow()])) == set()
    more = plan({"vision": ABSENT, "poller": gone(5)}, [allow()])
    assert (broken(more), lifted(more)) == ({("remove", "poller", "")}, {LIMIT, LAST})


def test_limits_that_only_all_workloads_together_break_are_lifted_for_the_fleet() -> None:
    few, five = {"vision": gone(3), "poller": gone(3)}, Limits(remove="5")
    fleet = ("remove", "", "")
    assert broken(plan(few, [], limits=five)) == {fleet}
    for entry in (allow(None), allow()):
        found = plan(few, [entry], limits=five)
        assert (broken(found), lifted(found)) == (set(), {fleet})


def test_an_empty_scope_is_lifted_too() -> None:
    nobody = Selector(ids=["nobody"])
    spec = FleetSpec(connection="plant", units=nobody, workloads={}, allow=[allow(None, "empty-scope")])
    empty = planned(drafted(document(spec), reading(3, {"vision": []})))
    assert (broken(empty), lifted(empty)) == (set(), {("empty-scope", "", "")})


def test_entries_that_lift_nothing_are_warned_of() -> None:
    found = plan({"vision": ABSENT}, [allow(until=OVER), allow("stranger"), allow()])
    assert [text for text in found.warnings if text.startswith("`allow`")] == [
        "`allow` of remove vision (end of life) lasted until 2020-01-01, not included: it lifts nothing",
        "`allow` of remove stranger (end of life) names an unknown workload: it lifts nothing",
    ]


@given(fleets(), snapshots(), st.data())
def test_an_allowance_never_forbids_anything(fleet: Document, snapshot: Snapshot, data: st.DataObject) -> None:
    """And what it lifts was forbidden, and no longer is."""
    one = drafted(fleet, snapshot)
    names = [None, *(workload.name for workload in snapshot.workloads)]
    entries = data.draw(
        st.lists(
            st.builds(allow, st.sampled_from(names), st.sampled_from(["remove", "replace", "release"])), max_size=3
        )
    )
    spec: FleetSpec = fleet.spec
    freer = document(FleetSpec(**{**{name: getattr(spec, name) for name in spec.__struct_fields__}, "allow": entries}))
    units = len(one.resolution.scope)
    before, after = admitted(fleet, loads(one), units, NOW), admitted(freer, loads(one), units, NOW)
    strict = {(found.kind, found.workload, found.every_holder_of) for found in before.violations}
    left = {(found.kind, found.workload, found.every_holder_of) for found in after.violations}
    free = {(found.violation.kind, found.violation.workload, found.violation.every_holder_of) for found in after.lifted}
    assert free <= strict
    assert not free & left
    assert strict <= left | free
    allowed = {entry.limit for entry in entries}
    assert {kind.value for kind, _, _ in free} <= allowed
    assert not entries or {one for one in left if one[0].value not in allowed} == {
        one for one in strict if one[0].value not in allowed
    }
