"""Which endpoint serves which method and path. Which of them there are depends on the variants.

V1 actions and reads are confirmed (agent OpenAPI 0.5), their prefix is unknown. Of the V2 actions only the path of
deploy is confirmed (dependencies-complex-installations.md); start and delete are guesses of the facts, pause and cancel
go by analogy. `scope` is `login` where the server asks for one.
"""

from dataclasses import dataclass

from reconciler.simulators.exchange import Reply
from reconciler.simulators.faults import LISTINGS, READS, WRITES
from reconciler.simulators.getapp import agent, cdn, commands, server
from reconciler.simulators.getapp.call import Call
from reconciler.simulators.getapp.openapi import Operation, document
from reconciler.simulators.getapp.refusals import refused
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.routes import Route, route

_LISTED = (READS, LISTINGS)
_ID = "/{catalog_id}"
_RELEASES = "/api/v1/catalog/releases/project/{project}"
WITH_LOGIN = "login"
_PREFIXES = {"root": ("",), "api-v1": ("/api/v1",), "both": ("", "/api/v1")}


@dataclass(frozen=True, slots=True)
class _Documents:
    """Serves the agent's own descriptions of its actions."""

    operations: tuple[Operation, ...]

    def __call__(self, call: Call) -> Reply:
        """The document of one part of the API; 404 where it is turned off."""
        if call.world.fleet.variants["swagger"] == "off":
            raise refused(404, "there is no such page")
        return document(call.path["part"], self.operations, call.world.fleet.variants)


def _nothing(call: Call) -> Reply:
    raise refused(404, f"there is nothing at {call.request.path}")


def operations(variants: Variants) -> tuple[Operation, ...]:
    """The actions that an agent with these variants has."""
    found = [Operation("cdn", "cdn_devices_action", "cdn.action", "POST", "/api/cdn/devices/action", commands.action)]
    for prefix in _PREFIXES[variants["v1-prefix"]]:
        found += [
            Operation("v1", "start_delivery", "delivery.start", "POST", f"{prefix}/delivery/startItem{_ID}", agent.start),
            Operation("v1", "pause_delivery", "delivery.pause", "POST", f"{prefix}/delivery/pauseItem{_ID}", agent.pause),
            Operation("v1", "cancel_delivery", "delivery.cancel", "POST", f"{prefix}/delivery/cancelItem{_ID}", agent.cancel),
            Operation("v1", "delete_delivery", "delivery.delete", "DELETE", f"{prefix}/delivery/deleteItem{_ID}", agent.delete),
            Operation("v1", "deploy_item", "deploy.start", "POST", f"{prefix}/deploy/item{_ID}", agent.install),
            Operation("v1", "deploy_change_state", "deploy.change", "POST", f"{prefix}/deploy/changeItemState{_ID}", agent.change),
        ]  # fmt: skip
    found.append(Operation("v2", "deploy_item_v2", "deploy.start", "POST", f"/api/v2/deploy/start{_ID}", agent.install))
    if variants["v2-actions"] == "inferred":
        found += [
            Operation("v2", "start_delivery_v2", "delivery.start", "POST", f"/api/v2/delivery/start{_ID}", agent.start),
            Operation("v2", "pause_delivery_v2", "delivery.pause", "POST", f"/api/v2/delivery/pause{_ID}", agent.pause),
            Operation("v2", "cancel_delivery_v2", "delivery.cancel", "POST", f"/api/v2/delivery/cancel{_ID}", agent.cancel),
            Operation("v2", "delete_delivery_v2", "delivery.delete", "DELETE", f"/api/v2/delivery{_ID}", agent.delete),
        ]  # fmt: skip
    return tuple(found)


def routes(variants: Variants) -> tuple[Route[Call], ...]:
    """All routes, in the order in which they are tried; the last ones take what is nowhere."""
    acting = operations(variants)
    return (
        *_SERVER,
        *_READS,
        route("agent.openapi", "GET", "/api-docs/{part}/openapi.json", _Documents(acting), READS),
        *(one for prefix in _PREFIXES[variants["v1-prefix"]] for one in _v1_reads(prefix)),
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
    route("device.enrollment", "GET", "/api/v2/device/enrollment", agent.enrollment, READS),
    route("device.metadata", "GET", "/api/v2/device/metadata", agent.metadata, READS),
    route("device.offering", "GET", "/api/v2/device/offering", agent.offering, *_LISTED),
    route("device.releases", "GET", "/api/v2/device/releases", agent.releases, *_LISTED),
    route("device.release", "GET", f"/api/v2/device/releases{_ID}", agent.release, READS),
    route("deploy.get", "GET", f"/api/v2/deploy{_ID}", agent.deploy, READS),
    route("agent.configs", "GET", "/api/v2/agent/configs", agent.configs, READS),
    route("agent.platform", "GET", "/api/platform", agent.platform, READS),
    route("agent.health", "GET", "/health-check", agent.health, READS),
    route("agent.about", "GET", "/api/v1/about", agent.about, READS),
)

_SERVER = (
    route("server.health", "GET", "/api/v1/checkHealth", server.health, READS),
    *(
        one
        for version in ("v1", "v2")
        for one in (
            route("server.login", "POST", f"/api/{version}/login", server.login, WRITES),
            route("server.refresh", "POST", f"/api/{version}/login/refresh", server.refresh, WRITES),
            route("server.prepare", "POST", f"/api/{version}/delivery/prepareDelivery", server.prepare, WRITES, scope=WITH_LOGIN),
            route("server.prepared", "GET", f"/api/{version}/delivery/preparedDelivery{_ID}", server.prepared, READS, scope=WITH_LOGIN),
        )
    ),
    route("server.cache", "DELETE", "/api/v1/delivery/cache/delete", server.clear_cache, WRITES, scope=WITH_LOGIN),
    route("server.releases", "GET", _RELEASES, server.releases, *_LISTED, scope=WITH_LOGIN),
    route("server.release", "GET", f"{_RELEASES}/version/{{version}}", server.release, READS, scope=WITH_LOGIN),
)  # fmt: skip


def _v1_reads(prefix: str) -> tuple[Route[Call], ...]:
    return (
        route("v1.ready", "GET", f"{prefix}/delivery/getReadyList", agent.ready, *_LISTED),
        route("v1.delivery", "GET", f"{prefix}/delivery/getStatusItem{_ID}", agent.delivery_status, READS),
        route("v1.deploys", "GET", f"{prefix}/deploy/getList", agent.deploys, *_LISTED),
        route("v1.deploy", "GET", f"{prefix}/deploy/getStatusItem{_ID}", agent.deploy_status, READS),
    )
