"""The writes: release, replace, remove, and making a version.

Bodies are held to the vendor's schemas by hand: unknown keys, missing keys, types, lengths, formats. Their readers raise a
400 `Refusal` whose message names the key (confirmed: JS lib/schemas/edgeDeployment*.json). A write answers 202, before API
1.30.1 201, when it is accepted (confirmed: PY31); what it does to the rows can be read later or, by variant, at once.
"""

from collections.abc import Callable, Sequence

from reconciler.simulators.exchange import Json, Reply, json_object, json_reply
from reconciler.simulators.losant.access import malformed, not_found
from reconciler.simulators.losant.agents import TOKEN
from reconciler.simulators.losant.call import OBJECT_ID, TAG_KEY, Call
from reconciler.simulators.losant.inventory import EDGE, Device, Flow, tag_test
from reconciler.simulators.losant.payloads import version_payload

Body = dict[str, Json]

MOST_IDS, MOST_TAGS, LONGEST = 1000, 100, 255
RESERVED = ("develop", "default")


def release(call: Call) -> Reply:
    """Set what is desired of one flow on the devices named by id, by tag, or (a variant) by neither."""
    body = _object(call, required=("flowId", "version"), optional=("deviceIds", "deviceTags"))
    ids = [_object_id(item, "deviceIds") for item in _array(body, "deviceIds", MOST_IDS)]
    tags = [_tag(item) for item in _array(body, "deviceTags", MOST_TAGS)]
    flow_id, version = _object_id(body["flowId"], "flowId"), _text_or_null(body["version"], "version")
    flow = _edge_flow(call, flow_id)
    _check_version(call, flow, version)
    devices: dict[int, Device] = {}
    if not ids and not tags:
        answer = call.world.app.variants["release-without-selector"]
        if answer == "reject":
            raise malformed("deviceIds or deviceTags is required")
        if answer == "all":
            devices = {d.index: d for d in _edge_devices(call)}
    for device_id in ids:
        device = _named_device(call, device_id)
        if device is not None:
            devices[device.index] = device
    if tags:
        matches = tag_test(tags, "or")
        devices |= {d.index: d for d in _edge_devices(call) if matches(d.tags)}
    return _assign(call, [(device, flow) for device in devices.values()], version)


def replace(call: Call) -> Reply:
    """Move every row that holds the old version of one flow to the new one, or to none."""
    body = _object(call, required=("flowId", "oldVersion", "newVersion"))
    old, new = _text(body["oldVersion"], "oldVersion"), _text_or_null(body["newVersion"], "newVersion")
    flow = _edge_flow(call, _object_id(body["flowId"], "flowId"))
    _check_version(call, flow, new)
    app = call.world.app
    rows = app.rows.with_version(app.rows.of_flow(flow.index), old, app.variants["replace-matches"])
    return _assign(call, [(app.devices[app.rows.device[row]], flow) for row in rows], new)


def remove(call: Call) -> Reply:
    """Remove one flow from one device, a flow from every device, every flow from a device, or (a variant) all."""
    body = _object(call, required=("flowId", "deviceId"))
    flow_id, device_id = (None if body[key] is None else _object_id(body[key], key) for key in ("flowId", "deviceId"))
    app = call.world.app
    if flow_id is None and device_id is None:
        answer = app.variants["remove-null-null"]
        if answer == "reject":
            raise malformed("flowId or deviceId is required")
        if answer == "none":
            return _assign(call, [], None)
    flow = _edge_flow(call, flow_id) if flow_id is not None else None
    device = _named_device(call, device_id) if device_id is not None else None
    if device_id is not None and device is None:
        return _assign(call, [], None)
    rows = app.rows.of_device(device.index) if device is not None else list(app.rows.live())
    pairs = [(app.devices[app.rows.device[row]], app.flows[app.rows.flow[row]]) for row in rows]
    wanted = [(on, what) for on, what in pairs if what.flow_class == "edge" and (flow is None or what is flow)]
    return _assign(call, wanted, None)


def make_version(call: Call) -> Reply:
    """Make a version of a flow; over an existing name only with `allowReplacement`.

    The workflow's graph, where sent, is content and not looked at.
    """
    flow, body = call.flow(), _decode(call)
    name, notes, agent = _text(body.get("version"), "version"), body.get("notes", ""), body.get("minimumAgentVersion")
    if name in RESERVED:
        raise malformed(f"version must not be {name}")
    if not isinstance(notes, str):
        raise malformed("notes must be a string")
    if name in flow.versions and not call.parameters.flag("allowReplacement"):
        raise malformed(f"version {name} exists already")
    call.world.create_version(flow.id, name, _text_or_null(agent, "minimumAgentVersion"), notes)
    return json_reply(201, version_payload(call.world.app, flow, flow.versions[name]))


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


# --- the fields of bodies ---------------------------------------------------------------------------------------------------


def _decode(call: Call) -> Body:
    found = json_object(call.request.body)
    if found is None:
        raise malformed("the body must be a JSON object")
    return found


def _object(call: Call, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Body:
    body = _decode(call)
    for key in required:
        if key not in body:
            raise malformed(f"{key} is required")
    for key in body:
        if key not in required and key not in optional:
            raise malformed(f"{key} is not allowed")
    return body


def _object_id(value: Json, key: str) -> str:
    if not isinstance(value, str) or not OBJECT_ID.fullmatch(value):
        raise malformed(f"{key} must be an object id")
    return value.lower()


def _text(value: Json, key: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST:
        raise malformed(f"{key} must be a string of 1 to {LONGEST} characters")
    return value


def _text_or_null(value: Json, key: str) -> str | None:
    return None if value is None else _text(value, key)


def _array(body: Body, key: str, most: int) -> list[Json]:
    """An array of at most so many items; empty where the key is absent."""
    value = body.get(key, [])
    if not isinstance(value, list) or len(value) > most:
        raise malformed(f"{key} must be an array of at most {most} items")
    return value


def _tag(value: Json) -> tuple[str | None, str | None]:
    if not isinstance(value, dict) or not set(value) <= {"key", "value"}:
        raise malformed("deviceTags takes entries of key and value")
    key = value.get("key")
    if "key" in value and (not isinstance(key, str) or not TAG_KEY.fullmatch(key)):
        raise malformed("deviceTags has a key that is none")
    return key, _text(value["value"], "deviceTags") if "value" in value else None
