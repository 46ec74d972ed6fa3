"""What the nouns look like on the wire (confirmed: SW and WEB examples, where nothing else is said).

BITKEY is Block's client of the live API (github proto-at-block/bitkey, the firmware's tasks), which reads deltas,
artifacts and deployers.
"""

from typing import Any

import msgspec

from reconciler.simulators.memfault.inventory import (
    Artifact,
    Cohort,
    Deployment,
    Device,
    Release,
    SoftwareType,
    iso,
)
from reconciler.simulators.memfault.project import Project

Payload = dict[str, Any]


def organization_payload(project: Project) -> Payload:
    """The one organization."""
    return {"id": 1, "name": project.organization.title(), "slug": project.organization}


def project_payload(project: Project) -> Payload:
    """The project. Without `max_ota_upload_size` the official client sends a payload in one part (CLI upload.py)."""
    return {
        "id": project.number,
        "name": project.slug.replace("-", " ").title(),
        "slug": project.slug,
        "os": "Zephyr",
        "platform": "nRF9160",
        "count_devices": len(project.devices),
        "created_date": iso(project.created),
        "updated_date": iso(project.created),
    }


def release_payload(project: Project, release: Release) -> Payload:
    """A release. That replies carry `must_pass_through` is inferred (a variant)."""
    must = any(artifact.must_pass_through for artifact in release.artifacts)
    return {
        **release_brief(release),
        "min_version": release.min_version,
        "notes": release.notes,
        "extra_info": release.extra_info,
        **_must_pass(project, shown=must),
        "count_devices": project.count(release.version),
        "created_date": iso(release.created),
        "updated_date": iso(release.updated),
        "artifacts": [artifact_payload(project, artifact) for artifact in release.artifacts],
    }


def artifact_payload(project: Project, artifact: Artifact) -> Payload:
    """A payload for one hardware version (confirmed: SW Artifacts), which is an object live (in code: BITKEY)."""
    primary = {"name": project.hardware[artifact.hardware].primary}
    live = {"name": artifact.hardware, "primary_software_type": primary}
    return {
        "id": artifact.id,
        "type": "firmware",
        "hardware_version": live if project.variants["device-shape"] == "live" else artifact.hardware,
        "build_id": artifact.build_id,
        "filename": artifact.filename,
        "url": f"https://ota-cdn.example.invalid/{artifact.id}/{artifact.filename}",
        "md5": artifact.md5,
        **_must_pass(project, shown=artifact.must_pass_through),
        "extra_info": artifact.extra_info,
        "created_date": iso(artifact.created),
        "updated_date": iso(artifact.created),
    }


def _must_pass(project: Project, *, shown: bool) -> Payload:
    return {"must_pass_through": shown} if project.variants["must-pass-told"] == "shown" else {}


def release_brief(release: Release) -> Payload:
    """A release as others name it; a delta has a type and two versions (confirmed in code: BITKEY)."""
    if release.base is None:
        return {"id": release.id, "version": release.version, "revision": release.revision}
    versions = {"from_version": {"version": release.base}, "to_version": {"version": release.version}}
    return {"id": release.id, "type": "delta", **versions}


def cohort_brief(cohort: Cohort) -> Payload:
    """A cohort as devices name it."""
    return {"id": cohort.id, "name": cohort.name, "slug": cohort.slug}


def deployment_payload(deployment: Deployment) -> Payload:
    """A deployment, which WEB api/deployments shows with the size of its cohort and who made it.

    Those that an organization token made have no deployer (inferred of BITKEY, which copes with that).
    """
    who = deployment.deployer
    return {
        "id": deployment.id,
        "type": deployment.type,
        "status": deployment.status,
        "deployer": None if who is None else dict(zip(("id", "email", "name"), who, strict=True)),
        "release": release_brief(deployment.release),
        "rollout_percent": deployment.percent,
        "created_date": iso(deployment.created),
        "updated_date": iso(deployment.updated),
        "deployed_date": iso(deployment.created),
        "cohort": {**cohort_brief(deployment.cohort), "count_devices": len(deployment.cohort.devices)},
        "extra_info": deployment.extra_info,
    }


def cohort_payload(project: Project, cohort: Cohort) -> Payload:
    """A cohort with the fields seen live, `last_deployment` a time (confirmed in code: GO pkg/responses.go)."""
    return {
        **cohort_brief(cohort),
        "count_devices": len(cohort.devices),
        "created_date": iso(cohort.created),
        "updated_date": iso(cohort.updated),
        "last_deployment": None if cohort.last_deployment is None else iso(cohort.last_deployment),
        "updates_enabled": cohort.updates_enabled,
        "bypass_version_checks": cohort.bypass_version_checks,
        "count_active_deployments": len(project.activations(cohort)),
    }


def device_row(project: Project, device: Device) -> bytes:
    """A device as JSON. All but the time of `last_seen` is kept until it changes, for there are many of them."""
    if device.row is None:
        shape = _live if project.variants["device-shape"] == "live" else _reference
        device.row = msgspec.json.encode(shape(project, device))[:-1]
    seen = project.seen(device)
    return device.row + (b',"last_seen":null}' if seen is None else f',"last_seen":"{iso(seen)}"}}'.encode())


def _reference(project: Project, device: Device) -> Payload:
    """As the reference has it; the version is that of the primary software type alone."""
    release = None if device.reported is None else project.releases.get((None, device.reported))
    install = device.install
    return {
        **_either(device),
        "owner_ref": "",
        "hardware_version": device.hardware.name,
        "last_seen_release": None if release is None else release_brief(release),
        "latest_install": None if install is None else {"id": install.id, "status": install.status},
        "latest_trace": None,
    }


def _live(project: Project, device: Device) -> Payload:
    """As seen since 2022 (confirmed in code: AWSJS; NCS)."""
    primary = project.types[device.hardware.primary]
    version: Payload | None = None
    if device.reported is not None:
        kind = {"id": primary.id, "name": primary.name}
        number = primary.versions[device.reported]
        version = {"id": number, "version": device.reported, "archived": False, "software_type": kind}
    return {
        **_either(device),
        "hardware_version": {"name": device.hardware.name},
        "last_seen_software_version": version,
    }


def _either(device: Device) -> Payload:
    return {
        "id": device.id,
        "device_serial": device.serial,
        "nickname": "",
        "cohort": cohort_brief(device.cohort),
        "created_date": iso(device.created),
        "updated_date": iso(device.updated),
    }


def type_payload(software_type: SoftwareType) -> Payload:
    """A software type (confirmed in code: AWSJS)."""
    return {
        "id": software_type.id,
        "name": software_type.name,
        "created_date": iso(software_type.created),
        "software_versions_count": len(software_type.versions),
    }


def version_payload(software_type: SoftwareType, version: str) -> Payload:
    """A version of a software type; its fields are those that devices show."""
    kind = {"id": software_type.id, "name": software_type.name}
    return {"id": software_type.versions[version], "version": version, "archived": False, "software_type": kind}
