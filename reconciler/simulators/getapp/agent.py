"""The agent of the root device: what it tells, and its V1 and V2 actions.

Sources stand with the routes. An unknown release answers 404 on reads (confirmed: seed 001) and 500 on actions (the
V1 document names 200, 405 and 500; inferred). 405 means that the state forbids the action (inferred).
"""

from reconciler.simulators.exchange import Json, Reply, json_reply
from reconciler.simulators.getapp.agents import Agents
from reconciler.simulators.getapp.call import Call, Command, carry_out, refused
from reconciler.simulators.getapp.fleet import DOWNLOADED, INSTALLED, Row
from reconciler.simulators.getapp.payloads import OfferingEncoder, deploy_payload, device_payload, row_json

TEXT = {"content-type": "text/plain; charset=utf-8"}

SETTINGS: dict[str, dict[str, tuple[str, Json]]] = {
    "delivery": {
        "delivery_auto_trigger": ("deliveryAutoTrigger", False),
        "max_parallel_deliveries": ("maxParallelDeliveries", 1),
        "delivery_timeout_mins": ("deliveryTimeoutMins", 30),
        "delivery_retry_count": ("downloadRetryCount", 2),
        "delivery_retry_delay_secs": ("deliveryRetryDelaySecs", 5),
    },
    "deploy": {"deploy_auto_on_pull": ("deployAutoOnPull", False), "deploy_timeout_sec": ("deployTimeoutSec", 60)},
    "discovery": {"periodic_interval_min": ("discoveryPeriodicIntervalMin", 60)},
}
"""Settings by their names in config.yaml, with their names in the API and their defaults (confirmed: agent-settings.mdx)."""


PREFIXES = {"root": ("",), "api-v1": ("/api/v1",), "both": ("", "/api/v1")}
V1_READS = {
    "/delivery/getReadyList": DOWNLOADED,
    "/deploy/getList": INSTALLED,
    "/api/v1/delivery/getReadyList": DOWNLOADED,
    "/api/v1/deploy/getList": INSTALLED,
    "/api/v1/device": None,
    "/api/v1/about": None,
}
"""What each tells: releases in a state, or the device."""


def device(call: Call) -> Reply:
    """Who and what the root device is."""
    return json_reply(200, device_payload(call.world.fleet.master))


def offering(call: Call) -> Reply:
    """What the root device may take."""
    return Reply(200, OfferingEncoder(call).of(call.world.fleet.master))


def v1_read(call: Call) -> Reply:
    """V1: what was downloaded or installed, with a few of its fields (confirmed: agent OpenAPI 0.5); else the device."""
    below = "/api/v1" if call.request.path.startswith("/api/v1") else ""
    if below not in PREFIXES[call.world.fleet.variants["v1-prefix"]]:
        raise refused(404, f"there is nothing at {call.request.path}")
    state = V1_READS[call.request.path]
    if state is None:
        return device(call)
    rows = [call.world.fleet.seen(held) for held in call.world.fleet.master.rows.values()]
    shown = [one.release for one in rows if one.state == state]
    return json_reply(
        200, [{"catalogId": one.id, "name": one.project.name, "versionNumber": one.version} for one in shown]
    )


def configs(call: Call) -> Reply:
    """Runtime settings; who decides on automatic deploys is the variant."""
    variants = call.world.fleet.variants
    found = {area: dict(settings) for area, settings in SETTINGS.items()}
    found["deploy"]["deploy_auto_on_pull"] = "deployAutoOnPull", variants["auto-deploy"] == "always"
    if variants["settings"] == "camel":
        return json_reply(200, dict(pair for settings in found.values() for pair in settings.values()))
    sections = {area: {name: value for name, (_, value) in one.items()} for area, one in found.items()}
    return json_reply(200, sections)


def releases(call: Call) -> Reply:
    """The rows of the root device."""
    fleet = call.world.fleet
    shape = fleet.variants["answer-shape"]
    found = [row_json(fleet.seen(held), shape) for held in fleet.master.rows.values()]
    return json_reply(200, found if fleet.variants["list-wrap"] == "array" else {"data": found})


def release(call: Call) -> Reply:
    """One row of the root device."""
    return json_reply(200, row_json(_row(call, 404), call.world.fleet.variants["answer-shape"]))


def start(call: Call) -> Reply:
    """Begin or resume a download; the answer is text."""
    _act(call, Agents.deliver)
    return Reply(200, call.path["catalog_id"].encode(), TEXT)


def cancel(call: Call) -> Reply:
    """Cancel a download."""
    return _act(call, Agents.cancel)


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
