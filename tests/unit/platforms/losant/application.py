"""A small Losant application in memory, behind httpx.MockTransport: just enough for the platform's own tests.

It knows nothing of agents or faults; a test that wants a fault puts a hook before the answer. The simulator, written
from the API facts by other hands, is what the contract suite runs against.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import unquote

import httpx

from reconciler.model.connection import Requests, Secret
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.platform import Losant, factory

APP = "575ec8687ae143cd83dc4a97"
TOKEN = "secret-token-value"
Hook = Callable[[httpx.Request], httpx.Response | None]


def hex_id(kind: str, number: int) -> str:
    """Return an id of 24 hex digits; `kind` is one hex digit."""
    return f"{kind}{number:023x}"


class Stopwatch:
    """A clock that tests set; sleeping moves it. Its monotonic time is another number than the time of day."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []
        self.stop = False
        self.asleep = 0.0
        """How long the machine slept, which no monotonic clock counts."""

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time - 1_600_000_000.0 - self.asleep

    def sleep(self, seconds: float) -> bool:
        self.slept.append(seconds)
        self.time += seconds
        return self.stop

    def stopping(self) -> bool:
        return self.stop


class Application:
    """Devices, workflows, versions and rows as the API's own JSON, and every request that came."""

    def __init__(self, most: int = 1000) -> None:
        self.devices: list[dict[str, Any]] = []
        self.flows: list[dict[str, Any]] = []
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.rows: list[dict[str, Any]] = []
        self.deleted: list[dict[str, Any]] = []
        self.dated = False
        """Whether answers say what time it is."""
        self.requests: list[httpx.Request] = []
        self.hooks: list[Hook] = []
        self.most = most
        self.accepted = 202
        self.clock = Stopwatch()

    def fill(self, devices: int, flows: int, version: str = "v1") -> Application:
        """Put in edge devices that all have one version of each workflow."""
        for number in range(flows):
            self.add_flow(f"flow-{number}", version)
        for number in range(devices):
            self.add_device(tags=[{"key": "site", "value": "austin"}], edgeAgentVersion="1.40.0")
            for flow in self.flows:
                self.add_row(self.devices[number]["id"], flow["id"], version)
        return self

    def add_device(self, device_class: str = "edgeCompute", **fields: Any) -> dict[str, Any]:
        number = len(self.devices)
        device = {
            "id": hex_id("d", number),
            "name": f"gw-{number}",
            "deviceClass": device_class,
            "creationDate": f"2026-01-01T00:00:00.{number % 1000:03d}Z",
            "lastUpdated": "2026-01-02T00:00:00.000Z",
            "connectionInfo": {"time": "2026-11-20T08:00:00.000Z", "connected": 1},
            "tags": [],
            **fields,
        }
        self.devices.append(device)
        return device

    def add_flow(self, name: str, *versions: str) -> dict[str, Any]:
        flow: dict[str, Any] = {
            "id": hex_id("f", len(self.flows)),
            "name": name,
            "flowClass": "edge",
            "nodes": [{"id": "n"}],
        }
        self.flows.append(flow)
        self.versions[flow["id"]] = [
            {
                "id": hex_id("e", number),
                "flowId": flow["id"],
                "version": version,
                "enabled": True,
                "creationDate": "2025-12-01T00:00:00.000Z",
                "lastUpdated": "2026-01-01T00:00:00.000Z",
                "minimumAgentVersion": "1.30.0",
                "notes": "first",
            }
            for number, version in enumerate(versions)
        ]
        return flow

    def add_row(self, device: str, flow: str, version: str | None, **fields: Any) -> dict[str, Any]:
        row = {
            "id": hex_id("a", len(self.rows)),
            "deviceId": device,
            "flowId": flow,
            "flowName": f"name of {flow[:1]}",
            "flowClass": "edge",
            "desiredVersion": version,
            "currentVersion": version,
            "creationDate": f"2026-01-01T00:00:00.{len(self.rows) % 1000:03d}Z",
            "lastUpdated": "2026-11-20T08:00:00.000Z",
            "logs": [],
            **fields,
        }
        self.rows.append(row)
        return row

    def platform(self, **fields: Any) -> Losant:
        """Return a platform that talks to this application."""
        requests = fields.pop("requests", Requests())
        spec = LosantConnection(application=APP, token=Secret(env="T"), requests=requests, **fields)
        return factory(spec, lambda _: TOKEN, self.clock, transport=httpx.MockTransport(self.answer))

    def hook(self, path: str, answer: Callable[[httpx.Request], httpx.Response | None], times: int = 10**6) -> None:
        """Answer requests whose path ends so with another answer, at most so many times."""
        left = times

        def before(request: httpx.Request) -> httpx.Response | None:
            nonlocal left
            if not request.url.path.endswith(path) or left <= 0:
                return None
            reply = answer(request)
            left -= reply is not None
            return reply

        self.hooks.append(before)

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of all requests whose path ends so."""
        return [dict(request.url.params) for request in self.requests if request.url.path.endswith(path)]

    def answer(self, request: httpx.Request) -> httpx.Response:
        found = self._answer(request)
        if self.dated:
            found.headers.setdefault("date", formatdate(self.clock.now(), usegmt=True))
        return found

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        for hook in self.hooks:
            reply = hook(request)
            if reply is not None:
                return reply
        path = unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix(f"/applications/{APP}")
        params = request.url.params
        if request.method == "POST":
            return self._write(path, json.loads(request.content))
        if path == "/devices":
            if "queryDeleted" in params:
                return self._list(self.deleted, params)
            if "query" in params:
                some = json.loads(params["query"])["$or"]
                return self._list([d for d in self.devices if any(map(partial(_meant, d), some))], params)
            wanted = params.get("deviceClass")
            return self._list([d for d in self.devices if wanted in (None, d["deviceClass"])], params)
        if path == "/edge/deployments":
            return self._list([row for row in self.rows if self._matches(row, params)], params)
        if path == "/flows":
            return self._list(self.flows, params)
        return self._version(path, params)

    def _matches(self, row: dict[str, Any], params: httpx.QueryParams) -> bool:
        if any(key in params and params[key] != row[key] for key in ("deviceId", "flowId")):
            return False
        return "version" not in params or params["version"] in (row["desiredVersion"], row["currentVersion"])

    def _version(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        _, _, flow, _, *name = path.split("/", 4)
        if flow not in self.versions:
            return missing("Flow was not found")
        if not name:
            return self._list(self.versions[flow], params)
        for version in self.versions[flow]:
            if name[0] in (version["version"], version["id"]):
                return httpx.Response(200, json=version)
        return missing("Flow version was not found")

    def _list(self, items: list[dict[str, Any]], params: httpx.QueryParams) -> httpx.Response:
        field, size = params.get("sortField", "name"), min(int(params.get("perPage", 100)), self.most)
        ordered = sorted(items, key=lambda item: str(item[field]), reverse=params.get("sortDirection") == "desc")
        page = int(params.get("page", 0))
        shown = ordered[page * size : (page + 1) * size]
        return httpx.Response(200, json={"items": shown, "count": len(shown), "totalCount": len(items)})

    def _write(self, path: str, body: dict[str, Any]) -> httpx.Response:
        for row in self.rows:
            if row["flowId"] != body["flowId"]:
                continue
            named = row["deviceId"] in (*body.get("deviceIds", ()), body.get("deviceId"))
            if named or row["desiredVersion"] == body.get("oldVersion", ""):
                row["desiredVersion"] = row["currentVersion"] = body.get("version", body.get("newVersion"))
        return httpx.Response(self.accepted, json={"success": True})


def _meant(device: dict[str, Any], query: dict[str, Any]) -> bool:
    """Return whether an id or a date of a device is what a query asks for."""
    ((key, value),) = query.items()
    return device["id"] == value if key == "id" else str(device.get(key, "")) >= value["$gte"]


def missing(message: str) -> httpx.Response:
    """Return Losant's 404."""
    return httpx.Response(404, json={"type": "NotFound", "message": message})
