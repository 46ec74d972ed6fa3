"""Deployments by the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.memfault.caller import Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def found(fleet: Caller, query: str) -> list[tuple[str, str]]:
    rows = fleet.rows("/deployments", query)
    return [(row["cohort"]["slug"], row["release"].get("version", "delta")) for row in rows]


def test_activating(fleet: Caller) -> None:
    fleet.clock.advance(60)
    status, answer = fleet.activate("beta", "1.2.0", extra_info={"commit": "abc"})
    made = answer["data"]
    assert status == 200
    assert made == fleet.rows("/deployments")[0], "the latest comes first"
    assert (made["type"], made["status"], made["rollout_percent"]) == ("normal", "done", 0)
    assert (made["extra_info"], made["deployer"]) == ({"commit": "abc"}, None)
    assert made["cohort"] == {"id": made["cohort"]["id"], "name": "Beta", "slug": "beta", "count_devices": 20}
    assert fleet.row("beta")["active"] == ["1.4.0", "1.3.0", "1.2.0"], "activating pulls nothing"
    assert fleet.rows("/cohorts")[1]["last_deployment"] == made["deployed_date"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "sudden"}, 400),
        ({"type": None}, 400),
        ({"type": []}, 400),
        ({"type": "staged_rollout"}, 400),
        ({"type": "staged_rollout", "rollout_percent": 101}, 400),
        ({"type": "staged_rollout", "rollout_percent": True}, 400),
        ({"type": "staged_rollout", "rollout_percent": 2.5}, 400),
        ({"release": "9.9.9"}, 404),
        ({"release": ["1.0.0", "1.4.0"]}, 404),
        ({"release": ["1.0.0"]}, 404),
        ({"release": None}, 404),
        ({"release": 0}, 404),
        ({"cohort": "nowhere"}, 404),
        ({"cohort": None}, 404),
        ({"cohort": 0}, 404),
    ],
)
def test_what_cannot_be_activated(fleet: Caller, body: dict[str, Any], status: int) -> None:
    whole = {"type": "normal", "release": "1.2.0", "cohort": "beta"} | body
    answer = fleet.call("POST", "/deployments", whole)
    assert (answer[0], answer[1]["error"]["http_code"]) == (status, status)


@pytest.mark.parametrize("answer", ["400", "409", "200"])
def test_already_active(answer: str) -> None:
    fleet = Caller(already_active=answer)
    status, told = fleet.activate("texas-plants", "1.3.0", 50)
    assert status == int(answer)
    if answer == "200":
        assert told["data"]["rollout_percent"] == 0
    else:
        assert "already active" in told["error"]["message"]
    assert fleet.row("texas-plants")["staged"] is None


def test_approval() -> None:
    fleet = Caller(approval="pending")
    made = fleet.activate("texas-plants", "1.4.0")[1]["data"]
    assert made["status"] == "awaiting_approval"
    fleet.settle(2)
    assert (fleet.row("texas-plants")["assigned"], fleet.versions("texas-plants")) == ("1.3.0", {"1.3.0": 10})
    assert fleet.world.activate("default", "1.4.0")
    assert fleet.row("default")["assigned"] == "1.4.0", "people in the console do without"


def test_visible_later() -> None:
    fleet = Caller(activation_visible="later")
    for cohort in ("texas-plants", "field-trial"):
        fleet.activate(cohort, "1.4.0")
    assert (fleet.rows("/deployments", "release=1.4.0&cohort=texas-plants"), fleet.row("texas-plants")["assigned"]) == (
        [],
        "1.3.0",
    )
    fleet.world.delete_cohort("field-trial")
    fleet.clock.advance(1)
    assert fleet.row("texas-plants")["assigned"] == "1.4.0"
    assert {one.cohort.slug for one in fleet.project.deployments.values()} <= set(fleet.project.cohorts)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("cohort=default", {("default", "1.1.0"), ("default", "1.3.0"), ("default", "2.3.0")}),
        ("cohort=Default&cohort=beta&release=1.3.0", {("default", "1.3.0"), ("beta", "1.3.0")}),
        ("release=2.4.0&release=1.1.0", {("internal-testing", "2.4.0"), ("default", "1.1.0")}),
        ("release=9", set()),
    ],
)  # fmt: skip
def test_filters(fleet: Caller, query: str, rows: set[tuple[str, str]]) -> None:
    assert set(found(fleet, query)) == rows


@pytest.mark.parametrize("number", ["0", "x", "-1", "9" * 5000])
def test_deployments_that_are_not_there(fleet: Caller, number: str) -> None:
    for method in ("PATCH", "DELETE"):
        assert fleet.call(method, f"/deployments/{number}", {})[0] == 404


@pytest.mark.parametrize(("answer", "status", "after"), [("accept", 200, 60), ("reject", 400, 25), ("ignore", 200, 25)])
def test_another_percentage(answer: str, status: int, after: int) -> None:
    fleet = Caller(patch_rollout=answer)
    number = fleet.rows("/deployments", "cohort=beta&release=1.4.0")[0]["id"]
    assert fleet.call("PATCH", f"/deployments/{number}", {"rollout_percent": 60})[0] == status
    assert fleet.row("beta")["staged"] == after
    assert fleet.call("PATCH", f"/deployments/{number}", {"rollout_percent": "60"})[0] == 400


def test_other_changes(fleet: Caller) -> None:
    number = fleet.rows("/deployments", "cohort=beta&release=1.3.0")[0]["id"]
    refused: list[Any] = [{"rollout_percent": 60}, {"status": "aborted"}, {"release": "1"}, {"cohort": "default"}, []]
    for body in refused:
        assert fleet.call("PATCH", f"/deployments/{number}", body)[0] == 400
    assert fleet.call("PATCH", f"/deployments/{number}", {"extra_info": {"a": 1}})[1]["data"]["extra_info"] == {"a": 1}
    assert fleet.call("PATCH", f"/deployments/{number}", {})[1]["data"]["extra_info"] == {"a": 1}
