"""The commands that devices take, and the CDN master's action, which passes one on to many of them.

The path of the action and its command names are confirmed (cdn-configure.md, sse.md); its body and answer are unknown.
A command to a device that is offline is lost (confirmed: sse.md), and so is, by inference, one that the device refuses.
"""

from collections.abc import Callable
from typing import TypeAlias

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.agents import Agents, NotAllowed
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.catalog import Release
from reconciler.simulators.getapp.fleet import Device
from reconciler.simulators.getapp.refusals import refused
from reconciler.simulators.getapp.rows import DELIVERY

Command: TypeAlias = Callable[[Agents, Device, Release], None]


def _push(agents: Agents, device: Device, release: Release) -> None:
    device.pushed.add(release.id)


def _nothing(agents: Agents, device: Device, release: Release) -> None:
    """Discovery and MetadataRequest: the device reports, as it does anyway."""


def pause_delivery(agents: Agents, device: Device, release: Release) -> None:
    """Pause a download, and nothing else."""
    _only_delivery(agents, device, release)
    agents.pause(device, release)


def cancel_delivery(agents: Agents, device: Device, release: Release) -> None:
    """Cancel a download, and nothing else."""
    _only_delivery(agents, device, release)
    agents.cancel(device, release)


def _only_delivery(agents: Agents, device: Device, release: Release) -> None:
    held = device.rows.get(release.id)
    if held is None or agents.fleet.seen(held).state != DELIVERY:
        raise NotAllowed(f"{release.id} is not being downloaded")


COMMANDS: dict[str, Command] = {
    "Discovery": _nothing,
    "Push": _push,
    "DeliveryStart": Agents.deliver,
    "DeliveryStop": pause_delivery,
    "DeliveryCancel": cancel_delivery,
    "DeliveryDelete": Agents.delete,
    "DeployStart": Agents.deploy,
    "MetadataRequest": _nothing,
}


def action(call: Call) -> Reply:
    """Pass a command on to devices; each has its own reasons not to take it, which the answer tells only by variant."""
    command, catalog_id, ids = _asked(call)
    found = call.world.fleet.catalog.releases.get(catalog_id)
    ignored = call.world.faults.some_of(list(range(len(ids)))) if call.partial else set()
    outcomes = [None if n in ignored else _send(call, command, found, one) for n, one in enumerate(ids)]
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


def _send(call: Call, command: str, found: Release | None, device_id: str) -> str | None:
    """Give one device its command, and say why it does not take it."""
    device = call.world.fleet.devices.get(device_id)
    if device is None:
        return "there is no such device"
    if not device.online:
        return "the device is not connected"
    if found is None:
        return "there is no such release"
    return carry_out(call, COMMANDS[command], device, found)


def carry_out(call: Call, command: Command, device: Device, found: Release) -> str | None:
    """Let a device do something, later where the call is struck by lag; say why it does not."""

    def now() -> str | None:
        try:
            command(call.world.agents, device, found)
        except NotAllowed as refusal:
            return str(refusal)
        return None

    def late() -> None:
        if device.online:
            now()

    if call.lag:
        call.world.fleet.later(call.world.faults.lag_for, late)
        return None
    return now()
