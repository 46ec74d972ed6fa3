"""Doctor: what can be told by reading, which steps have calls, and proposals from what the agent tells of itself."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import httpx
import msgspec
import pytest

from reconciler.platforms.getapp.connection import StepRoute, StepRoutes
from reconciler.platforms.getapp.openapi import proposals
from reconciler.ports import Check
from tests.unit.platforms.getapp.installation import PASSWORD, Installation, missing, row

CDN_BODY = {
    "action": {"type": "string", "enum": ["DeliveryStart", "DeployStart"]},
    "catalogId": {"type": "string"},
    "deviceIds": {"type": "array"},
}


def checks(world: Installation, topology: str = "cdn", *, delivery: bool = True, **fields: Any) -> dict[str, Check]:
    return {one.name: one for one in world.platform(topology, delivery=delivery, **fields).check()}


def document(path: str, method: str = "post", **fields: Any) -> dict[str, Any]:
    return {"paths": {path: {method: {"operationId": "x", **fields}}}}


def with_body(properties: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": {"properties": properties}}}}}


def test_a_healthy_fleet_and_one_agent() -> None:
    for topology, name in (("cdn", "devices"), ("agent", "device")):
        world = Installation()
        found = checks(world, topology)
        assert not [one for one in found.values() if one.status == "failed"]
        assert "http://127.0.0.1:2220 answers" in found[f"read {name}"].message
        assert "April 2026" in found["read releases"].message
        assert found["delivery login"].status == "ok"
        assert found["clock"].status == "unchecked"
        assert found["call steps"].status == "unchecked"
        assert found["inferred"].status == "unchecked"
        assert [path for path in world.paths("POST") if "login" not in path] == []


def test_steps_that_are_off_are_warnings() -> None:
    found = checks(Installation(), routes=StepRoutes(deliver=StepRoute(path="/{device_id}/{catalog_id}")))
    assert found["step deliver"] == Check("step deliver", "ok", "set by `routes:`")
    assert found["step deploy"].status == "warning"
    assert found["OpenAPI cdn"].status == "unchecked"
    agent = checks(Installation(), "agent")
    assert agent["step uninstall"] == Check("step uninstall", "ok", "its call is confirmed")
    assert "OpenAPI v1" not in agent


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "a list without releases"),
        ([{"state": "installed", "catalogId": "1", "name": "a", "version": "1"}], "March 2026 (flat)"),
        ([{"state": 1}], "an unexpected shape"),
        ([row()], "nested"),
    ],
)
def test_the_shape_of_answers_is_told(rows: list[Any], words: str) -> None:
    world = Installation()
    world.rows = {"edge-0": [], "edge-1": rows}
    assert words in checks(world)["read releases"].message


def test_odd_devices_are_mentioned() -> None:
    world = Installation()
    world.answers["/api/cdn/device"] = httpx.Response(200, json=[])
    assert "shows 0 masters" in checks(world)["read devices"].message
    world = Installation()
    world.answers["/api/v2/device"] = httpx.Response(200, json={})
    assert "without an id" in checks(world, "agent")["read device"].message


def test_an_unreachable_agent_ends_it_another_failure_does_not() -> None:
    world = Installation()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    world.answers["/api/cdn/device"] = refuse
    (only,) = checks(world).values()
    assert (only.name, only.status) == ("read devices", "failed")
    world.answers["/api/cdn/device"] = httpx.Response(403)
    found = checks(world)
    assert found["read devices"].status == "failed"
    assert found["read releases"].status == "ok"
    world = Installation()
    world.answers["/api/cdn/device/releases"] = refuse
    assert checks(world)["read releases"].status == "failed"


@pytest.mark.parametrize(
    ("seconds", "status", "word"), [(0, "ok", "within"), (100, "warning", "behind"), (-100, "warning", "ahead of")]
)
def test_clocks(seconds: float, status: str, word: str) -> None:
    world = Installation()
    date = formatdate(world.clock.time + seconds, usegmt=True)
    world.answers["/api/v2/device"] = httpx.Response(200, json={"deviceId": "a"}, headers={"date": date})
    found = checks(world, "agent")["clock"]
    assert (found.status, word in found.message) == (status, True)


def test_the_delivery_server() -> None:
    assert checks(Installation(), delivery=False)["delivery server"].status == "unchecked"
    world = Installation()
    world.answers["/api/v1/login"] = httpx.Response(401, json={"message": PASSWORD})
    found = checks(world)
    assert found["delivery server"].status == "ok"
    assert found["delivery login"].status == "failed"
    assert "delivery.login" in found["delivery login"].hint
    assert PASSWORD not in repr(found)
    world.answers["/api/v1/checkHealth"] = httpx.Response(500)
    found = checks(world)
    assert found["delivery server"].status == "failed"
    assert "delivery login" not in found


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (httpx.Response(200, json=[]), "ok", "accepts user and password"),
        (httpx.Response(404), "ok", "accepts user and password"),
        (httpx.Response(400, json={"message": "no such project"}), "ok", "accepts user and password"),
        (httpx.Response(403), "warning", "may not list releases"),
        (httpx.Response(500), "failed", "500"),
    ],
)
def test_what_an_answer_says_of_the_login(answer: httpx.Response, status: str, words: str) -> None:
    world = Installation()
    world.answers["/api/v1/catalog/releases/project/0"] = answer
    found = checks(world)["delivery login"]
    assert (found.status, words in found.message) == (status, True)


def test_a_login_whose_route_is_not_there_is_no_login() -> None:
    world = Installation()
    world.answers["/api/v1/login"] = httpx.Response(404)
    assert checks(world)["delivery login"].status == "failed"


# --- proposals ------------------------------------------------------------------------------------------------------


def test_a_proposal_is_yaml_that_a_connection_takes() -> None:
    world = Installation()
    told = document("/api/cdn/devices/action", **with_body(CDN_BODY))
    world.answers["/api-docs/cdn/openapi.json"] = httpx.Response(200, json=told)
    found = checks(world)["OpenAPI cdn"]
    assert found.status == "warning"
    assert "deliver, deploy" in found.message
    routes = found.proposal["routes"]
    assert routes["deploy"] == {
        "path": "/api/cdn/devices/action",
        "body": {"action": "DeployStart", "catalogId": "{catalog_id}", "deviceIds": "{device_ids}"},
    }


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (missing(), "serves no such"),
        (httpx.Response(403), "could not be read"),
        (httpx.Response(200, json={"paths": 7}), "describes no call"),
    ],
)
def test_documents_that_do_not_help(answer: httpx.Response, word: str) -> None:
    world = Installation()
    world.answers["/api-docs/v1/openapi.json"] = answer
    found = checks(world, "agent", api="v2")["OpenAPI v1"]
    assert (found.status, word in found.message) == ("unchecked", True)


def test_v1_operations_are_found_by_their_ids() -> None:
    ids = {
        "start_delivery": ("post", "deliver"),
        "cancel_delivery": ("post", "cancel"),
        "delete_delivery": ("delete", "delete"),
        "deploy_item": ("post", "deploy"),
        "deploy_change_state": ("post", "uninstall"),
        "pause_delivery": ("post", ""),
    }
    for operation, (method, step) in ids.items():
        found = proposals("v1", document("/api/v1/x/{catalog_id}", method, operationId=operation))
        assert set(found) == ({step} if step else set())
        if step:
            assert (found[step].method, found[step].path) == (method.upper(), "/api/v1/x/{catalog_id}")
    assert proposals("v1", document("/x/{other}", operationId="deploy_item")) == {}


@pytest.mark.parametrize(
    ("properties", "body"),
    [
        ({}, {"deviceId": "{device_id}", "requestedStatus": "Uninstall"}),
        ({"requestedStatus": {}}, {"deviceId": "{device_id}", "requestedStatus": "Uninstall"}),
        ({"deployChangeState": {}}, {"deployChangeState": "Uninstall"}),
    ],
)
def test_uninstalling_by_the_names_of_2026_or_2024(properties: dict[str, Any], body: dict[str, Any]) -> None:
    told = document("/x/{catalog_id}", operationId="deploy_change_state", **with_body(properties))
    assert proposals("v1", told)["uninstall"].body == body


@pytest.mark.parametrize(
    ("method", "path", "step"),
    [
        ("post", "/api/v2/delivery/start/{catalog_id}", "deliver"),
        ("post", "/api/v2/delivery/cancel/{catalog_id}", "cancel"),
        ("delete", "/api/v2/delivery/{catalog_id}", "delete"),
        ("post", "/api/v2/deploy/start/{catalog_id}", "deploy"),
        ("put", "/api/v2/deploy/{catalog_id}", ""),
        ("delete", "/api/v2/deploy/{catalog_id}", ""),
        ("post", "/api/v2/delivery/prepareDelivery", ""),
    ],
)
def test_v2_operations_are_found_by_their_words(method: str, path: str, step: str) -> None:
    assert list(proposals("v2", document(path, method))) == ([step] if step else [])


def test_the_first_of_two_operations_counts() -> None:
    told = {"paths": {f"/{one}/{{catalog_id}}": {"post": {"operationId": "deploy_item"}} for one in "ab"}}
    assert proposals("v1", told)["deploy"].path == "/a/{catalog_id}"


@pytest.mark.parametrize(
    ("path", "method", "properties"),
    [
        ("/api/cdn/devices/other", "post", CDN_BODY),
        ("/api/cdn/devices/action", "put", CDN_BODY),
        ("/api/cdn/devices/action", "post", {"action": {}, "catalogId": {}}),
        ("/api/cdn/devices/action", "post", {**CDN_BODY, "deviceGroup": {}}),
        ("/api/cdn/devices/action", "post", {}),
    ],
)
def test_an_action_whose_fields_are_not_clear_is_not_proposed(
    path: str, method: str, properties: dict[str, Any]
) -> None:
    assert proposals("cdn", document(path, method, **with_body(properties))) == {}


def test_schemas_are_looked_up_where_they_are_named() -> None:
    one = {"deviceId": {"$ref": "#/components/schemas/Id"}, "catalog_id": {"$ref": "elsewhere"}, "action": {"$ref": 7}}
    told = document(
        "/api/cdn/devices/action",
        requestBody={"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Action"}}}},
    )
    told["components"] = {"schemas": {"Action": {"properties": one}, "Id": {"type": "string"}}}
    found = proposals("cdn", told)
    assert set(found) == {"push", "deliver", "cancel", "deploy", "delete"}
    assert found["cancel"].body == {"action": "DeliveryCancel", "catalog_id": "{catalog_id}", "deviceId": "{device_id}"}
    told["components"] = {"schemas": {"Action": 7}}
    assert proposals("cdn", told) == {}


# --- where V1 stands, and what the agent does by itself ---------------------------------------------------------------


@pytest.mark.parametrize("read", ["/delivery/getReadyList", "/deploy/getList"])
@pytest.mark.parametrize(
    ("prefixes", "status", "words"),
    [
        ([], "unchecked", "neither at the root nor below /api/v1"),
        ([""], "ok", "V1 reads answer at the root"),
        (["", "/api/v1"], "ok", "at the root and below /api/v1"),
        (["/api/v1"], "warning", "this connection's calls stand elsewhere: deliver, cancel, deploy, uninstall, delete"),
    ],
)
def test_both_prefixes_of_v1_are_tried(prefixes: list[str], read: str, status: str, words: str) -> None:
    world = Installation()
    for prefix in prefixes:
        world.answers[prefix + read] = httpx.Response(200, json=[])
    found = checks(world, "agent")["V1 prefix"]
    assert (found.status, words in found.message) == (status, True)
    if status == "warning":
        proposed = found.proposal.get("routes", {})
        assert proposed["deploy"] == {"path": "/api/v1/deploy/item/{catalog_id}"}
        assert proposed["uninstall"]["body"] == {"deviceId": "{device_id}", "requestedStatus": "Uninstall"}
        again = checks(world, "agent", routes=msgspec.convert(proposed, StepRoutes))
        assert again["V1 prefix"].status == "ok"


def test_a_page_that_answers_everywhere_proves_no_prefix() -> None:
    world = Installation()
    for prefix in ("", "/api/v1"):
        for read in ("/delivery/getReadyList", "/deploy/getList", "/device", "/about"):
            world.answers[prefix + read] = httpx.Response(200, text="<html>")
    assert checks(world, "agent")["V1 prefix"].status == "unchecked"
    assert "V1 prefix" not in checks(world)
    v2 = checks(world, "agent", api="v2", routes=StepRoutes(delete=StepRoute(path="/mine/{catalog_id}")))
    assert v2["V1 prefix"].status == "unchecked"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"deployAutoOnPull": True, "tcpTimeout": 5, "other": 1}, "settings: deployAutoOnPull true, tcpTimeout 5"),
        ({"deploy": {}}, "none of the documented settings"),
        (None, "not known"),
    ],
)
def test_settings_are_told_by_their_names_in_the_api(answer: Any, words: str) -> None:
    world = Installation()
    if answer is not None:
        world.answers["/api/v2/agent/configs"] = httpx.Response(200, json=answer)
    found = checks(world, "agent")["read settings"]
    assert (found.status, words in found.message) == ("ok", True)


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "/api/v1"}], "/api/v1/delivery/startItem/{catalog_id}"),
        ([{"url": "http://agent:2220/api/v1/"}], "/api/v1/delivery/startItem/{catalog_id}"),
        ([{"url": "/"}], "/delivery/startItem/{catalog_id}"),
        ([7], "/delivery/startItem/{catalog_id}"),
        ([{"url": 7}], "/delivery/startItem/{catalog_id}"),
        ([], "/delivery/startItem/{catalog_id}"),
        (7, "/delivery/startItem/{catalog_id}"),
    ],
)
def test_a_document_may_say_below_what_its_paths_stand(servers: Any, path: str) -> None:
    told = document("/delivery/startItem/{catalog_id}", operationId="start_delivery") | {"servers": servers}
    assert proposals("v1", told)["deliver"].path == path


def test_the_offering_of_a_master_that_cannot_be_read_is_said() -> None:
    world = Installation()
    world.answers["/api/cdn/device/offering"] = httpx.Response(200, json=[{"deviceId": "edge-0", "data": 7}])
    assert "unexpected shape" in checks(world)["read offerings"].message
