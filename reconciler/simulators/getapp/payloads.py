"""What the nouns look like on the wire."""

from functools import lru_cache
from typing import Any

import msgspec

from reconciler.simulators.exchange import Json
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.delivery import artifacts
from reconciler.simulators.getapp.fleet import DELETED, FORMATION, PRODUCT, Device, Release, Row, iso

Payload = dict[str, Any]


def release_payload(release: Release) -> Payload:
    """The `release` of a row (confirmed: seed 000; the shape of a dependency is inferred)."""
    return {
        "id": release.id,
        "projectId": release.project.number,
        "projectName": release.project.name,
        "version": release.version,
        "status": release.status,
        "type": FORMATION if release.project.type == FORMATION else PRODUCT,
        "createdAt": iso(release.created),
        "updatedAt": iso(release.updated),
        "displayName": release.project.name.replace("-", " "),
        "label": None,
        "latest": release.project.latest is release,
        "metadata": _metadata(release),
        "policies": [],
        "dependencies": [_dependency(one) for one in release.dependencies],
        "releaseNotes": f"notes on {release.version}",
        "releasedAt": iso(release.created) if release.status == "released" else None,
        "size": release.size,
    }


def _metadata(release: Release) -> Payload:
    return {
        "autoDeploy": release.auto_deploy,
        "installationSize": release.size * 3,
        "totalSize": release.size,
        "postInstallAction": {"type": "NONE", "url": "", "exePath": ""},
    }


def _dependency(release: Release) -> Payload:
    project = release.project
    return {"id": release.id, "projectId": project.number, "projectName": project.name, "version": release.version}


def _nested(row: Row) -> Payload:
    return {
        "artsDirPath": _folder(row),
        "deliveryState": row.phase,
        "deviceReleaseStatus": row.status,
        "downloadDuration": row.duration,
        "errMsg": row.error,
        "eta": row.eta,
        "progress": row.progress,
        "release": release_payload(row.release),
        "state": row.state,
    }


def _flat(row: Row) -> Payload:
    release = row.release
    return {
        "catalogId": release.id,
        "name": release.project.name,
        "version": release.version,
        "latest": release.project.latest is release,
        "metadata": _metadata(release),
        "releaseAt": iso(release.created),
        "releaseNotes": f"notes on {release.version}",
        "size": release.size,
        "deliveryState": row.phase,
        "downloadDuration": row.duration,
        "errMsg": row.error,
        "eta": row.eta,
        "progress": row.progress,
        "state": row.state,
        "status": row.status,
    }


def _folder(row: Row) -> str | None:
    return None if row.state == DELETED else f"/var/lib/getapp/data/comps/{row.release.id}"


def row_json(row: Row, shape: str) -> msgspec.Raw:
    """A row as JSON, in the nested shape of April 2026 or the flat one before it (confirmed: seeds 000 and 001)."""
    return _row_json(row, shape, row.release.project.latest)


@lru_cache(maxsize=1 << 16)
def _row_json(row: Row, shape: str, latest: Release | None) -> msgspec.Raw:
    """The same, kept: rows of many devices look the same, until another release is the latest."""
    return msgspec.Raw(msgspec.json.encode(_flat(row) if shape == "flat" else _nested(row)))


def device_payload(device: Device) -> Payload:
    """Who and what a device is (confirmed: agent-cdn/get-cdn-device); custom fields stand in its metadata (inferred)."""
    number = device.number
    return {
        "deliverySource": "cache",
        "deviceId": device.id,
        "deviceType": [device.type],
        "platform": device.platform,
        "platformId": "platform-1",
        "urlGetAppServerAvailable": ["https://getapp.example"],
        "metadata": {
            "battery": None,
            "ipAddress": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "location": None,
            "macAddress": f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            "name": device.name,
            "os": "linux",
            "osRelease": "6.6",
            "storageAvailable": 64_000_000_000,
            "urlGetAppServerActive": "https://getapp.example",
            **device.labels,
        },
    }


class OfferingEncoder:
    """What devices may take as JSON: of each project the latest release, with `include_updates` every released one.

    The shape is confirmed (agent-cdn/get-cdn-device-offering), which releases are offered is inferred, and so is that a
    child shows nothing of a release that was not pushed to it. With `bypass_policy` availability is null (confirmed:
    sse.md); policy that is enforced later than in the offering does not show in it (confirmed:
    policy-enforcement-configuration.md).
    """

    def __init__(self, call: Call) -> None:
        self.fleet = call.world.fleet
        self.bypass = call.flag("bypass_policy")
        updates = call.flag("include_updates")
        self._projects: list[tuple[bytes, list[tuple[Release, bytes]]]] = []
        for project in self.fleet.catalog.projects.values():
            latest = project.latest
            shown = [
                one for one in project.releases.values() if one.status == "released" and (updates or one is latest)
            ]
            named = {"projectId": project.number, "projectName": project.name, "label": None}
            named["displayName"] = project.name.replace("-", " ")
            if shown:
                self._projects.append((_opened(named), [(one, _opened(release_payload(one))) for one in shown]))

    def of(self, device: Device) -> bytes:
        """What one device may take."""
        return b"[%b]" % b",".join(
            b'%b,"releases":[%b]}' % (named, b",".join(self._one(device, one, opened) for one, opened in shown))
            for named, shown in self._projects
        )

    def _one(self, device: Device, release: Release, opened: bytes) -> bytes:
        availability, held, known = b"null", device.rows.get(release.id), b"null"
        if not self.bypass:
            reason, mode = device.restricted.get(release.id, ("", ""))
            availability = FREE if not reason or mode != "offering" else msgspec.json.encode(_availability(reason))
        if held is not None:
            known = msgspec.json.encode(_on_device(self.fleet.seen(held)))
        elif self.fleet.knows(device, release.id):
            known = b'{"state":"%b"}' % self.fleet.variants["pushed-state"].encode()
        return b'%b,"availability":%b,"deviceRelease":%b}' % (opened, availability, known)


def _opened(payload: Payload) -> bytes:
    """An object as JSON, to which more fields are added."""
    return msgspec.json.encode(payload)[:-1]


def _availability(reason: str | None) -> Payload:
    return {"offered": reason is None, "notOfferedReason": reason, "unavailable": False, "unavailableReason": None}


FREE = msgspec.json.encode(_availability(None))


def _on_device(row: Row) -> Payload:
    return {
        "state": row.state,
        "status": row.status,
        "deliveryState": row.phase,
        "progress": row.progress,
        "eta": row.eta,
        "errMsg": row.error,
        "artsDirPath": _folder(row),
        "downloadDuration": row.duration,
    }


def deploy_payload(device: Device, row: Row) -> Payload:
    """A deploy record with the names of 2026 (confirmed: agent/deploy-change-state) and those of 2024 (agent OpenAPI)."""
    asked = "Uninstall" if row.status == "Uninstall" else None
    return {
        "catalogId": row.release.id,
        "deviceId": device.id,
        "status": row.status,
        "requestedStatus": asked,
        "progress": int(row.progress or 0),
        "messageLog": row.error,
        "type": "software",
        "refId": row.release.id,
        "deployStatus": row.status,
        "deployChangeState": asked,
    }


def server_release(release: Release, *, detailed: bool = False) -> Payload:
    """A release as the server tells of it, without who made it and its regulations (confirmed: release.dto.ts)."""
    payload: Payload = {
        **_dependency(release),
        "name": release.project.name,
        "releaseNotes": f"notes on {release.version}",
        "metadata": _metadata(release),
        "status": release.status,
        "createdAt": iso(release.created),
        "updatedAt": iso(release.updated),
        "latest": release.project.latest is release,
        "releasedAt": iso(release.created) if release.status == "released" else None,
    }
    if detailed:
        dependencies: Json = [_dependency(one) for one in release.dependencies]
        payload |= {"artifacts": artifacts(release), "dependencies": dependencies, "policies": []}
    return payload
