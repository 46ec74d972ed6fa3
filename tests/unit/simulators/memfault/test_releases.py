"""Releases by the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.memfault.caller import BASE, Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def versions(rows: list[dict[str, Any]]) -> list[str]:
    return [row["version"] for row in rows]


def test_listing(fleet: Caller) -> None:
    rows = fleet.rows("/releases")
    assert len(rows) == 12
    assert {row["version"] for row in rows if not row["artifacts"]} == {"main-fw-dev", "radio-fw-dev"}
    assert [row["version"] for row in rows if row["must_pass_through"]] == ["1.1.0"]
    assert [row["min_version"] for row in rows if row["min_version"]] == ["2.0.0"]
    assert sum(row["count_devices"] for row in rows) == 100


def test_filters(fleet: Caller) -> None:
    one = fleet.one("/releases/1.2.0")
    artifact = one["artifacts"][0]
    assert versions(fleet.rows("/releases", f"revision={one['revision']}")) == ["1.2.0"]
    assert versions(fleet.rows("/releases", f"build_id={artifact['build_id']}&build_id=x")) == ["1.2.0"]
    assert len(fleet.rows("/releases", "hardware_version=main-fw-evt")) == 5
    assert len(fleet.rows("/releases", "hardware_version=main-fw-mp")) == 10, "it runs both types"
    assert fleet.rows("/releases", "version=1.2.0&hardware_version=radio-fw-mp") == []


@pytest.mark.parametrize(("answer", "status", "count"), [("listed", 200, 12), ("hidden", 404, 10)])
def test_releases_of_events(answer: str, status: int, count: int) -> None:
    fleet = Caller(release_of_events=answer)
    serial = fleet.member("default")
    fleet.world.set_reported(serial, "0.0.1-local")
    assert fleet.get("/releases/0.0.1-local")[0] == status
    assert len(fleet.rows("/releases")) == count + (answer == "listed")
    assert fleet.one(f"/devices/{serial}")["last_seen_release"]["version"] == "0.0.1-local"
    assert fleet.activate("default", "0.0.1-local")[0] == status
    assert fleet.one("/software_types/main-fw/software_versions/0.0.1-local")["version"] == "0.0.1-local"


def test_deltas_are_listed_apart(fleet: Caller) -> None:
    rows = fleet.rows("/delta-releases")
    assert [(row["type"], row["from_version"]["version"], row["to_version"]["version"]) for row in rows] == [
        ("delta", "1.3.0", "1.4.0"),
        ("delta", "2.3.0", "2.4.0"),
    ]
    assert "version" not in rows[0]


def test_make_change_and_delete(fleet: Caller) -> None:
    body = {"version": "3.0.0+a/b", "revision": "abc", "notes": "<b>n</b>", "extra_info": {"a": [1]}}
    reply = fleet.raw("POST", f"{BASE}/releases", body=body)
    assert reply.status == 200
    assert reply.headers["location"] == f"{BASE}/releases/3.0.0%2Ba%2Fb/artifacts"
    made = fleet.one("/releases/3.0.0+a/b")
    assert made | body == made
    assert (made["artifacts"], made["min_version"], made["count_devices"]) == ([], "", 0)
    assert fleet.call("POST", "/releases", body)[0] == 409
    fleet.clock.advance(5)
    changed = fleet.call("PATCH", "/releases/3.0.0+a/b", {"notes": "other", "unknown": 1})[1]["data"]
    assert (changed["notes"], changed["revision"]) == ("other", "abc")
    assert changed["updated_date"] > made["updated_date"]
    assert fleet.call("DELETE", "/releases/3.0.0+a/b") == (204, None)
    assert fleet.get("/releases/3.0.0+a/b")[0] == 404


def test_making_what_events_told_of_keeps_its_type(fleet: Caller) -> None:
    assert fleet.call("POST", "/releases", {"version": "main-fw-dev"})[0] == 200
    release = fleet.project.releases[None, "main-fw-dev"]
    assert (release.software_type, release.of_event) == ("main-fw", False)


@pytest.mark.parametrize(
    "body", [b"{", [], {}, {"version": ""}, {"version": 1}, {"version": "a" * 129}, {"version": "1", "notes": 3}]
)
def test_bodies_that_do_not_fit(fleet: Caller, body: Any) -> None:
    assert fleet.call("POST", "/releases", body)[0] == 400


def test_a_change_is_looked_at_by_devices(fleet: Caller) -> None:
    fleet.world.add_release("main-fw", "1.5.0", min_version="1.4.0")
    fleet.activate("texas-plants", "1.5.0")
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.3.0": 10}
    assert fleet.call("PATCH", "/releases/1.5.0", {"min_version": ""})[0] == 200
    fleet.settle()
    assert fleet.versions("texas-plants") == {"1.5.0": 10}


@pytest.mark.parametrize("pull_status", ["removed", "pulled"])
def test_what_is_active_cannot_be_deleted(pull_status: str) -> None:
    fleet = Caller(pull_status=pull_status)
    assert fleet.call("DELETE", "/releases/2.4.0")[0] == 409
    fleet.world.pull("internal-testing", "2.4.0")
    assert fleet.call("DELETE", "/releases/2.4.0")[0] == 204
    assert fleet.rows("/deployments", "release=2.4.0") == []


def test_deleting_twice_at_once() -> None:
    fleet = Caller(faults=["lag=1"])
    assert [fleet.call("DELETE", "/releases/1.0.0")[0] for _ in range(2)] == [204, 204]
    fleet.clock.advance(1)
    assert fleet.get("/releases/1.0.0")[0] == 404
    assert fleet.call("PATCH", "/releases/1.0.0", {})[0] == 404
