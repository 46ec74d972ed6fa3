"""What `doctor` can find out about an application by reading alone, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reconciler.errors import PlatformError, Unreachable
from reconciler.platforms.losant.routes import Routes
from reconciler.platforms.losant.wire import Flow
from reconciler.platforms.reading.checks import connection_checks, inferred_checks, read_checks
from reconciler.platforms.reading.pages import Page
from reconciler.ports import Check, Clock

SAMPLE = 10
"""Items of a collection that show whether it can be read."""

INFERRED = (
    "pages of 1000 items are allowed; paging goes on by what came back",
    "a row's state follows from versions, etags and logs: Losant has no status field",
    "an error in a row's log counts until the device has what was asked of it, whichever version it names",
    "rows with a file name are workflows that devices load themselves: they are never changed",
    "an edge deployment's date of change moves with each change; `watch` compares that with every full reading",
    "removed deployments stay as rows without versions; rows that are dropped instead are read right too",
    "whether `replace` matches the current version, the desired one or either: used only where all mean the same devices",
    "`release` of no version removes as `remove` does",
    "a version's content is known by its id and the time of its last change",
    "releasing an overwritten version again makes devices take its new content",
    "unknown device ids in a release are ignored or refuse the whole call: both are handled by reading back",
)
"""The facts of losant.md that are inferred and that a run relies on (sections 2 to 4 and 7)."""


def checks(routes: Routes, clock: Clock, api: str) -> Iterator[Check]:
    """Yield findings, in the order a person would look for the cause; stops early where nothing further can work."""
    client = routes.client
    try:
        answer = client.get(f"{routes.base}/devices", "list devices", {"perPage": 1})
        yield from connection_checks(client.url, answer, clock, "token")
    except PlatformError as error:
        yield Check("connection", "failed", str(error), error.hint)
        if isinstance(error, Unreachable):
            return
    yield from read_checks("devices", partial(routes.devices, 0, SAMPLE), "token")
    yield from read_checks("edge deployments", partial(routes.deployments, {}, 0, SAMPLE), "token")
    yield from read_checks("workflows", partial(routes.flows, 0, 1), "token", partial(_versions, routes))
    text = "would need a write; a token's scopes cannot be read"
    scopes = (
        "the token needs edgeDeployments.release and edgeDeployments.remove, for wide calls edgeDeployments.replace"
    )
    yield Check("write edge deployments", "unchecked", text, scopes)
    yield Check("API version", "ok", f"asks for API {api} (Accept-Version); the platform does not say which it serves")
    yield from inferred_checks(INFERRED)


def _versions(routes: Routes, flows: Page[Flow]) -> Iterator[Check]:
    """Yield whether versions can be read, listed and by name, of the first workflow."""
    name = "read versions"
    if not flows.items:
        yield Check(name, "unchecked", "no workflow is known whose versions could be read")
        return
    flow = flows.items[0].id
    try:
        listed = routes.versions(flow, 0, 1).items
        if listed:
            routes.version(flow, listed[0].version)
    except PlatformError as error:
        yield Check(name, "failed", str(error), error.hint)
        return
    text = "the token may read versions" if listed else "the token may list versions; the first workflow has none"
    yield Check(name, "ok", text)
