"""Cohorts by the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.memfault.caller import Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_listing(fleet: Caller) -> None:
    rows = fleet.rows("/cohorts")
    assert [(row["name"], row["slug"], row["count_devices"]) for row in rows] == [
        ("Default", "default", 20),
        ("Beta", "beta", 20),
        ("Internal Testing", "internal-testing", 20),
        ("Field Trial", "field-trial", 20),
        ("Texas Plants", "texas-plants", 20),
    ]
    assert (rows[1]["count_active_deployments"], rows[1]["count_staged_devices"]) == (3, 5)
    assert "deployments" not in rows[0]
    assert [row["slug"] for row in fleet.rows("/cohorts", "name=Beta&slug=beta&slug=default")] == ["beta"]


@pytest.mark.parametrize("answer", ["shown", "absent"])
def test_a_single_one(answer: str) -> None:
    fleet = Caller(deployments_in_cohort=answer)
    one = fleet.one("/cohorts/beta")
    assert ("deployments" in one) is (answer == "shown")
    if answer == "shown":
        assert [row["release"]["version"] for row in one["deployments"]] == ["1.3.0", "1.4.0", "2.3.0"]
        assert set(one["deployments"][0]) == {"id", "type", "status", "deployer", "release"}
    assert fleet.get("/cohorts/nowhere")[0] == 404


def test_make_change_and_delete(fleet: Caller) -> None:
    made = fleet.call("POST", "/cohorts", {"name": " Québec & Sons "})[1]["data"]
    assert (made["name"], made["slug"], made["last_deployment"]) == ("Québec & Sons", "qu-bec-sons", None)
    assert fleet.call("POST", "/cohorts", {"name": "Other", "slug": "qu-bec-sons"})[0] == 409
    assert fleet.call("POST", "/cohorts", {"name": "!"})[0] == 409, "its slug would be default"
    fleet.clock.advance(1)
    changed = fleet.call("PATCH", "/cohorts/beta", {"name": "Beta 2"})[1]["data"]
    assert (changed["name"], changed["slug"], changed["updates_enabled"]) == ("Beta 2", "beta", True)
    assert {row["cohort"]["name"] for row in fleet.rows("/cohorts/beta/devices")} == {"Beta 2"}
    assert fleet.call("DELETE", "/cohorts/beta") == (204, None)
    assert fleet.get("/cohorts/beta")[0] == 404
    assert fleet.rows("/deployments", "cohort=beta") == []
    assert fleet.one("/cohorts/default")["count_devices"] == 40


def test_devices_of_a_deleted_cohort_follow_the_default_one(fleet: Caller) -> None:
    fleet.activate("default", "1.4.0")
    fleet.settle()
    fleet.call("DELETE", "/cohorts/texas-plants")
    fleet.settle()
    assert fleet.versions("default") == {"1.4.0": 20}


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 1}, {"name": "a", "slug": "a b"}, {"name": "a", "slug": ""}, b"x"]
)
def test_bodies_that_do_not_fit(fleet: Caller, body: Any) -> None:
    assert fleet.call("POST", "/cohorts", body)[0] == 400


@pytest.mark.parametrize("body", [{"name": 1}, {"updates_enabled": 1}, {"bypass_version_checks": "yes"}])
def test_changes_that_do_not_fit(fleet: Caller, body: Any) -> None:
    before = fleet.one("/cohorts/beta")
    assert fleet.call("PATCH", "/cohorts/beta", body)[0] == 400
    assert fleet.one("/cohorts/beta") == before


def test_the_default_one_stays(fleet: Caller) -> None:
    assert fleet.call("DELETE", "/cohorts/default")[0] == 400


@pytest.mark.parametrize(("answer", "status"), [("shown", 200), ("404", 404)])
def test_members(answer: str, status: int) -> None:
    fleet = Caller(cohort_devices=answer)
    assert fleet.get("/cohorts/beta/devices")[0] == status
    assert fleet.get("/cohorts/nowhere/devices")[0] == 404
    if status == 200:
        listed = [row for row in fleet.rows("/devices") if row["cohort"]["slug"] == "beta"]
        assert fleet.rows("/cohorts/beta/devices") == listed


def test_moving_members(fleet: Caller) -> None:
    serials = [row["device_serial"] for row in fleet.rows("/cohorts/texas-plants/devices")][:3]
    assert fleet.call("PATCH", "/cohorts/internal-testing/devices", {"devices": serials}) == (204, None)
    assert fleet.one("/cohorts/texas-plants")["count_devices"] == 17
    assert {fleet.one(f"/devices/{serial}")["cohort"]["slug"] for serial in serials} == {"internal-testing"}
    for body in ({}, {"devices": "all"}, {"devices": [1]}):
        assert fleet.call("PATCH", "/cohorts/beta/devices", body)[0] == 400
    assert fleet.call("PATCH", "/cohorts/beta/devices", {"devices": ["nobody"]})[0] == 404


def test_writes_that_meet_a_world_that_went_on() -> None:
    fleet = Caller(faults=["lag=1"])
    serial = fleet.member("texas-plants")
    assert (
        fleet.call("POST", "/cohorts", {"name": "One"})[0] == fleet.call("POST", "/cohorts", {"name": "One"})[0] == 200
    )
    assert fleet.call("PATCH", "/cohorts/beta/devices", {"devices": [serial]})[0] == 204
    assert [fleet.call("DELETE", "/cohorts/beta")[0] for _ in range(2)] == [204, 204]
    assert fleet.call("PATCH", "/cohorts/field-trial/devices", {"devices": [serial]})[0] == 204
    assert fleet.call("PATCH", f"/devices/{serial}", {"cohort": "beta", "nickname": "n"})[0] == 200
    assert fleet.get("/cohorts/one")[0] == 404
    fleet.world.delete_cohort("field-trial")
    fleet.clock.advance(1)
    assert [row["slug"] for row in fleet.rows("/cohorts")] == ["default", "internal-testing", "texas-plants", "one"]
    device = fleet.one(f"/devices/{serial}")
    assert (device["cohort"]["slug"], device["nickname"]) == ("default", "n")
