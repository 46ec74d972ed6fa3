"""What the nouns look like on the wire."""

from functools import lru_cache
from typing import Any

import msgspec

from reconciler.simulators.losant.agents import Agents, first_log
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.inventory import (
    ROW_IDS,
    USER,
    Content,
    Device,
    Flow,
    Tags,
    Version,
    hex_id,
    iso,
)

Payload = dict[str, Any]

_ATTRIBUTES = [{"name": "cpu", "dataType": "number"}, {"name": "mode", "dataType": "string"}]


def row_json(app: Application, agents: Agents, row: int) -> msgspec.Raw:
    """A deployment row, put together as text: a million of them are encoded before a benchmark starts.

    Etags are left out where there is no content, or by variant.
    """
    rows = app.rows
    device, flow = app.devices[rows.device[row]], app.flows[rows.flow[row]]
    etags = app.variants["etags"] == "shown"
    desired = _content_json("desired", rows.contents[rows.desired[row]], etags=etags)
    current = _content_json("current", rows.contents[rows.current[row]], etags=etags)
    connected = "null" if device.connected is None else device.connected
    logs = rows.logs.get(row)
    history = _generated_history(agents, row) if logs is None else _encode(logs)
    file = f'"fileName":{_encode(rows.files[row])},' if row in rows.files else ""
    row_id = hex_id(ROW_IDS, row)
    text = (
        f'{{"id":"{row_id}","edgeDeploymentId":"{row_id}","applicationId":"{app.id}","deviceId":"{device.id}",'
        f'"deviceName":{_encode(device.name)},"deviceConnectionInfo":'
        f'{{"time":"{iso(device.connection_time)}","connected":{connected}}},"flowId":"{flow.id}",'
        f'"flowName":{_encode(flow.name)},"flowClass":"{flow.flow_class}",{file}"creationDate":"{iso(rows.created[row])}",'
        f'"lastUpdated":"{iso(rows.updated[row])}",{desired},{current},"logs":{history}}}'
    )
    return msgspec.Raw(text.encode())


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=1 << 12)
def _content_json(which: str, content: Content, *, etags: bool) -> str:
    etag = f',"{which}Etag":{_encode(content.etag)}' if etags and content.etag is not None else ""
    return f'"{which}Version":{_encode(content.version)}{etag}'


def _generated_history(agents: Agents, row: int) -> str:
    """The history of a row that nobody wrote since it was generated; many rows share one."""
    return _history_json(*agents.birth(row))


@lru_cache(maxsize=1 << 16)
def _history_json(created: int, content: Content) -> str:
    return _encode(first_log(created, content))


def device_payload(app: Application, device: Device) -> Payload:
    """A device."""
    payload: Payload = {
        "id": device.id,
        "deviceId": device.id,
        "applicationId": app.id,
        "name": device.name,
        "description": "",
        "deviceClass": device.device_class,
        "tags": tag_list(device.tags),
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
    return payload


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as the list of keys and values that devices carry."""
    return [{"key": key, "value": value} for key, value in tags]


def flow_payload(app: Application, flow: Flow) -> Payload:
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
        "enabled": version.enabled,
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
