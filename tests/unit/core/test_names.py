"""One matcher for names: a workload goes by the manifest's key, the platform's name and the platform's id, everywhere."""

from __future__ import annotations

import pytest

from reconciler.core.assessment import Filters, FleetAssessment, assess
from reconciler.core.bind import bind
from reconciler.core.names import meant
from reconciler.model.fleet import FleetSpec, Limits, Quarantine, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import State
from reconciler.model.outcome import Result
from reconciler.model.snapshot import Workload
from tests.laws.strategies import NOW, document
from tests.unit.core.test_core import POLLER, VISION, planned, reading

EVERYTHING = Filters()
NAMES = ["my-poller", "poller", "w1"]
"""The manifest's key, the platform's name, the platform's id."""

SPEC = FleetSpec(
    connection="plant",
    units=Selector(all=True),
    workloads={"my-poller": WorkloadSpec(id="w1", version="2")},
    limits=Limits(),
)


def fleet(filters: Filters = EVERYTHING, **fields: object) -> FleetAssessment:
    spec = FleetSpec(**{**{name: getattr(SPEC, name) for name in SPEC.__struct_fields__}, **fields})
    return assess(
        document(spec),
        connection="plant",
        platform="test",
        channels={},
        snapshot=reading(State("1", "1"), State("1", "1"), workloads=(POLLER, VISION)),
        now=NOW,
        retries_itself=True,
        filters=filters,
    )


def quarantined(name: str, version: str = "2") -> FleetAssessment:
    return fleet(quarantine=[Quarantine(workload=name, version=version, reason="burns")])


@pytest.mark.parametrize("name", NAMES)
def test_quarantine_holds_by_any_name(name: str) -> None:
    plan = planned(quarantined(name))
    assert plan.changes == ()
    assert {reason.code for held in plan.held for reason in held.reasons} == {HoldReason.QUARANTINED}
    assert plan.diagnostics[1:] == ()  # the first says that the platform has another name


@pytest.mark.parametrize(("name", "version"), [("vision", "2"), ("w2", "2"), *((name, "1") for name in NAMES)])
def test_quarantine_of_another_workload_or_version_holds_nothing(name: str, version: str) -> None:
    assert len(planned(quarantined(name, version)).changes) == 2


def test_quarantine_of_a_workload_that_nobody_knows_holds_that_version_everywhere() -> None:
    plan = planned(quarantined("polar"))
    assert (plan.changes, len(plan.held)) == ((), 2)
    words = [one.message for one in plan.diagnostics if one.code == "quarantine-unknown"]
    assert words == [
        (
            "the quarantine holds 2 for every workload of the fleet: "
            "neither the fleet nor the platform knows a workload 'polar'; did you mean 'poller'?"
        )
    ]
    assert len(planned(quarantined("polar", "1")).changes) == 2


@pytest.mark.parametrize("name", [*NAMES, "my-*", "pol*"])
def test_filters_take_any_name(name: str) -> None:
    assert len(planned(fleet(Filters(workloads=(name,)))).changes) == 2


def test_filters_of_other_names_leave_it_out() -> None:
    assert planned(fleet(Filters(workloads=("vision", "w2", "polar")))).changes == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_plan_is_filtered_by_any_name(name: str) -> None:
    saved = planned(fleet())
    today = fleet(Filters(workloads=(name,)))
    assert len(bind(saved.changes, (), planned(today), today).going) == 2
    other = fleet(Filters(workloads=("vision",)))
    found = bind(saved.changes, (), planned(other), other)
    assert [one.result for one in found.settled] == [Result.NOT_TRIED] * 2


def test_an_entry_means_its_id_else_the_platforms_name_else_that_id() -> None:
    a, b, c = Workload("1", "a"), Workload("2", "a"), Workload("a", "c")
    bare, third = WorkloadSpec(version="1"), WorkloadSpec(id="a", version="1")
    assert meant("a", [bare], (a, b, c)) == [a, b]
    assert meant("a", [third], (a, b, c)) == [c]
    assert meant("a", [bare], (b, c)) == [b]
    assert meant("a", [bare], (c,)) == [c]
    assert meant("a", [], (a, c)) == [a]
    assert meant("a", [bare, third], (a, c)) == [a, c]
    assert meant("x", [bare], (a, b, c)) == []
