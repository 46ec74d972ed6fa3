"""What the nouns look like on the wire."""

from typing import Any

import msgspec

from reconciler.simulators.exchange import Json
from reconciler.simulators.getapp.catalog import FORMATION, PRODUCT, Release, iso
from reconciler.simulators.getapp.fleet import Device, Fleet
from reconciler.simulators.getapp.preparations import artifacts
from reconciler.simulators.getapp.rows import (
    DELETED,
    DELIVERY,
    DEPLOY,
    INSTALLED,
    UNINSTALLED,
    Row,
)

Payload = dict[str, Any]

_DELIVERY_ON_THE_WIRE = {"InProgress": "Download", "Cancel": "Cancelled"}


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
        "latest": release.project.latest() is release,
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


def row_payload(row: Row, shape: str) -> Payload:
    """A row in the nested shape of April 2026, or the flat one before it (confirmed: seeds 000 and 001)."""
    payload = _flat(row) if shape == "flat" else _nested(row)
    for field, value in row.planted:
        inside, _, name = field.rpartition(".")
        if inside and inside not in payload:
            continue
        target = payload[inside] if inside else payload
        target["status" if shape == "flat" and name == "deviceReleaseStatus" else name] = value
    return payload


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
        "latest": release.project.latest() is release,
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


def row_json(row: Row, shape: str) -> bytes:
    """A row as JSON, kept where devices share the row."""
    if row.wire is not None:
        return row.wire
    encoded = msgspec.json.encode(row_payload(row, shape))
    if row.shared:
        row.wire = encoded
    return encoded


def device_payload(fleet: Fleet, device: Device) -> Payload:
    """Enrollment and metadata of a device (confirmed: agent-cdn/get-cdn-device)."""
    return {**fleet.enrollment(device), "metadata": fleet.metadata(device)}


def offering_payload(fleet: Fleet, device: Device, *, bypass_policy: bool, updates: bool) -> list[Payload]:
    """What a device may take: of each project the latest release, with `updates` every released one, and what was pushed.

    The shape is confirmed (agent-cdn/get-cdn-device-offering), which releases are offered is inferred.
    """
    shown = []
    for project in fleet.catalog.projects.values():
        latest = project.latest()
        offered = [
            release
            for release in project.releases.values()
            if release is latest or (updates and release.status == "released") or release.id in device.pushed
        ]
        if offered:
            shown.append(
                {
                    "projectId": project.number,
                    "projectName": project.name,
                    "displayName": project.name.replace("-", " "),
                    "label": None,
                    "releases": [_offered(fleet, device, release, bypass_policy) for release in offered],
                }
            )
    return shown


def _offered(fleet: Fleet, device: Device, release: Release, bypass_policy: bool) -> Payload:
    held = device.rows.get(release.id)
    available = {"offered": True, "notOfferedReason": None, "unavailable": False, "unavailableReason": None}
    on_device: Payload = {"state": "offering"}
    if held is not None:
        row = fleet.seen(held)
        on_device = {
            "state": row.state,
            "status": row.status,
            "deliveryState": row.phase,
            "progress": row.progress,
            "eta": row.eta,
            "errMsg": row.error,
            "artsDirPath": _folder(row),
            "downloadDuration": row.duration,
        }
    availability = None if bypass_policy else available
    return {**release_payload(release), "availability": availability, "deviceRelease": on_device}


def deploy_payload(device: Device, row: Row) -> Payload:
    """A deploy record with the names of 2026 (confirmed: agent/deploy-change-state) and those of 2024 (agent OpenAPI)."""
    status = row.status if row.state in {DEPLOY, INSTALLED, UNINSTALLED} else None
    asked = "Uninstall" if status == "Uninstall" else None
    return {
        "catalogId": row.release.id,
        "deviceId": device.id,
        "status": status,
        "requestedStatus": asked,
        "progress": int(row.progress or 0),
        "eta": row.eta,
        "messageLog": row.error,
        "startedAt": None,
        "stoppedAt": None,
        "completedAt": None,
        "currentTime": None,
        "type": "software",
        "refId": row.release.id,
        "deployStatus": status,
        "deployChangeState": asked,
    }


def delivery_payload(row: Row) -> Payload:
    """A delivery record of V1 (confirmed: agent OpenAPI 0.5); past the download it is done."""
    status = (row.status or "Start") if row.state == DELIVERY else "Done"
    return {
        "refId": row.release.id,
        "isStartDeploy": False,
        "type": "software",
        "deliveryStatus": _DELIVERY_ON_THE_WIRE.get(status, status),
        "downloadData": row.progress if row.state == DELIVERY else 100.0,
        "downloadEstimateTime": row.eta,
        "path": _folder(row),
    }


def component_payload(device: Device, row: Row) -> Payload:
    """A component of V1 (confirmed: agent OpenAPI 0.5)."""
    deploys = row.state in {DEPLOY, INSTALLED, UNINSTALLED}
    return {
        "catalogId": row.release.id,
        "name": row.release.project.name,
        "versionNumber": row.release.version,
        "latest": row.release.project.latest() is row.release,
        "releaseNotes": f"notes on {row.release.version}",
        "virtualSize": row.release.size,
        "status": "deploy" if deploys else "delivery",
        "delivery": delivery_payload(row),
        "deploy": deploy_payload(device, row) if deploys else None,
    }


def server_release(release: Release, *, detailed: bool = False) -> Payload:
    """A release as the server tells of it (confirmed: release.dto.ts, project-management)."""
    payload: Payload = {
        **_dependency(release),
        "name": release.project.name,
        "releaseNotes": f"notes on {release.version}",
        "metadata": _metadata(release),
        "status": release.status,
        "createdAt": iso(release.created),
        "updatedAt": iso(release.updated),
        "latest": release.project.latest() is release,
        "releasedAt": iso(release.created) if release.status == "released" else None,
        "requiredRegulationsCount": 0,
        "compliantRegulationsCount": 0,
        "createdBy": "operator",
        "updatedBy": "operator",
        "isImported": False,
        "readonly": False,
    }
    if detailed:
        dependencies: Json = [_dependency(one) for one in release.dependencies]
        payload |= {"artifacts": artifacts(release), "dependencies": dependencies, "policies": []}
    return payload
