"""Sending one call: what is refused before it goes, and how answers become receipts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request
from reconciler.model.outcome import Receipt, ReceiptKind
from tests.unit.platforms.losant.application import APP, TOKEN, Application, missing

EDGE = f"/applications/{APP}/edge/deployments"
FLOW = "f" + "0" * 23


def action(call: str = "release", body: Any = None, path: str | None = None, **fields: Any) -> Action:
    body = {"flowId": FLOW, "version": "v2", "deviceIds": ["d"]} if body is None else body
    request = Request(fields.pop("method", "POST"), path or f"{EDGE}/{call}", body)
    return Action(call=f"losant.{call}", request=request, slots=(0,), **fields)


def run(app: Application, one: Action) -> tuple[ReceiptKind, str]:
    receipt = app.platform().execute(one, app.clock.monotonic() + 60)
    return receipt.kind, receipt.error


WIDE = {"flowId": FLOW, "oldVersion": "v1", "newVersion": "v2"}


@pytest.mark.parametrize(
    ("forbidden", "text"),
    [
        (action(path="/applications/other/edge/deployments/release"), "no call of this application"),
        (action(call="export"), "no call of this application"),
        (action(method="DELETE"), "no call of this application"),
        (action("remove", path=f"{EDGE}/release"), "no call of this application"),
        (action(body=[]), "names no workflow"),
        (action("remove", {"flowId": None, "deviceId": "d"}), "names no workflow"),
        (action("remove", {"flowId": None, "deviceId": None}), "names no workflow"),
        (action("remove", {"flowId": FLOW, "deviceId": None}), "names its device"),
        (action("remove", {"flowId": FLOW}), "names its device"),
        (action(body={"flowId": FLOW, "version": "v2"}), "between 1 and 1000 devices"),
        (action(body={"flowId": FLOW, "version": None, "deviceIds": []}), "between 1 and 1000 devices"),
        (action(body={"flowId": FLOW, "version": "v2", "deviceIds": ["d"] * 1001}), "between 1 and 1000 devices"),
        (action("replace", WIDE), "marked wide"),
        (action("replace", WIDE | {"newVersion": None}, wide=True), "names both versions"),
    ],
)
def test_calls_that_are_never_sent(forbidden: Action, text: str) -> None:
    app = Application()
    kind, error = run(app, forbidden)
    assert kind is ReceiptKind.REJECTED
    assert error.startswith("not sent: ")
    assert text in error
    assert app.requests == []


@pytest.mark.parametrize(
    ("one", "body"),
    [
        (action(), b'{"flowId":"%s","version":"v2","deviceIds":["d"]}' % FLOW.encode()),
        (
            action(body={"flowId": FLOW, "version": None, "deviceIds": ["d"]}),
            b'{"flowId":"%s","version":null,"deviceIds":["d"]}' % FLOW.encode(),
        ),
        (action("remove", {"flowId": FLOW, "deviceId": "d"}), b'{"flowId":"%s","deviceId":"d"}' % FLOW.encode()),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_what_is_sent_and_the_status_that_came(one: Action, body: bytes, status: int) -> None:
    app = Application()
    app.accepted = status
    receipt = app.platform().execute(one, app.clock.monotonic() + 60)
    assert (receipt.kind, receipt.status, receipt.error) == (ReceiptKind.ACCEPTED, status, "")
    (request,) = app.requests
    assert (request.method, request.url.path, request.content) == ("POST", one.request.path, body)
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (httpx.Response(400, json={"type": "Validation", "message": "bad id"}), ReceiptKind.REJECTED, "bad id"),
        (missing("Flow version was not found"), ReceiptKind.REJECTED, "Flow version was not found"),
        (httpx.Response(401), ReceiptKind.REJECTED, "check the connection's token"),
        (httpx.Response(403), ReceiptKind.REJECTED, "not sufficient"),
        (httpx.Response(408), ReceiptKind.UNKNOWN, "408"),
        (httpx.Response(500), ReceiptKind.UNKNOWN, "500"),
        (httpx.Response(503, headers={"retry-after": "1"}), ReceiptKind.UNKNOWN, "503"),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), ReceiptKind.UNKNOWN, "elsewhere"),
        (httpx.Response(201, text="<html>"), ReceiptKind.UNKNOWN, "HTML"),
        (httpx.Response(201, json={"success": False}), ReceiptKind.REJECTED, "answered 201, and refuses it: no reason"),
        (httpx.Response(202, json={"type": "Validation", "message": "bad"}), ReceiptKind.REJECTED, "Validation: bad"),
        (httpx.Response(200, json=[{"deviceId": "d", "error": "gone"}]), ReceiptKind.REJECTED, "answered 200, and refuses it: gone"),
        (httpx.Response(202, json={"success": True, "warning": "late"}), ReceiptKind.ACCEPTED, ""),
        (httpx.Response(202, json={"success": True, "type": "job", "message": "on its way"}), ReceiptKind.ACCEPTED, ""),
        (httpx.Response(201, json={}), ReceiptKind.UNKNOWN, "missing required field"),
        (httpx.Response(201), ReceiptKind.UNKNOWN, "the body is empty"),
        (httpx.Response(202), ReceiptKind.ACCEPTED, ""),
        (httpx.Response(204), ReceiptKind.ACCEPTED, ""),
    ],
)  # fmt: skip
def test_answers_become_receipts(answer: httpx.Response, kind: ReceiptKind, text: str) -> None:
    app = Application()
    app.hook("/release", lambda _: answer)
    found, error = run(app, action())
    assert found is kind
    assert text in error
    assert TOKEN not in error
    assert len(app.requests) == 1


def test_what_an_answer_refuses_or_says_besides_is_told_of_the_devices_it_names() -> None:
    app = Application()
    both = action(body={"flowId": FLOW, "version": "v2", "deviceIds": ["d", "e"]})
    results = [{"deviceId": "d", "success": True}, {"deviceId": "e", "success": False, "message": "offline"}]
    app.hook("/release", lambda _: httpx.Response(202, json=results))
    receipt = app.platform().execute(both, app.clock.monotonic() + 60)
    assert receipt == Receipt(ReceiptKind.ACCEPTED, "", 202, refused=(("e", "offline"),))
    app = Application()
    app.hook("/release", lambda _: httpx.Response(202, json={"success": True, "warning": "late"}))
    receipt = app.platform().execute(both, app.clock.monotonic() + 60)
    assert receipt == Receipt(ReceiptKind.ACCEPTED, "", 202, answer='{"success":true,"warning":"late"}')


def test_no_connection_says_that_nothing_was_sent() -> None:
    app = Application()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    app.hook("/release", refuse)
    kind, error = run(app, action())
    assert kind is ReceiptKind.REJECTED
    assert error.startswith("nothing was sent: ")


def test_a_wide_call_is_counted_right_before() -> None:
    app = Application().fill(1, 1)
    wide = action("replace", WIDE, wide=True)
    assert run(app, wide) == (ReceiptKind.ACCEPTED, "")
    (counted,) = app.asked("/edge/deployments")
    assert (counted["flowId"], counted["version"], counted["perPage"]) == (FLOW, "v1", "1")
    kind, error = run(app, wide)
    assert kind is ReceiptKind.UNPROVED
    assert "0 devices hold 'v1', the plan is for 1" in error
    app.hook("/edge/deployments", lambda _: httpx.Response(500))
    kind, error = run(app, wide)
    assert kind is ReceiptKind.UNPROVED
    assert "could not be read" in error
    assert len([request for request in app.requests if request.method == "POST"]) == 1
