"""Proposals of `routes:` from what an agent tells of itself: its OpenAPI documents, matched by what the facts name.

V1 operations are found by their ids, confirmed (V1SPEC). V2 ones are found by the words of id and path, and the CDN's by
its path, confirmed (cdn-configure.md), with command names that are confirmed too (interfaces/sse.md); which field of its
body takes what is read from the document and inferred. So these are proposals: people decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from reconciler.model.desired import Scalar
from reconciler.platforms.getapp.connection import StepRoute
from reconciler.platforms.getapp.steps import (
    CANCEL,
    CATALOG_ID,
    DELETE,
    DELIVER,
    DEPLOY,
    DEVICE_ID,
    DEVICE_IDS,
    PUSH,
    UNINSTALL,
)

V1_OPERATIONS = {
    "start_delivery": DELIVER,
    "cancel_delivery": CANCEL,
    "delete_delivery": DELETE,
    "deploy_item": DEPLOY,
    "deploy_change_state": UNINSTALL,
}
CDN_ACTION = "/api/cdn/devices/action"
COMMANDS = {
    PUSH: "Push",
    DELIVER: "DeliveryStart",
    CANCEL: "DeliveryCancel",
    DELETE: "DeliveryDelete",
    DEPLOY: "DeployStart",
}
"""Names of commands to a child, confirmed (interfaces/sse.md); there is none that uninstalls."""

_METHODS = ("post", "put", "patch", "delete")
_V2_WORDS = ((DELIVER, "delivery", "start"), (CANCEL, "delivery", "cancel"), (DEPLOY, "deploy", "start"))


class Operation(NamedTuple):
    """One operation of a document: upper-case method, path, lower-case id, and the properties of its JSON body."""

    method: str
    path: str
    id: str
    body: dict[str, Any]


def proposals(part: str, document: dict[str, Any]) -> dict[str, StepRoute]:
    """Return the routes that a document of a part (v1, v2, cdn) offers for steps."""
    found: dict[str, StepRoute] = {}
    for one in operations(document):
        for step, route in _matches(part, one):
            found.setdefault(step, route)
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a document that may write; what has another shape is left out."""
    servers = document.get("servers")
    first = _mapping(servers[0]).get("url") if isinstance(servers, list) and servers else ""
    base = urlsplit(first).path.rstrip("/") if isinstance(first, str) else ""
    for path, methods in _mapping(document.get("paths")).items():
        for method in _METHODS:
            operation = _mapping(_mapping(methods).get(method))
            if operation:
                yield Operation(
                    method.upper(),
                    base + path,
                    str(operation.get("operationId", "")).lower(),
                    _body(document, operation),
                )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _body(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = _mapping(_mapping(operation.get("requestBody")).get("content"))
    schema = _resolved(document, _mapping(_mapping(content.get("application/json")).get("schema")))
    return {name: _resolved(document, _mapping(one)) for name, one in _mapping(schema.get("properties")).items()}


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, looked up where it only names a place in the document."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = document
    for part in reference[2:].split("/"):
        found = _mapping(found).get(part)
    return _mapping(found)


def _matches(part: str, one: Operation) -> Iterator[tuple[str, StepRoute]]:
    if part == "cdn":
        yield from _cdn(one)
    elif CATALOG_ID in one.path:
        step = V1_OPERATIONS.get(one.id, "") if part == "v1" else _v2_step(one)
        if step:
            yield (
                step,
                StepRoute(method=one.method, path=one.path, body=_uninstalling(one) if step == UNINSTALL else {}),
            )


def _v2_step(one: Operation) -> str:
    words = f"{one.path} {one.id}".lower()
    if one.method == "DELETE" and "delivery" in words:
        return DELETE
    return next(
        (step for step, area, verb in _V2_WORDS if one.method == "POST" and area in words and verb in words), ""
    )


def _uninstalling(one: Operation) -> dict[str, Scalar]:
    """Return the body that asks for an uninstall, by the names of 2026 or those of 2024, both confirmed (section 4.1)."""
    if "requestedStatus" in one.body or not one.body:
        return {"deviceId": DEVICE_ID, "requestedStatus": "Uninstall"}
    return {"deployChangeState": "Uninstall"}


def _cdn(one: Operation) -> Iterator[tuple[str, StepRoute]]:
    """Yield the steps of the action on many devices, if it is clear which field takes what."""
    if not one.path.endswith(CDN_ACTION) or one.method != "POST":
        return
    action, release, devices = (_field(one.body, words) for words in (("action",), ("catalog",), ("device",)))
    if not action or not release or not devices:
        return
    many = one.body[devices].get("type") == "array"
    allowed = one.body[action].get("enum")
    for step, command in COMMANDS.items():
        if not isinstance(allowed, list) or command in allowed:
            body: dict[str, Scalar] = {
                action: command,
                release: CATALOG_ID,
                devices: DEVICE_IDS if many else DEVICE_ID,
            }
            yield step, StepRoute(path=one.path, body=body)


def _field(body: dict[str, Any], words: tuple[str, ...]) -> str:
    """Return the one property whose name has a word; empty where none has, or several."""
    found = [name for name in body if any(word in name.lower() for word in words)]
    return found[0] if len(found) == 1 else ""
