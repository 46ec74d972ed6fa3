"""The agent's own description of its action routes, as OpenAPI.

`/api-docs/v1/openapi.json` and `/v2/` are confirmed (changelog), `/cdn/` is inferred; so are the V1 operation ids
(confirmed: agent OpenAPI 0.5), while those of V2 and of the CDN are made up after their manner.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.getapp.access import refused
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.cdn import COMMANDS, body_names
from reconciler.simulators.getapp.variants import Variants

PARTS = ("v1", "v2", "cdn")


@dataclass(frozen=True, slots=True)
class Operation:
    """An action of the agent: the document that tells of it, its operation id, the route's name and what it does."""

    part: str
    id: str
    name: str
    method: str
    path: str
    endpoint: Callable[[Call], Reply]


def document(operations: Iterable[Operation], call: Call) -> Reply:
    """The OpenAPI document of one part; 404 for a part that there is not, and where documents are turned off."""
    part, variants = call.path["part"], call.world.fleet.variants
    if part not in PARTS or variants["swagger"] == "off":
        raise refused(404, f"there is no document {part}")
    paths: dict[str, Any] = {}
    for one in operations:
        if one.part == part:
            paths.setdefault(one.path, {})[one.method.lower()] = _describe(one, variants)
    info = {"title": f"Simulated agent, {part}", "version": "1.5.0"}
    return json_reply(200, {"openapi": "3.0.3", "info": info, "paths": paths})


def _describe(one: Operation, variants: Variants) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": one.id, "responses": {"200": {"description": "accepted"}}}
    if "{catalog_id}" in one.path:
        parameter = {"name": "catalog_id", "in": "path", "required": True, "schema": {"type": "string"}}
        described["parameters"] = [parameter]
    body = _body(one, variants)
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return described


def _body(one: Operation, variants: Variants) -> dict[str, Any] | None:
    text = {"type": "string"}
    if one.name == "deploy.change":
        return {"type": "object", "properties": {"deviceId": text, "requestedStatus": text, "deployChangeState": text}}
    if one.name == "cdn.action":
        catalog_id, ids = body_names(variants["cdn-action-body"])
        properties = {
            "action": text | {"enum": list(COMMANDS)},
            catalog_id: text,
            ids: {"type": "array", "items": text},
        }
        return {"type": "object", "required": list(properties), "properties": properties}
    return None
