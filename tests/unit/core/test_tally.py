"""Examples of how a fleet stands after a pass, in numbers."""

from __future__ import annotations

from array import array
from typing import Any

import msgspec
import pytest

from reconciler.core.news import Moment
from reconciler.core.tally import passed, tally
from reconciler.core.unwell import MOST
from reconciler.engine.plan import plan
from reconciler.model.change import Verb
from reconciler.model.fleet import FleetSpec, Limits, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units
from tests.laws.strategies import NOW, document, drafted
from tests.unit.engine.memory import Clock, Memory, request

FAILED = State(assigned="v2", reported="v1", phase=Phase.FAILED, error="disk full")
STUCK = State(assigned="v2", reported="v1", phase=Phase.MOVING, since=NOW - 5000)
WELL = State(assigned="v2", reported="v2")
OLD = State(assigned="v1", reported="v1", phase=Phase.FAILED, error="an older failure")


def snapshot(*states: State, workloads: int = 1) -> Snapshot:
    units = [
        Unit(0, f"u{row}", f"gw-{row}", (), Reach.CONNECTED, 1, None, assignable=True) for row in range(len(states))
    ]
    known = list(dict.fromkeys(states))
    column = array("I", [known.index(state) + 1 for state in states])
    return Snapshot(
        identity="test:world",
        units=Units.build(units),
        workloads=tuple(Workload(f"w{number}", f"poller-{number:02}") for number in range(workloads)),
        states=[EMPTY, *known],
        columns={f"w{number}": column for number in range(workloads)},
        coverage=PROVED,
        read_at=NOW,
    )


def spec(workloads: int = 1, limits: Limits | None = None, **choice: Any) -> FleetSpec:
    each = WorkloadSpec(**(choice or {"version": "v2"}))
    return FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={f"poller-{number:02}": each for number in range(workloads)},
        limits=limits or Limits(),
    )


def test_slots_are_counted_by_verdict_and_by_where_they_stand_and_failures_are_named() -> None:
    found = tally(drafted(document(spec()), snapshot(FAILED, STUCK, WELL, OLD, EMPTY)))
    assert found.verdicts == {"failed": 1, "stuck": 1, "synced": 1, "differs": 1, "missing": 1}
    assert found.standings == {"failed": 1, "stuck": 1, "ready": 1, "out-of-sync": 2}
    (failing,) = found.failing
    assert (failing.workload.name, failing.version, failing.slots, failing.error) == ("poller-00", "v2", 2, "disk full")
    assert failing.units == (Ref("u0", "gw-0"), Ref("u1", "gw-1")), (
        "what fails on the way to something else is out of sync"
    )


def test_a_few_units_are_named_and_the_kinds_of_failures_are_bounded() -> None:
    found = tally(drafted(document(spec(MOST + 5)), snapshot(*[FAILED] * 9, workloads=MOST + 5)))
    assert len(found.failing) == MOST
    assert {(one.slots, len(one.units)) for one in found.failing} == {(9, 3)}


def test_unmanaged_slots_stand_nowhere() -> None:
    found = tally(drafted(document(spec(unmanaged=True)), snapshot(FAILED, WELL)))
    assert found.verdicts == {"unmanaged": 2}
    assert found.standings == {}
    assert found.failing == ()


def test_of_what_failed_only_what_is_managed_is_named() -> None:
    some = spec()
    hands_off = msgspec.structs.replace(some, pins={"gw-0": {"poller-00": WorkloadSpec(unmanaged=True)}})
    found = tally(drafted(document(hands_off), snapshot(FAILED, FAILED)))
    assert [(one.slots, one.units) for one in found.failing] == [(1, (Ref("u1", "gw-1"),))]


def test_lines_about_units_that_are_not_there_are_counted() -> None:
    asked = msgspec.structs.replace(spec(), pins={"gw-9": {"poller-00": "v1"}, "gw-0": {"poller-00": "v2"}})
    assert tally(drafted(document(asked), snapshot(WELL))).unmatched == 1


@pytest.mark.parametrize(
    ("limits", "states", "room"),
    [
        (
            Limits(remove="10%", replace="50%", release="3"),
            [WELL] * 40,
            {Verb.REMOVE: 4, Verb.REPLACE: 20, Verb.RELEASE: 3},
        ),
        (Limits(replace="50%"), [WELL] * 30 + [State("v1", "v1")] * 10, {Verb.REMOVE: 4, Verb.REPLACE: 10}),
        (Limits(replace="1"), [WELL] * 30 + [State("v1", "v1")] * 10, {Verb.REMOVE: 4, Verb.REPLACE: 0}),
        (Limits(remove="10%"), [WELL] * 3, {Verb.REMOVE: 1}),
        (Limits(remove="0"), [WELL] * 3, {Verb.REMOVE: 0}),
    ],
    ids=["nothing intended", "some intended", "more than allowed", "a small fleet", "a number forbids that as well"],
)
def test_what_limits_still_let_through(limits: Limits, states: list[State], room: dict[Verb, int]) -> None:
    found = tally(drafted(document(spec(limits=limits)), snapshot(*states)))
    assert found.budgets == {verb.value: left for verb, left in room.items()}


def test_a_fleet_that_could_not_be_read_has_no_numbers() -> None:
    memory = Memory(Clock())
    planned = plan(request(), lambda _: memory, memory.clock)
    (fleet,) = planned.plan.fleets
    moment = Moment(NOW, "w")
    read = passed(fleet, planned.assessments[fleet.fleet], moment, number=1, waited=False, outcomes={"done": 2})
    assert (read.read_at, read.sync, read.verdicts, read.outcomes) == (
        memory.clock.time,
        "out of sync",
        {"differs": 4},
        {"done": 2},
    )
    blind = passed(msgspec.structs.replace(fleet, error="no route"), None, moment, number=1, waited=False, outcomes={})
    assert (blind.read_at, blind.sync, blind.health, blind.verdicts) == (None, "unknown", "unknown", {})
    assert blind.error == "no route"
