"""The fleets that are made up."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.getapp import Shape
from reconciler.simulators.getapp.fleet import precedence
from reconciler.simulators.shapes import EYEFUL
from tests.unit.simulators.getapp.caller import Caller


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    one, two, other = (Caller(Shape(units=200, seed=seed)).world.state() for seed in (1, 1, 2))
    assert one == two != other


@given(st.integers(1, 60), st.integers(0, 9), st.integers(0, 4), st.integers(0, 5), st.floats(0, 1))
def test_every_shape_makes_a_fleet_at_rest(units: int, workloads: int, versions: int, seed: int, share: float) -> None:
    fleet = Caller(Shape(units, workloads, versions, seed, offline=share, failing=0))
    assert len(fleet.get("/api/cdn/device", "filter=all")[1]) == units
    projects = [p for p in fleet.fleet.catalog.projects.values() if p.type == "product"]
    assert len(projects) == workloads
    assert all(sum(r.status == "released" for r in p.releases.values()) == versions for p in projects)
    before = fleet.world.state()
    assert all(row["assigned"] == row["runs"] is not None for row in before)
    fleet.clock.advance(100)
    assert fleet.world.state() == before


def test_there_is_no_fleet_without_a_master() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Shape(units=0)


def test_it_holds_what_a_reconciler_must_cope_with() -> None:
    fleet = Caller(Shape(units=30))
    releases = fleet.fleet.catalog.releases.values()
    assert {r.status for r in releases} == {"draft", "released", "archived"}
    assert [r.id for r in releases if r.auto_deploy] == ["14.telemetry@1.4.0"]
    assert any(r.dependencies for r in releases)
    cameras = {d.id for d in fleet.fleet.devices.values() if "camera" in d.labels}
    for project in ("vision", "gpu-runtime"):
        assert {row["device"] for row in fleet.world.state() if row["project"] == project} == cameras


def test_a_big_fleet_has_every_workload_everywhere() -> None:
    fleet = Caller(Shape(units=EYEFUL + 1, workloads=2, offline=0, failing=0))
    assert Counter(row["project"] for row in fleet.world.state()) == dict.fromkeys(
        ("radio", "vision", "gpu-runtime"), EYEFUL + 1
    )


def test_versions_are_ordered_as_semver_says() -> None:
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.2.0", "1.10.0", "2.0.0",
    ]  # fmt: skip
    mixed = ordered[::2] + ordered[1::2]
    assert sorted(mixed, key=precedence) == ordered
    assert precedence("1.0.0+build-7") == precedence("1.0.0")
