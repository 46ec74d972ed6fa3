"""The CDN master: what it tells of all devices connected to it, and the action that passes a command on to many.

The reads are confirmed (seed 000, agent-cdn/get-cdn-device, get-cdn-release-by-catalog, get-cdn-device-offering), but
for the names of the offering's two booleans, which are inferred. The path of the action and its command names are
confirmed (cdn-configure.md, sse.md); its body and answer are unknown. It has more commands than these (sse.md).
"""

from collections.abc import Callable

import msgspec

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.agents import Agents
from reconciler.simulators.getapp.call import Call, Command, carry_out, refused
from reconciler.simulators.getapp.fleet import Device, Held, Release
from reconciler.simulators.getapp.payloads import OfferingEncoder, device_payload, row_json


def _push(agents: Agents, device: Device, release: Release) -> None:
    """Add a release to what a device may take."""
    device.pushed.add(release.id)


COMMANDS: dict[str, Command] = {
    "Push": _push,
    "DeliveryStart": Agents.deliver,
    "DeliveryStop": Agents.pause,
    "DeliveryCancel": Agents.cancel,
    "DeliveryDelete": Agents.delete,
    "DeployStart": Agents.deploy,
}

FILTERS = ("active", "inactive", "all")


def devices(call: Call) -> Reply:
    """Enrollment and metadata of the devices; only active ones unless the filter says otherwise."""
    fleet = call.world.fleet
    kind = next(iter(call.values("filter")), "active")
    if kind not in FILTERS:
        raise refused(400, f"query parameter filter must be one of {', '.join(FILTERS)}")
    return _listed(
        call,
        lambda device: device_payload(device) if kind == "all" or fleet.active(device) == (kind == "active") else None,
    )


def offering(call: Call) -> Reply:
    """What each device may take."""
    offered, fleet = OfferingEncoder(call), call.world.fleet
    return _listed(call, lambda device: msgspec.Raw(offered.of(device)) if fleet.active(device) else None)


def releases(call: Call) -> Reply:
    """The rows of each device, from JSON that is kept: there may be half a million of them."""
    fleet, row = call.world.fleet, _rows(call)
    silent: Json = [] if fleet.variants["inactive-releases"] == "empty" else None
    return _listed(call, lambda device: [row(one) for one in device.rows.values()] if fleet.active(device) else silent)


def release(call: Call) -> Reply:
    """The row of one release on each device that has it; an empty array where none has."""
    fleet, row, catalog_id = call.world.fleet, _rows(call), call.path["catalog_id"]
    return _listed(
        call,
        lambda device: row(device.rows[catalog_id]) if catalog_id in device.rows and fleet.active(device) else None,
    )


def _listed(call: Call, data: Callable[[Device], Json]) -> Reply:
    """The devices asked for with what each has, without those that have None."""
    fleet = call.world.fleet
    found = ((device, data(device)) for device in fleet.chosen(call.values("device_id")))
    return json_reply(
        200,
        [
            {"deviceId": device.id, "isMaster": device is fleet.master, "data": one}
            for device, one in found
            if one is not None
        ],
    )


def _rows(call: Call) -> Callable[[Held], msgspec.Raw]:
    """What gives the JSON of rows."""
    fleet = call.world.fleet
    shape = fleet.variants["answer-shape"]
    return lambda held: row_json(fleet.seen(held), shape)


def action(call: Call) -> Reply:
    """Pass a command on to devices; each has its own reasons not to take it, which the answer tells only by variant."""
    command, catalog_id, ids = _asked(call)
    reached = call.world.faults.without_some(ids) if call.partial else ids
    outcomes = [_send(call, command, catalog_id, one) if one in reached else None for one in ids]
    if call.world.fleet.variants["cdn-partial-failure"] == "silent":
        return Reply(200)
    return json_reply(
        200,
        [
            {"deviceId": one, "success": message is None, "error": message}
            for one, message in zip(ids, outcomes, strict=True)
        ],
    )


def body_names(variant: str) -> tuple[str, str]:
    """The names of the catalog id and of the device ids in the body of an action."""
    one, _, many = variant.partition("+")
    return one, many


def _asked(call: Call) -> tuple[str, str, list[str]]:
    body = call.body()
    one, many = body_names(call.world.fleet.variants["cdn-action-body"])
    if body is None:
        raise refused(400, "the body must be a JSON object")
    command: Json = body.get("action")
    if not isinstance(command, str) or command not in COMMANDS:
        raise refused(400, f"action must be one of {', '.join(COMMANDS)}")
    catalog_id, ids = body.get(one), body.get(many)
    if not isinstance(catalog_id, str):
        raise refused(400, f"{one} must be a string")
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise refused(400, f"{many} must be an array of strings")
    return command, catalog_id, ids


def _send(call: Call, command: str, catalog_id: str, device_id: str) -> str | None:
    """Give one device its command, and say why it does not take it."""
    device = call.world.fleet.devices.get(device_id)
    found = call.world.fleet.catalog.releases.get(catalog_id)
    if device is None:
        return "there is no such device"
    if not device.online:
        return "the device is not connected"
    if found is None:
        return "there is no such release"
    if command == "DeliveryStart" and not call.world.fleet.knows(device, catalog_id):
        return f"{catalog_id} is not available: it was not pushed to this device"
    return carry_out(call, COMMANDS[command], device, found)
