"""Devices take what the rule gives them, after they settled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault import Shape
from reconciler.simulators.memfault.inventory import STAGED, Deployment
from reconciler.simulators.memfault.selection import Offer, Rules, choose
from reconciler.simulators.memfault.updates import reaches
from tests.unit.simulators.memfault.caller import Caller

VERSIONS = [f"1.{minor}.0" for minor in range(5)]


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_an_activation_is_taken_after_settling(fleet: Caller) -> None:
    fleet.activate("texas-plants", "1.4.0")
    fleet.clock.advance(1.9)
    assert fleet.versions("texas-plants") == {"1.3.0": 10}
    fleet.clock.advance(0.1)
    assert fleet.versions("texas-plants") == {"1.4.0": 10}
    device = fleet.device(fleet.member("texas-plants"))
    assert device["last_seen_release"]["version"] == "1.4.0"
    assert device["last_seen"] == "2026-11-18T11:06:42.000000+00:00"


def test_a_lower_version_changes_nothing_unless_checks_are_off(fleet: Caller) -> None:
    fleet.activate("internal-testing", "1.2.0")
    fleet.world.pull("internal-testing", "1.4.0")
    fleet.settle(3)
    assert fleet.versions("internal-testing") == {"1.4.0": 10}
    cohort = fleet.project.cohorts["internal-testing"]
    cohort.bypass_version_checks = True
    fleet.world.updates.cohort_changed(cohort)
    fleet.settle()
    assert fleet.versions("internal-testing") == {"1.2.0": 10}


def test_no_updates_where_they_are_off(fleet: Caller) -> None:
    fleet.project.cohorts["texas-plants"].updates_enabled = False
    fleet.activate("texas-plants", "1.4.0")
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.3.0": 10}


def test_steps_are_taken_one_by_one(fleet: Caller) -> None:
    serial = fleet.member("default")
    fleet.world.set_reported(serial, "1.0.0")
    seen = []
    for _ in range(3):
        fleet.settle()
        seen.append(fleet.device(serial)["last_seen_release"]["version"])
    assert seen == ["1.1.0", "1.3.0", "1.3.0"]


def test_a_delta_goes_first(fleet: Caller) -> None:
    fleet.world.add_release("main-fw", "1.5.0")
    fleet.activate("texas-plants", "1.5.0")
    fleet.activate("texas-plants", ["1.3.0", "1.4.0"])
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.4.0": 8, "1.5.0": 2}, "the delta has a payload for one hardware only"
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.5.0": 10}


def test_devices_that_are_away_do_nothing(fleet: Caller) -> None:
    serial = fleet.member("texas-plants")
    fleet.world.set_online(serial, False)
    seen = fleet.device(serial)["last_seen"]
    fleet.activate("texas-plants", "1.4.0")
    fleet.clock.advance(86_400)
    assert fleet.versions("texas-plants") == {"1.4.0": 9, "1.3.0": 1}
    assert fleet.row("texas-plants")["silent"] == 1
    assert fleet.device(serial)["last_seen"] == seen
    fleet.world.set_online(serial, True)
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.4.0": 10}


def test_devices_send_signs_of_life(fleet: Caller) -> None:
    serial = fleet.member("texas-plants")
    assert fleet.device(serial)["last_seen"] < "2026-11-18T11:07"
    fleet.clock.advance(3600)
    assert fleet.device(serial)["last_seen"] > "2026-11-18T12:01"
    assert {row["last_seen"][:13] for row in fleet.rows("/devices")} == {"2026-11-18T12"}


def test_failing_devices_keep_what_they_have_and_say_so(fleet: Caller) -> None:
    serial = fleet.member("texas-plants")
    fleet.world.set_failing(serial, True)
    fleet.activate("texas-plants", "1.4.0")
    fleet.settle(5)
    assert fleet.versions("texas-plants") == {"1.4.0": 9, "1.3.0": 1}
    assert fleet.device(serial)["latest_install"]["status"] == "failure"
    fleet.world.set_failing(serial, False)
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.4.0": 10}


def test_second_software_types_are_updated_and_not_shown(fleet: Caller) -> None:
    fleet.activate("texas-plants", "2.4.0")
    fleet.settle()
    serial = fleet.member("texas-plants")
    assert fleet.project.devices[serial].running == {"main-fw": "1.3.0", "radio-fw": "2.4.0"}
    assert fleet.device(serial)["last_seen_release"]["version"] == "1.3.0"
    assert fleet.row("texas-plants", "radio-fw")["versions"] == {"2.4.0": 10}


def staged(number: int, percent: int) -> Deployment:
    fleet = Caller(Shape(devices=0, units=1))
    release = fleet.project.releases[None, "1.4.0"]
    return Deployment(number, STAGED, "done", percent, release, fleet.project.cohorts["default"], 0, 0)


def test_a_staged_rollout_reaches_its_percentage_drawn_anew_each_time() -> None:
    project = Caller(Shape(devices=0)).project
    serials = [f"SN{n}" for n in range(4000)]

    def reached(number: int, percent: int) -> set[str]:
        one = staged(number, percent)
        return {serial for serial in serials if reaches(project, one, serial)}

    assert reached(1, 0) == set()
    assert reached(1, 100) == set(serials)
    assert 900 < len(reached(1, 25)) < 1100
    assert reached(1, 25) < reached(1, 50)
    assert 200 < len(reached(1, 25) & reached(2, 25)) < 300


def test_a_wider_rollout_reaches_more(fleet: Caller) -> None:
    some = fleet.versions("beta")["1.4.0"]
    number = next(one["id"] for one in fleet.rows("/deployments", "cohort=beta&release=1.4.0"))
    assert fleet.call("PATCH", f"/deployments/{number}", {"rollout_percent": 100})[0] == 200
    assert 0 < some < 10
    fleet.settle()
    assert fleet.versions("beta") == {"1.4.0": 10}


@given(
    st.lists(
        st.tuples(st.sampled_from(["activate", "pull", "bypass", "report"]), st.sampled_from(VERSIONS)), max_size=8
    )
)
def test_what_settles_is_what_the_rule_says(moves: list[tuple[str, str]]) -> None:
    fleet = Caller(Shape(units=1, workloads=1, devices=3, offline=0, failing=0, settle=0.5))
    cohort, serial = fleet.project.cohorts["default"], "SN0002"
    for move, version in moves:
        active = fleet.row("default")["active"]
        if move == "activate":
            fleet.world.activate("default", version)
        elif move == "pull" and version in active:
            fleet.world.pull("default", version)
        elif move == "bypass":
            cohort.bypass_version_checks = not cohort.bypass_version_checks
            fleet.world.updates.cohort_changed(cohort)
        elif move == "report":
            fleet.world.set_reported(serial, version)
    fleet.settle(12)
    offers = [Offer(one, None, one == "1.1.0") for one in fleet.row("default")["active"]]
    rules = Rules("semver", True, cohort.bypass_version_checks)
    for device in cohort.devices.values():
        assert device.reported is not None
        assert choose(device.reported, offers, rules) is None
