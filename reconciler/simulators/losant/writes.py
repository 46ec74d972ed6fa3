"""The writes: release, replace, remove, and making a version.

Bodies have the shapes of the vendor's schemas, and nothing besides (confirmed: JS lib/schemas/edgeDeployment*.json); a
refusal names the key. A write answers 202, before API 1.30.1 201, when it is accepted (confirmed: PY31); what it does to
the rows can be read later or, by variant, at once.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant.access import malformed, not_found
from reconciler.simulators.losant.agents import TOKEN
from reconciler.simulators.losant.call import Call, TagFilter, Text
from reconciler.simulators.losant.inventory import EDGE, Device, Flow
from reconciler.simulators.losant.reads import version_payload

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]{24}\Z")]
Agent = Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}\.\d{1,9}\.\d{1,9}\Z")]


class Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What a write says."""


class Release(Body):
    """Set a version, or none, on devices."""

    flow_id: Id
    version: Text | None
    device_ids: Annotated[list[Id], msgspec.Meta(max_length=1000)] = []
    device_tags: TagFilter = []


class Replace(Body):
    """Set a version, or none, wherever another one is."""

    flow_id: Id
    old_version: Text
    new_version: Text | None


class Remove(Body):
    """Set no version; null stands for all flows, or all devices."""

    flow_id: Id | None
    device_id: Id | None


class NewVersion(msgspec.Struct, rename="camel"):
    """A version of a workflow; its graph, and what else it holds, is content and not looked at."""

    version: Text
    notes: str = ""
    minimum_agent_version: Agent | None = None


RESERVED = ("develop", "default")
"""Names that no version may have (confirmed: JS lib/schemas/flowVersionPost.json)."""

B = TypeVar("B", bound=msgspec.Struct)


def release(call: Call) -> Reply:
    """Set what is desired of one flow on the devices named by id, by tag, or (a variant) by neither."""
    body = _body(call, Release)
    flow = _edge_flow(call, body.flow_id)
    _check_version(call, flow, body.version)
    devices: dict[int, Device] = {}
    if not body.device_ids and not body.device_tags:
        answer = call.world.app.variants["release-without-selector"]
        if answer == "reject":
            raise malformed("deviceIds or deviceTags is required")
        if answer == "all":
            devices = {d.index: d for d in _edge_devices(call)}
    for device_id in body.device_ids:
        device = _named_device(call, device_id)
        if device is not None:
            devices[device.index] = device
    for tag in body.device_tags:
        devices |= {d.index: d for d in _edge_devices(call) if tag.matches(d.tags)}
    return _assign(call, [(device, flow) for device in devices.values()], body.version)


def replace(call: Call) -> Reply:
    """Move every row that holds the old version of one flow to the new one, or to none."""
    body = _body(call, Replace)
    flow = _edge_flow(call, body.flow_id)
    _check_version(call, flow, body.new_version)
    where = call.world.app.variants["replace-matches"]
    holders = [row.device for row in flow.rows.values() if row.holds(body.old_version, where)]
    return _assign(call, [(device, flow) for device in holders], body.new_version)


def remove(call: Call) -> Reply:
    """Remove one flow from one device, a flow from every device, every flow from a device, or (a variant) all."""
    body = _body(call, Remove)
    app = call.world.app
    if body.flow_id is None and body.device_id is None:
        answer = app.variants["remove-null-null"]
        if answer == "reject":
            raise malformed("flowId or deviceId is required")
        if answer == "none":
            return _assign(call, [], None)
    flow = _edge_flow(call, body.flow_id) if body.flow_id is not None else None
    device = _named_device(call, body.device_id) if body.device_id is not None else None
    if body.device_id is not None and device is None:
        return _assign(call, [], None)
    rows = app.rows_of(device) if device is not None else [row for row in app.rows if row.alive]
    wanted = [row for row in rows if row.flow.flow_class == "edge" and (flow is None or row.flow is flow)]
    return _assign(call, [(row.device, row.flow) for row in wanted], None)


def make_version(call: Call) -> Reply:
    """Make a version of a flow; over an existing name only with `allowReplacement` (confirmed: JS docs/flowVersions.md)."""
    flow, body = call.flow(), _body(call, NewVersion)
    if body.version in RESERVED:
        raise malformed(f"version must not be {body.version}")
    if body.version in flow.versions and not call.parameters.flag("allowReplacement"):
        raise malformed(f"version {body.version} exists already")
    call.world.create_version(flow.id, body.version, body.minimum_agent_version, body.notes)
    return json_reply(201, version_payload(call.world.app, flow, flow.versions[body.version]))


def _body(call: Call, kind: type[B]) -> B:
    try:
        return msgspec.json.decode(call.request.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(str(error)) from None


def _assign(call: Call, pairs: Sequence[tuple[Device, Flow]], version: str | None) -> Reply:
    world = call.world
    effect = _effect(call, world.faults.without_some(pairs) if call.partial else pairs, version)
    late = call.lag or world.app.variants["write-visible"] == "later"
    world.app.later(world.faults.lag_for if late else 0, effect)
    return json_reply(int(world.app.variants["write-status"]), {"success": True})


def _effect(call: Call, pairs: Sequence[tuple[Device, Flow]], version: str | None) -> Callable[[], None]:
    def effect() -> None:
        for device, flow in pairs:
            if device.deleted is None:
                call.world.agents.assign(device, flow, version, TOKEN)

    return effect


def _edge_flow(call: Call, flow_id: str) -> Flow:
    flow = call.world.app.flow_of_id(flow_id)
    if flow is None or flow.flow_class != "edge":
        raise not_found("Flow")
    return flow


def _edge_devices(call: Call) -> list[Device]:
    return [d for d in call.world.app.devices if d.deleted is None and d.device_class == EDGE]


def _check_version(call: Call, flow: Flow, version: str | None) -> None:
    variants = call.world.app.variants
    if version is None or version in flow.versions:
        return
    if version == "develop":
        if variants["develop-version"] == "reject":
            raise malformed("version must not be develop")
    elif variants["unknown-version"] != "accept":
        status = int(variants["unknown-version"])
        raise not_found("Flow version") if status == 404 else malformed("version is unknown")


def _named_device(call: Call, device_id: str) -> Device | None:
    """The device to act on; None where it is to be ignored."""
    variants = call.world.app.variants
    device = call.world.app.device_of_id(device_id, deleted=True)
    if device is None or device.deleted is not None:
        if variants["unknown-ids"] == "refuse" or (device is not None and device.refused):
            raise malformed("Device was not found")
        return None
    if device.device_class != EDGE:
        if variants["other-class"] == "refuse":
            raise malformed("Device is not an edge compute device")
        return None
    return device
