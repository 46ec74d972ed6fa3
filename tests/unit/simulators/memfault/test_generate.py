"""The projects that are made up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Shape
from tests.unit.simulators.memfault.caller import Caller


def test_the_same_seed_gives_the_same_project_and_another_seed_another() -> None:
    one, two, other = Caller(Shape()), Caller(Shape()), Caller(Shape(seed=2))
    assert one.rows("/devices") == two.rows("/devices")
    assert one.rows("/deployments") == two.rows("/deployments")
    assert (one.project.slug, other.project.slug) == ("fleet-1", "fleet-2")
    assert [d.online for d in one.project.devices.values()] != [d.online for d in other.project.devices.values()]


def test_shares() -> None:
    fleet = Caller(Shape(devices=200, offline=0.1, failing=0.02))
    devices = list(fleet.project.devices.values())
    assert (sum(not d.online for d in devices), sum(d.failing for d in devices)) == (20, 4)
    assert sum(row["silent"] for row in fleet.world.state()) == 20
    failed = {row["device_serial"] for row in fleet.rows("/devices") if row["latest_install"]}
    assert failed == {d.serial for d in devices if d.failing}
    behind = {d.serial for d in devices if d.reported in {"1.2.0", "2.2.0"}}
    assert failed < behind < {d.serial for d in devices if d.failing or not d.online}


@given(st.integers(0, 9), st.integers(0, 6), st.integers(0, 6), st.integers(0, 60), st.integers(0, 5))
def test_without_trouble_everything_is_as_the_rule_says(
    units: int, workloads: int, versions: int, devices: int, seed: int
) -> None:
    fleet = Caller(Shape(units, workloads, versions, seed, offline=0, failing=0, devices=devices))
    state = fleet.world.state()
    assert len(state) == max(1, units) * workloads
    assert sum(row["devices"] for row in state) == (devices if workloads else 0)
    for row in state:
        assert (row["assigned"] is None) is (versions == 0)
        if versions and row["staged"] is None:
            assert set(row["versions"]) <= {row["assigned"]}
    for cohort in fleet.project.cohorts.values():
        fleet.world.updates.cohort_changed(cohort)
    fleet.settle(3)
    assert [row["versions"] for row in fleet.world.state()] == [row["versions"] for row in state]


def test_it_holds_what_a_reconciler_must_cope_with() -> None:
    fleet = Caller()
    releases = fleet.project.releases.values()
    assert any(not release.artifacts for release in releases), "a release without payloads"
    assert any(release.base for release in releases), "a delta"
    assert any(a.must_pass_through for release in releases for a in release.artifacts)
    assert any(release.min_version for release in releases)
    assert any("<ul>" in release.notes for release in releases)
    assert any(len(hardware.types) == 2 for hardware in fleet.project.hardware.values())
    assert any(row["staged"] for row in fleet.world.state())
    assert fleet.row("default")["active"] == ["1.3.0", "1.1.0"], "a lower release that is passed through"
