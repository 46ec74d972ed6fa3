"""Losant end to end: devices that fall back, files on devices, `develop`, agents that are too old, writes shown later."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.decide import PlanRequest
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Query
from reconciler.simulators.losant.agents import FAILURE
from reconciler.testing.applying import applied, planned
from reconciler.testing.changes import question_of
from reconciler.testing.subject import Rig
from tests.contract.subjects_losant import with_world

UNIT, FLOW = "gw-002", "modbus-poller"


def wanting(version: str | None, **fields: Any) -> PlanRequest:
    workload = WorkloadSpec(absent=True) if version is None else WorkloadSpec(version=version)
    workloads = {} if fields.get("prune") else {FLOW: workload}
    spec = FleetSpec(connection="plant", units=Selector(names=[UNIT]), workloads=workloads, **fields)
    return question_of(spec)


def fleet_of(rig: Rig, version: str | None, **fields: Any) -> FleetPlan:
    (fleet,) = planned(rig, wanting(version, **fields)).plan.fleets
    return fleet


def holds(rig: Rig, version: str | None, **fields: Any) -> tuple[Hold, ...]:
    """Return why a plan holds the one change that there is."""
    fleet = fleet_of(rig, version, **fields)
    assert (fleet.changes, fleet.actions) == ((), ())
    (held,) = [held for held in fleet.held if held.workload.name == FLOW]
    return held.reasons


def slot(rig: Rig) -> State:
    snapshot = rig.platform.observe(Query())
    (row,) = snapshot.units.named(UNIT)
    return snapshot.state(rig.workload_id(FLOW), row)


def posts(rig: Rig) -> int:
    return len([request for request in rig.seen() if request.method == "POST"])


@pytest.mark.parametrize("visible", ["now", "later"])
@pytest.mark.parametrize("status", [201, 202])
def test_a_write_is_sent_once_however_late_it_shows(visible: str, status: int) -> None:
    rig, _ = with_world(variants={"write-visible": visible, "write-status": str(status)})
    run = applied(rig, wanting("v1.0.0"))
    assert [one.result for one in run.outcomes] == [Result.DONE]
    assert posts(rig) == 1


@pytest.mark.parametrize("told", ["attempted", "then-current", "bare"])
def test_a_release_that_fails_is_failed_however_it_is_logged(told: str) -> None:
    rig, world = with_world(variants={"failure-log": told})
    world.set_failing(UNIT, True)
    run = applied(rig, wanting("v1.0.0"))
    assert [(one.result, one.detail) for one in run.outcomes] == [(Result.FAILED, FAILURE)]
    world.set_failing(UNIT, False)
    world.set_online(UNIT, True)
    rig.settle()
    assert slot(rig).phase is Phase.SETTLED


@pytest.mark.parametrize("error", ["exit 7", None])
def test_a_device_that_falls_back_failed_with_its_reason(error: str | None) -> None:
    rig, world = with_world()
    assert [one.result for one in applied(rig, wanting("v1.0.0")).outcomes] == [Result.DONE]
    world.fall_back(UNIT, FLOW, "v1.1.0", error)
    found = slot(rig)
    assert (found.assigned, found.reported, found.phase, found.error) == ("v1.0.0", "v1.1.0", Phase.FAILED, error)
    assert bool(found.conditions) == (error is None)
    assert fleet_of(rig, "v1.0.0").changes == ()


@pytest.mark.parametrize("version", ["v1.3.0", None])
def test_what_comes_from_a_file_is_shown_and_never_governed(version: str | None) -> None:
    rig, world = with_world()
    world.load_file(UNIT, FLOW, "v1.1.0", "poller.json")
    why = (Condition(ConditionCode.FROM_FILE, text="poller.json"),)
    assert slot(rig) == State("v1.1.0", "v1.1.0", identity=slot(rig).identity, conditions=why, protected=why)
    assert holds(rig, version) == (Hold(HoldReason.UNSUPPORTED, conditions=why),)
    assert fleet_of(rig, "v1.1.0").held == ()


def test_what_comes_from_a_file_is_never_pruned() -> None:
    rig, world = with_world()
    world.load_file(UNIT, FLOW, "v1.1.0", "poller.json")
    reasons = holds(rig, None, prune="all")
    assert HoldReason.PRUNING_UNSAFE in {one.code for one in reasons}


def test_develop_is_read_as_any_version_and_never_released() -> None:
    rig, world = with_world()
    world.console(UNIT, FLOW, "develop")
    rig.settle()
    assert (slot(rig).assigned, slot(rig).reported, slot(rig).phase) == ("develop", "develop", Phase.SETTLED)
    assert fleet_of(rig, "develop").held == ()
    run = applied(rig, wanting("v1.0.0"))
    assert [one.result for one in run.outcomes] == [Result.DONE]
    (hold,) = holds(rig, "develop")
    assert hold.code is HoldReason.VERSION_FORBIDDEN


def test_a_version_needs_the_agent_that_it_names_else_that_of_its_workflow() -> None:
    rig, world = with_world()
    world.set_agent(UNIT, "2.0.0")
    world.require_agent(FLOW, "2.1.0")
    (hold,) = holds(rig, "v1.0.0")
    assert (hold.code, hold.needs, hold.has) == (HoldReason.AGENT_TOO_OLD, "2.1.0", "2.0.0")
    world.create_version(FLOW, "v9", "1.9.0")
    assert len(fleet_of(rig, "v9").changes) == 1
    world.set_agent(UNIT, "2.1.0")
    assert len(fleet_of(rig, "v1.0.0").changes) == 1
