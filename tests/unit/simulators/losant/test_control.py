"""Breaking things by hand from another process."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from reconciler.simulators.losant import control
from tests.unit.simulators.losant.caller import Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def do(fleet: Caller, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    reply = fleet.raw(method, f"/simulator/{path}", body=body, token=None)
    return reply.status, json.loads(reply.body)


def test_state_shows_every_row(fleet: Caller) -> None:
    status, state = do(fleet, "GET", "state")
    assert status == 200
    assert len(state["rows"]) == len(fleet.rows())
    assert state["rows"][1] == {
        "device": "gw-001",
        "deviceId": fleet.device("gw-001"),
        "flow": "modbus-poller",
        "flowId": fleet.flow("modbus-poller"),
        "desired": "v1.3.0",
        "current": "v1.3.0",
        "desiredEtag": "00000004",
        "currentEtag": "00000004",
    }


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("set_online", {"device": "gw-001", "online": False}),
        ("set_failing", {"device": "gw-001", "failing": True}),
        ("console", {"device": "gw-001", "flow": "telemetry", "version": "v1.0.0"}),
        ("add_device", {"name": "new", "tags": [["site", "a"], ["site", "b"]], "online": None}),
        ("delete_device", {"device": "gw-001"}),
        ("set_tags", {"device": "gw-001", "tags": {"site": "moon"}}),
        ("rename_device", {"device": "gw-001", "name": "other"}),
        ("set_agent", {"device": "gw-001", "agent": "1.0.0"}),
        ("add_flow", {"name": "fresh"}),
        ("create_version", {"flow": "telemetry", "version": "v9", "minimum_agent": "9.0.0"}),
        ("delete_version", {"flow": "telemetry", "version": "v1.0.0"}),
        ("report_failure", {"flow": "vision", "device": "gw-001", "message": "boom"}),
    ],
)
def test_every_verb_has_an_effect(fleet: Caller, verb: str, body: dict[str, Any]) -> None:
    def shown() -> str:
        listed = [fleet.get(p)[1] for p in ("/devices", "/edge/deployments", "/flows")]
        flows = [(f.name, sorted(f.versions), f.failures) for f in fleet.app.flows]
        return repr((listed, flows, [d.failing for d in fleet.app.devices]))

    before = shown()
    status, answer = do(fleet, "POST", verb, body)
    assert (status, answer["success"]) == (200, True)
    assert shown() != before


def test_every_verb_is_in_the_documentation() -> None:
    text = (control.__doc__ or "").partition("Verbs: ")[2].partition("; and")[0]
    assert [name.strip() for name in text.replace("\n", " ").split(",")] == [v.__name__ for v in control.VERBS]
    assert all(inspect.getdoc(verb) for verb in control.VERBS)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "state", {}, 404),
        ("POST", "set_online", {"device": "nobody", "online": True}, 404),
        ("POST", "console", {"device": "gw-001", "flow": "none", "version": None}, 404),
        ("POST", "set_online", {"colour": 1}, 400),
        ("POST", "set_online", b"[]", 400),
        ("POST", "faults", {"storm": 1}, 400),
        ("POST", "faults", {"lost": {"on": "writes"}}, 400),
        ("POST", "grant", {"token": "t"}, 400),
    ],
)
def test_mistakes(fleet: Caller, method: str, path: str, body: Any, status: int) -> None:
    found, error = do(fleet, method, path, body)
    assert (found, set(error)) == (status, {"type", "message"})


def test_calls_are_told_and_forgotten(fleet: Caller) -> None:
    fleet.get("/devices")
    fleet.release("telemetry", "v1.0.0", "gw-001")
    calls = do(fleet, "GET", "calls")[1]
    assert calls["reads"] == {"devices.list": 1}
    assert [(w["route"], w["status"], w["body"]["version"]) for w in calls["writes"]] == [
        ("deployments.release", 201, "v1.0.0")
    ]
    do(fleet, "DELETE", "calls")
    assert do(fleet, "GET", "calls")[1] == {"writes": [], "reads": {}}


def test_faults_change_while_it_runs(fleet: Caller) -> None:
    given = {"500": {"rate": 1, "on": "reads", "maximum": 1}, "lost": "0%", "latency": "20ms"}
    status, told = do(fleet, "POST", "faults", given)
    assert (status, told["latency"], told["500"]) == (200, 0.02, {"rate": 1, "on": "reads", "left": 1})
    assert fleet.get("/devices")[0] == 500
    assert fleet.get("/devices")[0] == 200
    assert do(fleet, "GET", "faults")[1]["500"]["left"] == 0


def test_tokens_can_be_granted(fleet: Caller) -> None:
    do(fleet, "POST", "grant", {"token": "narrow", "scopes": ["devices.get"]})
    assert fleet.get("/devices", token="narrow")[0] == 200
    assert fleet.get("/flows", token="narrow")[0] == 403
