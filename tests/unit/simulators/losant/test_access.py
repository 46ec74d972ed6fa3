"""Tokens and scopes."""

from __future__ import annotations

import pytest

from reconciler.simulators.losant.simulator import ROUTES
from tests.unit.simulators.losant.caller import READ_ONLY, Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def test_no_token_and_an_unknown_one(fleet: Caller) -> None:
    for token in (None, "unknown", ""):
        status, error = fleet.get("/devices", token=token)
        assert (status, set(error)) == (401, {"type", "message"})


@pytest.mark.parametrize("answer", ["401", "403"])
def test_a_token_that_may_only_read(answer: str) -> None:
    fleet = Caller(scope_status=answer)
    assert fleet.get("/devices", token=READ_ONLY)[0] == 200
    before = fleet.world.state()
    body = {"flowId": fleet.flow("telemetry"), "version": None, "deviceIds": [fleet.device("gw-001")]}
    status, error = fleet.post("/edge/deployments/release", body, token=READ_ONLY)
    assert status == int(answer)
    assert "edgeDeployments.release" in error["message"]
    assert fleet.world.state() == before


@pytest.mark.parametrize(
    "scope", ["edgeDeployments.get", "edgeDeployments.*", "all.User.bounded", "all.Organization.read"]
)
def test_scopes_that_suffice_for_the_list(fleet: Caller, scope: str) -> None:
    fleet.world.grant("narrow", [scope])
    assert fleet.get("/edge/deployments", token="narrow")[0] == 200


@pytest.mark.parametrize("scope", ["edgeDeployment.get", "devices.*", "all.Device"])
def test_scopes_that_do_not(fleet: Caller, scope: str) -> None:
    fleet.world.grant("narrow", [scope])
    assert fleet.get("/edge/deployments", token="narrow")[0] == 403


def test_every_route_has_a_scope_and_a_group() -> None:
    assert all("." in route.scope for route in ROUTES)
    assert all(route.reads != ("writes" in route.groups) for route in ROUTES)
