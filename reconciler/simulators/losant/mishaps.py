"""Faults that change the world itself while somebody reads or writes it."""

import msgspec

from reconciler.simulators.exchange import Json
from reconciler.simulators.losant.agents import CONSOLE
from reconciler.simulators.losant.inventory import EDGE, Device
from reconciler.simulators.losant.world import LosantWorld


def swap_a_device(world: LosantWorld) -> None:
    """Delete one device and add another with the same tags and versions: totals agree, yet rows have moved."""
    app = world.app
    devices = [device for device in app.devices if device.deleted is None and device.device_class == EDGE]
    if not devices:
        return
    old = world.faults.random.choice(devices)
    held = [(app.flows[app.rows.flow[row]], app.rows.desired[row]) for row in app.rows.of_device(old.index)]
    new = app.add_device(f"{old.name}-r{len(app.devices)}", old.tags, EDGE, old.agent, old.connected)
    world.delete_device(old.id)
    for flow, desired in held:
        version = app.rows.contents[desired].version
        if flow.flow_class == "edge" and version is not None:
            world.agents.assign(new, flow, version, CONSOLE)


def delete_a_named_device(world: LosantWorld, body: bytes) -> Device | None:
    """Delete one of the devices that a release names, so that its id is refused from then on; None if there is none."""
    try:
        parsed: Json = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    ids = parsed.get("deviceIds") if isinstance(parsed, dict) else None
    named = [world.app.device_of_id(item) for item in ids if isinstance(item, str)] if isinstance(ids, list) else []
    devices = [device for device in named if device is not None]
    if not devices:
        return None
    device = world.faults.random.choice(devices)
    world.delete_device(device.id, refused=True)
    return device
