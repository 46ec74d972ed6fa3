"""The delivery server: login, preparations, the catalog of releases (confirmed: API modules login, delivery, upload)."""

from typing import Any

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.getapp.agent import TEXT
from reconciler.simulators.getapp.call import Call, server_error
from reconciler.simulators.getapp.fleet import Project
from reconciler.simulators.getapp.payloads import server_release
from reconciler.simulators.routes import Refusal

SOURCES = ("cache", "remote")


def login(call: Call) -> Reply:
    """Tokens for a name and a password."""
    body = call.body() or {}
    return _tokens(
        call, call.world.tokens.login(body.get("username"), body.get("password"), call.world.fleet.seconds())
    )


def refresh(call: Call) -> Reply:
    """New tokens for a refresh token."""
    body = call.body() or {}
    return _tokens(call, call.world.tokens.refresh(body.get("refreshToken"), call.world.fleet.seconds()))


def health(call: Call) -> Reply:
    """Whether the gateway is well, as plain text."""
    return Reply(200, b"API gateway is well", TEXT)


def prepare(call: Call) -> Reply:
    """Begin a preparation, or read it where it runs."""
    body = call.body() or {}
    catalog_id = body.get("catalogId")
    if not isinstance(catalog_id, str) or not isinstance(body.get("deviceId"), str):
        raise _refused(call, 400, "catalogId and deviceId must be strings")
    if body.get("itemType", "software") not in {"software", "map", "cache"}:
        raise _refused(call, 400, "itemType must be one of software, map, cache")
    _check_source(call)
    fleet = call.world.fleet
    return json_reply(
        201, call.world.preparations.ask(catalog_id, fleet.catalog.releases.get(catalog_id), fleet.seconds())
    )


def prepared(call: Call) -> Reply:
    """How a preparation stands; on a caching server, reading an unknown one begins it (confirmed: prepare.service.ts)."""
    _check_source(call)
    fleet, preparations, catalog_id = call.world.fleet, call.world.preparations, call.path["catalog_id"]
    if preparations.knows(catalog_id):
        return json_reply(200, preparations.read(catalog_id, call.release(), fleet.seconds()))
    if fleet.variants["unprepared-read"] == "not-found":
        raise _refused(call, 404, f"nothing was prepared for {catalog_id}", "DELIVERY.notFound")
    return json_reply(200, preparations.ask(catalog_id, call.release(), fleet.seconds()))


def releases(call: Call) -> Reply:
    """The releases of a project, given by name or number."""
    return json_reply(200, [server_release(one) for one in _project(call).releases.values()])


def release(call: Call) -> Reply:
    """One release: how project and version become a catalogId."""
    found = _project(call).releases.get(call.path["version"])
    if found is None:
        raise _refused(call, 404, f"project {call.path['project']} has no release {call.path['version']}")
    return json_reply(200, server_release(found, detailed=True))


def _project(call: Call) -> Project:
    project = call.world.fleet.catalog.project(call.path["project"])
    if project is None:
        raise _refused(call, 404, f"there is no project {call.path['project']}")
    return project


def _tokens(call: Call, tokens: dict[str, Any] | None) -> Reply:
    if tokens is None:
        raise _refused(call, 401, "Unauthorized")
    return json_reply(201, tokens)


def _check_source(call: Call) -> None:
    for source in call.values("source"):
        if source not in SOURCES:
            raise _refused(call, 400, f"source must be one of {', '.join(SOURCES)}")


def _refused(call: Call, status: int, message: str, code: str | None = None) -> Refusal:
    return Refusal(server_error(status, message, call.request.path, call.world.fleet.seconds(), code))
