"""Devices by the API."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulators.memfault import Shape
from tests.unit.simulators.memfault.caller import Caller

NEW = {"device_serial": "NEW1", "hardware_version": "main-fw-mp"}


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_the_shape_of_the_reference(fleet: Caller) -> None:
    row = fleet.rows("/devices")[0]
    assert row == fleet.one("/devices/SN0000")
    assert row["hardware_version"] == "main-fw-evt"
    assert set(row["last_seen_release"]) == {"id", "version", "revision"}
    assert row["cohort"] == {"id": row["cohort"]["id"], "name": "Default", "slug": "default"}
    assert "last_seen_software_version" not in row
    assert fleet.get("/devices/nobody")[0] == 404


def test_the_live_shape() -> None:
    fleet = Caller(device_shape="live")
    row = fleet.rows("/devices")[0]
    assert row["hardware_version"] == {"name": "main-fw-evt"}
    seen = row["last_seen_software_version"]
    assert (seen["version"], seen["software_type"]["name"], seen["archived"]) == ("1.3.0", "main-fw", False)
    assert "last_seen_release" not in row
    assert fleet.one("/releases/1.3.0")["artifacts"][0]["hardware_version"] == {
        "name": "main-fw-evt",
        "primary_software_type": {"name": "main-fw"},
    }
    assert fleet.call("POST", "/devices", NEW)[1]["data"]["last_seen_software_version"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("release=1.4.0", 14),
        ("release[]=1.4.0&release[]=2.4.0", 24),
        ("hardware_version=main-fw-evt", 10),
        ("owner_ref=somebody", 0),
        ("cohort=beta", 100),
        ("last_seen_since=2026-11-18T00:00:00Z", 100),
        ("last_seen_until=2026-11-18T00:00:00Z", 0),
    ],
)
def test_filters(fleet: Caller, query: str, count: int) -> None:
    assert len(fleet.rows("/devices", query)) == count


def test_silent_devices_can_be_found() -> None:
    fleet = Caller(Shape(offline=0.1))
    assert len(fleet.rows("/devices", "last_seen_until=2026-11-16T00:00:00Z")) == 10


def test_a_new_device_was_never_heard_of(fleet: Caller) -> None:
    made = fleet.call("POST", "/devices", {**NEW, "owner_ref": "me", "nickname": "n"})[1]["data"]
    assert (made["last_seen"], made["last_seen_release"], made["cohort"]["slug"]) == (None, None, "default")
    assert fleet.rows("/devices", "owner_ref=me")[0]["device_serial"] == "NEW1"
    assert fleet.rows("/devices", "sort=last_seen")[0]["device_serial"] == "NEW1"
    assert len(fleet.rows("/devices", "last_seen_since=2000-01-01")) == 100
    fleet.activate("default", "1.4.0")
    fleet.settle()
    assert fleet.one("/devices/NEW1")["last_seen"] is None
    assert fleet.call("POST", "/devices", NEW)[0] == 409
    other = {**NEW, "device_serial": "NEW2", "cohort": "beta"}
    assert fleet.call("POST", "/devices", other)[1]["data"]["cohort"]["slug"] == "beta"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"device_serial": "a b"}, 400),
        ({"device_serial": ""}, 400),
        ({"hardware_version": "none"}, 404),
        ({"hardware_version": 1}, 400),
        ({"cohort": "none"}, 404),
        ({"nickname": 1}, 400),
        ({"server_side_developer_mode": 1}, 400),
    ],
)
def test_devices_that_cannot_be_made(fleet: Caller, body: dict[str, Any], status: int) -> None:
    assert fleet.call("POST", "/devices", NEW | body)[0] == status
    assert fleet.get("/devices/NEW1")[0] == 404


@pytest.mark.parametrize(("answer", "status"), [("200", 200), ("202", 202)])
def test_changes(answer: str, status: int) -> None:
    fleet = Caller(device_patch=answer, device_shape="live")
    body = {"nickname": "n", "description": "d", "server_side_developer_mode": True, "cohort": "beta"}
    found, told = fleet.call("PATCH", "/devices/SN0000", body)
    assert (found, told["data"]["nickname"]) == (status, "n" if answer == "200" else "")
    assert fleet.one("/devices/SN0000")["cohort"]["slug"] == ("beta" if answer == "200" else "default")
    fleet.clock.advance(1)
    one = fleet.one("/devices/SN0000")
    assert (one["cohort"]["slug"], one["nickname"], one["description"]) == ("beta", "n", "d")
    assert one["server_side_developer_mode"] is True


def test_other_hardware(fleet: Caller) -> None:
    assert fleet.call("PATCH", "/devices/SN0000", {"hardware_version": "main-fw-mp"})[0] == 200
    assert fleet.one("/devices/SN0000")["hardware_version"] == "main-fw-mp"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"cohort": "none"}, 404), ({"hardware_version": "none"}, 404), ({"release": "9"}, 404), ({"release": 9}, 404), ([], 400)],
)  # fmt: skip
def test_changes_that_do_not_fit(fleet: Caller, body: Any, status: int) -> None:
    before = fleet.one("/devices/SN0000")
    assert fleet.call("PATCH", "/devices/SN0000", body)[0] == status
    assert fleet.one("/devices/SN0000") == before


def test_deleting(fleet: Caller) -> None:
    assert fleet.call("DELETE", "/devices/SN0000") == (204, None)
    assert fleet.call("DELETE", "/devices/SN0000")[0] == 404
    assert fleet.one("/cohorts/default")["count_devices"] == 19
    assert fleet.one("/releases/1.3.0")["count_devices"] == 35
    fleet.call("POST", "/devices", NEW)
    assert fleet.call("DELETE", "/devices/NEW1")[0] == 204


def test_changes_to_devices_that_went_meanwhile() -> None:
    fleet = Caller(faults=["lag=1"])
    assert [fleet.call("DELETE", "/devices/SN0000")[0] for _ in range(2)] == [204, 204]
    assert fleet.call("PATCH", "/devices/SN0000", {"nickname": "n"})[0] == 200
    assert [fleet.call("POST", "/devices", NEW | {"cohort": "field-trial"})[0] for _ in range(2)] == [200, 200]
    fleet.world.delete_cohort("field-trial")
    assert fleet.call("PATCH", "/cohorts/beta/devices", {"devices": ["SN0000"]})[0] == 204
    fleet.clock.advance(1)
    assert fleet.get("/devices/SN0000")[0] == 404
    assert fleet.one("/devices/NEW1")["cohort"]["slug"] == "default"
    assert fleet.one("/cohorts/default")["count_devices"] == 40
    assert len(fleet.rows("/devices")) == 100
