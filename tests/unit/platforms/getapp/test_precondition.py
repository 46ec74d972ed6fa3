"""The look before a step: what was overtaken is not sent, what cannot be seen is."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.getapp.connection import StepRoute, StepRoutes
from reconciler.platforms.getapp.execute import POINTLESS
from reconciler.platforms.getapp.review import HALTED
from reconciler.platforms.getapp.routes import LONGEST
from reconciler.platforms.getapp.stages import Stage
from reconciler.platforms.getapp.steps import STARTS
from tests.unit.platforms.getapp.installation import Installation, entry, row

RADIO = "12.radio@1.0.0"
AGENT_PATHS = {
    "deliver": ("POST", "/delivery/startItem/"),
    "cancel": ("POST", "/delivery/cancelItem/"),
    "deploy": ("POST", "/deploy/item/"),
    "delete": ("DELETE", "/delivery/deleteItem/"),
    "uninstall": ("POST", "/deploy/changeItemState/"),
}
ROWS = {
    Stage.DELIVERING: row("delivery", "InProgress"),
    Stage.DELIVERY_STOPPED: row("delivery", "Error"),
    Stage.DELIVERY_HALTED: row("delivery", "Cancel"),
    Stage.DOWNLOADED: row("downloaded"),
    Stage.DEPLOYING: row("deploy", "Installing"),
    Stage.DEPLOY_STOPPED: row("deploy", "Error"),
    Stage.DEPLOY_HALTED: row("deploy", "Pause"),
    Stage.INSTALLED: row("installed"),
    Stage.INSTALLED_FAILED: row("installed", "Error"),
    Stage.UNINSTALLING: row("installed", "Uninstall"),
    Stage.UNINSTALLED: row("uninstalled"),
    Stage.DELETION_STOPPED: row("deleted", "Error"),
    Stage.DELETED: row("deleted"),
}


def sent(world: Installation, step: str) -> Receipt:
    """Send a step to the agent's own device."""
    method, start = AGENT_PATHS[step]
    body = {"deviceId": "edge-0", "requestedStatus": "Uninstall"} if step == "uninstall" else None
    world.answers[f"{method} {start}{RADIO}"] = httpx.Response(200)
    action = Action(call=f"getapp.{step}", request=Request(method, f"{start}12.radio%401.0.0", body), slots=(0,))
    return world.platform("agent").execute(action, world.clock.time + 60)


def shows(world: Installation, answer: Any) -> Installation:
    """Let the agent tell this of the release."""
    found = answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
    world.answers[f"GET /api/v2/device/releases/{RADIO}"] = found
    return world


@pytest.mark.parametrize("step", sorted(AGENT_PATHS))
@pytest.mark.parametrize("stage", list(Stage))
def test_a_step_goes_unless_the_release_was_moved_on(step: str, stage: Stage) -> None:
    world = shows(Installation(), ROWS[stage])
    receipt = sent(world, step)
    writes = [one for one in world.requests if one.method != "GET"]
    if stage in POINTLESS[step]:
        where = "edge-0" if step == "uninstall" else "the agent's own device"
        assert receipt == Receipt(ReceiptKind.UNPROVED, f"not sent: {RADIO} on {where} is {stage} by now")
        assert not writes
    elif stage in HALTED and step in STARTS:
        assert (receipt.kind, len(writes)) == (ReceiptKind.UNPROVED, 0)
    else:
        assert (receipt.kind, len(writes)) == (ReceiptKind.ACCEPTED, 1)


@pytest.mark.parametrize(("step", "goes"), [("deliver", False), ("deploy", False), ("delete", True)])
def test_a_pause_by_a_person_stops_what_would_start_it(step: str, goes: bool) -> None:
    receipt = sent(shows(Installation(), row("delivery", "Pause")), step)
    assert (receipt.kind is ReceiptKind.ACCEPTED) == goes
    assert goes or receipt.error.endswith("was paused by a person")


def test_a_state_nobody_knows_stops_a_step() -> None:
    receipt = sent(shows(Installation(), row("frozen")), "deliver")
    assert receipt.kind is ReceiptKind.UNPROVED
    assert "does not know: state 'frozen'" in receipt.error


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(405),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"state": 7}),
    ],
)
def test_a_look_that_fails_stops_nothing(answer: httpx.Response) -> None:
    assert sent(shows(Installation(), answer), "deliver").kind is ReceiptKind.ACCEPTED


def action_on(devices: list[str]) -> Action:
    body = {"action": "DeliveryStart", "catalogId": RADIO, "deviceIds": devices}
    return Action(call="getapp.deliver", request=Request("POST", "/api/cdn/devices/action", body), slots=(0, 1))


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ([entry("edge-1", row("delivery", "Error"))], ReceiptKind.ACCEPTED),
        ([entry("edge-1", row("installed"))], ReceiptKind.UNPROVED),
        ([entry("edge-1", {"state": 7})], ReceiptKind.ACCEPTED),
        ([entry("edge-1", row("delivery", "Error", version="2.0.0"))], ReceiptKind.UNPROVED),
        ([entry("edge-1", {"state": "delivery"})], ReceiptKind.UNPROVED),
        ([], ReceiptKind.ACCEPTED),
    ],
)
def test_a_master_is_asked_once_for_all_devices_of_a_call(told: list[Any], kind: ReceiptKind) -> None:
    world = Installation()
    world.answers[f"GET /api/cdn/device/releases/{RADIO}"] = httpx.Response(200, json=told)
    world.answers["POST /api/cdn/devices/action"] = httpx.Response(200)
    body: dict[str, Any] = {"action": "DeliveryStart", "catalogId": "{catalog_id}", "deviceIds": "{device_ids}"}
    routes = StepRoutes(deliver=StepRoute(path="/api/cdn/devices/action", body=body))
    platform = world.platform("cdn", routes=routes)
    assert platform.execute(action_on(["edge-0", "edge-1"]), world.clock.time + 60).kind is kind
    look = world.requests[0]
    assert look.url.params.get_list("device_id") == ["edge-0", "edge-1"]


def test_the_look_names_no_more_devices_in_one_address_than_readings_do() -> None:
    devices = [f"edge-{number:060d}" for number in range(100)]
    world = Installation()

    def told(request: httpx.Request) -> httpx.Response:
        if len(request.url.raw_path) > LONGEST + 200:
            return httpx.Response(414)
        asked = request.url.params.get_list("device_id")
        return httpx.Response(200, json=[entry(one, row()) for one in asked if one == devices[-1]])

    world.answers[f"GET /api/cdn/device/releases/{RADIO}"] = told
    body: dict[str, Any] = {"action": "DeliveryStart", "catalogId": "{catalog_id}", "deviceIds": "{device_ids}"}
    platform = world.platform("cdn", routes=StepRoutes(deliver=StepRoute(path="/api/cdn/devices/action", body=body)))
    action = msgspec.structs.replace(action_on(devices), slots=tuple(range(100)))
    receipt = platform.execute(action, world.clock.time + 60)
    assert (receipt.kind, devices[-1] in receipt.error) == (ReceiptKind.UNPROVED, True)


def test_after_its_deadline_nothing_is_asked() -> None:
    world = Installation()
    platform = world.platform("cdn", routes=StepRoutes(deliver=StepRoute(path="/x/{catalog_id}/{device_id}")))
    action = Action(call="getapp.deliver", request=Request("POST", "/x/12.radio%401.0.0/edge-0"), slots=(0,))
    assert platform.execute(action, world.clock.time).kind is ReceiptKind.REJECTED
    assert not world.requests
