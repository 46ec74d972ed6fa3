"""What doctor says, and what it says it cannot."""

from __future__ import annotations

from email.utils import formatdate

import httpx
import pytest

from reconciler.model.quantity import seconds
from reconciler.platforms.losant.check import INFERRED
from reconciler.ports import Check
from tests.unit.platforms.losant.application import APP, TOKEN, Application


def checks(app: Application) -> dict[str, Check]:
    """Return findings by name; those about inferred facts are many under one name."""
    return {check.name: check for check in app.platform().check()}


def test_a_healthy_connection() -> None:
    app = Application().fill(1, 1)
    found = checks(app)
    assert {name: check.status for name, check in found.items()} == {
        "connection": "ok",
        "TLS": "ok",
        "clock": "unchecked",
        "read devices": "ok",
        "read edge deployments": "ok",
        "read workflows": "ok",
        "read versions": "ok",
        "write edge deployments": "unchecked",
        "API version": "ok",
        "inferred": "unchecked",
    }
    assert "would need a write" in found["write edge deployments"].message
    assert all(request.method == "GET" for request in app.requests)
    assert len([check for check in app.platform().check() if check.name == "inferred"]) == len(INFERRED)


@pytest.mark.parametrize(
    ("skew", "status", "text"), [(0, "ok", "within"), (90, "warning", "90 s ahead of"), (-90, "warning", "behind")]
)
def test_clocks_are_compared(skew: float, status: str, text: str) -> None:
    app = Application()
    date = formatdate(app.clock.now() - skew, usegmt=True)
    page = {"items": [], "totalCount": 0}
    app.hook("/devices", lambda _: httpx.Response(200, json=page, headers={"Date": date}))
    check = checks(app)["clock"]
    assert check.status == status
    assert text in check.message


def test_an_unreachable_platform_ends_the_examination() -> None:
    app = Application()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    app.hook("", refuse)
    (check,) = app.platform().check()
    assert (check.name, check.status) == ("connection", "failed")
    assert "network" in check.hint


def test_each_permission_is_told_apart() -> None:
    app = Application().fill(1, 1)
    app.hook("/deployments", lambda _: httpx.Response(403, text=TOKEN))
    app.hook("/versions", lambda _: httpx.Response(403))
    found = checks(app)
    assert {name for name, check in found.items() if check.status == "failed"} == {
        "read edge deployments",
        "read versions",
    }
    assert TOKEN not in repr(found)
    app.hook("/devices", lambda _: httpx.Response(401))
    assert checks(app)["connection"].status == "failed"
    assert checks(app)["read workflows"].status == "ok"


def test_versions_need_a_workflow() -> None:
    assert checks(Application())["read versions"].status == "unchecked"
    app = Application()
    app.add_flow("bare")
    assert "has none" in checks(app)["read versions"].message


def test_plain_http_to_this_machine_is_named() -> None:
    app = Application().fill(1, 1)
    found = {check.name: check for check in app.platform(url="http://127.0.0.1:1").check()}
    assert found["TLS"].message == "none: plain http to this machine"


def test_a_platform_shows_its_application_and_never_its_token() -> None:
    platform = Application().platform(wide_calls="never")
    assert repr(platform) == f"Losant('losant:https://api.losant.com/applications/{APP}')"
    assert TOKEN not in repr(vars(platform))
    capabilities = platform.capabilities
    assert (capabilities.retries_itself, capabilities.wide_calls, capabilities.ids_per_call) == (True, False, 1000)
    assert Application().platform().capabilities.wide_calls


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30), ("1m30s", 90), ("250ms", 0.25), ("1.5h", 5400), ("1d", 86400)]
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected
