"""Examples of how a fleet is doing."""

from __future__ import annotations

from array import array

import pytest

from reconciler.core.assessment import Filters
from reconciler.core.status import fleet_status, standings
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.quantity import iso
from reconciler.model.report import Spread, Trouble
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units
from reconciler.model.verdict import Health, Standing, Sync, Verdict
from tests.laws.strategies import NOW, document, drafted

STATES = [
    EMPTY,
    State(assigned="v2", reported="v2"),
    State(assigned="v2", reported="v1", phase=Phase.FAILED, error="needs agent 2.0", since=NOW - 60),
    State(
        assigned="v2",
        reported="v1",
        phase=Phase.MOVING,
        since=NOW - 5000,
        conditions=(Condition(ConditionCode.PLATFORM, text="no word since"),),
    ),
    State(assigned="v2", reported="v1", phase=Phase.MOVING, since=NOW - 5),
    State(assigned="v1", reported="v1", phase=Phase.FAILED, error="disk full"),
]


def snapshot() -> Snapshot:
    units = [Unit(0, f"u{row}", f"gw-{row}", (), Reach.CONNECTED, 1, None, assignable=True) for row in range(6)]
    units.append(Unit(0, "u6", "gw-6", (), Reach.DISCONNECTED, 1, None, assignable=True))
    return Snapshot(
        identity="test:world",
        units=Units.build(units),
        workloads=(Workload("w1", "poller"),),
        states=list(STATES),
        columns={"w1": array("I", [0, 1, 2, 3, 4, 5, 4])},
        coverage=PROVED,
        read_at=NOW,
    )


SPEC = FleetSpec(
    connection="plant",
    units=Selector(all=True),
    workloads={"poller": WorkloadSpec(version="v2"), "vison": WorkloadSpec(version="v1")},
)


def test_a_fleet_says_who_failed_and_why_and_who_is_stuck() -> None:
    found = fleet_status(drafted(document(SPEC), snapshot()))
    assert (found.units, found.total, found.ready, found.out, found.moving, found.waiting) == (7, 7, 1, 2, 1, 1)
    assert found.failed == (
        Trouble(unit=Ref("u2", "gw-2"), workload="poller", version="v2", error="needs agent 2.0", since=iso(NOW - 60)),
        Trouble(unit=Ref("u5", "gw-5"), workload="poller", version="v1", error="disk full"),
    )
    assert found.stuck == (
        Trouble(
            unit=Ref("u3", "gw-3"),
            workload="poller",
            version="v2",
            conditions=(Condition(ConditionCode.PLATFORM, text="no word since"),),
            since=iso(NOW - 5000),
        ),
    )
    assert found.spread == (
        Spread(workload="poller", version="v2", assigned=5, reported=1),
        Spread(workload="poller", version="v1", assigned=1, reported=5),
        Spread(workload="poller", version=None, assigned=1, reported=1),
    )
    assert (found.sync, found.health) == (Sync.UNKNOWN, Health.DEGRADED)
    assert found.problems == ("vison: the platform has no workload named 'vison'; it has poller",)


def test_filters_narrow_what_is_said() -> None:
    found = fleet_status(
        drafted(document(SPEC), snapshot(), Filters(units=("gw-2",), workloads=("poller",))), units=True
    )
    assert (found.units, found.total, found.problems) == (1, 1, ())
    assert found.unit_list is not None
    assert [(one.unit.name, one.reach) for one in found.unit_list] == [("gw-2", "connected")]


@pytest.mark.parametrize(
    ("only", "units"),
    [
        ({Standing.FAILED}, {"u2", "u5"}),
        ({Standing.STUCK}, {"u3"}),
        ({Standing.DEGRADED}, {"u2", "u3", "u5"}),
        ({Standing.FAILED, Standing.STUCK}, {"u2", "u3", "u5"}),
    ],
)
def test_slots_are_listed_by_how_they_stand(only: set[Standing], units: set[str]) -> None:
    found = fleet_status(drafted(document(SPEC), snapshot()), only=only)
    assert found.unit_list is not None
    assert {one.unit.id for one in found.unit_list} == units


def test_a_slot_that_nobody_manages_is_found_by_nothing() -> None:
    assert standings(Verdict.UNMANAGED, EMPTY, Reach.CONNECTED) == frozenset()
