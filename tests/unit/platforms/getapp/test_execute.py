"""Calls: only ours are sent, once, and receipts tell the truth."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.outcome import Receipt, ReceiptKind
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
    "answer",
    [httpx.Response(200), httpx.Response(201, json={"any": 1}), httpx.Response(202, text="12.radio@1.0.0")],
)
def test_any_2xx_is_accepted(answer: httpx.Response) -> None:
    world = Installation()
    world.answers[PATH] = answer
    assert run(world) == Receipt(ReceiptKind.ACCEPTED)
    look, request = world.requests
    assert look.method == "GET"
    assert (request.method, request.content) == ("POST", b"")


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
    assert run(world, PREPARE, "getapp.prepare", slots=(0, 1)) == Receipt(ReceiptKind.ACCEPTED)
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
        ({"status": 7}, ReceiptKind.UNKNOWN, "JSON"),
    ],
)
def test_what_the_server_says_of_a_preparation(told: dict[str, Any], kind: ReceiptKind, words: str) -> None:
    world = Installation()
    world.answers[PREPARE_PATH] = httpx.Response(201, json={"catalogId": "12.radio@1.0.0", **told})
    receipt = run(world, PREPARE, "getapp.prepare")
    assert receipt.kind is kind
    assert words in receipt.error
    assert PASSWORD not in receipt.error
