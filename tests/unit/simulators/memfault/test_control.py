"""Breaking things by hand from another process."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from reconciler.simulators.memfault import control
from tests.unit.simulators.memfault.caller import Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def do(fleet: Caller, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    reply = fleet.raw(method, f"/simulator/{path}", body=body, headers={})
    return reply.status, json.loads(reply.body)


def test_state(fleet: Caller) -> None:
    status, state = do(fleet, "GET", "state")
    assert status == 200
    assert len(state["rows"]) == 10
    assert state["rows"][2] == {
        "cohort": "beta",
        "software_type": "main-fw",
        "active": ["1.4.0", "1.3.0"],
        "told": "1.4.0",
        "staged": 25,
        "devices": 10,
        "versions": fleet.versions("beta"),
        "silent": 0,
    }


NEW = {"cohort": "beta", "hardware": "main-fw-mp"}


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("set_online", {"device": "SN0000", "online": False}),
        ("set_failing", {"device": "SN0000", "failing": True}),
        ("add_device", NEW),
        ("add_device", NEW | {"version": "1.0.0", "serial": "X"}),
        ("delete_device", {"device": "SN0000"}),
        ("move_device", {"device": "SN0000", "cohort": "beta"}),
        ("set_reported", {"device": "SN0000", "version": "1.4.0"}),
        ("add_cohort", {"name": "Fresh"}),
        ("add_cohort", {"name": "Fresh", "slug": "other"}),
        ("delete_cohort", {"slug": "beta"}),
        ("add_release", {"software_type": "main-fw", "version": "1.9.0", "must_pass_through": True}),
        ("add_release", {"software_type": "main-fw", "version": "1.4.0", "base": "1.0.0"}),
        ("delete_release", {"version": "1.3.0"}),
        ("delete_release", {"version": ["1.3.0", "1.4.0"]}),
        ("activate", {"cohort": "default", "version": "1.4.0"}),
        ("activate", {"cohort": "default", "version": "1.4.0", "percent": 10}),
        ("activate", {"cohort": "default", "version": ["1.3.0", "1.4.0"]}),
        ("pull", {"cohort": "default", "version": "1.3.0"}),
        ("expire_tokens", {}),
        ("revoke", {"token": "oat_simulated"}),
        ("grant", {"token": "oat_new"}),
    ],
)
def test_every_verb_has_an_effect(fleet: Caller, verb: str, body: dict[str, Any]) -> None:
    def shown() -> str:
        project, access = fleet.project, fleet.world.access
        releases = [(release.name, sorted(release.artifacts)) for release in project.releases.values()]
        deployments = [(one.release.name, one.cohort.slug, one.percent) for one in project.deployments.values()]
        failing = [device.failing for device in project.devices.values()]
        return repr((fleet.world.state(), releases, deployments, failing, sorted(access.tokens)))

    before = shown()
    status, answer = do(fleet, "POST", verb, body)
    assert (status, answer["success"]) == (200, True), answer
    assert shown() != before


def test_what_verbs_answer(fleet: Caller) -> None:
    assert do(fleet, "POST", "add_cohort", {"name": "A b"})[1]["id"] == "a-b"
    assert do(fleet, "POST", "add_device", NEW | {"serial": "X1"})[1]["id"] == "X1"
    number = do(fleet, "POST", "activate", {"cohort": "a-b", "version": "1.4.0"})[1]["id"]
    assert do(fleet, "POST", "activate", {"cohort": "a-b", "version": "1.4.0"})[1]["id"] == number
    assert do(fleet, "POST", "set_status", {"deployment": number, "status": "odd"})[0] == 200
    assert fleet.one(f"/deployments/{number}")["status"] == "odd"


def test_every_verb_is_in_the_documentation() -> None:
    text = (control.__doc__ or "").partition("Verbs: ")[2].rstrip(".\n")
    assert [name.strip() for name in text.replace("\n", " ").split(",")] == [v.__name__ for v in control.VERBS]
    assert all(inspect.getdoc(verb) for verb in control.VERBS)


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("nothing", {}, 404),
        ("set_online", {"device": "nobody", "online": True}, 404),
        ("activate", {"cohort": "none", "version": "1.4.0"}, 404),
        ("activate", {"cohort": "beta", "version": "9"}, 404),
        ("pull", {"cohort": "beta", "version": "1.0.0"}, 404),
        ("set_status", {"deployment": 0, "status": "done"}, 404),
        ("add_device", {"cohort": "beta", "hardware": "none"}, 404),
        ("add_device", NEW | {"serial": "SN0000"}, 400),
        ("add_release", {"software_type": "none", "version": "1"}, 404),
        ("add_release", {"software_type": "main-fw", "version": "1.4.0"}, 400),
        ("add_cohort", {"name": "Beta"}, 400),
        ("delete_cohort", {"slug": "default"}, 400),
        ("set_online", {"colour": 1}, 400),
    ],
)
def test_mistakes(fleet: Caller, verb: str, body: Any, status: int) -> None:
    found, answer = do(fleet, "POST", verb, body)
    assert (found, answer["error"]["http_code"]) == (status, status)


def test_a_device_may_report_something_ahead(fleet: Caller) -> None:
    serial = fleet.member("default")
    fleet.world.set_reported(serial, "1.4.0")
    fleet.settle(3)
    assert fleet.versions("default") == {"1.3.0": 9, "1.4.0": 1}
    assert fleet.one("/releases/1.4.0")["count_devices"] == 15
