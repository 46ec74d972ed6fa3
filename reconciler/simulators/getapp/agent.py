"""The agent of the root device: what it tells, and its V1 and V2 actions.

Sources stand with the routes. An unknown release answers 404 on reads (confirmed: seed 001) and 500 on actions (the
V1 document names 200, 405 and 500; inferred). 405 means that the state forbids the action (inferred).
"""

from collections.abc import Callable

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.agents import Agents
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.commands import Command, cancel_delivery, carry_out, pause_delivery
from reconciler.simulators.getapp.payloads import (
    component_payload,
    delivery_payload,
    deploy_payload,
    device_payload,
    offering_payload,
    row_json,
)
from reconciler.simulators.getapp.refusals import refused
from reconciler.simulators.getapp.rows import DEPLOY, GONE, INSTALLED, Row

TEXT = {"content-type": "text/plain; charset=utf-8"}

_CHANGES: dict[str, Command] = {
    "Uninstall": Agents.uninstall,
    "Pause": Agents.pause,
    "Continue": Agents.deploy,
    "Cancelled": Agents.cancel,
}

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
    return json_reply(200, device_payload(call.world.fleet, call.world.fleet.master))


def enrollment(call: Call) -> Reply:
    """Who the root device is."""
    return json_reply(200, call.world.fleet.enrollment(call.world.fleet.master))


def metadata(call: Call) -> Reply:
    """What the root device is like."""
    return json_reply(200, call.world.fleet.metadata(call.world.fleet.master))


def offering(call: Call) -> Reply:
    """What the root device may take."""
    fleet, bypass, updates = call.world.fleet, call.flag("bypass_policy"), call.flag("include_updates")
    return json_reply(200, offering_payload(fleet, fleet.master, bypass_policy=bypass, updates=updates))


def configs(call: Call) -> Reply:
    """Runtime settings; who decides on automatic deploys is the variant."""
    by_itself = call.world.fleet.variants["auto-deploy"] == "always"
    return json_reply(200, CONFIGS | {"deploy": CONFIGS["deploy"] | {"deploy_auto_on_pull": by_itself}})


def platform(call: Call) -> Reply:
    """The physical asset that the devices belong to."""
    return json_reply(200, {"platformId": "platform-1", "platformType": "simulated", "metadata": {}})


def health(call: Call) -> Reply:
    """Whether the agent is well (confirmed: agent OpenAPI 0.5)."""
    return json_reply(200, {"network": {"internetConnection": True, "serverConnection": True, "errMsg": None}})


def about(call: Call) -> Reply:
    """What the agent is."""
    return json_reply(200, {"name": "GetApp Agent", "version": "1.5.0"})


def releases(call: Call) -> Reply:
    """The rows of the root device."""
    fleet = call.world.fleet
    shape = fleet.variants["answer-shape"]
    array = b"[%b]" % b",".join(row_json(fleet.seen(held), shape) for held in fleet.master.rows.values())
    return Reply(200, array if fleet.variants["list-wrap"] == "array" else b'{"data":%b}' % array)


def release(call: Call) -> Reply:
    """One row of the root device."""
    return Reply(200, row_json(_row(call, 404), call.world.fleet.variants["answer-shape"]))


def deploy(call: Call) -> Reply:
    """The deploy record of a release."""
    return json_reply(200, deploy_payload(call.world.fleet.master, _row(call, 404)))


def ready(call: Call) -> Reply:
    """V1: components that are downloaded, or on their way."""
    return _components(call, lambda row: row.state not in GONE)


def deploys(call: Call) -> Reply:
    """V1: components that are installed, or on their way."""
    return _components(call, lambda row: row.state in {DEPLOY, INSTALLED})


def delivery_status(call: Call) -> Reply:
    """V1: the delivery record of a release."""
    return json_reply(200, delivery_payload(_row(call, 500)))


def deploy_status(call: Call) -> Reply:
    """V1: the deploy record of a release."""
    return json_reply(200, deploy_payload(call.world.fleet.master, _row(call, 500)))


def start(call: Call) -> Reply:
    """Begin or resume a download; the answer is text."""
    _act(call, Agents.deliver)
    return Reply(200, call.path["catalog_id"].encode(), TEXT)


def pause(call: Call) -> Reply:
    """Pause a download."""
    return _act(call, pause_delivery)


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
    """V1: change the state of a deploy, with the body of 2026 or that of 2024; answers the deploy record."""
    body = call.body() or {}
    asked = body.get("requestedStatus", body.get("deployChangeState"))
    root = call.world.fleet.master.id
    if body.get("deviceId", root) != root:
        raise refused(500, f"this agent is {root}")
    if not isinstance(asked, str) or asked not in _CHANGES:
        raise refused(500, f"requestedStatus must be one of {', '.join(_CHANGES)}")
    _act(call, _CHANGES[asked])
    row = _row(call, 500)
    return json_reply(200, deploy_payload(call.world.fleet.master, row) | {"requestedStatus": asked})


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


def _components(call: Call, wanted: Callable[[Row], bool]) -> Reply:
    fleet = call.world.fleet
    rows = [row for held in fleet.master.rows.values() if wanted(row := fleet.seen(held))]
    return json_reply(200, [component_payload(fleet.master, row) for row in rows])
