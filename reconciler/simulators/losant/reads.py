"""The reads: deployments, devices, flows, versions, runtime errors, the application itself."""

from collections.abc import Callable, Sequence
from typing import Any

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant.call import Call
from reconciler.simulators.losant.inventory import DEVICE_CLASSES, ROW_IDS, Device, index_of
from reconciler.simulators.losant.listing import page_bytes
from reconciler.simulators.losant.parameters import OBJECT_ID
from reconciler.simulators.losant.payloads import device_payload, row_json, tag_list
from reconciler.simulators.losant.queries import compile_query, glob, tag_test
from reconciler.simulators.losant.refusals import malformed, not_found

ROW_SORTS = ("id", "deviceId", "flowId", "desiredVersion", "currentVersion", "creationDate", "lastUpdated")
DEVICE_SORTS = ("name", "id", "creationDate", "lastUpdated", "connectionStatus", "deletedAt")


def application(call: Call) -> Reply:
    """The application."""
    app = call.world.app
    return json_reply(200, {"id": app.id, "applicationId": app.id, "name": app.name, "description": ""})


def list_deployments(call: Call) -> Reply:
    """A page of deployment rows, with all filters and sorts; the default sort moves while devices report."""
    asked, app = call.parameters, call.world.app
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", ROW_SORTS, "lastUpdated"), asked.direction()
    device, flow = asked.object_id("deviceId"), asked.object_id("flowId")
    version, filled = asked.text("version"), asked.flag("filterEmpty")
    filters = {"deviceId": device, "flowId": flow, "version": version}
    about = {
        **({k: v for k, v in filters.items() if v is not None}),
        "applicationId": app.id,
        "perPage": window.per_page,
        "page": window.page,
        "sortField": sort,
        "sortDirection": direction,
    }

    def select() -> Sequence[int]:
        rows = _filtered_rows(call, device, flow, version, filled=filled)
        key = _row_sort(call, sort)
        return sorted(rows, key=key, reverse=direction == "desc") if key else rows[:: 1 if direction == "asc" else -1]

    steady = sort == "id" and direction == "asc" and version is None and not filled
    listing = call.listings.rows((sort, direction, device, flow, version, filled), select, steady=steady)
    agents = call.world.agents
    return Reply(200, page_bytes(listing, window, None, about, lambda row: row_json(app, agents, row)))


def _filtered_rows(call: Call, device: str | None, flow: str | None, version: str | None, *, filled: bool) -> list[int]:
    app = call.world.app
    table = app.rows
    if flow is None:
        rows = list(table.live())
    else:
        known = app.flow_of_id(flow)
        rows = sorted(table.of_flow(known.index)) if known else []
    if device is not None:
        found = app.device_of_id(device, deleted=True)
        rows = [row for row in rows if found is not None and table.device[row] == found.index]
    if version is not None:
        rows = table.with_version(rows, version, "either")
    if filled:
        rows = [row for row in rows if table.desired[row] or table.current[row]]
    return rows


def _row_sort(call: Call, sort: str) -> Callable[[int], Any] | None:
    """The key of a sort; None where rows are in order already."""
    rows = call.world.app.rows
    contents = rows.contents
    keys: dict[str, Callable[[int], Any]] = {
        "deviceId": rows.device.__getitem__,
        "flowId": rows.flow.__getitem__,
        "desiredVersion": lambda row: contents[rows.desired[row]].version or "",
        "currentVersion": lambda row: contents[rows.current[row]].version or "",
        "creationDate": rows.created.__getitem__,
        "lastUpdated": rows.updated.__getitem__,
    }
    return keys.get(sort)


def get_deployment(call: Call) -> Reply:
    """One deployment row."""
    text, rows = call.path["deployment"], call.world.app.rows
    row = index_of(ROW_IDS, text) if OBJECT_ID.fullmatch(text) else -1
    if not 0 <= row < len(rows) or not rows.alive[row]:
        raise not_found("Edge deployment")
    return json_reply(200, row_json(call.world.app, call.world.agents, row))


def list_devices(call: Call) -> Reply:
    """A page of devices; an advanced query overrides every other filter (confirmed: JS docs/devices.md)."""
    asked, app = call.parameters, call.world.app
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", DEVICE_SORTS, "name"), asked.direction()
    asked.one_of("filterField", ("name",), "name")
    deleted, query = asked.flag("queryDeleted"), asked.document("query")
    classes, tags, pattern = asked.values("deviceClass"), asked.tags("tagFilter"), asked.text("filter")
    for device_class in classes:
        if device_class not in DEVICE_CLASSES:
            raise malformed(f"query parameter deviceClass must be one of {', '.join(DEVICE_CLASSES)}")
    shape = {
        "connection": not asked.flag("excludeConnectionInfo"),
        "tag_object": asked.flag("tagsAsObject"),
        "attribute_object": asked.flag("attributesAsObject"),
    }
    about: dict[str, Any] = {
        "applicationId": app.id,
        "perPage": window.per_page,
        "page": window.page,
        "sortField": sort,
        "sortDirection": direction,
        **({"filter": pattern, "filterField": "name"} if pattern else {}),
        **({"deviceClass": classes[0]} if len(classes) == 1 else {}),
        **({"tagFilter": tag_list(tuple((k or "", v or "") for k, v in tags))} if all(all(t) for t in tags) else {}),
        **({"query": query} if query is not None else {}),
    }
    test = compile_query(query) if query is not None else _device_filter(call, classes, tags, pattern)
    parent = query is None and asked.text("parentId") not in (None, "null")

    def select() -> Sequence[int]:
        found = [d for d in app.devices if (d.deleted is not None) == deleted and not parent and test(d)]
        return [d.index for d in sorted(found, key=_DEVICE_KEYS[sort], reverse=direction == "desc")]

    listing = call.listings.devices((sort, direction, deleted, parent, *_filter_key(call)), select)
    return Reply(
        200,
        page_bytes(
            listing,
            window,
            tuple(shape.values()),
            about,
            lambda index: device_payload(app, app.devices[index], **shape),
        ),
    )


_DEVICE_KEYS: dict[str, Callable[[Device], Any]] = {
    "name": lambda device: (device.name, device.index),
    "id": lambda device: device.index,
    "creationDate": lambda device: device.created,
    "lastUpdated": lambda device: device.updated,
    "connectionStatus": lambda device: -1 if device.connected is None else device.connected,
    "deletedAt": lambda device: device.deleted or 0,
}


def _filter_key(call: Call) -> tuple[tuple[str, str], ...]:
    names = ("filter", "deviceClass", "tagFilter", "query")
    return tuple(sorted((k, v) for k, v in call.parameters.pairs if k.startswith(names)))


def _device_filter(
    call: Call, classes: list[str], tags: list[tuple[str | None, str | None]], pattern: str | None
) -> Callable[[Device], bool]:
    matches = tag_test(tags, call.world.app.variants["tag-filter"])
    named = glob(pattern or "*")
    return lambda device: (
        (not classes or device.device_class in classes)
        and (not tags or matches(device.tags))
        and named.match(device.name) is not None
    )


def get_device(call: Call) -> Reply:
    """One device."""
    asked, app = call.parameters, call.world.app
    text = call.path["device"]
    device = app.device_of_id(text) if OBJECT_ID.fullmatch(text) else None
    if device is None:
        raise not_found("Device")
    payload = device_payload(
        app,
        device,
        connection=not asked.flag("excludeConnectionInfo"),
        tag_object=asked.flag("tagsAsObject"),
        attribute_object=asked.flag("attributesAsObject"),
    )
    return json_reply(200, payload)
