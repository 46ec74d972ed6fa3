"""Who may call what."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from tests.unit.simulators.memfault.caller import BASE, TOKEN, Caller


def basic(user: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


USER = basic("robot@example.invalid", "simulated-user-key")


@pytest.fixture
def fleet() -> Caller:
    return Caller()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (TOKEN, 200),
        (basic("", "oat_simulated"), 200),
        (USER, 200),
        ({"authorization": "bearer  oat_simulated"}, 200),
        ({}, 401),
        ({"authorization": "Bearer oat_wrong"}, 401),
        ({"authorization": "Bearer "}, 401),
        (basic("robot@example.invalid", "oat_simulated"), 401),
        (basic("", ""), 401),
        ({"authorization": "Basic ???"}, 401),
        ({"authorization": "Basic /w=="}, 401),
        ({"authorization": "Basic " + base64.b64encode(b"robot").decode()}, 401),
        ({"authorization": "Digest " + base64.b64encode(b"a:b").decode()}, 401),
    ],
)
def test_management_calls(fleet: Caller, headers: Mapping[str, str], status: int) -> None:
    found, answer = fleet.get("/cohorts", headers=headers)
    assert found == status
    if status != 200:
        assert answer["error"]["http_code"] == status
        assert set(answer["error"]) == {"code", "http_code", "message", "type"}


def test_who_am_i(fleet: Caller) -> None:
    assert fleet.raw("GET", "/auth/me", headers=USER).status == 200
    assert fleet.raw("GET", "/auth/me").status == 403
    assert fleet.raw("GET", "/auth/me", headers={}).status == 401
    assert fleet.raw("GET", "/api/v0/organizations").status == 200


@pytest.mark.parametrize("path", ["/api/v0/organizations/other/projects/fleet-1", BASE.replace("fleet-1", "other")])
def test_other_projects(fleet: Caller, path: str) -> None:
    assert fleet.raw("GET", f"{path}/cohorts").status == 404


def test_granted_and_expired(fleet: Caller) -> None:
    fleet.world.grant("oat_new")
    assert fleet.get("/cohorts", headers={"authorization": "Bearer oat_new"})[0] == 200
    fleet.world.expire_tokens()
    assert fleet.get("/cohorts", headers={"authorization": "Bearer oat_new"})[0] == 401
    assert fleet.get("/cohorts", headers=USER)[0] == 401


def test_no_such_route(fleet: Caller) -> None:
    assert fleet.call("PUT", "/cohorts")[0] == 405
    assert fleet.get("/cohort")[0] == 405
