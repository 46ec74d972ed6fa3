"""What `doctor` can tell of an agent by reading alone, what it proposes, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from reconciler.errors import NotFound, PlatformError, Rejected, Unreachable
from reconciler.platforms.answers import Answer, clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.connection import StepRoute
from reconciler.platforms.getapp.inventory import id_of, listing
from reconciler.platforms.getapp.openapi import proposals
from reconciler.platforms.getapp.routes import DEVICES_PER_CALL, V1_PREFIX, V1_READS, Routes, Server
from reconciler.platforms.getapp.steps import Table
from reconciler.platforms.reading.checks import clock_check, inferred_checks
from reconciler.ports import Check, Clock

ACCEPTED = "the server accepts user and password"
V1_AREAS = ("/delivery/", "/deploy/")
SETTINGS = (
    "deployAutoOnPull", "deliveryAutoTrigger", "maxParallelDeliveries", "deliveryTimeoutMins", "downloadRetryCount",
    "deliveryRetryDelaySecs", "deployTimeoutSec", "discoveryPeriodicIntervalMin", "queryStatusIntervalSec", "tcpTimeout",
)  # fmt: skip
"""Settings by their names in the API, confirmed (DOC configurations/agent-settings.mdx)."""
FORBIDDEN = 403
"""A missing role, or 401 (confirmed, section 7.1)."""
PARTS = {True: ("cdn",), False: ("v1", "v2")}
"""The documents that describe the calls of a topology."""

INFERRED = (
    "the assigned version follows from a device's releases: what is in progress, else downloaded, else installed",
    "a release is on its way unless it is paused, cancelled or failed, and is uninstalled only when the device says so",
    "`requestedStatus: Uninstall` makes an agent take software away: nothing documents that it does",
    "one active device of each type and platform is asked which releases there are",
    "a device that the CDN's offering shows nothing of a release was not pushed it",
    "an active device without releases is shown with an empty list",
    "commands to devices that are not connected are lost, and the answer does not say so",
)
"""The facts of getapp.md that are inferred and that a run relies on (sections 4 to 6 and 9)."""


def checks(routes: Routes, server: Server | None, table: Table, clock: Clock) -> Iterator[Check]:
    """Yield findings, in the order a person would look for the cause; stops early where nothing further can work."""
    reads: dict[str, Callable[[], str]] = (
        {"devices": lambda: _devices(routes), "releases": lambda: _releases(routes)}
        if table.fleet
        else {
            "device": lambda: _device(routes),
            "releases": lambda: _own_releases(routes),
            "settings": lambda: _settings(routes),
        }
    )
    reads["offerings"] = lambda: _offerings(routes, fleet=table.fleet)
    for number, (name, read) in enumerate(reads.items()):
        try:
            text = read()
        except PlatformError as error:
            yield Check(f"read {name}", "failed", str(error), error.hint)
            if isinstance(error, Unreachable) and not number:
                return
        else:
            yield Check(f"read {name}", "ok", text)
    yield clock_check(_answer(routes, fleet=table.fleet), clock, "the agent")
    yield from _routes(routes, table)
    if not table.fleet:
        yield _prefix(routes, table)
    yield from _server(server)
    yield Check("call steps", "unchecked", "every step writes")
    yield from inferred_checks(INFERRED)


def _devices(routes: Routes) -> str:
    found = routes.devices(listing)
    active = routes.present("active", lambda parts: sum(len(part) for part in parts))
    problem = f"; {found.problems[0]}" if found.problems else ""
    return f"{routes.client.url} answers: {len(found)} devices, {active} of them active{problem}"


def _device(routes: Routes) -> str:
    return f"{routes.client.url} answers: it is device {id_of(routes.device()) or 'without an id'}"


def _releases(routes: Routes) -> str:
    """Return how some devices tell their releases: of a large fleet, those of all are more than an answer should hold."""
    try:
        asked = routes.present("active", _some)
    except PlatformError:
        asked = []  # which the check of devices says; all are asked then
    entries = routes.fleet_releases(asked)
    first = next((bytes(entry.data) for entry in entries.items if bytes(entry.data) != b"[]"), b"[]")
    of = f" of {len(asked)} active" if asked else ""
    return f"{len(entries.items)}{of} devices that were asked report their releases, in {_shape(first)}"


def _some(parts: Iterator[list[wire.Presence]]) -> list[str]:
    return [one.device_id for part in parts for one in part][:DEVICES_PER_CALL]


def _own_releases(routes: Routes) -> str:
    return f"the device reports its releases, in {_shape(routes.releases())}"


def _shape(rows: bytes) -> str:
    """Return which of the two shapes rows have (sections 3.1 and 3.2, both confirmed)."""
    try:
        found = wire.items(rows).items
        if not found:
            return "a list without releases"
        nested = wire.row(found[0]).value.release is not None
    except msgspec.DecodeError:
        return "an unexpected shape"
    return "the shape of April 2026 (nested)" if nested else "the shape of March 2026 (flat)"


def _offerings(routes: Routes, *, fleet: bool) -> str:
    lists = [entry.data for entry in routes.fleet_offering(routes.masters())] if fleet else [routes.offering()]
    try:
        number = sum(len(wire.items(content).items) for content in lists)
    except msgspec.DecodeError:
        return "what is offered has an unexpected shape"
    return f"the {'master' if fleet else 'device'} is offered {number} projects"


def _settings(routes: Routes) -> str:
    """Return the settings that decide what an agent does by itself, by their names in the API."""
    try:
        found = routes.configs()
    except NotFound:
        return "the agent serves no settings: whether it installs downloads by itself is not known"
    settings = [f"{name} {clean(_words(found[name]), 40)}" for name in SETTINGS if name in found]
    return (
        f"the agent's settings: {', '.join(settings)}"
        if settings
        else "the agent returns none of the documented settings"
    )


def _words(value: object) -> str:
    """Return a value as JSON, which is YAML too."""
    return msgspec.json.encode(value).decode()


def _answer(routes: Routes, *, fleet: bool) -> Answer | None:
    try:
        return routes.client.get("/api/cdn/device" if fleet else "/api/v2/device", "read the time")
    except PlatformError:
        return None


def _routes(routes: Routes, table: Table) -> Iterator[Check]:
    """Yield which steps have a call, and what the agent's own documents would propose for the others."""
    for step in table.steps:
        origin = table.origin(step)
        if origin == "off":
            text = "off: the documents do not confirm its call, so changes that need it are held"
            yield Check(f"step {step}", "warning", text, f"set the connection's routes.{step}, if you know the call")
        else:
            yield Check(f"step {step}", "ok", "its call is confirmed" if origin == "confirmed" else "set by `routes:`")
    off = [step for step in table.steps if table.origin(step) == "off"]
    for part in PARTS[table.fleet] if off else ():
        yield from _proposed(routes, part, off)


def _prefix(routes: Routes, table: Table) -> Check:
    """Return whether the V1 calls of this connection stand where the agent answers; both prefixes are tried."""
    answering = [prefix for prefix in V1_READS if routes.answers_below(prefix)]
    if not answering:
        return Check("V1 prefix", "unchecked", f"V1 reads answer neither at the root nor below {V1_PREFIX}")
    where = " and ".join(f"below {prefix}" if prefix else "at the root" for prefix in answering)
    moved: dict[str, StepRoute] = {}
    for step in table.steps:
        route = table.route(step)
        plain = route.path.removeprefix(V1_PREFIX) if route is not None else ""
        if route is not None and plain.startswith(V1_AREAS) and route.path.removesuffix(plain) not in answering:
            moved[step] = msgspec.structs.replace(route, path=answering[0] + plain)
    if not moved:
        return Check("V1 prefix", "ok", f"V1 reads answer {where}")
    text = f"V1 reads answer {where}, but this connection's calls stand elsewhere: {', '.join(moved)}"
    return Check("V1 prefix", "warning", text, proposal={"routes": msgspec.to_builtins(moved)})


def _proposed(routes: Routes, part: str, off: list[str]) -> Iterator[Check]:
    name = f"OpenAPI {part}"
    try:
        found = proposals(part, routes.document(part))
    except NotFound:
        yield Check(name, "unchecked", "the agent serves no such document (SWAGGER_ACTIVE turns it on)")
        return
    except PlatformError as error:
        yield Check(name, "unchecked", f"it could not be read: {error}")
        return
    useful = {step: route for step, route in found.items() if step in off}
    if not useful:
        yield Check(name, "unchecked", f"it describes no call for: {', '.join(off)}")
        return
    text = f"the agent describes calls for: {', '.join(useful)}; a proposal for the connection's `getapp`, to be read before it is used"
    yield Check(name, "warning", text, proposal={"routes": msgspec.to_builtins(useful)})


def _server(server: Server | None) -> Iterator[Check]:
    if server is None:
        yield Check("delivery server", "unchecked", "the connection names none: releases are not prepared beforehand")
        return
    try:
        server.health()
    except PlatformError as error:
        yield Check("delivery server", "failed", str(error), error.hint)
        return
    yield Check("delivery server", "ok", f"{server.client.url} answers")
    try:
        server.releases("0")
    except PlatformError as error:
        yield _login(error)
    else:
        yield Check("delivery login", "ok", ACCEPTED)


def _login(error: PlatformError) -> Check:
    """Return what an error of the question for releases says of the login: it came before, and may have been good."""
    if error.sent and isinstance(error, NotFound | Rejected):
        return Check("delivery login", "ok", ACCEPTED)
    if error.sent and error.status == FORBIDDEN:
        text = f"{ACCEPTED}, but this user may not list releases: versions cannot be looked up"
        return Check("delivery login", "warning", text, "give the user the roles view-release and list-releases")
    return Check("delivery login", "failed", str(error), error.hint)
