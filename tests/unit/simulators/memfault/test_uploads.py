"""Uploading payloads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unit.simulators.memfault.caller import Caller


@pytest.fixture
def fleet() -> Caller:
    return Caller()


def uploaded(fleet: Caller, *, put: bool = True) -> str:
    """A token that stands for bytes."""
    status, answer = fleet.call("POST", "/upload", {"kind": "OTA_PAYLOAD", "size": 3})
    assert status == 200
    if put:
        path = urlsplit(answer["data"]["upload_url"]).path
        assert fleet.raw("PUT", path, body=b"abc", headers={}).status == 200
    token: str = answer["data"]["token"]
    return token


def told(fleet: Caller, token: str, **more: Any) -> dict[str, Any]:
    software = {"version": "1.5.0", "software_type": "main-fw", "revision": "abc"}
    file = {"token": token, "md5": "m", "name": "fw.bin"}
    return {"file": file, "software_version": software, "hardware_version": "main-fw-mp"} | more


def test_a_payload_for_what_events_or_people_told_of(fleet: Caller) -> None:
    fleet.world.add_release("main-fw", "1.6.0", hardware=[], notes="kept")
    for version in ("main-fw-dev", "1.6.0"):
        body = told(fleet, uploaded(fleet), software_version={"version": version, "software_type": "main-fw"})
        assert fleet.call("POST", "/releases/ota_payload", body)[0] == 200
        assert fleet.call("POST", "/releases/ota_payload", body)[0] == 409
        release = fleet.project.releases[None, version]
        assert (release.software_type, release.of_event, [one.hardware for one in release.artifacts]) == (
            "main-fw",
            False,
            ["main-fw-mp"],
        )
    assert fleet.project.releases[None, "1.6.0"].notes == "kept"


def test_a_component_is_a_further_payload(fleet: Caller) -> None:
    for more in ({}, {"component_version": "2"}, {"firmware_type": "zchunk_image"}):
        assert fleet.call("POST", "/releases/ota_payload", told(fleet, uploaded(fleet), **more))[0] == 200
    release = fleet.project.releases[None, "1.5.0"]
    assert [one.hardware for one in release.artifacts] == ["main-fw-mp"] * 3


def test_a_payload_of_what_is_active_already_is_taken_by_devices() -> None:
    fleet = Caller(activate_empty="accept")
    fleet.world.add_release("main-fw", "1.5.0", hardware=[])
    assert fleet.activate("default", "1.5.0")[0] == 200
    fleet.settle(9)
    assert "1.5.0" not in fleet.versions("default")
    assert fleet.call("POST", "/releases/ota_payload", told(fleet, uploaded(fleet)))[0] == 200
    fleet.settle(9)
    assert "1.5.0" in fleet.versions("default")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"file": None}, 400),
        ({"file": {"token": "none"}}, 400),
        ({"software_version": []}, 400),
        ({"software_version": {"software_type": "main-fw"}}, 400),
        ({"software_version": {"version": ["1"], "software_type": "main-fw"}}, 400),
        ({"software_version": {"version": [1, "1"], "software_type": "main-fw"}}, 400),
        ({"software_version": {"version": "1", "software_type": "none"}}, 404),
        ({"hardware_version": "none"}, 404),
        ({"hardware_version": ""}, 400),
        ({"must_pass_through": "yes"}, 400),
    ],
)
def test_what_does_not_fit(fleet: Caller, more: dict[str, Any], status: int) -> None:
    before = fleet.rows("/releases")
    assert fleet.call("POST", "/releases/ota_payload", told(fleet, uploaded(fleet), **more))[0] == status
    assert fleet.rows("/releases") == before


def test_the_bytes_come_first(fleet: Caller) -> None:
    assert fleet.call("POST", "/releases/ota_payload", told(fleet, uploaded(fleet, put=False)))[0] == 400
    assert fleet.call("POST", "/upload", {"kind": "SYMBOLS"})[0] == 400
