"""What `doctor` can tell of a project by reading alone, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from reconciler.errors import NotFound, PlatformError, Unreachable
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.wire import Page
from reconciler.ports import Check, Clock

LARGEST_SKEW = 30.0
"""Seconds between the platform's clock and ours that are worth a warning."""

INFERRED = (
    "a cohort is told its highest active full release; activating a higher one pulls nothing",
    "activations are in force while in_progress or done, and over when pulled or aborted; any other status is held",
    "a device names one version, that of its hardware's primary software type",
    "a lower release is pulled only where replies say that no device must pass through it; where they do not, it stays",
    "versions are ordered as semver says where all of them are semantic, else naturally",
)
"""The facts of memfault.md that are inferred and that a run relies on (sections 3 to 7)."""


def checks(routes: Routes, clock: Clock, *, user: bool) -> Iterator[Check]:
    """Yield findings, in the order a person would look for the cause; stops early where nothing further can work.

    `user` says that the credentials are a user's, not an organization token.
    """
    try:
        yield from _credentials(routes, clock, user=user)
    except PlatformError as error:
        yield Check("connection", "failed", str(error), error.hint)
        if isinstance(error, Unreachable):
            return
    for name, read in _reads(routes):
        try:
            page = read()
        except PlatformError as error:
            yield Check(f"read {name}", "failed", str(error), error.hint)
            continue
        yield Check(f"read {name}", "ok", f"the credentials may read {name}: {page.paging.total_count:,} are there")
        if name == "devices":
            yield _shape(page)
        if name == "software types":
            yield from (_versions(routes, one.name, len(page.rows)) for one in page.rows[:1])
    text = "would need a write; rights cannot be read"
    yield Check("write deployments", "unchecked", text, "the credentials need the rights of a project manager")
    text = "whether a staged percentage can be raised in place is known only once that is tried"
    hint = "`redraw: true` in the connection allows it to be pulled and activated anew"
    yield Check("raise a percentage", "unchecked", text, hint)
    for fact in INFERRED:
        yield Check("inferred", "unchecked", fact)


def _credentials(routes: Routes, clock: Clock, *, user: bool) -> Iterator[Check]:
    """Yield that the platform answers and knows the caller, whether the organization is theirs, and what time it has.

    `GET /auth/me` is for users, confirmed (WEB /api); tokens list organizations, confirmed (MDX
    docs/ci/authentication.mdx).
    """
    url = routes.client.url
    path = "/auth/me" if user else "/api/v0/organizations"
    answer = routes.client.get(path, "check the credentials")
    yield Check("connection", "ok", f"{url} answers and accepts the {'user key' if user else 'token'}")
    encrypted = url.startswith("https:")
    yield Check("TLS", "ok", "certificate accepted" if encrypted else "none: plain http to this machine")
    yield _clock(answer.headers.get("date", ""), clock)
    slugs = {one.slug for one in routes.organizations()}
    if routes.organization in slugs:
        yield Check("organization", "ok", f"the credentials reach {routes.organization}")
    else:
        hint = f"they reach: {', '.join(sorted(slugs)) or 'none'}"
        yield Check("organization", "warning", f"{routes.organization} is not among the listed organizations", hint)


def _clock(told: str, clock: Clock) -> Check:
    try:
        theirs = parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError):
        return Check("clock", "unchecked", "the platform does not say what time it has")
    skew = clock.now() - theirs
    if abs(skew) <= LARGEST_SKEW:
        return Check("clock", "ok", f"within {LARGEST_SKEW:.0f} s of the platform's")
    ahead = "ahead of" if skew > 0 else "behind"
    hint = "set this machine's clock: ages and deadlines are wrong otherwise"
    return Check("clock", "warning", f"this machine is {abs(skew):.0f} s {ahead} the platform", hint)


def _reads(routes: Routes) -> Iterator[tuple[str, Callable[[], Page[Any]]]]:
    """Yield the collections that a run reads."""
    yield "cohorts", lambda: routes.cohorts(1)
    yield "software types", lambda: routes.types(1)
    yield "releases", lambda: routes.releases([], 1)
    yield "deployments", lambda: routes.deployments([], 1)
    yield "devices", lambda: routes.devices(1)


def _versions(routes: Routes, name: str, types: int) -> Check:
    """Return whether versions are listed by software type: else nobody says of which type a release is."""
    what = "read versions"
    try:
        count = routes.versions(name, 1).paging.total_count
    except PlatformError as error:
        if not isinstance(error, NotFound) and error.status != 405:
            return Check(what, "failed", str(error), error.hint)
        text = f"the platform does not list the versions of {name}"
        if types == 1:
            return Check(what, "ok", f"{text}: all are of the only software type")
        hint = "slots stay unknown where devices do not say of which software type an active release is"
        return Check(what, "warning", text, hint)
    return Check(what, "ok", f"the credentials may read the versions of {name}: {count:,} are there")


def _shape(page: Page[Any]) -> Check:
    """Return in which of the two shapes devices come, by the first page."""
    name = "shape of devices"
    if page.odd:
        why = f"{len(page.odd)} of the first {page.size} devices cannot be read: {page.odd[0][1]}"
        return Check(name, "warning", why, "what their cohorts report stays unknown")
    if any(device.last_seen_software_version is not None for device in page.rows):
        return Check(name, "ok", "as seen live: last_seen_software_version names version and software type")
    if any(device.last_seen_release is not None for device in page.rows):
        return Check(name, "ok", "as in the reference: last_seen_release names the version, versions the software type")
    return Check(name, "unchecked", "no device of the first page has said a version yet")
