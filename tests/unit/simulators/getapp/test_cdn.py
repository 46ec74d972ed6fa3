"""The CDN master: what it tells of its devices, and the action it passes on."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulators.getapp import Shape
from tests.unit.simulators.getapp.caller import CHILD, NEW, OLD, OTHER, ROOT, Caller

ACTION, RELEASES = "/api/cdn/devices/action", "/api/cdn/device/releases"
AWAY = Shape(units=40, offline=0.2, failing=0)


def ids(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200
    return [entry["deviceId"] for entry in answer[1]]


class TestReads:
    def test_devices(self) -> None:
        fleet = Caller()
        status, devices = fleet.get("/api/cdn/device")
        assert status == 200
        assert [d["deviceId"] for d in devices] == [f"edge-{n:06d}" for n in range(1, 21)]
        assert [d["isMaster"] for d in devices] == [True] + [False] * 19
        data = devices[1]["data"]
        assert set(data) == {
            "deliverySource", "deviceId", "deviceType", "platform", "platformId", "urlGetAppServerAvailable", "metadata",
        }  # fmt: skip
        assert (data["deviceId"], data["deviceType"]) == (CHILD, ["kiosk"])
        assert data["metadata"]["name"] == "osaka-000002"
        assert (data["metadata"]["site"], data["metadata"]["ring"]) == ("osaka", "early")

    def test_devices_by_id_and_by_activity(self) -> None:
        fleet = Caller(AWAY)
        everybody = ids(fleet.get("/api/cdn/device", "filter=all"))
        active, inactive = ids(fleet.get("/api/cdn/device")), ids(fleet.get("/api/cdn/device", "filter=inactive"))
        assert len(everybody) == 40
        assert sorted(active + inactive) == everybody
        assert len(inactive) == 2
        assert ids(fleet.get("/api/cdn/device", f"device_id={OTHER}&device_id={CHILD}&device_id=nobody")) == [
            CHILD,
            OTHER,
        ]
        assert ids(fleet.get("/api/cdn/device", "device_id=nobody")) == []
        assert fleet.get("/api/cdn/device", "filter=asleep") == (
            400,
            {
                "name": "ValidationError",
                "statusCode": 400,
                "message": "query parameter filter must be one of active, inactive, all",
            },
        )

    def test_a_day_of_silence_makes_inactive(self) -> None:
        fleet = Caller()
        fleet.world.set_online(CHILD, online=False)
        fleet.clock.advance(86_400)
        assert CHILD in ids(fleet.get("/api/cdn/device"))
        fleet.clock.advance(1)
        assert CHILD not in ids(fleet.get("/api/cdn/device"))

    def test_an_inactive_device_has_an_empty_list_or_none(self) -> None:
        for variant in ("empty", "absent"):
            fleet = Caller(inactive_releases=variant)
            fleet.world.set_inactive(CHILD, inactive=True)
            answer = {entry["deviceId"]: entry["data"] for entry in fleet.get(RELEASES)[1]}
            assert answer.get(CHILD) == ([] if variant == "empty" else None)
            assert fleet.get(f"{RELEASES}/{OLD}", f"device_id={CHILD}") == (200, [])
            fleet.world.set_inactive(CHILD, inactive=False)
            assert fleet.row(CHILD, OLD) == ("installed", "Done")

    def test_the_older_shape(self) -> None:
        fleet = Caller(answer_shape="flat")
        row = fleet.get(f"{RELEASES}/{OLD}", f"device_id={CHILD}")[1][0]["data"]
        assert set(row) == {
            "catalogId", "name", "version", "latest", "metadata", "releaseAt", "releaseNotes", "size", "deliveryState",
            "downloadDuration", "errMsg", "eta", "progress", "state", "status",
        }  # fmt: skip
        assert (row["catalogId"], row["status"]) == (OLD, "Done")

    def test_offering(self) -> None:
        fleet = Caller()
        path = "/api/cdn/device/offering"
        projects = fleet.get(path, f"device_id={CHILD}")[1][0]["data"]
        assert {p["projectName"]: [r["version"] for r in p["releases"]] for p in projects} == {
            "radio": ["1.4.0"], "vision": ["1.4.0"], "gpu-runtime": ["5.1.0"], "telemetry": ["1.4.0"],
        }  # fmt: skip
        assert projects[0]["releases"][0]["availability"]["offered"] is True
        assert projects[0]["releases"][0]["deviceRelease"] == {"state": "offering"}
        more = fleet.get(path, f"device_id={CHILD}&include_updates=true&bypass_policy=true")[1][0]["data"]
        radio = {release["version"]: release for release in more[0]["releases"]}
        assert list(radio) == ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]
        assert radio["1.4.0"]["availability"] is None
        assert (radio["1.3.0"]["deviceRelease"]["state"], radio["1.3.0"]["deviceRelease"]["status"]) == (
            "installed",
            "Done",
        )
        assert fleet.get(path, "bypass_policy=maybe")[0] == 400
        fleet.world.set_inactive(CHILD, inactive=True)
        assert CHILD not in ids(fleet.get(path))

    @pytest.mark.parametrize("mode", ["offering", "delivery", "deploy"])
    def test_a_policy_shows_and_refuses_as_its_mode_says(self, mode: str) -> None:
        fleet = Caller(cdn_partial_failure="listed")
        fleet.world.restrict(CHILD, "radio", "1.4.0", "battery below 30 %", mode)

        def offered(device: str, query: str = "") -> Any:
            projects = fleet.get("/api/cdn/device/offering", f"device_id={device}{query}")[1][0]["data"]
            return projects[0]["releases"][0]["availability"]

        reason = "battery below 30 %" if mode == "offering" else None
        assert (offered(CHILD)["offered"], offered(CHILD)["notOfferedReason"]) == (reason is None, reason)
        assert offered(OTHER)["offered"] is True
        assert offered(CHILD, "&bypass_policy=true") is None
        error = fleet.act("DeliveryStart", NEW, CHILD)[1][0]["error"]
        assert (error == "refused by policy restrictions: battery below 30 %") is (mode != "deploy")
        fleet.clock.advance(6)
        assert "policy" in (fleet.act("DeployStart", NEW, CHILD)[1][0]["error"] if mode == "deploy" else error)
        fleet.world.restrict(CHILD, "radio", "1.4.0", "")
        fleet.upgrade(CHILD, NEW)
        assert fleet.row(CHILD, NEW) == ("installed", "Done")
        with pytest.raises(ValueError, match="offering, delivery, deploy"):
            fleet.world.restrict(CHILD, "radio", "1.4.0", "x", "never")


class TestAction:
    @pytest.mark.parametrize("state", ["offering", "push"])
    def test_a_child_takes_what_was_pushed_to_it(self, state: str) -> None:
        fleet = Caller(cdn_partial_failure="listed", cdn_push="needed", pushed_state=state)

        def known(device: str) -> Any:
            return fleet.get("/api/cdn/device/offering", f"device_id={device}")[1][0]["data"][0]["releases"][0]

        assert (known(CHILD)["version"], known(CHILD)["deviceRelease"]) == ("1.4.0", None)
        assert "not available" in fleet.act("DeliveryStart", NEW, CHILD)[1][0]["error"]
        assert known(ROOT)["deviceRelease"] == {"state": state}
        assert fleet.act("Push", NEW, CHILD)[1][0]["success"] is True
        assert (known(CHILD)["deviceRelease"], known(OTHER)["deviceRelease"]) == ({"state": state}, None)
        fleet.upgrade(CHILD, NEW)
        assert fleet.row(CHILD, NEW) == ("installed", "Done")

    def test_stop_and_cancel_are_for_downloads(self) -> None:
        fleet = Caller(cdn_partial_failure="listed")
        fleet.act("DeliveryStart", NEW, CHILD)
        fleet.act("DeliveryStop", NEW, CHILD)
        assert fleet.row(CHILD, NEW) == ("delivery", "Pause")
        fleet.act("DeliveryCancel", NEW, CHILD)
        assert fleet.row(CHILD, NEW) == ("delivery", "Cancel")
        for command in ("DeliveryStop", "DeliveryCancel"):
            assert fleet.act(command, OLD, CHILD)[1][0] == {
                "deviceId": CHILD, "success": False, "error": f"{OLD} is not being downloaded",
            }  # fmt: skip
            assert fleet.act(command, NEW, OTHER)[1][0]["success"] is False

    def test_delete(self) -> None:
        fleet = Caller(cdn_partial_failure="listed")
        fleet.act("DeliveryStart", NEW, CHILD)
        fleet.clock.advance(6)
        fleet.act("DeliveryDelete", NEW, CHILD)
        assert fleet.row(CHILD, NEW) == ("deleted", None)

    def test_what_fails_is_silent_or_listed(self) -> None:
        for variant in ("silent", "listed"):
            fleet = Caller(cdn_partial_failure=variant)
            fleet.world.set_online(OTHER, online=False)
            status, answer = fleet.act("DeployStart", OLD, CHILD, OTHER, "nobody", ROOT)
            assert status == 200
            if variant == "silent":
                assert answer is None
                continue
            assert [(one["deviceId"], one["error"]) for one in answer] == [
                (CHILD, None),
                (OTHER, "the device is not connected"),
                ("nobody", "there is no such device"),
                (ROOT, None),
            ]
            assert fleet.act("DeployStart", NEW, CHILD)[1][0]["error"] == f"{NEW} is not downloaded"
            assert fleet.act("DeployStart", "1.no@1.0.0", CHILD)[1][0]["error"] == "there is no such release"

    def test_the_other_names_of_the_body(self) -> None:
        fleet = Caller(cdn_action_body="catalog_id+device_ids")
        assert fleet.act("DeliveryStart", NEW, CHILD)[0] == 400
        body = {"action": "DeliveryStart", "catalog_id": NEW, "device_ids": [CHILD]}
        assert fleet.post(ACTION, body) == (200, None)
        assert fleet.row(CHILD, NEW) == ("delivery", "Start")

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"[", "JSON object"),
            ([], "JSON object"),
            ({}, "action must be one of Push, DeliveryStart"),
            ({"action": "Uninstall", "catalogId": NEW, "deviceIds": []}, "action must be one of"),
            ({"action": "DeployStart", "deviceIds": []}, "catalogId must be a string"),
            ({"action": "DeployStart", "catalogId": NEW, "deviceIds": CHILD}, "deviceIds must be an array"),
            ({"action": "DeployStart", "catalogId": NEW, "deviceIds": [1]}, "deviceIds must be an array"),
        ],
    )
    def test_bodies_that_are_none(self, body: Any, says: str) -> None:
        status, error = Caller().post(ACTION, body)
        assert (status, error["name"], error["statusCode"]) == (400, "ValidationError", 400)
        assert says in error["message"]
