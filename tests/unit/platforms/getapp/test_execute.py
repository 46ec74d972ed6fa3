"""Calls: only ours are sent, once, and receipts tell the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.getapp.connection import StepRoute, StepRoutes
from tests.unit.platforms.getapp.installation import PASSWORD, Installation, body

DELIVER = Request("POST", "/delivery/startItem/12.radio%401.0.0")
PATH = "/delivery/startItem/12.radio@1.0.0"
PREPARE = Request(
    "POST",
    "/api/v1/delivery/prepareDelivery?source=cache",
    {"catalogId": "12.radio@1.0.0", "deviceId": "edge-0", "itemType": "software"},
)
PREPARE_PATH = "/api/v1/delivery/prepareDelivery"


def run(world: Installation, request: Request = DELIVER, call: str = "getapp.deliver", **fields: Any) -> Receipt:
    action = Action(call=call, request=request, slots=fields.pop("slots", (0,)), **fields)
    return world.platform("agent", delivery=True).execute(action, world.clock.time + 60)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (httpx.Response(200), ""),
        (httpx.Response(200, json={"success": True}), ""),
        (httpx.Response(201, json={"any": 1}), '{"any":1}'),
        (httpx.Response(202, text="12.radio@1.0.0"), "12.radio@1.0.0"),
        (
            httpx.Response(200, json={"deviceId": "edge-0", "status": "Error", "requestedStatus": "Uninstall"}),
            "Uninstall",
        ),
    ],
)
def test_any_other_2xx_is_accepted_and_what_it_says_is_kept(answer: httpx.Response, kept: str) -> None:
    world = Installation()
    world.answers[PATH] = answer
    receipt = run(world)
    assert (receipt.kind, receipt.error, receipt.refused) == (ReceiptKind.ACCEPTED, "", ())
    assert kept in receipt.answer
    assert bool(receipt.answer) == bool(kept)
    look, request = world.requests
    assert look.method == "GET"
    assert (request.method, request.content) == ("POST", b"")


@pytest.mark.parametrize(
    ("name", "kind"), [("12.radio@1.0.0", "accepted"), (None, "accepted"), ("9.tv@2.0.0", "unknown")]
)
def test_an_answer_has_to_be_about_what_was_asked(name: str | None, kind: str) -> None:
    world = Installation()
    world.answers[PATH] = httpx.Response(200, json={"catalogId": name, "deviceId": "edge-0", "status": "Start"})
    receipt = run(world)
    assert receipt.kind == kind
    assert ("but about 9.tv@2.0.0; 12.radio@1.0.0 was asked for" in receipt.error) == (kind == "unknown")


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"message": "busy", "name": "NotAllowed", "statusCode": 405}, "NotAllowed: busy"),
    ({"message": "busy", "name": "E", "statusCode": 500}, "E: busy"),
    ({"success": False}, "no reason is given"),
    ({"ok": False, "reason": "no such release"}, "no such release"),
    ({"success": False, "message": ["policy", "restrictions"]}, "policy; restrictions"),
    ({"errorCode": "DELIVERY.notExist", "message": "gone"}, "DELIVERY.notExist: gone"),
    ({"error": {"errorCode": "DELIVERY.notExist", "message": "gone"}}, "DELIVERY.notExist: gone"),
    ({"error": "gone"}, "gone"),
    ({"error": True}, "no reason is given"),
    ({"status": "Error", "errMsg": "exit 7"}, "exit 7"),
    ({"status": 404, "detail": "no such device"}, "no such device"),
]


@pytest.mark.parametrize(("answer", "words"), REFUSALS)
@pytest.mark.parametrize("code", [200, 202])
def test_a_2xx_that_refuses_is_a_refusal(answer: dict[str, Any], words: str, code: int) -> None:
    world = Installation()
    for said in (answer, [answer], {"results": [answer]}, {"errors": [answer]}):
        world.answers[PATH] = httpx.Response(code, json=said)
        world.answers[PREPARE_PATH] = httpx.Response(code, json=said)
        for receipt in (run(world), run(world, PREPARE, "getapp.prepare")):
            assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, code), said
            assert receipt.error.endswith(f": the platform answered {code}, and refuses it: {words}")


DEVICES = ("edge-0", "edge-1", "edge-2")


def run_on_three(body: object) -> Receipt:
    world = Installation(3)
    routes = StepRoutes(deliver=StepRoute(path="/act", body={"release": "{catalog_id}", "devices": "{device_ids}"}))
    world.answers["POST /act"] = httpx.Response(200, json=body)
    world.answers["/api/cdn/device/releases/12.radio@1.0.0"] = httpx.Response(200, json=[])
    request = Request("POST", "/act", {"release": "12.radio@1.0.0", "devices": list(DEVICES)})
    action = Action(call="getapp.deliver", request=request, slots=(0, 1, 2))
    return world.platform("cdn", routes=routes).execute(action, world.clock.time + 60)


@pytest.mark.parametrize("refusal", [answer for answer, _ in REFUSALS])
@pytest.mark.parametrize("shape", [
    lambda some: [{"deviceId": device, **one} for device, one in some.items()],
    lambda some: [{"deviceId": device, "isMaster": False, "data": one} for device, one in some.items()],
    lambda some: {"results": [{"device_id": device, **one} for device, one in some.items()]},
    lambda some: {"data": {"devices": [{"id": device, **one} for device, one in some.items()]}},
    lambda some: {"success": False, "results": [{"id": device, **one} for device, one in some.items()]},
    lambda some: some,
])  # fmt: skip
def test_results_by_device_are_refusals_of_those_devices(refusal: dict[str, Any], shape: Callable[[Any], Any]) -> None:
    results = {"edge-0": {"success": True, "error": None}, "edge-1": refusal, "edge-9": refusal, "edge-2": {}}
    receipt = run_on_three(shape(results))
    assert receipt.kind is ReceiptKind.ACCEPTED
    assert [unit for unit, _ in receipt.refused] == ["edge-1"]
    assert all(why for _, why in receipt.refused)


@pytest.mark.parametrize(
    ("body", "kind", "refused"),
    [
        ({"success": True, "failed": ["edge-1"]}, ReceiptKind.ACCEPTED, {"edge-1": "no reason is given"}),
        ({"succeeded": ["edge-0"], "failedDevices": ["edge-1"]}, ReceiptKind.ACCEPTED, {"edge-1": "no reason is given"}),
        ({"failed": {"edge-1": "offline"}}, ReceiptKind.ACCEPTED, {"edge-1": "offline"}),
        ({"failed": {"edge-1": {"message": "offline"}}}, ReceiptKind.ACCEPTED, {"edge-1": "offline"}),
        ({"errors": [{"deviceId": "edge-1", "message": "offline"}]}, ReceiptKind.ACCEPTED, {"edge-1": "offline"}),
        ({"edge-1": False, "edge-2": True}, ReceiptKind.ACCEPTED, {"edge-1": "no reason is given"}),
        ([{"id": one, "error": "full"} for one in DEVICES], ReceiptKind.REJECTED, dict.fromkeys(DEVICES, "full")),
        ({"error": "full", "results": [{"id": "edge-0"}]}, ReceiptKind.ACCEPTED, {"edge-1": "full", "edge-2": "full"}),
        ([{"error": "full"}, {"error": "full"}], ReceiptKind.REJECTED, {}),
        ({"errors": {"message": "full"}}, ReceiptKind.REJECTED, {}),
        ({"error": {"message": "full"}}, ReceiptKind.REJECTED, {}),
        ([{"error": "full"}, {"success": True}], ReceiptKind.UNKNOWN, {}),
        ({"errors": ["full"], "results": [{"id": "edge-0"}]}, ReceiptKind.UNKNOWN, {}),
        ({"success": True, "failed": ["edge-9"]}, ReceiptKind.UNKNOWN, {}),
        ({"success": True, "errors": ["one device is offline"]}, ReceiptKind.UNKNOWN, {}),
        ({"errors": [7]}, ReceiptKind.ACCEPTED, {}),
        ({"errors": [], "failed": 0}, ReceiptKind.ACCEPTED, {}),
        ([7, "edge-1"], ReceiptKind.ACCEPTED, {}),
    ],
)  # fmt: skip
def test_whom_an_answer_refuses(body: object, kind: ReceiptKind, refused: dict[str, str]) -> None:
    receipt = run_on_three(body)
    assert (receipt.kind, dict(receipt.refused)) == (kind, refused)
    assert bool(receipt.error) == (kind is not ReceiptKind.ACCEPTED)


def test_what_an_answer_says_of_others_is_kept() -> None:
    results = [{"deviceId": device, "success": True} for device in DEVICES]
    assert run_on_three(results).answer == ""
    assert "edge-9" in run_on_three([*results, {"deviceId": "edge-9", "success": False}]).answer


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(405, json={"message": "busy", "name": "E", "statusCode": 405}), ReceiptKind.REJECTED, "not allowed in this state"),
        (httpx.Response(404), ReceiptKind.REJECTED, "404"),
        (httpx.Response(408), ReceiptKind.UNKNOWN, "408"),
        (httpx.Response(500, json={"message": "no", "name": "E", "statusCode": 500}), ReceiptKind.UNKNOWN, "no"),
        (httpx.Response(200, text="<html>"), ReceiptKind.UNKNOWN, "HTML"),
        (httpx.Response(200, text='{"a":'), ReceiptKind.UNKNOWN, "JSON"),
    ],
)  # fmt: skip
def test_answers_become_receipts(answer: httpx.Response, kind: ReceiptKind, words: str) -> None:
    world = Installation()
    world.answers[PATH] = answer
    receipt = run(world)
    assert receipt.kind is kind
    assert words in receipt.error
    assert world.paths("POST") == [PATH]


def test_what_was_not_sent_is_rejected() -> None:
    world = Installation()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    world.answers[PATH] = refuse
    receipt = run(world)
    assert receipt.kind is ReceiptKind.REJECTED
    assert receipt.error.startswith("nothing was sent: ")


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (DELIVER, {"call": "losant.release"}),
        (DELIVER, {"call": "deliver"}),
        (DELIVER, {"call": "getapp.deploy"}),
        (DELIVER, {"wide": True}),
        (DELIVER, {"slots": (0, 1)}),
        (Request("POST", "/delivery/startItem/"), {}),
        (Request("POST", "/elsewhere/12.radio"), {}),
        (Request("POST", PREPARE.path, {"catalogId": "1"}), {"call": "getapp.prepare"}),
        (Request("POST", PREPARE.path, {"catalogId": "", "deviceId": "e"}), {"call": "getapp.prepare"}),
        (Request("POST", PREPARE.path, 7), {"call": "getapp.prepare"}),
    ],
)
def test_calls_of_others_are_never_sent(request_: Request, fields: dict[str, Any]) -> None:
    world = Installation()
    receipt = run(world, request_, **fields)
    assert receipt.kind is ReceiptKind.REJECTED
    assert receipt.error.startswith("not sent: ")
    assert not world.requests


def test_a_preparation_goes_to_the_server_with_a_login() -> None:
    world = Installation()
    world.answers[PREPARE_PATH] = httpx.Response(201, json={"catalogId": "12.radio@1.0.0", "status": "start"})
    assert run(world, PREPARE, "getapp.prepare", slots=(0, 1)) == Receipt(ReceiptKind.ACCEPTED, status=201)
    login, prepare = world.requests
    assert (login.url.path, body(login)) == ("/api/v1/login", {"username": "operator", "password": PASSWORD})
    assert (prepare.url.port, prepare.url.params["source"]) == (3000, "cache")
    assert prepare.headers["authorization"] == "Bearer access-1"
    assert body(prepare) == PREPARE.body


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({"status": "done"}, ReceiptKind.ACCEPTED, ""),
        ({"status": "error", "error": {"errorCode": "DELIVERY.notExist"}}, ReceiptKind.REJECTED, "not in the storage"),
        ({"status": "done", "error": {"errorCode": "DELIVERY.notVerified"}}, ReceiptKind.REJECTED, "'done' came with"),
        ({"status": 7}, ReceiptKind.UNKNOWN, "cannot be used"),
        ({"status": "Soon"}, ReceiptKind.UNKNOWN, "'Soon' is not known"),
        ({"status": "start", "catalogId": "12.radio@2.0.0"}, ReceiptKind.UNKNOWN, "not asked for"),
    ],
)
def test_what_the_server_says_of_a_preparation(told: dict[str, Any], kind: ReceiptKind, words: str) -> None:
    world = Installation()
    world.answers[PREPARE_PATH] = httpx.Response(201, json={"catalogId": "12.radio@1.0.0", **told})
    receipt = run(world, PREPARE, "getapp.prepare")
    assert receipt.kind is kind
    assert words in receipt.error
    assert PASSWORD not in receipt.error
