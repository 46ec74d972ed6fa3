"""What `doctor` can find out about a project by reading alone, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reconciler.errors import PlatformError, Unreachable
from reconciler.platforms.memfault.routes import Routes
from reconciler.platforms.memfault.wire import Device, SoftwareType
from reconciler.platforms.memfault.workloads import is_absent
from reconciler.platforms.reading.checks import connection_checks, inferred_checks, read_checks
from reconciler.platforms.reading.pages import Page
from reconciler.ports import Check, Clock

INFERRED = (
    "a cohort is assigned its highest active full release; activating a higher one pulls nothing",
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
    yield from read_checks("cohorts", partial(routes.cohorts, 0), "credentials")
    yield from read_checks("software types", partial(routes.types, 0), "credentials", partial(_versions, routes))
    yield from read_checks("releases", partial(routes.releases, [], 0), "credentials")
    yield from read_checks("deployments", partial(routes.deployments, [], 0), "credentials")
    yield from read_checks("devices", partial(routes.devices, 0), "credentials", _shape)
    text = "would need a write; rights cannot be read"
    yield Check("write deployments", "unchecked", text, "the credentials need the rights of a project manager")
    text = "whether a staged percentage can be raised in place is known only once that is tried"
    hint = "`redraw: true` in the connection allows it to be pulled and activated anew"
    yield Check("raise a percentage", "unchecked", text, hint)
    yield from inferred_checks(INFERRED)


def _credentials(routes: Routes, clock: Clock, *, user: bool) -> Iterator[Check]:
    """Yield that the platform answers and knows the caller, whether the organization is theirs, and what time it has.

    `GET /auth/me` is for users, confirmed (WEB /api); tokens list organizations, confirmed (MDX
    docs/ci/authentication.mdx).
    """
    answer = routes.client.get("/auth/me" if user else "/api/v0/organizations", "check the credentials")
    yield from connection_checks(routes.client.url, answer, clock, "user key" if user else "token")
    slugs = {one.slug for one in routes.organizations()}
    if routes.organization in slugs:
        yield Check("organization", "ok", f"the credentials reach {routes.organization}")
    else:
        hint = f"they reach: {', '.join(sorted(slugs)) or 'none'}"
        yield Check("organization", "warning", f"{routes.organization} is not among the listed organizations", hint)


def _versions(routes: Routes, types: Page[SoftwareType]) -> Iterator[Check]:
    """Yield whether versions are listed by software type: else nobody says of which type a release is."""
    what = "read versions"
    if not types.items:
        return
    name = types.items[0].name
    try:
        count = routes.versions(name, 0).total
    except PlatformError as error:
        text = f"the platform does not list the versions of {name}"
        if not is_absent(error):
            yield Check(what, "failed", str(error), error.hint)
        elif types.total == 1:
            yield Check(what, "ok", f"{text}: all are of the only software type")
        else:
            hint = "slots stay unknown where devices do not say of which software type an active release is"
            yield Check(what, "warning", text, hint)
    else:
        yield Check(what, "ok", f"the credentials may read the versions of {name}: {count:,} are there")


def _shape(page: Page[Device]) -> Iterator[Check]:
    """Yield in which of the two shapes devices come, by the first page."""
    name = "shape of devices"
    if page.malformed:
        return
    if any(device.last_seen_software_version is not None for device in page.items):
        yield Check(name, "ok", "as seen live: last_seen_software_version names version and software type")
    elif any(device.last_seen_release is not None for device in page.items):
        yield Check(name, "ok", "as in the reference: last_seen_release names the version, versions the software type")
    else:
        yield Check(name, "unchecked", "no device of the first page has reported a version yet")
