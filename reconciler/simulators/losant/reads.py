"""The reads: deployments, devices, flows, versions, the application; and what these look like on the wire.

Of the sorts that there are, these are the ones that clients ask for.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant.access import malformed, not_found
from reconciler.simulators.losant.agents import birth, first_log
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.call import OBJECT_ID, Call
from reconciler.simulators.losant.device_query import matching
from reconciler.simulators.losant.inventory import (
    DEVICE_CLASSES,
    FLOW_CLASSES,
    NOTHING,
    ROW_IDS,
    USER,
    Content,
    Device,
    Flow,
    Row,
    Tags,
    Version,
    hex_id,
    index_of,
    iso,
)

T = TypeVar("T")
Sorts = Mapping[str, Callable[[Any], Any]]
"""What a collection can be sorted by, its default first."""

ROW_SORTS: Sorts = {
    "lastUpdated": attrgetter("updated"),
    "creationDate": attrgetter("created"),
    "id": attrgetter("index"),
}
FILTERS = frozenset({"filter", "query", "tagFilter"})
"""Filters that a collection has only where it says so; another one is refused."""
DEVICE_SORTS: Sorts = {
    "name": attrgetter("name", "index"),
    "id": attrgetter("index"),
    "creationDate": attrgetter("created"),
    "lastUpdated": attrgetter("updated"),
    "deletedAt": attrgetter("deleted"),
}
FLOW_SORTS: Sorts = {"name": attrgetter("name"), "id": attrgetter("id")}
VERSION_SORTS: Sorts = {"version": attrgetter("name"), "id": attrgetter("id")}


def get_application(call: Call) -> Reply:
    """The application."""
    app = call.world.app
    return json_reply(200, {"id": app.id, "applicationId": app.id, "name": "simulated fleet", "description": ""})


def list_deployments(call: Call) -> Reply:
    """A page of deployment rows, with all filters; the default sort moves while devices report."""
    asked, app = call.parameters, call.world.app
    device, flow, version = asked.object_id("deviceId"), asked.object_id("flowId"), asked.text("version")
    filled = asked.flag("filterEmpty")

    def select() -> list[Row]:
        known, of_device = app.flow_of_id(flow or ""), app.device_of_id(device or "", deleted=True)
        among = app.rows if flow is None else known.rows.values() if known is not None else ()
        return [
            row
            for row in among
            if row.alive
            and (device is None or row.device is of_device)
            and (version is None or row.holds(version, "either"))
            and not (filled and row.desired == row.current == NOTHING)
        ]

    about = {"deviceId": device, "flowId": flow, "version": version}
    return _page(call, select, ROW_SORTS, lambda row: _row(app, row), about)


def get_deployment(call: Call) -> Reply:
    """One deployment row."""
    app, text = call.world.app, call.path["deployment"]
    index = index_of(ROW_IDS, text) if OBJECT_ID.fullmatch(text) else -1
    if not 0 <= index < len(app.rows) or not app.rows[index].alive:
        raise not_found("Edge deployment")
    return json_reply(200, _row(app, app.rows[index]))


def list_devices(call: Call) -> Reply:
    """A page of devices, by class, by name (a pattern with `*` and `?`, in any case) and by tags, or by an advanced query.

    A query overrides the other filters; with `queryDeleted` those are listed that were deleted (confirmed: JS docs/devices.md).
    """
    asked, app = call.parameters, call.world.app
    classes, tags, pattern = asked.values("deviceClass"), asked.tags("tagFilter"), asked.text("filter")
    asked.one_of("filterField", ("name",), "name")
    if not {*classes} <= {*DEVICE_CLASSES}:
        raise malformed(f"query parameter deviceClass must be one of {', '.join(DEVICE_CLASSES)}")
    named = re.compile(translate(pattern or "*"), re.IGNORECASE).match
    gather = all if app.variants["tag-filter"] == "and" else any
    deleted = asked.flag("queryDeleted")
    asked.one_of("sortField", [one for one in DEVICE_SORTS if deleted or one != "deletedAt"], "name")
    query = asked.text("query")
    meant = None if query is None else matching(query)

    def select() -> list[Device]:
        some = [one for one in app.devices if (one.deleted is None) is not deleted]
        if meant is not None:
            return [*filter(meant, some)]
        return [
            one
            for one in some
            if (not classes or one.device_class in classes)
            and named(one.name)
            and (not tags or gather(tag.matches(one.tags) for tag in tags))
        ]

    about = {
        "deviceClass": classes[0] if len(classes) == 1 else None,
        "filter": pattern,
        "filterField": pattern and "name",
        "tagFilter": tags or None,
        "query": query,
    }
    return _page(call, select, DEVICE_SORTS, lambda device: _device(app, device), about)


def get_device(call: Call) -> Reply:
    """One device."""
    app, text = call.world.app, call.path["device"]
    device = app.device_of_id(text) if OBJECT_ID.fullmatch(text) else None
    if device is None:
        raise not_found("Device")
    return json_reply(200, _device(app, device))


def list_flows(call: Call) -> Reply:
    """A page of flows; without `flowClass` these are the cloud ones (confirmed: JS docs/flows.md)."""
    app, flow_class = call.world.app, call.parameters.one_of("flowClass", FLOW_CLASSES, "cloud")

    def select() -> list[Flow]:
        return [flow for flow in app.flows if flow.flow_class == flow_class]

    return _page(call, select, FLOW_SORTS, lambda flow: _flow(app, flow), {"flowClass": flow_class})


def get_flow(call: Call) -> Reply:
    """One flow."""
    return json_reply(200, _flow(call.world.app, call.flow()))


def list_versions(call: Call) -> Reply:
    """A page of the versions of a flow."""
    app, flow = call.world.app, call.flow()
    versions = flow.versions.values
    return _page(call, versions, VERSION_SORTS, lambda one: version_payload(app, flow, one), {"flowId": flow.id})


def get_version(call: Call) -> Reply:
    """One version of a flow, by id or by name (confirmed: JS docs/flowVersion.md)."""
    flow, wanted = call.flow(), call.path["version"]
    version = flow.versions.get(wanted)
    if version is None and OBJECT_ID.fullmatch(wanted):
        version = next((v for v in flow.versions.values() if v.id == wanted.lower()), None)
    if version is None:
        raise not_found("Flow version")
    return json_reply(200, version_payload(call.world.app, flow, version))


def _page(
    call: Call,
    select: Callable[[], Iterable[T]],
    sorts: Sorts,
    payload: Callable[[T], object],
    about: Mapping[str, Any],
) -> Reply:
    """A page of a collection: what `select` finds, sorted; `about` says by what it was filtered, None for what was not."""
    asked, app = call.parameters, call.world.app
    for name in sorted(FILTERS - about.keys() & {key.partition("[")[0] for key, _ in asked.pairs}):
        raise malformed(f"query parameter {name} is not simulated")
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", tuple(sorts), next(iter(sorts))), asked.direction()
    own = {"applicationId": app.id, "perPage": window.per_page, "page": window.page}
    own |= {"sortField": sort, "sortDirection": direction} | {k: v for k, v in about.items() if v is not None}
    key = (call.request.path, *sorted(pair for pair in asked.pairs if pair[0] not in {"page", "perPage"}))
    listing = app.listing(key, lambda: sorted(select(), key=sorts[sort], reverse=direction == "desc"))
    return Reply(200, listing.page(window, own, payload))


# --- what they look like ----------------------------------------------------------------------------------------------

Payload = dict[str, Any]

_ATTRIBUTES = [{"name": "cpu", "dataType": "number"}, {"name": "mode", "dataType": "string"}]


def _row(app: Application, row: Row) -> msgspec.Raw:
    """A deployment row, put together as text: a million of them are encoded before a benchmark starts.

    Etags are left out where there is no content, or by variant.
    """
    device, flow = row.device, row.flow
    etags = app.variants["etags"] == "shown"
    connected = "null" if device.connected is None else device.connected
    history = _history_json(*birth(row)) if row.logs is None else _encode(row.logs)
    file = "" if row.file is None else f'"fileName":{_encode(row.file)},'
    row_id = hex_id(ROW_IDS, row.index)
    text = (
        f'{{"id":"{row_id}","edgeDeploymentId":"{row_id}","applicationId":"{app.id}","deviceId":"{device.id}",'
        f'"deviceName":{_encode(device.name)},"deviceConnectionInfo":'
        f'{{"time":"{iso(device.connection_time)}","connected":{connected}}},"flowId":"{flow.id}",'
        f'"flowName":{_encode(flow.name)},"flowClass":"{flow.flow_class}",{file}"creationDate":"{iso(row.created)}",'
        f'"lastUpdated":"{iso(row.updated)}",{_content_json("desired", row.desired, etags=etags)},'
        f'{_content_json("current", row.current, etags=etags)},"logs":{history}}}'
    )
    return msgspec.Raw(text.encode())


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=1 << 12)
def _content_json(which: str, content: Content, *, etags: bool) -> str:
    etag = f',"{which}Etag":{_encode(content.etag)}' if etags and content.etag is not None else ""
    return f'"{which}Version":{_encode(content.version)}{etag}'


@lru_cache(maxsize=1 << 16)
def _history_json(created: int, content: Content) -> str:
    """The history of a row that nobody wrote since it was generated; many rows share one."""
    return _encode(first_log(created, content))


def _device(app: Application, device: Device) -> Payload:
    """A device."""
    payload: Payload = {
        "id": device.id,
        "deviceId": device.id,
        "applicationId": app.id,
        "name": device.name,
        "description": "",
        "deviceClass": device.device_class,
        "tags": _tag_list(device.tags),
        "attributes": _ATTRIBUTES,
        "creationDate": iso(device.created),
        "lastUpdated": iso(device.updated),
        "parentId": None,
        "ancestorIds": [],
        "systemInterval": 30,
        "keepDuplicates": False,
        "connectionInfo": {"time": iso(device.connection_time), "connected": device.connected},
    }
    if device.agent is not None:
        payload["edgeAgentVersion"] = device.agent
    if device.deleted is not None:
        payload["deletedAt"] = iso(device.deleted)
    return payload


def _tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as the list of keys and values that devices carry."""
    return [{"key": key, "value": value} for key, value in tags]


def _flow(app: Application, flow: Flow) -> Payload:
    """A flow in its development state. It bears the lowest agent version of all its versions (confirmed: MCP flow.md)."""
    return {
        **({"minimumAgentVersion": flow.minimum_agent} if flow.minimum_agent else {}),
        "id": flow.id,
        "flowId": flow.id,
        "applicationId": app.id,
        "name": flow.name,
        "description": "",
        "enabled": True,
        "flowClass": flow.flow_class,
        "creationDate": iso(flow.created),
        "lastUpdated": iso(flow.updated),
        "createdById": USER,
        "createdByType": "user",
        "lastUpdatedById": USER,
        "lastUpdatedByType": "user",
        **_graph(),
    }


def version_payload(app: Application, flow: Flow, version: Version) -> Payload:
    """A version of a flow; it carries no etag, as none is declared."""
    payload: Payload = {
        "id": version.id,
        "flowVersionId": version.id,
        "flowId": flow.id,
        "applicationId": app.id,
        "version": version.name,
        "notes": version.notes,
        "enabled": True,
        "flowClass": flow.flow_class,
        "creationDate": iso(version.created),
        "lastUpdated": iso(version.updated),
        "createdById": USER,
        "createdByType": "user",
        "lastUpdatedById": USER,
        "lastUpdatedByType": "user",
        **_graph(),
    }
    if version.minimum_agent is not None:
        payload["minimumAgentVersion"] = version.minimum_agent
    return payload


def _graph() -> Payload:
    return {"triggers": [], "nodes": [], "globals": []}
