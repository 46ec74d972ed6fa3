"""The writes: release, replace, remove, and making a version.

A write answers 201 when it is accepted; what it does to the rows happens at once or, by variant or fault, later.
"""

from collections.abc import Callable, Sequence

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant import bodies
from reconciler.simulators.losant.agents import TOKEN
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.inventory import EDGE, Device, Flow
from reconciler.simulators.losant.payloads import version_payload
from reconciler.simulators.losant.queries import tag_test
from reconciler.simulators.losant.refusals import Refusal, malformed, not_found


def release(call: Call) -> Reply:
    """Set what is desired of one flow on the devices named by id, by tag, or (a variant) by neither."""
    body = bodies.release(call.request.body)
    flow = _edge_flow(call, body.flow)
    _check_version(call, flow, body.version)
    devices: dict[int, Device] = {}
    if not body.ids and not body.tags:
        answer = call.world.app.variants["release-without-selector"]
        if answer == "reject":
            raise malformed("deviceIds or deviceTags is required")
        if answer == "all":
            devices = {d.index: d for d in _edge_devices(call)}
    for device_id in body.ids or ():
        device = _named_device(call, device_id)
        if device is not None:
            devices[device.index] = device
    if body.tags:
        matches = tag_test(body.tags, "or")
        devices |= {d.index: d for d in _edge_devices(call) if matches(d.tags)}
    return _assign(call, [(device, flow) for device in devices.values()], body.version)


def replace(call: Call) -> Reply:
    """Move every row that holds the old version of one flow to the new one."""
    body = bodies.replace(call.request.body)
    flow = _edge_flow(call, body.flow)
    _check_version(call, flow, body.new)
    app = call.world.app
    rows = app.rows.with_version(app.rows.of_flow(flow.index), body.old, app.variants["replace-matches"])
    return _assign(call, [(app.devices[app.rows.device[row]], flow) for row in rows], body.new)


def remove(call: Call) -> Reply:
    """Remove one flow from one device, a flow from every device, every flow from a device, or (a variant) all."""
    body = bodies.remove(call.request.body)
    app = call.world.app
    if body.flow is None and body.device is None:
        answer = app.variants["remove-null-null"]
        if answer == "reject":
            raise malformed("flowId or deviceId is required")
        if answer == "none":
            return _assign(call, [], None)
    flow = _edge_flow(call, body.flow) if body.flow is not None else None
    device = _named_device(call, body.device) if body.device is not None else None
    if body.device is not None and device is None:
        return _assign(call, [], None)
    rows = app.rows.of_device(device.index) if device is not None else list(app.rows.live())
    pairs = [(app.devices[app.rows.device[row]], app.flows[app.rows.flow[row]]) for row in rows]
    wanted = [(on, what) for on, what in pairs if what.flow_class == "edge" and (flow is None or what is flow)]
    return _assign(call, wanted, None)


def make_version(call: Call) -> Reply:
    """Make a version of a flow; over an existing name only with `allowReplacement`."""
    flow = call.flow()
    body = bodies.new_version(call.request.body)
    if body.name in flow.versions and not call.parameters.flag("allowReplacement"):
        raise malformed(f"version {body.name} exists already")
    call.world.create_version(flow.id, body.name, body.minimum_agent, body.notes)
    return json_reply(201, version_payload(call.world.app, flow, flow.versions[body.name]))


def _assign(call: Call, pairs: Sequence[tuple[Device, Flow]], version: str | None) -> Reply:
    world = call.world
    ignored = world.faults.some_of(list(range(len(pairs)))) if call.partial else set()
    effect = _effect(call, [pair for n, pair in enumerate(pairs) if n not in ignored], version)
    late = call.lag or world.app.variants["write-visible"] == "later"
    world.app.later(world.faults.lag_for if late else 0, effect)
    return json_reply(201, {"success": True})


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
            raise Refusal(400, "Validation", "Device was not found")
        return None
    if device.device_class != EDGE:
        if variants["other-class"] == "refuse":
            raise Refusal(400, "Validation", "Device is not an edge compute device")
        return None
    return device
