"""Devices (confirmed: WEB api/devices; SW; bodies: MDX docs/ci/add-device-to-cohort-api.mdx; in code: NCS, AWSJS)."""

from collections.abc import Callable

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.memfault import fields
from reconciler.simulators.memfault.call import NO_CONTENT, Call
from reconciler.simulators.memfault.inventory import DEFAULT, Device, Hardware
from reconciler.simulators.memfault.listing import device_listing
from reconciler.simulators.memfault.payloads import device_row
from reconciler.simulators.memfault.refusals import Refusal, not_found


def list_devices(call: Call) -> Reply:
    """By `release`, `owner_ref`, `last_seen_since`, `last_seen_until`, `hardware_version`; sorted by `last_seen`.

    There is no filter by cohort in the reference: one is ignored, as everything that is not known.
    """
    key = tuple(pair for pair in call.parameters.pairs if pair[0] not in {"page", "per_page"})
    members = call.listings.members(call.project.revision, key, lambda: _select(call))
    return device_listing(members, encoded(call), call.parameters, call.variants)


def _select(call: Call) -> list[Device]:
    ask, project = call.parameters, call.project
    release, owner, hardware = ask.filters("release"), ask.filters("owner_ref"), ask.filters("hardware_version")
    between = ask.between("last_seen_since", "last_seen_until")
    found = [
        device
        for device in project.devices.values()
        if release(device.reported)
        and owner(device.owner)
        and hardware(device.hardware.name)
        and between(project.seen(device))
    ]
    return ask.sort(found, {"last_seen": lambda device: project.seen(device) or 0})


def encoded(call: Call) -> Callable[[Device], bytes]:
    """A device as JSON in the shape of this project."""
    project = call.project
    return lambda device: device_row(project, device)


def get_device(call: Call) -> Reply:
    """One device."""
    return _shown(call, call.device(), 200)


def make_device(call: Call) -> Reply:
    """A device that was never heard of; 409 where it exists. New ones join the default cohort (confirmed: MDX)."""
    body = call.body()
    serial = fields.required(body, "device_serial", fields.SLUG)
    hardware = _hardware(call, fields.text(body, "hardware_version"))
    cohort = call.cohort_of(body.get("cohort", DEFAULT))
    if serial in call.project.devices:
        raise Refusal(409, f"there is a device {serial!r} already")
    made = Device(next(call.project.ids), serial, hardware, cohort, call.project.now(), call.project.now())
    _take(call, made, body)
    call.commit(lambda: call.project.put_device(made))
    return _shown(call, made, int(call.variants["create-status"]))


def update_device(call: Call) -> Reply:
    """Change some fields. By a variant the answer is 202, and the effect comes later (in code: AWSJS recorded 202)."""
    device, body = call.device(), call.body()
    late = call.variants["device-patch"] == "202"
    if "cohort" in body:
        call.cohort_of(body["cohort"])
    _take(call, Device(0, "", device.hardware, device.cohort, 0, 0), body)
    call.commit(lambda: _update(call, device, body), later=late)
    return _shown(call, device, 202 if late else 200)


def _update(call: Call, device: Device, body: fields.Body) -> None:
    project = call.project
    if project.devices.get(device.serial) is not device:
        return
    _take(call, device, body)
    cohort = project.cohort(body.get("cohort"))
    if cohort is not None:
        project.move(device, cohort)
    project.touch(device)
    call.world.updates.device_changed(device)


def _take(call: Call, device: Device, body: fields.Body) -> None:
    """The fields of a body. A release of null ends the override of a device (in code: NCS)."""
    device.nickname = fields.text(body, "nickname", device.nickname)
    device.description = fields.text(body, "description", device.description)
    device.owner = fields.text(body, "owner_ref", device.owner)
    device.developer_mode = fields.flag(body, "server_side_developer_mode", device.developer_mode)
    if "hardware_version" in body:
        device.hardware = _hardware(call, fields.text(body, "hardware_version"))
    if "release" in body:
        device.override = _override(call, body["release"])


def _override(call: Call, release: Json) -> str | None:
    if release is not None and (not isinstance(release, str) or call.project.release(release) is None):
        raise not_found(f"Release {release!r}")
    return release


def _hardware(call: Call, name: str) -> Hardware:
    """The hardware version of a name; 404 for one that is not known (confirmed in code: AWSJS)."""
    found = call.project.hardware.get(name)
    if found is None:
        raise not_found(f"Hardware version {name!r}")
    return found


def delete_device(call: Call) -> Reply:
    """Delete a device."""
    device = call.device()
    call.commit(lambda: _delete(call, device))
    return NO_CONTENT


def _delete(call: Call, device: Device) -> None:
    if call.project.devices.get(device.serial) is device:
        call.project.remove_device(device)


def _shown(call: Call, device: Device, status: int) -> Reply:
    reply = json_reply(status, {})
    return Reply(status, b'{"data":' + device_row(call.project, device) + b"}", reply.headers)
