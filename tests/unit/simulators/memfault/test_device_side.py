"""What devices call."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from reconciler.simulators.exchange import Reply
from tests.unit.simulators.memfault.caller import PROJECT_KEY, Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def ask(fleet: Caller, where: str = "", **query: str) -> Reply:
    whole = {"hardware_version": "main-fw-mp", "software_type": "main-fw", "device_serial": "probe"} | query
    pairs = urlencode({key: value for key, value in whole.items() if value})
    return fleet.raw("GET", f"/api/v0/releases/latest{where}", pairs, headers=PROJECT_KEY)


def test_the_latest(fleet: Caller) -> None:
    release = json.loads(ask(fleet).body)
    assert release["version"] == "1.3.0", "of the default cohort, without an envelope"
    assert [one["hardware_version"] for one in release["artifacts"]] == ["main-fw-mp"]
    assert json.loads(ask(fleet, current_version="1.0.0").body)["version"] == "1.1.0", "that must be passed through"
    assert json.loads(ask(fleet, software_type="radio-fw").body)["version"] == "2.3.0"


def test_nothing_new(fleet: Caller) -> None:
    for where in ("", "/url"):
        reply = ask(fleet, where, current_version="1.3.0")
        assert (reply.status, reply.body, reply.headers["memfault-reason"]) == (204, b"", "latest")


def test_the_link_alone(fleet: Caller) -> None:
    reply = ask(fleet, "/url")
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.body.decode() == json.loads(ask(fleet).body)["artifacts"][0]["url"]


def test_a_known_device_is_asked_for_in_its_cohort(fleet: Caller) -> None:
    serial = fleet.member("internal-testing")
    assert json.loads(ask(fleet, device_serial=serial).body)["version"] == "1.4.0"
    fleet.call("PATCH", f"/devices/{serial}", {"release": "1.0.0"})
    assert json.loads(ask(fleet, device_serial=serial).body)["version"] == "1.0.0"


@pytest.mark.parametrize("name", ["hardware_version", "software_type", "device_serial"])
def test_what_is_required(fleet: Caller, name: str) -> None:
    assert ask(fleet, **{name: ""}).status == 400
    assert ask(fleet, **{name: "unknown"}).status == (200 if name == "device_serial" else 400)
