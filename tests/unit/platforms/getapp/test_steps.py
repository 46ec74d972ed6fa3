"""Routes of steps: rendered from what they are about, recognized again, and refused where they could hit anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SettingsError
from reconciler.model.change import Request
from reconciler.platforms.getapp.connection import GetAppConnection, StepRoute, StepRoutes
from reconciler.platforms.getapp.steps import STEPS, Table

TEMPLATES = [
    StepRoute(path="/start/{catalog_id}"),
    StepRoute(method="DELETE", path="/{device_id}/of/{catalog_id}/and/{catalog_id}", body={"force": True}),
    StepRoute(path="/act", body={"a": "Start", "id": "{catalog_id}", "to": "{device_ids}"}),
    StepRoute(method="PUT", path="/act/{catalog_id}", body={"to": "{device_id}", "n": 1}),
]


def table(topology: str = "agent", api: str = "v1", **routes: StepRoute) -> Table:
    return Table(GetAppConnection(agent="http://127.0.0.1", topology=topology, api=api, routes=StepRoutes(**routes)))


@given(st.sampled_from(TEMPLATES), st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_what_is_rendered_is_recognized(route: StepRoute, catalog_id: str, devices: list[str]) -> None:
    one = table(deliver=route)
    named = devices[: one.devices_per_call("deliver")]
    request = one.request("deliver", catalog_id, named)
    found = one.named("deliver", request)
    assert found is not None
    assert found[0] == catalog_id
    assert found[1] in (tuple(named), ("",))
    assert request.method == route.method
    assert request.path.count("/") == route.path.count("/")


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/start"),
        Request("DELETE", "/start/1"),
        Request("POST", "/start/1", {"more": 1}),
        Request("POST", "/start/1/2"),
        Request("POST", "/start/%2"),
    ],
)
def test_other_requests_are_none_of_ours(request_: Request) -> None:
    assert table(deliver=TEMPLATES[0]).named("deliver", request_) is None


@pytest.mark.parametrize(
    "body", [None, [], {"a": "Start"}, {"a": "Stop", "id": "1", "to": ["x"]}, {"a": "Start", "id": 1, "to": 2}]
)
def test_other_bodies_are_none_of_ours(body: Any) -> None:
    one = table(deliver=TEMPLATES[2])
    assert one.named("deliver", Request("POST", "/act", body)) is None
    assert one.named("prepare", Request("POST", "/act", body)) is None
    assert one.named("surprise", Request("POST", "/act", body)) is None


@pytest.mark.parametrize(
    ("topology", "route", "words"),
    [
        ("agent", StepRoute(path="start/{catalog_id}"), "must begin with /"),
        ("agent", StepRoute(path="/start/{catalog_id}?a=b"), "have no query"),
        ("agent", StepRoute(path="/start"), "names no release"),
        ("cdn", StepRoute(path="/start/{catalog_id}"), "names no device"),
        ("cdn", StepRoute(path="/start/{catalog_id}/{device_ids}"), "in the body alone"),
        ("agent", StepRoute(path="/start/{catalog_id}", body={"x": "id-{device_id}"}), "mixes text"),
    ],
)
def test_routes_that_could_hit_anything_are_refused(topology: str, route: StepRoute, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        table(topology, deploy=route)


def test_where_calls_come_from() -> None:
    assert {step: table().origin(step) for step in STEPS} == dict.fromkeys(STEPS, "confirmed") | {"push": "off"}
    assert {step for step in STEPS if table(api="v2").on(step)} == {"deploy"}
    assert not [step for step in STEPS if table("cdn").on(step)]
    assert table(api="v2", deliver=TEMPLATES[0]).origin("deliver") == "set"
    assert not table().on("prepare")
