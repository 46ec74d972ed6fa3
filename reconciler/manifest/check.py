"""What manifests mean: findings that structure alone cannot show. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.core.names import suggestion
from reconciler.core.select import selectors_in
from reconciler.manifest import cron
from reconciler.manifest.claims import overlaps
from reconciler.manifest.requirements import requirements
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import (
    COHORTS,
    PLATFORMS,
    SETTINGS,
    ChannelRef,
    Choice,
    ConnectionSpec,
    Document,
    FleetSpec,
    GetAppConnection,
    Limit,
    LosantConnection,
    Manifest,
    MemfaultConnection,
    PinChoice,
    Secret,
    Selector,
    StepRoute,
    Wave,
    Window,
)
from reconciler.model.origin import Path
from reconciler.model.quantity import moment, percent, seconds

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Findings = Iterator[Diagnostic]


def connections(manifest: Manifest) -> Findings:
    """Yield what is wrong with Connections, without anything that was typed there."""
    for one in manifest.connections.values():
        yield from _connection(one)


def fleets(manifest: Manifest, *, complete: bool = True) -> Findings:
    """Yield what is wrong with Fleets. `complete` False: some documents could not be read: missing names are not told."""
    for one in manifest.fleets.values():
        yield from _Fleet(one, manifest, complete=complete).findings()
    yield from overlaps(manifest)
    yield from requirements(manifest, complete=complete)


def _finding(
    document: Document,
    path: Path,
    code: str,
    message: str,
    hint: str = "",
    severity: Severity = Severity.ERROR,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    return Diagnostic(
        code=code, message=message, origin=document.locate(path), hint=hint, severity=severity, related=related
    )


# --- Connection -----------------------------------------------------------------------------------------------------


def _connection(document: Document) -> Findings:
    spec: ConnectionSpec = document.spec
    given = [name for name in spec.__struct_fields__ if getattr(spec, name) is not None]
    if len(given) != 1:
        known = ", ".join(spec.__struct_fields__)
        have = f"not {' and '.join(given)}" if given else "and it names none"
        yield _finding(
            document, ("spec",), "platform", f"a Connection names exactly one platform, {have}", f"one of: {known}"
        )
    for name in given:
        path: Path = ("spec", name)
        yield from _PLATFORMS[name](document, getattr(spec, name), path)
        if seconds(getattr(spec, name).requests.timeout) <= 0:
            yield _finding(
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
            yield _finding(document, (*path, "routes", step, "path"), "route", "a path starts with `/`")
    if spec.delivery is not None:
        where: Path = (*path, "delivery")
        yield from _url(document, spec.delivery.url, (*where, "url"))
        yield from _secret(document, spec.delivery.login.username, (*where, "login", "username"))
        yield from _secret(document, spec.delivery.login.password, (*where, "login", "password"))


def _memfault(document: Document, spec: MemfaultConnection, path: Path) -> Findings:
    if (spec.token is None) == (spec.user is None):
        yield _finding(
            document, path, "credentials", "exactly one of `token` (an organization token) and `user` is needed"
        )
    if spec.token is not None:
        yield from _secret(document, spec.token, (*path, "token"))
    if spec.user is not None:
        yield from _secret(document, spec.user.email, (*path, "user", "email"))
        yield from _secret(document, spec.user.key, (*path, "user", "key"))
    yield from _url(document, spec.url, (*path, "url"))
    if seconds(spec.seen_within) <= 0:
        yield _finding(document, (*path, "seen_within"), "zero-duration", "`seen_within` must be longer than zero")


_PLATFORMS: dict[str, Callable[[Document, Any, Path], Findings]] = {
    "losant": _losant,
    "getapp": _getapp,
    "memfault": _memfault,
}


def _secret(document: Document, secret: Secret, path: Path) -> Findings:
    if (secret.env is None) == (secret.file is None):
        yield _finding(document, path, "secret", "a secret names exactly one of `env` (a variable) and `file` (a path)")


def _url(document: Document, url: str, path: Path, *, secret: bool = True) -> Findings:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if host is None or parts.scheme not in {"http", "https"}:
        yield _finding(document, path, "url", "this is no web address such as https://api.losant.com")
        return
    if parts.username is not None or parts.password is not None:
        yield _finding(
            document, path, "url-credentials", "the address carries credentials; use a secret reference instead"
        )
    if secret and parts.scheme == "http" and host not in LOOPBACK:
        yield _finding(
            document,
            path,
            "plain-http",
            f"plain http would show the token to everybody on the way to {host}",
            "use https",
        )
    if parts.query or parts.fragment:
        yield _finding(document, path, "url", "the address must not have a query or fragment")


# --- Fleet ----------------------------------------------------------------------------------------------------------


class _Fleet:
    """Checks one fleet."""

    def __init__(self, document: Document, manifest: Manifest, *, complete: bool) -> None:
        self.document = document
        self.spec: FleetSpec = document.spec
        self.manifest = manifest
        self.complete = complete

    def findings(self) -> Findings:
        yield from self._connection()
        yield from self._selector(self.spec.units, ("spec", "units"))
        for name, workload in self.spec.workloads.items():
            path: Path = ("spec", "workloads", name)
            yield from self._choice(workload, name, path)
            if workload.units is not None:
                yield from self._selector(workload.units, (*path, "units"))
            for position, override in enumerate(workload.overrides):
                yield from self._choice(override, name, (*path, "overrides", position))
                yield from self._selector(override.units, (*path, "overrides", position, "units"))
        yield from self._pins()
        yield from self._limits()
        yield from self._policies()
        yield from self._rollout()
        for position, window in enumerate(self.spec.windows):
            yield from self._window(window, ("spec", "windows", position))

    def _add(self, path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
        return _finding(self.document, path, code, message, hint)

    def _connection(self) -> Findings:
        known = self.manifest.connections
        if self.spec.connection not in known and self.complete:
            near = suggestion(self.spec.connection, list(known))
            yield self._add(
                ("spec", "connection"),
                "unknown-connection",
                f"there is no Connection named {self.spec.connection!r}{near}",
            )

    def _platform(self) -> str:
        """Return the platform of the fleet's connection, empty where that is not known."""
        connection = self.manifest.connections.get(self.spec.connection)
        return connection.spec.platform if connection is not None else ""

    def _settings(self, choice: Choice, path: Path) -> Findings:
        platform = self._platform()
        known = SETTINGS.get(platform, frozenset(choice.settings))
        for name in choice.settings:
            if name not in known:
                can = f"it has: {', '.join(sorted(known))}" if known else "it has none"
                message = f"{PLATFORMS[platform]} has no setting {name!r}"
                yield self._add((*path, "settings", name), "setting", message, can)

    def _selector(self, selector: Selector, path: Path) -> Findings:
        for one in selectors_in(selector):
            given = [one.all, one.ids, one.names, one.tags, one.cohorts, one.not_, one.any]
            if all(part is None for part in given):
                yield self._add(
                    path, "empty-selector", "an empty selector means no unit", "write `{all: true}` for every unit"
                )
            if one.all is False:
                yield self._add(path, "all-false", "`all: false` means no unit; leave it out")
            platform = self._platform()
            if one.cohorts is not None and platform and platform not in COHORTS:
                yield self._add(path, "cohorts", f"{PLATFORMS[platform]} has no cohorts; select by tags, names or ids")
            for name, part in (("ids", one.ids), ("names", one.names), ("tags", one.tags), ("any", one.any)):
                if part is not None and not part:
                    yield self._add(path, "empty-selector", f"`{name}` is empty and so matches no unit")

    def _choice(self, choice: Choice, workload: str, path: Path) -> Findings:
        channel = choice.channel if isinstance(choice, PinChoice) else None
        given = [
            name
            for name, part in (
                ("version", choice.version),
                ("absent", choice.absent),
                ("unmanaged", choice.unmanaged),
                ("channel", channel),
            )
            if part is not None
        ]
        if len(given) != 1:
            have = f"not {' and '.join(given)}" if given else "and it has none"
            yield self._add(path, "choice", f"exactly one of version, absent, unmanaged is needed, {have}")
        for name in ("absent", "unmanaged"):
            if getattr(choice, name) is False:
                yield self._add((*path, name), "choice", f"`{name}: false` says nothing; leave it out")
        if choice.settings and "version" not in given and "channel" not in given:
            yield self._add((*path, "settings"), "choice", "settings belong to a version")
        else:
            yield from self._settings(choice, path)
        named = choice.version.channel if isinstance(choice.version, ChannelRef) else channel
        if named is not None:
            yield from self._channel(named, workload, path)

    def _channel(self, name: str, workload: str, path: Path) -> Findings:
        channel = self.manifest.channels.get(name)
        if channel is None:
            if self.complete:
                near = suggestion(name, list(self.manifest.channels))
                yield self._add(path, "unknown-channel", f"there is no Channel named {name!r}{near}")
        elif workload not in channel.spec.versions:
            near = suggestion(workload, list(channel.spec.versions))
            yield self._add(
                path, "channel-without-workload", f"channel {name!r} names no version for {workload!r}{near}"
            )

    def _pins(self) -> Findings:
        listed = self.spec.workloads
        near: dict[str, str] = {}
        for unit, pins in self.spec.pins.items():
            for workload, pin in pins.items():
                if type(pin) is str and workload in listed:
                    continue
                path: Path = ("spec", "pins", unit, workload)
                if workload not in listed:
                    if workload not in near:
                        near[workload] = suggestion(workload, list(listed))
                    yield self._add(
                        path,
                        "unknown-workload",
                        f"the pin names {workload!r}, which this fleet does not list{near[workload]}",
                    )
                if not isinstance(pin, str):
                    yield from self._choice(pin, workload, path)

    def _limits(self) -> Findings:
        for name in ("remove", "replace", "release"):
            limit = getattr(self.spec.limits, name)
            if isinstance(limit, Limit) and limit.percent is None and limit.number is None:
                yield self._add(("spec", "limits", name), "empty-limit", "a limit needs a percent, a number, or both")

    def _policies(self) -> Findings:
        for position, entry in enumerate(self.spec.quarantine):
            path: Path = ("spec", "quarantine", position)
            if entry.workload not in self.spec.workloads:
                near = suggestion(entry.workload, list(self.spec.workloads))
                message = f"the quarantine names {entry.workload!r}, which this fleet does not list{near}"
                yield _finding(
                    self.document, (*path, "workload"), "unknown-workload", message, severity=Severity.WARNING
                )
            yield from self._day(entry.until, (*path, "until"))
        if self.spec.suspend is not None:
            yield from self._day(self.spec.suspend.until, ("spec", "suspend", "until"))

    def _day(self, until: str | None, path: Path) -> Findings:
        yield from self._means(moment, until, path, "date")

    def _means(self, parse: Callable[[str], object], text: str | None, path: Path, code: str) -> Findings:
        try:
            if text is not None:
                parse(text)
        except ValueError as wrong:
            yield self._add(path, code, str(wrong))

    def _rollout(self) -> Findings:
        rollout = self.spec.rollout
        if rollout is None:
            return
        path: Path = ("spec", "rollout")
        before = 0.0
        for position, wave in enumerate(rollout.waves):
            where: Path = (*path, "waves", position)
            share = wave.percent if isinstance(wave, Wave) else wave
            if isinstance(wave, Wave) and wave.units is None and wave.percent is None:
                yield self._add(where, "empty-wave", "a wave needs units, a percent, or both")
            if isinstance(wave, Wave) and wave.units is not None:
                yield from self._selector(wave.units, (*where, "units"))
            elif share is not None:
                if percent(share) <= before:
                    yield self._add(where, "wave-order", f"waves must grow: {share} comes after {before:g}%")
                before = max(before, percent(share))
        for name in ("soak", "deadline"):
            value = getattr(rollout, name)
            if value is not None and seconds(value) <= 0:
                yield self._add((*path, name), "zero-duration", f"`{name}` must be longer than zero")
        limit = rollout.max_moving
        if isinstance(limit, Limit) and limit.percent is None and limit.number is None:
            yield self._add((*path, "max_moving"), "empty-limit", "a limit needs a percent, a number, or both")

    def _window(self, window: Window, path: Path) -> Findings:
        if (window.allow is None) == (window.deny is None):
            yield self._add(path, "window", "a window has exactly one of `allow` and `deny`")
        for name in ("allow", "deny"):
            text = getattr(window, name)
            wrong = cron.problem(text) if text is not None else ""
            if wrong:
                yield self._add((*path, name), "cron", wrong)
        if seconds(window.duration) <= 0:
            yield self._add((*path, "duration"), "zero-duration", "a window must be longer than zero")
        try:
            if window.timezone != "UTC":  # known wherever no database of time zones is installed
                ZoneInfo(window.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield self._add(
                (*path, "timezone"),
                "timezone",
                f"there is no time zone {window.timezone!r}",
                "use a name such as Europe/Berlin",
            )
