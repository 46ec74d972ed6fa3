"""The fleets that are made up."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.losant import Shape
from tests.unit.simulators.losant.caller import Caller


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    one, two = Caller(Shape(units=200)), Caller(Shape(units=200))
    other = Caller(Shape(units=200, seed=2))
    assert one.rows() == two.rows()
    assert one.app.id != other.app.id
    assert [d.agent for d in one.app.devices] != [d.agent for d in other.app.devices]


@given(st.integers(0, 60), st.integers(0, 9), st.integers(0, 4), st.integers(0, 5))
def test_without_trouble_everything_is_as_desired(units: int, workloads: int, versions: int, seed: int) -> None:
    fleet = Caller(Shape(units=units, workloads=workloads, versions=versions, seed=seed, offline=0, failing=0))
    rows = fleet.rows()
    assert all(row["desiredVersion"] == row["currentVersion"] is not None for row in rows)
    assert fleet.get("/devices", "deviceClass=edgeCompute")[1]["totalCount"] == units
    assert fleet.get("/flows", "flowClass=edge")[1]["totalCount"] == workloads
    fleet.clock.advance(100)
    assert fleet.rows() == rows


def test_a_manifest_of_it_is_short() -> None:
    fleet = Caller(Shape(units=300, offline=0, failing=0))
    for flow in ("modbus-poller", "vision", "telemetry"):
        versions = Counter(r["desiredVersion"] for r in fleet.rows() if r["flowName"] == flow)
        assert versions.most_common(1)[0][1] >= 0.9 * versions.total()


def test_it_holds_what_a_reconciler_must_cope_with() -> None:
    fleet = Caller(Shape(units=300))
    devices = fleet.app.devices
    assert any(len({k for k, _ in d.tags}) < len(d.tags) for d in devices), "a repeated tag key"
    assert len({d.device_class for d in devices}) == 4
    assert len({d.agent for d in devices}) == 5
    assert {f.flow_class for f in fleet.app.flows} == {"edge", "cloud", "experience", "customNode"}
    assert any(v.minimum_agent for f in fleet.app.flows for v in f.versions.values())
    cameras = {d.name for d in devices if any(k == "camera" for k, _ in d.tags)}
    assert {r["deviceName"] for r in fleet.rows() if r["flowName"] == "vision"} == cameras


def test_a_big_fleet_has_every_workload_everywhere() -> None:
    fleet = Caller(Shape(units=10_001, workloads=2, offline=0, failing=0))
    assert fleet.get("/edge/deployments", "perPage=1")[1]["totalCount"] == 20_003
