"""Every endpoint, parameter, field and value that the platform's own pages name is there.

The pages: get-cdn-device-releases, get-release-status, delivery-controller-get-prepared-delivery-status.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.simulators.getapp import Shape
from tests.unit.simulators.getapp.caller import CHILD, NEW, OLD, Caller

# Field -> types; None where the pages say nullable. Those of the second table are required.
ROW_FIELDS: dict[str, tuple[type | None, ...]] = {
    "artsDirPath": (str, None), "deliveryState": (str, None), "deviceReleaseStatus": (str, None),
    "downloadDuration": (int, None), "errMsg": (str, None), "eta": (int, None), "progress": (float, None),
    "release": (dict,), "state": (str,),
}  # fmt: skip
RELEASE_FIELDS: dict[str, tuple[type | None, ...]] = {
    "createdAt": (str,), "dependencies": (list, None), "displayName": (str, None), "id": (str,), "label": (str, None),
    "latest": (bool, None), "metadata": (dict, None), "policies": (list, None), "projectId": (int,),
    "projectName": (str,), "releaseNotes": (str, None), "releasedAt": (str, None), "size": (int, None),
    "status": (str,), "type": (str,), "updatedAt": (str,), "version": (str,),
}  # fmt: skip
STATES = {"delivery", "downloaded", "deleted", "deploy", "installed", "uninstalled"}

DELIVERY_STATES = {"prepare", "download", "validation", "done"}
DELIVERY_STATUSES = {"Start", "InProgress", "Done", "Pause", "Cancel", "Error"}
DEPLOYMENT_STATUSES = {"Start", "Done", "Installing", "Error", "Uninstall"}
PREPARE_STATUSES = {"start", "inProgress", "done", "error", "pending"}
ARTIFACT_FIELDS = {
    "catalogId", "id", "itemKey", "artifactType", "metaData", "url", "size", "hash", "signature", "isExecutable",
    "arguments",
}  # fmt: skip


def busy() -> list[dict[str, Any]]:
    """All rows seen while a child goes through everything that a release can go through."""
    fleet = Caller(delete_installed="allow", multi_version="uninstalled")
    agents, device = fleet.world.agents, fleet.fleet.devices[CHILD]
    release = fleet.fleet.catalog.releases[NEW]
    seen: list[dict[str, Any]] = []

    def look(seconds: int = 0) -> None:
        for _ in range(seconds + 1):
            fleet.fleet.advance()
            seen.extend(fleet.rows(CHILD).values())
            fleet.clock.advance(1 if seconds else 0)

    for step, seconds in (
        (agents.deliver, 1), (agents.pause, 0), (agents.cancel, 0), (agents.deliver, 7), (agents.deploy, 5),
        (agents.uninstall, 3), (agents.delete, 0),
    ):  # fmt: skip
        step(device, release)
        look(seconds)
    device.failing = True
    for step in (agents.deliver, agents.deploy):
        step(device, release)
        look(7)
    fleet.world.console(CHILD, "gpu-runtime", "5.0.0")
    look()
    return seen


def test_every_value_of_a_row_is_seen() -> None:
    rows = busy()
    assert {row["state"] for row in rows} == STATES
    assert {row["deliveryState"] for row in rows} == DELIVERY_STATES | {None}
    assert {row["deviceReleaseStatus"] for row in rows} == DELIVERY_STATUSES | DEPLOYMENT_STATUSES | {None}
    downloads = {row["deviceReleaseStatus"] for row in rows if row["state"] in {"delivery", "downloaded"}}
    assert downloads <= DELIVERY_STATUSES
    assert {row["deviceReleaseStatus"] for row in rows if row["state"] == "deploy"} <= DEPLOYMENT_STATUSES
    assert {row["release"]["type"] for row in rows} == {"product", "formation"}
    assert any(row["errMsg"] for row in rows)


def test_every_field_of_a_row_is_there_and_of_its_type() -> None:
    for row in busy():
        for table, payload in ((ROW_FIELDS, row), (RELEASE_FIELDS, row["release"])):
            assert set(payload) == set(table)
            for name, kinds in table.items():
                value = payload[name]
                assert (None in kinds) if value is None else type(value) in kinds, (name, value)
        for name in ("createdAt", "updatedAt"):
            assert datetime.fromisoformat(row["release"][name]).tzinfo is not None


def test_one_release_of_the_root_device() -> None:
    fleet = Caller(faults=["500=100%@device.release*1"])
    path = f"/api/v2/device/releases/{OLD}"
    for status, answer in (fleet.get(path), fleet.get("/api/v2/device/releases/1.no@1.0.0")):
        assert (set(answer), answer["statusCode"]) == ({"message", "name", "statusCode"}, status)
        assert status in {404, 500}
    assert set(fleet.get(path)[1]) == set(ROW_FIELDS)


def test_a_prepared_delivery() -> None:
    fleet = Caller(Shape(units=1, prepare=4))
    fleet.login()
    path, seen = f"/api/v1/delivery/preparedDelivery/{NEW}", []
    for source in ("remote", "cache", "remote", "cache", "remote"):
        seen.append(fleet.get(path, f"source={source}")[1])
        fleet.clock.advance(0.5 if len(seen) == 1 else 1.5)
    done = seen[-1]
    assert set(done) == {"catalogId", "status", "progress", "size", "url", "artifacts"}
    assert all(set(one) == ARTIFACT_FIELDS for one in done["artifacts"])
    assert [one["hash"]["algorithm"] for one in done["artifacts"]] == ["SHA256Hex", "SHA256Base64"]
    seen.append(fleet.get(path.replace("1.4.0", "0.9.0"))[1])
    seen.append(fleet.get(path.replace("1.4.0", "0.9.0"))[1])
    assert {one["status"] for one in seen} == PREPARE_STATUSES
