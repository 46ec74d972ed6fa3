"""The simulated master agent and delivery server behind one function: their endpoints, access, a restart, faults.

Which endpoints there are depends on the variants. V1 actions are confirmed (agent OpenAPI 0.5), their prefix is unknown. Of the V2 actions only the path of deploy is
confirmed (dependencies-complex-installations.md); start and delete are guesses of the facts, cancel goes by analogy.
`scope` is `login` where the server asks for one.

The agent describes its actions as OpenAPI: `/api-docs/v1/openapi.json` and `/v2/` are confirmed (changelog), `/cdn/` is
inferred; the V1 operation ids are confirmed (agent OpenAPI 0.5), those of V2 and of the CDN made up after their manner.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from reconciler.simulators.exchange import Json, Reply, Request, json_object, json_reply
from reconciler.simulators.faults import KINDS, LISTINGS, READS, WRITES
from reconciler.simulators.faults import Faults as AnyFaults
from reconciler.simulators.getapp import agent, cdn, server
from reconciler.simulators.getapp.call import Call, agent_error, of_the_server, refused, server_error
from reconciler.simulators.getapp.cdn import COMMANDS, body_names
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.routes import Refusal, Route, route
from reconciler.simulators.simulator import Served as AnyServed
from reconciler.simulators.simulator import Simulator

PARTS = ("v1", "v2", "cdn")
_LISTED = (READS, LISTINGS)
_ID = "/{catalog_id}"
_RELEASES = "/api/v1/catalog/releases/project/{project}"
WITH_LOGIN = "login"


def _nothing(call: Call) -> Reply:
    raise refused(404, f"there is nothing at {call.request.path}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An action of the agent: the document that tells of it, its operation id, the route's name and what it does."""

    part: str
    id: str
    name: str
    method: str
    path: str
    endpoint: Callable[[Call], Reply]


def operations(variants: Variants) -> tuple[Operation, ...]:
    """The actions that an agent with these variants has."""
    found = [Operation("cdn", "cdn_devices_action", "cdn.action", "POST", "/api/cdn/devices/action", cdn.action)]
    for prefix in agent.PREFIXES[variants["v1-prefix"]]:
        found += [
            Operation("v1", "start_delivery", "delivery.start", "POST", f"{prefix}/delivery/startItem{_ID}", agent.start),
            Operation("v1", "cancel_delivery", "delivery.cancel", "POST", f"{prefix}/delivery/cancelItem{_ID}", agent.cancel),
            Operation("v1", "delete_delivery", "delivery.delete", "DELETE", f"{prefix}/delivery/deleteItem{_ID}", agent.delete),
            Operation("v1", "deploy_item", "deploy.start", "POST", f"{prefix}/deploy/item{_ID}", agent.install),
            Operation("v1", "deploy_change_state", "deploy.change", "POST", f"{prefix}/deploy/changeItemState{_ID}", agent.change),
        ]  # fmt: skip
    found.append(Operation("v2", "deploy_item_v2", "deploy.start", "POST", f"/api/v2/deploy/start{_ID}", agent.install))
    if variants["v2-actions"] == "inferred":
        found += [
            Operation("v2", "start_delivery_v2", "delivery.start", "POST", f"/api/v2/delivery/start{_ID}", agent.start),
            Operation("v2", "cancel_delivery_v2", "delivery.cancel", "POST", f"/api/v2/delivery/cancel{_ID}", agent.cancel),
            Operation("v2", "delete_delivery_v2", "delivery.delete", "DELETE", f"/api/v2/delivery{_ID}", agent.delete),
        ]  # fmt: skip
    return tuple(found)


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


def routes(variants: Variants) -> tuple[Route[Call], ...]:
    """All routes, in the order in which they are tried; the last ones take what is nowhere."""
    acting = operations(variants)
    return (
        *_SERVER,
        *_READS,
        route("agent.openapi", "GET", "/api-docs/{part}/openapi.json", partial(document, acting), READS),
        *(route(one.name, one.method, one.path, one.endpoint, WRITES) for one in acting),
        route("nothing", "GET", "/{path}*", _nothing, READS),
        *(route("nothing", method, "/{path}*", _nothing, WRITES) for method in ("POST", "PUT", "PATCH", "DELETE")),
    )


_READS = (
    route("cdn.devices", "GET", "/api/cdn/device", cdn.devices, *_LISTED),
    route("cdn.releases", "GET", "/api/cdn/device/releases", cdn.releases, *_LISTED),
    route("cdn.release", "GET", f"/api/cdn/device/releases{_ID}", cdn.release, *_LISTED),
    route("cdn.offering", "GET", "/api/cdn/device/offering", cdn.offering, *_LISTED),
    route("device.get", "GET", "/api/v2/device", agent.device, READS),
    route("device.offering", "GET", "/api/v2/device/offering", agent.offering, *_LISTED),
    route("device.releases", "GET", "/api/v2/device/releases", agent.releases, *_LISTED),
    route("device.release", "GET", f"/api/v2/device/releases{_ID}", agent.release, READS),
    route("agent.configs", "GET", "/api/v2/agent/configs", agent.configs, READS),
    *(route("v1.read", "GET", path, agent.v1_read, READS) for path in agent.V1_READS),
)

_SERVER = (
    route("server.health", "GET", "/api/v1/checkHealth", server.health, READS),
    route("server.login", "POST", "/api/v1/login", server.login, WRITES),
    route("server.refresh", "POST", "/api/v1/login/refresh", server.refresh, WRITES),
    route("server.prepare", "POST", "/api/v1/delivery/prepareDelivery", server.prepare, WRITES, scope=WITH_LOGIN),
    route("server.prepared", "GET", f"/api/v1/delivery/preparedDelivery{_ID}", server.prepared, READS, scope=WITH_LOGIN),
    route("server.releases", "GET", _RELEASES, server.releases, *_LISTED, scope=WITH_LOGIN),
    route("server.release", "GET", f"{_RELEASES}/version/{{version}}", server.release, READS, scope=WITH_LOGIN),
)  # fmt: skip


class Faults(AnyFaults):
    """The faults in force. `expire` strikes the server's tokens, `gone` a device; `lag` and `partial` strike agents."""

    routes = tuple({one.name for one in routes(Variants())})
    kinds: ClassVar[Mapping[str, str]] = {**KINDS, "gone": "cdn.action"}


class GetAppSimulator(Simulator[GetAppWorld]):
    """A fleet with its API; agent and server refuse in shapes of their own."""

    def __init__(self, world: GetAppWorld) -> None:
        super().__init__(world, routes(world.fleet.variants), Call)
        self._path = ""

    def handle(self, request: Request) -> Reply:
        """Answer one request, API or `/simulator/…`."""
        with self.world.lock:
            self._path = request.path
            return super().handle(request)

    def strikes(self, kind: str, route: Route[Any]) -> bool:
        """Whether a fault strikes this call; plain text cannot be emptied, and the server's writes are never bent."""
        if (kind, route.name) == ("empty", "server.health"):
            return False
        if kind in {"lag", "partial"} and route.name.startswith("server."):
            return False
        return super().strikes(kind, route)

    def admit(self, route: Route[Any], path: dict[str, str], request: Request) -> None:
        """Break the connection of an agent that restarts; ask for a login where the server does."""
        if not of_the_server(request.path) and self.world.fleet.seconds() < self.world.fleet.broken_until:
            raise Refusal(Reply(0, cut=True), "restart")
        if self.strikes("expire", route):
            self.world.tokens.expire()
        if route.scope == WITH_LOGIN and not self.world.tokens.good(request.headers, self.world.fleet.seconds()):
            raise Refusal(self.refused(401, "Unauthorized"))

    def shift(self, route: Route[Any]) -> None:
        """Swap a device."""
        self.world.swap_a_device()

    def gone(self, path: Mapping[str, str], request: Request) -> bool:
        _, many = body_names(self.world.fleet.variants["cdn-action-body"])
        return self.world.delete_one_of((json_object(request.body) or {}).get(many))

    def refused(self, status: int, message: str) -> Reply:
        """An error in the shape of whoever answers at this path."""
        if of_the_server(self._path):
            return server_error(status, message, self._path, self.world.fleet.seconds())
        return agent_error(status, message)

    def emptied(self, payload: Json) -> Json:
        return [] if isinstance(payload, list) else {}

    def shortened(self, payload: Json) -> Json:
        """A list with some entries missing."""
        if isinstance(payload, list):
            return self.faults.without_some(payload)
        return {"data": self.faults.without_some(payload["data"])}


Served = AnyServed[GetAppWorld]
