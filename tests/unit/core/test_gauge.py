"""Examples of the numbers behind a status: devices of cohorts, what is on the way, what the platform adds."""

from __future__ import annotations

from array import array

from reconciler.core.status import fleet_status
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.report import FleetStatus, Movement, Remark, Spread
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units
from tests.laws.strategies import NOW, document, drafted

SPEC = FleetSpec(connection="plant", units=Selector(all=True), workloads={"main": WorkloadSpec(version="2")})


def status_bucket(*states: State, coverage: Coverage = PROVED) -> FleetStatus:
    """The status of as many units as there are states."""
    units = [
        Unit(0, f"u{row}", f"cohort {row}", (), Reach.CONNECTED, one.size, None, assignable=True)
        for row, one in enumerate(states)
    ]
    found = Snapshot(
        identity="test:world",
        units=Units.build(units),
        workloads=(Workload("w1", "main"),),
        states=[EMPTY, *states],
        columns={"w1": array("I", [0 if one is EMPTY else row for row, one in enumerate(states, start=1)])},
        coverage=coverage,
        read_at=NOW,
    )
    return fleet_status(drafted(document(SPEC), found))


def test_units_of_one_device_are_not_counted_in_devices() -> None:
    found = status_bucket(State("2", "2"), State("2", "1", Phase.MOVING, since=NOW))
    assert (found.ready_devices, found.devices) == (None, None)
    assert [one.devices for one in found.spread] == [None, None]


def test_devices_of_cohorts_are_counted_by_what_they_run() -> None:
    done = State("2", "2", ready=90, size=90, spread=(("1", 8), ("2", 90)))
    half = State("2", "1", Phase.MOVING, since=NOW, ready=3, size=10, spread=(("1", 7), ("2", 3)))
    nobody = State("2", None, ready=0, size=0)
    alone = State("1", "1")
    found = status_bucket(done, half, nobody, alone)
    assert (found.ready_devices, found.devices) == (94, 101)
    assert found.spread == (
        Spread(workload="main", version="2", assigned=3, reported=1, devices=93),
        Spread(workload="main", version="1", assigned=1, reported=2, devices=16),
        Spread(workload="main", version=None, assigned=0, reported=1, devices=0),
    )


def test_what_moves_says_how_far_it_is_and_what_stands_still_does_not() -> None:
    moving = [
        State("2", "1", Phase.MOVING, since=NOW, progress=10, eta=60),
        State("2", "1", Phase.MOVING, since=NOW, progress=80, eta=300),
        State("2", "1", Phase.MOVING, since=NOW),
    ]
    ready = State("2", None, Phase.READY, progress=100)
    other = State("3", None, Phase.MOVING, since=NOW)
    stuck = State("2", "1", Phase.MOVING, since=NOW - 90_000, progress=1)
    found = status_bucket(*moving, ready, other, stuck)
    assert found.next_step == 1
    assert found.movements == (
        Movement(workload="main", version="2", slots=4, least=10, most=100, eta=300),
        Movement(workload="main", version="3", slots=1),
    )


def test_remarks_are_gathered_with_the_first_units() -> None:
    silent = State("2", "2", conditions=(Condition(ConditionCode.PLATFORM, text="2 devices silent"),))
    found = status_bucket(
        *[silent] * 5,
        State("2", "2", conditions=(Condition(ConditionCode.PLATFORM, text="a dependency"),)),
        State("2", "2"),
        EMPTY,
    )
    assert found.remarks == (
        Remark(
            workload="main",
            conditions=(Condition(ConditionCode.PLATFORM, text="2 devices silent"),),
            slots=5,
            units=(_ref(0), _ref(1), _ref(2)),
        ),
        Remark(
            workload="main",
            conditions=(Condition(ConditionCode.PLATFORM, text="a dependency"),),
            slots=1,
            units=(_ref(5),),
        ),
    )


def test_that_a_reading_covers_no_slot_is_no_remark() -> None:
    assert status_bucket(EMPTY, State("2", "2"), coverage=Coverage(False, ("a page is missing",))).remarks == ()


def _ref(row: int) -> Ref:
    return Ref(f"u{row}", f"cohort {row}")
