"""A small GetApp in memory, behind httpx.MockTransport: answers by path, just enough for the platform's own tests.

It knows no behaviour; a test that wants another answer puts it there. The simulator, written from the API facts by other
hands, is what the contract suite runs against.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

from reconciler.model.change import Change, Reason, Verb
from reconciler.model.connection import Login, Requests, Secret
from reconciler.model.origin import NOWHERE
from reconciler.model.unit import Ref
from reconciler.platforms.getapp.connection import DeliveryServer, GetAppConnection
from reconciler.platforms.getapp.platform import GetApp, factory

PASSWORD = "secret word"
AGENT, SERVER = "http://127.0.0.1:2220", "http://127.0.0.1:3000"
Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Stopwatch:
    """A clock that tests set; sleeping moves it."""

    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self.time = now
        self.stop = False

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> bool:
        self.time += seconds
        return self.stop

    def stopping(self) -> bool:
        return self.stop


def release(project: str = "radio", version: str = "1.0.0", **fields: Any) -> dict[str, Any]:
    """Return the `release` of a row, of an offering, or of the server."""
    return {
        "id": f"12.{project}@{version}",
        "projectId": 12,
        "projectName": project,
        "version": version,
        "status": "released",
        "type": "product",
        "createdAt": "2026-10-01T08:00:00Z",
        "updatedAt": "2026-10-02T08:00:00Z",
        **fields,
    }


def row(state: str = "installed", status: Any = "Done", version: str = "1.0.0", **fields: Any) -> dict[str, Any]:
    """Return a row in the nested shape; `project` and the release's own fields may be given."""
    about = {key: fields.pop(key) for key in ("dependencies", "metadata", "id", "size") if key in fields}
    project = fields.pop("project", "radio")
    nested = {"state": state, "deviceReleaseStatus": status, "release": release(project, version, **about)}
    return {**nested, "deliveryState": "done", "progress": 100.0, "eta": None, "errMsg": None, **fields}


def entry(device: str, data: Any, *, master: bool = False) -> dict[str, Any]:
    """Return what a CDN tells of one device."""
    return {"deviceId": device, "isMaster": master, "data": data}


class Installation:
    """A master with devices, an agent and a server; `answers` by path replace what follows from the lists."""

    def __init__(self, devices: int = 2) -> None:
        self.clock = Stopwatch()
        self.ids = [f"edge-{number}" for number in range(devices)]
        self.fields: dict[str, dict[str, Any]] = {}
        self.inactive: set[str] = set()
        self.rows: dict[str, list[Any]] = {device: [row()] for device in self.ids}
        self.offering: list[dict[str, Any]] = []
        self.server: dict[tuple[str, str], dict[str, Any]] = {}
        self.answers: dict[str, Answer] = {}
        self.requests: list[httpx.Request] = []
        self.logins = 0

    def platform(self, topology: str = "cdn", *, delivery: bool = False, **fields: Any) -> GetApp:
        """Return a platform that talks to this installation."""
        login = Login(username=Secret(env="USER"), password=Secret(env="PASSWORD"))
        spec = GetAppConnection(
            agent=AGENT,
            topology=topology,
            delivery=DeliveryServer(url=SERVER, login=login) if delivery else None,
            requests=Requests(concurrency=2),
            **fields,
        )
        secrets = {"USER": "operator\n", "PASSWORD": PASSWORD}
        return factory(spec, lambda one: secrets[one.env or ""], self.clock, transport=httpx.MockTransport(self.answer))

    def paths(self, method: str = "GET") -> list[str]:
        """Return the paths that were asked for."""
        return [unquote(one.url.raw_path.decode().partition("?")[0]) for one in self.requests if one.method == method]

    def devices(self, kind: str = "all") -> list[dict[str, Any]]:
        """Return what the list of devices shows."""
        chosen = [one for one in self.ids if kind == "all" or one not in self.inactive]
        return [entry(one, {"deviceId": one, **self.fields.get(one, {})}, master=one == self.ids[0]) for one in chosen]

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = unquote(request.url.raw_path.decode().partition("?")[0])
        found = self.answers.get(f"{request.method} {path}", self.answers.get(path))
        if found is not None:
            return found(request) if callable(found) else found
        if request.method != "GET":
            return self._written(path)
        told = self._told(path, request)
        return missing() if told is None else httpx.Response(200, json=told)

    def _told(self, path: str, request: httpx.Request) -> Any:
        params = request.url.params
        asked = params.get_list("device_id")
        if path == "/api/cdn/device":
            return self.devices(params.get("filter", "active"))
        if path == "/api/cdn/device/releases":
            return [entry(one, rows) for one, rows in self.rows.items() if not asked or one in asked]
        if path == "/api/cdn/device/offering":
            return [entry(one, self.offering) for one in asked]
        if path == "/api/v2/device":
            return {"deviceId": self.ids[0], **self.fields.get(self.ids[0], {})}
        if path == "/api/v2/device/releases":
            return self.rows[self.ids[0]]
        if path == "/api/v2/device/offering":
            return self.offering
        if path == "/api/v1/checkHealth":
            return "well"
        return self._server(path)

    def _server(self, path: str) -> Any:
        start = "/api/v1/catalog/releases/project/"
        if not path.startswith(start):
            return None
        project, _, version = path.removeprefix(start).partition("/version/")
        if version:
            return self.server.get((project, version))
        return [one for key, one in self.server.items() if key[0] == project] or None

    def _written(self, path: str) -> httpx.Response:
        if path.startswith("/api/v1/login"):
            self.logins += 1
            tokens = {"accessToken": f"access-{self.logins}", "refreshToken": f"refresh-{self.logins}"}
            return httpx.Response(201, json=tokens)
        return httpx.Response(200)


def missing(message: str = "there is nothing") -> httpx.Response:
    """Return a 404."""
    return httpx.Response(404, json={"message": message, "name": "NotFound", "statusCode": 404})


def change(
    unit: str, old: str | None, new: str | None, *, workload: str = "radio", extra_versions: tuple[str, ...] = ()
) -> Change:
    """Return one change."""
    verb = (
        Verb.REMOVE
        if new is None or (old == new and extra_versions)
        else Verb.RELEASE
        if old in (None, new)
        else Verb.REPLACE
    )
    return Change(
        unit=Ref(unit, unit),
        workload=Ref(workload, workload),
        verb=verb,
        from_=old,
        to=new,
        reason=Reason.CHANGE,
        steps=(),
        origin=NOWHERE,
        observed="",
        extra_versions=extra_versions,
    )


def body(request: httpx.Request) -> Any:
    """Return the JSON of a request."""
    return json.loads(request.content)
