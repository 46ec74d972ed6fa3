"""The reads about workflows: flows, their versions, what went wrong while they ran."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.inventory import FLOW_CLASSES, Flow, Version
from reconciler.simulators.losant.listing import collection
from reconciler.simulators.losant.parameters import OBJECT_ID
from reconciler.simulators.losant.payloads import failure_payload, flow_payload, version_payload
from reconciler.simulators.losant.queries import glob
from reconciler.simulators.losant.refusals import not_found

FLOW_SORTS = ("name", "id", "creationDate", "lastUpdated")
VERSION_SORTS = ("version", "id", "creationDate", "lastUpdated")

T = TypeVar("T")

_FLOW_KEYS: dict[str, Callable[[Flow], Any]] = {
    "name": lambda flow: flow.name,
    "id": lambda flow: flow.id,
    "creationDate": lambda flow: flow.created,
    "lastUpdated": lambda flow: flow.updated,
}
_VERSION_KEYS: dict[str, Callable[[Version], Any]] = {
    "version": lambda version: version.name,
    "id": lambda version: version.id,
    "creationDate": lambda version: version.created,
    "lastUpdated": lambda version: version.updated,
}


def list_flows(call: Call) -> Reply:
    """A page of flows; without `flowClass` these are the cloud ones (confirmed: JS docs/flows.md)."""
    flows, about = _flows(call)
    return _page(call, flows, _FLOW_KEYS, FLOW_SORTS, lambda flow: flow_payload(call.world.app, flow), about)


def get_flow(call: Call) -> Reply:
    """One flow."""
    return json_reply(200, flow_payload(call.world.app, call.flow()))


def flows_by_version(call: Call) -> Reply:
    """The versions of one name across all flows of a class."""
    flows, about = _flows(call)
    name = call.parameters.text("version") or ""
    found = {id(version): (flow, version) for flow in flows if (version := flow.versions.get(name))}
    app = call.world.app
    return _page(
        call,
        [version for _, version in found.values()],
        {**_VERSION_KEYS, "name": lambda version: found[id(version)][0].name},
        FLOW_SORTS,
        lambda version: version_payload(app, found[id(version)][0], version),
        about,
    )


def _flows(call: Call) -> tuple[list[Flow], dict[str, Any]]:
    asked = call.parameters
    flow_class = asked.one_of("flowClass", FLOW_CLASSES, "cloud")
    asked.one_of("filterField", ("name",), "name")
    pattern = asked.text("filter")
    named = glob(pattern or "*")
    flows = [f for f in call.world.app.flows if f.flow_class == flow_class and named.match(f.name)]
    about = {"flowClass": flow_class} | ({"filter": pattern, "filterField": "name"} if pattern else {})
    return flows, about


def list_versions(call: Call) -> Reply:
    """A page of the versions of a flow."""
    flow, asked = call.flow(), call.parameters
    asked.one_of("filterField", ("version",), "version")
    pattern = asked.text("filter")
    named = glob(pattern or "*")
    versions = [version for version in flow.versions.values() if named.match(version.name)]
    about = {"flowId": flow.id} | ({"filter": pattern, "filterField": "version"} if pattern else {})
    app = call.world.app
    return _page(call, versions, _VERSION_KEYS, VERSION_SORTS, lambda v: version_payload(app, flow, v), about)


def get_version(call: Call) -> Reply:
    """One version of a flow, by id or by name (confirmed: JS docs/flowVersion.md)."""
    flow, wanted = call.flow(), call.path["version"]
    version = flow.versions.get(wanted)
    if version is None and OBJECT_ID.fullmatch(wanted):
        version = next((v for v in flow.versions.values() if v.id == wanted.lower()), None)
    if version is None:
        raise not_found("Flow version")
    return json_reply(200, version_payload(call.world.app, flow, version))


def list_failures(call: Call) -> Reply:
    """What went wrong while a flow ran, newest first.

    The defaults, a duration of 24 h and a limit of 25, are confirmed (JS docs/flow.md); that the duration is in
    milliseconds and the shape of the answer are inferred.
    """
    flow, asked, app = call.flow(), call.parameters, call.world.app
    duration, limit = asked.number("duration", 86_400_000, 0), asked.number("limit", 25, 1)
    device, version = asked.object_id("deviceId"), asked.text("flowVersion")
    direction = asked.one_of("sortDirection", ("asc", "desc", "ASC", "DESC"), "desc").lower()
    since = app.now() - duration
    found = [
        failure
        for failure in flow.failures
        if failure.time >= since and device in (None, failure.device) and version in (None, failure.version)
    ]
    found = sorted(found, key=lambda failure: failure.time, reverse=direction == "desc")[:limit]
    return json_reply(
        200,
        {
            "applicationId": app.id,
            "flowId": flow.id,
            "duration": duration,
            "limit": limit,
            "sortDirection": direction,
            "items": [failure_payload(failure) for failure in found],
        },
    )


def _page(
    call: Call,
    things: list[T],
    keys: dict[str, Callable[[T], Any]],
    sorts: Sequence[str],
    payload: Callable[[T], object],
    about: dict[str, Any],
) -> Reply:
    asked, app = call.parameters, call.world.app
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", sorts, sorts[0]), asked.direction()
    things = sorted(things, key=keys[sort], reverse=direction == "desc")
    start = window.page * window.per_page
    own = {
        "applicationId": app.id,
        "perPage": window.per_page,
        "page": window.page,
        "sortField": sort,
        "sortDirection": direction,
    }
    items = [payload(thing) for thing in things[start : start + window.per_page]]
    return Reply(200, collection(items, len(things), own | about))
