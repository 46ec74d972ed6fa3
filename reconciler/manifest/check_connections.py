"""What Connections mean: findings that structure alone cannot show, without anything that was typed there. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from reconciler.manifest.finding import Findings, finding
from reconciler.model.connection import (
    ConnectionSpec,
    GetAppConnection,
    LosantConnection,
    MemfaultConnection,
    Secret,
    StepRoute,
)
from reconciler.model.fleet import Document, Manifest
from reconciler.model.origin import Path
from reconciler.model.quantity import seconds

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def connections(manifest: Manifest) -> Findings:
    """Yield what is wrong with Connections, without anything that was typed there."""
    for one in manifest.connections.values():
        yield from _connection(one)


def _connection(document: Document) -> Findings:
    spec: ConnectionSpec = document.spec
    given = [name for name in spec.__struct_fields__ if getattr(spec, name) is not None]
    if len(given) != 1:
        known = ", ".join(spec.__struct_fields__)
        have = f"not {' and '.join(given)}" if given else "and it names none"
        yield finding(
            document, ("spec",), "platform", f"a Connection names exactly one platform, {have}", f"one of: {known}"
        )
    for name in given:
        path: Path = ("spec", name)
        yield from _PLATFORMS[name](document, getattr(spec, name), path)
        if seconds(getattr(spec, name).requests.timeout) <= 0:
            yield finding(
                document, (*path, "requests", "timeout"), "zero-duration", "a timeout of zero lets no request through"
            )


def _losant(document: Document, spec: LosantConnection, path: Path) -> Findings:
    yield from _secret(document, spec.token, (*path, "token"))
    yield from _url(document, spec.url, (*path, "url"))


def _getapp(document: Document, spec: GetAppConnection, path: Path) -> Findings:
    yield from _url(document, spec.agent, (*path, "agent"), secret=False)
    for step in spec.routes.__struct_fields__:
        route: StepRoute | None = getattr(spec.routes, step)
        if route is not None and not route.path.startswith("/"):
            yield finding(document, (*path, "routes", step, "path"), "route", "a path starts with `/`")
    if spec.delivery is not None:
        where: Path = (*path, "delivery")
        yield from _url(document, spec.delivery.url, (*where, "url"))
        yield from _secret(document, spec.delivery.login.username, (*where, "login", "username"))
        yield from _secret(document, spec.delivery.login.password, (*where, "login", "password"))


def _memfault(document: Document, spec: MemfaultConnection, path: Path) -> Findings:
    if (spec.token is None) == (spec.user is None):
        yield finding(
            document, path, "credentials", "exactly one of `token` (an organization token) and `user` is needed"
        )
    if spec.token is not None:
        yield from _secret(document, spec.token, (*path, "token"))
    if spec.user is not None:
        yield from _secret(document, spec.user.email, (*path, "user", "email"))
        yield from _secret(document, spec.user.key, (*path, "user", "key"))
    yield from _url(document, spec.url, (*path, "url"))
    if seconds(spec.seen_within) <= 0:
        yield finding(document, (*path, "seen_within"), "zero-duration", "`seen_within` must be longer than zero")


_PLATFORMS: dict[str, Callable[[Document, Any, Path], Findings]] = {
    "losant": _losant,
    "getapp": _getapp,
    "memfault": _memfault,
}


def _secret(document: Document, secret: Secret, path: Path) -> Findings:
    if (secret.env is None) == (secret.file is None):
        yield finding(document, path, "secret", "a secret names exactly one of `env` (a variable) and `file` (a path)")


def _url(document: Document, url: str, path: Path, *, secret: bool = True) -> Findings:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if host is None or parts.scheme not in {"http", "https"}:
        yield finding(document, path, "url", "this is no web address such as https://api.losant.com")
        return
    if parts.username is not None or parts.password is not None:
        yield finding(
            document, path, "url-credentials", "the address carries credentials; use a secret reference instead"
        )
    if secret and parts.scheme == "http" and host not in LOOPBACK:
        yield finding(
            document,
            path,
            "plain-http",
            f"plain http would show the token to everybody on the way to {host}",
            "use https",
        )
    if parts.query or parts.fragment:
        yield finding(document, path, "url", "the address must not have a query or fragment")
