"""Who one is, what software and hardware there is, and installs."""

from __future__ import annotations

import json

import pytest

from reconciler.simulators.memfault import Shape
from tests.unit.simulators.memfault.caller import Caller
from tests.unit.simulators.memfault.test_access import USER


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_who_and_where(fleet: Caller) -> None:
    me = json.loads(fleet.raw("GET", "/auth/me", headers=USER).body)
    assert (me["email"], me["organizations"][0]["slug"]) == ("robot@example.invalid", "simulated")
    organizations = json.loads(fleet.raw("GET", "/api/v0/organizations").body)
    assert (organizations["data"], organizations["paging"]["total_count"]) == (me["organizations"], 1)
    project = fleet.one("")
    assert (project["slug"], project["name"], project["count_devices"]) == ("fleet-1", "Fleet 1", 100)


def test_software_types(fleet: Caller) -> None:
    rows = fleet.rows("/software_types")
    assert [(row["name"], row["software_versions_count"]) for row in rows] == [("main-fw", 6), ("radio-fw", 6)]
    assert rows[0]["latest_software_version"] == {"version": "1.4.0"}
    fleet.project.add_type("empty-fw")
    assert fleet.rows("/software_types")[2]["latest_software_version"] is None
    assert fleet.rows("/software_type_values", "sort=is_primary_type")[0]["name"] == "empty-fw"


@pytest.mark.parametrize(("answer", "status"), [("shown", 200), ("404", 404)])
def test_versions_of_a_type(answer: str, status: int) -> None:
    fleet = Caller(type_versions=answer)
    assert fleet.get("/software_types/main-fw/software_versions")[0] == status
    assert fleet.get("/software_types/main-fw/software_versions/1.4.0")[0] == status
    assert fleet.get("/software_types/main-fw/software_versions/2.4.0")[0] == 404
    assert fleet.get("/software_types/none/software_versions")[0] == 404
    if status == 200:
        versions = [row["version"] for row in fleet.rows("/software_types/radio-fw/software_versions")]
        assert versions == ["radio-fw-dev", "2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0"]


def test_hardware(fleet: Caller) -> None:
    rows = fleet.rows("/hardware_versions")
    assert [(row["name"], row["primary_software_type"]["name"], row["count_devices"]) for row in rows] == [
        ("main-fw-evt", "main-fw", 10),
        ("main-fw-mp", "main-fw", 40),
        ("radio-fw-evt", "radio-fw", 10),
        ("radio-fw-mp", "radio-fw", 40),
    ]
    assert [one["name"] for one in rows[1]["software_types"]] == ["main-fw", "radio-fw"]


def test_installs() -> None:
    fleet = Caller(Shape(offline=0, failing=0.1))
    failed = fleet.rows("/installs")
    assert len(failed) == 10
    assert {one["status"] for one in failed} == {"failure"}
    fleet.activate("default", "1.4.0")
    fleet.settle()
    began = [one["began_at"] for one in fleet.rows("/installs", "sort=-began_at")]
    assert began == sorted(began, reverse=True)
    ended = [one["transitioned_at"] for one in fleet.rows("/installs", "sort=transitioned_at")]
    assert ended == sorted(ended)
    one = fleet.rows("/installs", "status=success")[0]
    mine = fleet.rows("/installs", f"device={one['device']['device_serial']}&release=1.4.0")
    assert mine == [one]
