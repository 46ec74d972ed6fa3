"""The fields that Losant's reference lists for edge deployments and versions, each with where people find it in ours."""

from __future__ import annotations

from typing import Any

from tests.unit.platforms.losant.application import APP, hex_id

DEVICE, FLOW, ROW = hex_id("d", 0), hex_id("f", 0), hex_id("a", 0)

LOG: dict[str, Any] = {
    "sourceType": "device",
    "sourceId": DEVICE,
    "date": "2026-11-20T08:01:00.000Z",
    "changeType": "current",
    "newValue": "v1.2.2",
    "previousValue": "v1.2.1",
    "attemptedValue": "v1.2.0",
    "newEtag": "etag-new",
    "previousEtag": "etag-previous",
    "attemptedEtag": "etag-attempted",
    "error": "workflow failed to start",
}

DEPLOYMENT: dict[str, Any] = {
    "id": ROW,
    "edgeDeploymentId": ROW,
    "applicationId": APP,
    "deviceId": DEVICE,
    "deviceName": "gw-0",
    "deviceConnectionInfo": {"time": "2026-11-20T08:00:00.000Z", "connected": 1},
    "flowId": FLOW,
    "flowName": "poller",
    "flowClass": "edge",
    "fileName": "poller.json",
    "creationDate": "2026-10-01T00:00:00.000Z",
    "lastUpdated": "2026-11-20T08:01:01.000Z",
    "currentVersion": "v1.2.2",
    "desiredVersion": "v1.2.3",
    "currentEtag": "etag-current",
    "desiredEtag": "etag-desired",
    "logs": [LOG],
}

SORTED_BY = ("id", "deviceId", "flowId", "desiredVersion", "currentVersion", "creationDate", "lastUpdated")
"""The fields that the seed itself names."""

IN_EXPLANATION: dict[str, tuple[str, ...]] = {
    "deviceId": ("unit", "id"),
    "deviceName": ("unit", "name"),
    "flowId": ("workload", "id"),
    "flowName": ("workload", "name"),
    "currentVersion": ("seen", "reported"),
    "desiredVersion": ("seen", "assigned"),
    "desiredEtag": ("seen", "identity"),
    "logs": ("seen", "error"),
}
"""By field, where the JSON of `explain` has it; the others are among the facts."""

ELSEWHERE = {"applicationId": "the connection's", "edgeDeploymentId": "the same as id"}

VERSION: dict[str, Any] = {
    "id": hex_id("e", 0),
    "version": "v1.2.3",
    "notes": "first",
    "enabled": False,
    "minimumAgentVersion": "1.30.0",
    "creationDate": "2026-01-01T00:00:00.000Z",
    "lastUpdated": "2026-02-01T00:00:00.000Z",
}

IN_RELEASES: dict[str, tuple[str, Any, str]] = {
    "id": ("reference", hex_id("e", 0), ""),
    "notes": ("notes", "first", "first"),
    "enabled": ("status", "disabled", "disabled"),
    "minimumAgentVersion": ("minimum_agent", "1.30.0", "agent 1.30.0"),
    "creationDate": ("created", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00Z"),
    "lastUpdated": ("updated", "2026-02-01T00:00:00.000Z", "2026-02-01T00:00Z"),
}
"""By field of a version, the key of `info` in the JSON of `releases`, what is there, and how the table shows it."""

BODIES: dict[str, set[str]] = {
    "release": {"flowId", "version", "deviceIds"},
    "remove": {"flowId", "deviceId"},
    "replace": {"flowId", "oldVersion", "newVersion"},
}
"""By call, the keys that the seed has in its body."""
