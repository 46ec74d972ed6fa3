"""Who one is, what software and hardware there is, and which installs were tried."""

from collections import Counter
from operator import itemgetter

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.memfault.access import EMAIL
from reconciler.simulators.memfault.call import Call, data
from reconciler.simulators.memfault.inventory import Install, SoftwareType, iso
from reconciler.simulators.memfault.payloads import (
    hardware_payload,
    install_payload,
    organization_payload,
    project_payload,
    type_payload,
    version_payload,
)
from reconciler.simulators.memfault.refusals import not_found


def get_me(call: Call) -> Reply:
    """The user who calls, without an envelope (confirmed: SW example)."""
    project = call.project
    born = iso(project.created)
    dates = {"created_date": born, "updated_date": born}
    organizations = [organization_payload(project)]
    return json_reply(200, {"id": 1, "email": EMAIL, "name": "Robot", "organizations": organizations, **dates})


def list_organizations(call: Call) -> Reply:
    """The organizations that the credentials reach."""
    return call.page([organization_payload(call.project)])


def get_project(call: Call) -> Reply:
    """The project."""
    return data(project_payload(call.project))


def list_types(call: Call) -> Reply:
    """Software types (confirmed: AE openapi)."""
    return call.page([type_payload(one) for one in call.project.types.values()])


def list_type_values(call: Call) -> Reply:
    """Software types with `is_primary_type`, and sorts that repeat (confirmed: CLI deploy.py)."""
    project = call.project
    primary = Counter(device.hardware.primary for device in project.devices.values())
    primaries = {hardware.primary for hardware in project.hardware.values()}
    rows = [
        {"name": name, "is_primary_type": name in primaries, "active_device_count": primary[name]}
        for name in project.types
    ]
    keys = {name: itemgetter(name) for name in ("is_primary_type", "active_device_count", "name")}
    return call.page(call.parameters.sort(rows, keys))


def list_versions(call: Call) -> Reply:
    """The versions of a software type (confirmed: AE openapi), or by a variant nothing."""
    found = _type(call)
    return call.page([version_payload(found, version) for version in found.versions])


def get_version(call: Call) -> Reply:
    """One version of a software type (confirmed: CLI deploy.py)."""
    found, version = _type(call), call.path["version"]
    if version not in found.versions:
        raise not_found(f"Software version {version!r}")
    return data(version_payload(found, version))


def _type(call: Call) -> SoftwareType:
    found = call.project.types.get(call.path["type"])
    if found is None or call.variants["type-versions"] == "404":
        raise not_found(f"Software type {call.path['type']!r}")
    return found


def list_hardware(call: Call) -> Reply:
    """Hardware versions; that they can be listed is inferred of their creation (AWSJS)."""
    project = call.project
    devices = Counter(device.hardware.name for device in project.devices.values())
    return call.page([hardware_payload(project, one, devices[one.name]) for one in project.hardware.values()])


def list_installs(call: Call) -> Reply:
    """By `release`, `device`, `status`; sorted by `began_at` and `transitioned_at` (confirmed: SW Installs)."""
    ask = call.parameters
    release, device, status = ask.filters("release"), ask.filters("device"), ask.filters("status")
    found: list[Install] = [
        one
        for one in call.project.installs
        if release(one.release.version) and device(one.device.serial) and status(one.status)
    ]
    keys = {"began_at": lambda one: one.began, "transitioned_at": lambda one: one.ended}
    return call.page([install_payload(one) for one in ask.sort(found, keys)])
