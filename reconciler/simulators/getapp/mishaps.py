"""Faults that change the world itself while somebody reads or writes it."""

from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.commands import body_names
from reconciler.simulators.getapp.world import GetAppWorld


def swap_a_device(world: GetAppWorld) -> None:
    """Delete one child and add another like it with the same rows: as many devices as before, yet others."""
    children = list(world.fleet.devices.values())[1:]
    if not children:
        return
    old = world.faults.random.choice(children)
    new = world.device(world.add_device(f"{old.name}-r", old.type, old.labels))
    new.rows = {catalog_id: world.fleet.seen(held) for catalog_id, held in old.rows.items()}
    new.online, new.seen = old.online, old.seen
    world.delete_device(old.id)


def delete_a_named_device(call: Call) -> None:
    """Delete one of the children that an action names."""
    fleet = call.world.fleet
    _, many = body_names(fleet.variants["cdn-action-body"])
    ids = (call.body() or {}).get(many)
    named = [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []
    children = [one for one in named if one in fleet.devices and one != fleet.master.id]
    if children:
        call.world.delete_device(call.world.faults.random.choice(children))
