"""The use case "doctor": examine everything a run relies on, each part for itself; what fails is a finding, not an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from reconciler.engine.group import Open
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Manifest
from reconciler.ports import Check, Source

Probe = Callable[[], Iterable[Check]]
"""Yields findings; a ReconcilerError it raises becomes one."""

LOCAL = "this machine"
FAILED = "failed"


class Part(msgspec.Struct, frozen=True):
    """One part that was examined: this machine, or a connection by its name."""

    name: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        """Return whether anything of it failed."""
        return any(check.status == FAILED for check in self.checks)


def examine(source: Source, probes: Iterable[tuple[str, Probe]], open_: Callable[[Manifest], Open]) -> Iterator[Part]:
    """Yield what is found of this machine (the manifests, and `probes` by name), then of each connection, reading only."""
    local = [check for name, probe in probes for check in _guarded(name, probe)]
    manifest: Manifest | None = None
    try:
        manifest = source.load()
    except ReconcilerError as error:
        local += _wrong(error)
    else:
        local += _loaded(manifest)
    yield Part(LOCAL, tuple(local))
    if manifest is not None:
        opened = open_(manifest)
        for name in sorted(manifest.connections):
            yield Part(name, tuple(_connection(opened, name)))


def _connection(open_: Open, name: str) -> Iterator[Check]:
    """Yield that a connection can be opened (its secrets are there), then what its platform finds."""
    try:
        platform = open_(name)
    except ReconcilerError as error:
        yield Check("settings and secrets", FAILED, str(error), error.hint)
        return
    yield Check("settings and secrets", "ok", f"complete; {platform.identity}")
    try:
        yield from _guarded("platform", platform.check)
    finally:
        platform.close()


def _guarded(name: str, probe: Probe) -> Iterator[Check]:
    try:
        yield from probe()
    except ReconcilerError as error:
        yield Check(name, FAILED, str(error), error.hint)


def _loaded(manifest: Manifest) -> Iterator[Check]:
    counts = ", ".join(
        f"{len(found):,} {noun}{'' if len(found) == 1 else 's'}"
        for found, noun in (
            (manifest.connections, "connection"),
            (manifest.channels, "channel"),
            (manifest.fleets, "fleet"),
        )
    )
    yield Check("manifests", "ok", f"{counts}")
    for warning in manifest.warnings:
        yield _finding(warning)


def _wrong(error: ReconcilerError) -> Iterator[Check]:
    if isinstance(error, ManifestError):
        for diagnostic in error.diagnostics:
            yield _finding(diagnostic)
    else:
        yield Check("manifests", FAILED, str(error), error.hint)


def _finding(diagnostic: Diagnostic) -> Check:
    place = f"{diagnostic.origin}: " if diagnostic.origin.file else ""
    status = FAILED if diagnostic.severity is Severity.ERROR else "warning"
    return Check("manifests", status, f"{place}{diagnostic.message}", diagnostic.hint)
