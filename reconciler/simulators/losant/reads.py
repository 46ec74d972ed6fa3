"""The reads: deployments, devices, flows, versions, the application itself.

Of the sorts that there are, these are the ones that clients ask for.
"""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from operator import attrgetter
from typing import Any, TypeVar

from reconciler.simulators.exchange import Reply, json_reply
from reconciler.simulators.losant.access import malformed, not_found
from reconciler.simulators.losant.call import OBJECT_ID, Call
from reconciler.simulators.losant.inventory import (
    DEVICE_CLASSES,
    FLOW_CLASSES,
    ROW_IDS,
    Device,
    index_of,
    tag_test,
)
from reconciler.simulators.losant.listing import Window, collection, page_bytes
from reconciler.simulators.losant.payloads import (
    device_payload,
    flow_payload,
    row_json,
    tag_list,
    version_payload,
)


def glob(pattern: str) -> re.Pattern[str]:
    """A name filter with `*` and `?`, in any case of letters."""
    return re.compile(translate(pattern), re.IGNORECASE)


ROW_SORTS = ("id", "creationDate", "lastUpdated")
DEVICE_SORTS = ("name", "id", "creationDate")


def application(call: Call) -> Reply:
    """The application."""
    app = call.world.app
    return json_reply(200, {"id": app.id, "applicationId": app.id, "name": app.name, "description": ""})


def list_deployments(call: Call) -> Reply:
    """A page of deployment rows, with all filters; the default sort moves while devices report."""
    asked, app = call.parameters, call.world.app
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", ROW_SORTS, "lastUpdated"), asked.direction()
    device, flow = asked.object_id("deviceId"), asked.object_id("flowId")
    version, filled = asked.text("version"), asked.flag("filterEmpty")
    filters = {"deviceId": device, "flowId": flow, "version": version}
    about = {
        **({k: v for k, v in filters.items() if v is not None}),
        **_about(call, window, sort, direction),
    }

    def select() -> Sequence[int]:
        rows = _filtered_rows(call, device, flow, version, filled=filled)
        key = _row_sort(call, sort)
        return sorted(rows, key=key, reverse=direction == "desc") if key else rows[:: 1 if direction == "asc" else -1]

    steady = sort == "id" and direction == "asc" and version is None and not filled
    listing = call.world.app.listings.rows((sort, direction, device, flow, version, filled), select, steady=steady)
    agents = call.world.agents
    return Reply(200, page_bytes(listing, window, about, lambda row: row_json(app, agents, row)))


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
    keys = {"creationDate": rows.created.__getitem__, "lastUpdated": rows.updated.__getitem__}
    return keys.get(sort)


def get_deployment(call: Call) -> Reply:
    """One deployment row."""
    text, rows = call.path["deployment"], call.world.app.rows
    row = index_of(ROW_IDS, text) if OBJECT_ID.fullmatch(text) else -1
    if not 0 <= row < len(rows) or not rows.alive[row]:
        raise not_found("Edge deployment")
    return json_reply(200, row_json(call.world.app, call.world.agents, row))


def list_devices(call: Call) -> Reply:
    """A page of devices."""
    asked, app = call.parameters, call.world.app
    window = asked.window(app.variants)
    sort, direction = asked.one_of("sortField", DEVICE_SORTS, "name"), asked.direction()
    asked.one_of("filterField", ("name",), "name")
    if asked.text("query"):
        raise malformed("advanced queries are not simulated")
    classes, tags, pattern = asked.values("deviceClass"), asked.tags("tagFilter"), asked.text("filter")
    for device_class in classes:
        if device_class not in DEVICE_CLASSES:
            raise malformed(f"query parameter deviceClass must be one of {', '.join(DEVICE_CLASSES)}")
    about = {
        **_about(call, window, sort, direction),
        **({"filter": pattern, "filterField": "name"} if pattern else {}),
        **({"deviceClass": classes[0]} if len(classes) == 1 else {}),
        **({"tagFilter": tag_list(tuple((k or "", v or "") for k, v in tags))} if all(all(t) for t in tags) else {}),
    }
    test = _device_filter(call, classes, tags, pattern)

    def select() -> Sequence[int]:
        found = [device for device in app.devices if device.deleted is None and test(device)]
        return [d.index for d in sorted(found, key=_DEVICE_KEYS[sort], reverse=direction == "desc")]

    listing = app.listings.devices((sort, direction, *_filter_key(call)), select)
    return Reply(200, page_bytes(listing, window, about, lambda index: device_payload(app, app.devices[index])))


_DEVICE_KEYS: dict[str, Callable[[Device], Any]] = {
    "name": lambda device: (device.name, device.index),
    "id": lambda device: device.index,
    "creationDate": lambda device: device.created,
}


def _filter_key(call: Call) -> tuple[tuple[str, str], ...]:
    names = ("filter", "deviceClass", "tagFilter")
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
    app, text = call.world.app, call.path["device"]
    device = app.device_of_id(text) if OBJECT_ID.fullmatch(text) else None
    if device is None:
        raise not_found("Device")
    return json_reply(200, device_payload(app, device))


T = TypeVar("T")

_FLOW_SORTS = {"name": "name", "id": "id"}
_VERSION_SORTS = {"version": "name", "id": "id"}
"""By field that sorts, the attribute that has it."""


def list_flows(call: Call) -> Reply:
    """A page of flows; without `flowClass` these are the cloud ones (confirmed: JS docs/flows.md)."""
    asked = call.parameters
    flow_class = asked.one_of("flowClass", FLOW_CLASSES, "cloud")
    asked.one_of("filterField", ("name",), "name")
    pattern = asked.text("filter")
    named = glob(pattern or "*")
    flows = [f for f in call.world.app.flows if f.flow_class == flow_class and named.match(f.name)]
    about = {"flowClass": flow_class} | ({"filter": pattern, "filterField": "name"} if pattern else {})
    return _page(call, flows, _FLOW_SORTS, lambda flow: flow_payload(call.world.app, flow), about)


def get_flow(call: Call) -> Reply:
    """One flow."""
    return json_reply(200, flow_payload(call.world.app, call.flow()))


def list_versions(call: Call) -> Reply:
    """A page of the versions of a flow."""
    flow, asked = call.flow(), call.parameters
    asked.one_of("filterField", ("version",), "version")
    pattern = asked.text("filter")
    named = glob(pattern or "*")
    versions = [version for version in flow.versions.values() if named.match(version.name)]
    about = {"flowId": flow.id} | ({"filter": pattern, "filterField": "version"} if pattern else {})
    app = call.world.app
    return _page(call, versions, _VERSION_SORTS, lambda v: version_payload(app, flow, v), about)


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
    things: list[T],
    sorts: dict[str, str],
    payload: Callable[[T], object],
    about: dict[str, Any],
) -> Reply:
    asked = call.parameters
    window = asked.window(call.world.app.variants)
    sort, direction = asked.one_of("sortField", tuple(sorts), next(iter(sorts))), asked.direction()
    things = sorted(things, key=attrgetter(sorts[sort]), reverse=direction == "desc")
    start = window.page * window.per_page
    items = [payload(thing) for thing in things[start : start + window.per_page]]
    return Reply(200, collection(items, len(things), _about(call, window, sort, direction) | about))


def _about(call: Call, window: Window, sort: str, direction: str) -> dict[str, Any]:
    """What every collection says of itself."""
    return {
        "applicationId": call.world.app.id,
        "perPage": window.per_page,
        "page": window.page,
        "sortField": sort,
        "sortDirection": direction,
    }
