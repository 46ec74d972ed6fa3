"""The agent of the root device: what it tells, and its V1 and V2 actions.

Sources stand with the routes. An unknown release answers 404 on reads (confirmed: seed 001) and 500 on actions (the
V1 document names 200, 405 and 500; inferred). 405 means that the state forbids the action (inferred).
"""

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.access import refused
from reconciler.simulators.getapp.agents import Agents
from reconciler.simulators.getapp.call import Call, Command, cancel_delivery, carry_out
from reconciler.simulators.getapp.catalog import Row
from reconciler.simulators.getapp.payloads import deploy_payload, device_payload, offering_payload, row_json

TEXT = {"content-type": "text/plain; charset=utf-8"}

CONFIGS: dict[str, dict[str, Json]] = {
    "delivery": {
        "max_parallel_deliveries": 1,
        "delivery_timeout_mins": 30,
        "delivery_retry_count": 2,
        "delivery_auto_trigger": False,
    },
    "deploy": {"deploy_timeout_sec": 60, "install_done_timeout_min": 15},
    "discovery": {"periodic_interval_min": 60},
    "rules": {"enforcement_mode": "offering"},
}


def device(call: Call) -> Reply:
    """Who and what the root device is."""
    return json_reply(200, device_payload(call.world.fleet.master))


def offering(call: Call) -> Reply:
    """What the root device may take."""
    fleet, bypass, updates = call.world.fleet, call.flag("bypass_policy"), call.flag("include_updates")
    return json_reply(200, offering_payload(fleet, fleet.master, bypass_policy=bypass, updates=updates))


def configs(call: Call) -> Reply:
    """Runtime settings; who decides on automatic deploys is the variant."""
    by_itself = call.world.fleet.variants["auto-deploy"] == "always"
    return json_reply(200, CONFIGS | {"deploy": CONFIGS["deploy"] | {"deploy_auto_on_pull": by_itself}})


def releases(call: Call) -> Reply:
    """The rows of the root device."""
    fleet = call.world.fleet
    shape = fleet.variants["answer-shape"]
    array = b"[%b]" % b",".join(row_json(fleet.seen(held), shape) for held in fleet.master.rows.values())
    return Reply(200, array if fleet.variants["list-wrap"] == "array" else b'{"data":%b}' % array)


def release(call: Call) -> Reply:
    """One row of the root device."""
    return Reply(200, row_json(_row(call, 404), call.world.fleet.variants["answer-shape"]))


def start(call: Call) -> Reply:
    """Begin or resume a download; the answer is text."""
    _act(call, Agents.deliver)
    return Reply(200, call.path["catalog_id"].encode(), TEXT)


def cancel(call: Call) -> Reply:
    """Cancel a download."""
    return _act(call, cancel_delivery)


def delete(call: Call) -> Reply:
    """Delete what was downloaded."""
    return _act(call, Agents.delete)


def install(call: Call) -> Reply:
    """Install what was downloaded."""
    return _act(call, Agents.deploy)


def change(call: Call) -> Reply:
    """V1: change the state of a deploy, with the body of 2026 or that of 2024; answers the deploy record.

    Of the changes there are (Uninstall, Pause, Continue, Cancelled) only the first one is simulated.
    """
    body = call.body() or {}
    root = call.world.fleet.master.id
    if body.get("deviceId", root) != root:
        raise refused(500, f"this agent is {root}")
    if body.get("requestedStatus", body.get("deployChangeState")) != "Uninstall":
        raise refused(500, "requestedStatus must be Uninstall")
    _act(call, Agents.uninstall)
    return json_reply(200, deploy_payload(call.world.fleet.master, _row(call, 500)))


def _act(call: Call, command: Command) -> Reply:
    found = call.release()
    if found is None:
        raise refused(500, f"there is no release {call.path['catalog_id']}")
    if not call.partial:
        refusal = carry_out(call, command, call.world.fleet.master, found)
        if refusal is not None:
            raise refused(405, refusal)
    return Reply(200)


def _row(call: Call, otherwise: int) -> Row:
    held = call.world.fleet.master.rows.get(call.path["catalog_id"])
    if held is None:
        raise refused(otherwise, f"the device has nothing of {call.path['catalog_id']}")
    return call.world.fleet.seen(held)
