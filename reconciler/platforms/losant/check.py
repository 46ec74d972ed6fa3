"""What `doctor` can tell of an application by reading alone, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from reconciler.errors import PlatformError, Unreachable
from reconciler.platforms.losant.routes import Routes
from reconciler.ports import Check, Clock

LARGEST_SKEW = 30.0
"""Seconds between the platform's clock and ours that are worth a warning."""

INFERRED = (
    "pages of 1000 items are allowed; paging goes on by what came back",
    "a row's state follows from versions, etags and logs: Losant has no status field",
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
    try:
        yield from _connection(routes, clock)
    except PlatformError as error:
        yield Check("connection", "failed", str(error), error.hint)
        if isinstance(error, Unreachable):
            return
    flow = ""
    for name, read in _reads(routes):
        try:
            flow = read() or flow
        except PlatformError as error:
            yield Check(f"read {name}", "failed", str(error), error.hint)
        else:
            yield Check(f"read {name}", "ok", f"the token may read {name}")
    yield from _versions(routes, flow)
    text = "would need a write; a token's scopes cannot be read"
    scopes = (
        "the token needs edgeDeployments.release and edgeDeployments.remove, for wide calls edgeDeployments.replace"
    )
    yield Check("write edge deployments", "unchecked", text, scopes)
    yield Check("API version", "ok", f"asks for API {api} (Accept-Version); the platform does not say which it serves")
    for fact in INFERRED:
        yield Check("inferred", "unchecked", fact)


def _connection(routes: Routes, clock: Clock) -> Iterator[Check]:
    """Yield that the platform answers, how the connection is protected, and how its clock stands to ours."""
    url = routes.client.url
    answer = routes.client.get(f"{routes.base}/devices", "list devices", {"perPage": 1})
    yield Check("connection", "ok", f"{url} answers and accepts the token")
    encrypted = url.startswith("https:")
    yield Check("TLS", "ok", "certificate accepted" if encrypted else "none: plain http to this machine")
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        yield Check("clock", "unchecked", "the platform does not say what time it has")
        return
    skew = clock.now() - theirs
    if abs(skew) > LARGEST_SKEW:
        ahead = "ahead of" if skew > 0 else "behind"
        hint = "set this machine's clock: ages and deadlines are wrong otherwise"
        yield Check("clock", "warning", f"this machine is {abs(skew):.0f} s {ahead} the platform", hint)
    else:
        yield Check("clock", "ok", f"within {LARGEST_SKEW:.0f} s of the platform's")


def _reads(routes: Routes) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the collections that a run reads; reading workflows gives the id of one."""

    def devices() -> str:
        routes.devices(0, 1)
        return ""

    def deployments() -> str:
        routes.newest_deployment()
        return ""

    def workflows() -> str:
        return next((flow.id for flow in routes.flows(0, 1).items), "")

    yield "devices", devices
    yield "edge deployments", deployments
    yield "workflows", workflows


def _versions(routes: Routes, flow: str) -> Iterator[Check]:
    """Yield whether versions can be read, listed and by name."""
    name = "read versions"
    if not flow:
        yield Check(name, "unchecked", "no workflow is known whose versions could be read")
        return
    try:
        listed = routes.versions(flow, 0, 1).items
        if listed:
            routes.version(flow, listed[0].version)
    except PlatformError as error:
        yield Check(name, "failed", str(error), error.hint)
        return
    text = "the token may read versions" if listed else "the token may list versions; the first workflow has none"
    yield Check(name, "ok", text)
