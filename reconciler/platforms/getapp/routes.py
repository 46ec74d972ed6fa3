"""Which URL answers what: the reads of agent, CDN master and delivery server that are used. None of them writes.

Agent and CDN ask for no credentials in the documents' examples (confirmed examples, DOC agent-settings.mdx); the server
asks for a login (confirmed, API modules/login).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote

from reconciler.errors import PlatformError, Rejected
from reconciler.platforms.getapp import wire
from reconciler.platforms.http import Client, segment
from reconciler.platforms.reading.arrays import arrays

T = TypeVar("T")
U = TypeVar("U")

DEVICES_PER_CALL = 50
"""Device ids in one query: they stand in the address, whose length servers bound (inferred)."""

WHOLE = 2000
"""Devices up to which the releases of all are asked for at once; above, an answer would be too large to hold."""
LONGEST = 4000
"""Characters of device ids in one address at most, when a large fleet is read part by part."""

_UPDATES: tuple[str, str | int] = ("include_updates", "true")
"""Confirmed (DOC interfaces/sse.md), on the CDN inferred; asked without it where it is refused. `bypass_policy` is never
asked for: it hides which devices may not take a release (confirmed, the same page)."""


_ROOT = ("/delivery/getReadyList", "/deploy/getList")
_BELOW = ("/api/v1/delivery/getReadyList", "/api/v1/deploy/getList", "/api/v1/device", "/api/v1/about")
V1_PREFIX = _BELOW[0].removesuffix(_ROOT[0])
V1_READS = {"": _ROOT, V1_PREFIX: _BELOW}
"""Reads of V1 by the prefix below which its routes may stand: at the root in the document of 2024 (confirmed, V1SPEC), below
another in pages of 2026 (the last two confirmed, DOC interfaces/cli.md and agent-cli/troubleshooting.md)."""


def parts(devices: Sequence[str]) -> Iterator[list[str]]:
    """Yield devices in parts that one address can name."""
    part: list[str] = []
    length = 0
    for device in devices:
        own = len("&device_id=") + len(quote(device, safe=""))
        if part and length + own > LONGEST:
            yield part
            part, length = [], 0
        part.append(device)
        length += own
    if part:
        yield part


class Routes:
    """The reads of one agent. All methods raise PlatformError."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def devices(self, take: Callable[[Iterator[wire.Entries]], T]) -> T:
        """Return what `take` makes of all devices of a CDN. Confirmed (agent-cdn/get-cdn-device).

        The answer is one, however many devices there are (no paging is documented): it comes in parts.
        """
        return self._devices("all", wire.entries, take)

    def present(self, kind: str, take: Callable[[Iterator[list[wire.Presence]]], T]) -> T:
        """Return what `take` makes of the devices a CDN lists, of which it gets ids alone; `kind` is active or all."""
        return self._devices(kind, wire.presences, take)

    def masters(self) -> list[str]:
        """Return the master, alone in a list; it is always active."""
        return self.present("active", lambda parts: [one.device_id for part in parts for one in part if one.is_master])

    def _devices(self, kind: str, decode: Callable[[bytes], U], take: Callable[[Iterator[U]], T]) -> T:
        operation = f"list devices ({kind})"
        return self.client.gather(
            "/api/cdn/device", operation, lambda parts: take(arrays(parts, decode)), {"filter": kind}
        )

    def fleet_releases(self, devices: Sequence[str] = ()) -> wire.Entries:
        """Return the releases on devices, all of them where none is named. Confirmed (seed 000)."""
        params = [("device_id", device) for device in devices]
        return self.client.read("/api/cdn/device/releases", "list releases on devices", wire.entries, params)

    def fleet_release(self, catalog_id: str, devices: Sequence[str]) -> wire.Entries:
        """Return one release on some devices; those without it have no entry. Confirmed (get-cdn-release-by-catalog)."""
        params = [("device_id", device) for device in devices]
        path = f"/api/cdn/device/releases/{segment(catalog_id)}"
        return self.client.read(path, f"read {catalog_id} on devices", wire.entries, params)

    def fleet_offering(self, devices: Sequence[str]) -> list[wire.Entry]:
        """Return what some devices may take. Confirmed (agent-cdn/get-cdn-device-offering)."""
        params: list[tuple[str, str | int]] = [("device_id", device) for device in devices]
        return self._with_updates("/api/cdn/device/offering", wire.entries, params).items

    def device(self) -> bytes:
        """Return who an agent's own device is. Confirmed (DOC agent-settings.mdx)."""
        return self.client.read("/api/v2/device", "read the device", _object)

    def releases(self) -> bytes:
        """Return the releases on an agent's own device; that they are an array is inferred. Path confirmed."""
        return self.client.read("/api/v2/device/releases", "list releases", _list)

    def release(self, catalog_id: str) -> wire.Row:
        """Return one release on an agent's own device; NotFound where it has not. Confirmed (seed 001)."""
        return self.client.read(f"/api/v2/device/releases/{segment(catalog_id)}", f"read {catalog_id}", wire.row).value

    def offering(self) -> bytes:
        """Return what an agent's own device may take. Confirmed to exist (DOC interfaces/sse.md)."""
        return self._with_updates("/api/v2/device/offering", _list, [])

    def configs(self) -> dict[str, object]:
        """Return an agent's settings. Confirmed (DOC agent-settings.mdx)."""
        return self.client.read("/api/v2/agent/configs", "read the agent's settings", wire.fields)

    def answers_below(self, prefix: str) -> bool:
        """Return whether an agent answers one of the reads of V1 below a prefix."""
        for path in V1_READS[prefix]:
            try:
                self.client.read(path, f"ask whether V1 answers at {path}", wire.fields_or_items)
            except PlatformError:
                continue
            return True
        return False

    def document(self, part: str) -> dict[str, object]:
        """Return the OpenAPI document of a part, v1, v2 (confirmed, DOC changelog) or cdn (inferred)."""
        return self.client.read(f"/api-docs/{part}/openapi.json", f"read the OpenAPI of {part}", wire.fields)

    def _with_updates(self, path: str, decode: Callable[[bytes], T], params: list[tuple[str, str | int]]) -> T:
        try:
            return self.client.read(path, "list offerings", decode, [*params, _UPDATES])
        except Rejected:
            return self.client.read(path, "list offerings", decode, params)


def _object(content: bytes) -> bytes:
    """Return an object as it came; raise msgspec.DecodeError for anything else."""
    wire.fields(content)
    return content


def _list(content: bytes) -> bytes:
    """Return the list of an answer as it is, without an object around it; raise msgspec.DecodeError for anything else."""
    listed = wire.items(content)
    return b"[%b]" % b",".join(bytes(raw) for raw in listed.items) if listed.wrapped else content


def _server_releases(content: bytes) -> wire.Several[wire.ServerRelease]:
    return wire.server_releases(wire.items(content).items)


class Server:
    """The reads of a delivery server. All methods raise PlatformError."""

    def __init__(self, client: Client, anonymous: Client, source: str) -> None:
        """Take the client, the one that logs in, and the connection's `source`: cache or remote."""
        self.client = client
        self.source = source
        self._anonymous = anonymous

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._anonymous.close()

    def release(self, project: str, version: str) -> wire.Read[wire.ServerRelease]:
        """Return a release by project and version. Confirmed (API upload/releases.controller.ts)."""
        path = f"{_project(project)}/version/{segment(version)}"
        return self.client.read(path, f"read release {version!r} of {project}", wire.server_release)

    def releases(self, project: str) -> wire.Several[wire.ServerRelease]:
        """Return the releases of a project. Confirmed (API section 7.4).

        The server takes a name or an id (confirmed): those of a project whose id is this name are left out.
        """
        found = self.client.read(_project(project), f"list releases of {project}", _server_releases)
        return found._replace(items=[one for one in found.items if one.project_name in ("", project)])

    def prepared(self, catalog_id: str) -> wire.Read[wire.Prepared]:
        """Return how a preparation stands. On a caching server an unknown id starts one: ask only for known ids."""
        path = f"/api/v1/delivery/preparedDelivery/{segment(catalog_id)}"
        return self.client.read(path, f"read the preparation of {catalog_id}", wire.prepared, {"source": self.source})

    def health(self) -> None:
        """Ask whether the gateway is well; without login, plain text. Confirmed (API section 7.4)."""
        self._anonymous.get("/api/v1/checkHealth", "ask how the server is")


def _project(name: str) -> str:
    return f"/api/v1/catalog/releases/project/{segment(name)}"
