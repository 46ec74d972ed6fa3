"""The only place that builds adapters: files, git, platforms, clock, terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import msgspec

from reconciler.cli import stopping
from reconciler.cli.output import say
from reconciler.engine.group import Open
from reconciler.engine.plan import STRICT
from reconciler.errors import ManifestError, ReconcilerError, SettingsError
from reconciler.manifest.finding import diagnostics_text
from reconciler.manifest.load import Loader
from reconciler.manifest.secret import resolve as resolve_secret
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Document, Manifest
from reconciler.model.plan import DIRTY
from reconciler.platforms import registry
from reconciler.plugin import Plugins, Simulation
from reconciler.plugin.platform import Resolve
from reconciler.ports import Clock, Exported, Platform, Repository

SystemClock = stopping.SystemClock
stoppable = stopping.stoppable

SWITCH = 0.02
"""Seconds a thread may run before another one gets its turn."""

LARGE = 8_000_000
"""Bytes of a block that is taken once and given back at once. glibc asks the system for each block that is larger than any
that it got back, and a page of a listing is: most of what reading it cost was that."""


def plugins() -> Plugins:
    """Return the platforms that are installed, by name."""
    return registry.installed()


def simulator(name: str) -> Simulation:
    """Return what runs a platform's simulator; raise SettingsError where something that it needs is not installed."""
    with simulators_installed(name):
        return plugins()[name].simulator()


@contextmanager
def simulators_installed(name: str) -> Iterator[None]:
    """Raise SettingsError that says what to install where something that a simulator needs is not there."""
    try:
        yield
    except ImportError as error:
        hint = "install fleet-reconciler[simulators]"
        raise SettingsError(f"the simulator of {name} cannot run here: {error}", hint=hint) from error


def require_simulators(name: str) -> None:
    """Raise SettingsError where what puts a simulator behind a socket is not installed."""
    with simulators_installed(name):
        for needed in ("starlette", "uvicorn"):
            import_module(needed)


def places(paths: Sequence[Path]) -> list[Path]:
    """Return PATHS, or the current folder where none was given."""
    return list(paths) or [Path()]


def load(paths: Sequence[Path], connections: Path | None = None, *, strict: bool = False) -> Manifest:
    """Read the manifests of PATHS and print warnings about them; raise ManifestError with all findings."""
    found = source(paths, connections).load()
    if found.warnings and strict:
        raise ManifestError(found.warnings, hint=STRICT)
    if found.warnings:
        say(*diagnostics_text(found.warnings).split("\n"), err=True)
    return found


def source(paths: Sequence[Path], connections: Path | None = None) -> Loader:
    """Return what reads the manifests of PATHS, as often as asked."""
    return Loader(places(paths), plugins(), connections)


def opener(manifest: Manifest, clock: Clock) -> Open:
    """Return a function that opens a connection of a manifest by name, once; later calls give the same platform."""
    opened: dict[str, Platform] = {}
    lock = threading.Lock()
    # readers fold whole pages; Python's 5 ms would have them hand over to each other in the middle of one
    sys.setswitchinterval(SWITCH)
    bytearray(LARGE)

    def open_(name: str) -> Platform:
        with lock:
            if name not in opened:
                opened[name] = _open(manifest, name, clock)
            return opened[name]

    return open_


def _open(manifest: Manifest, name: str, clock: Clock) -> Platform:
    document = _connection(manifest, name)
    base = Path(document.file).parent

    def resolve(secret: Secret) -> str:
        return resolve_secret(secret, os.environ, base)

    return connect(document.spec, resolve, clock)


def _connection(manifest: Manifest, name: str) -> Document:
    document = manifest.connections.get(name)
    if document is None:
        hint = "check that its file is in PATHS, or is given with --connections"
        raise SettingsError(f"there is no Connection named {name!r}", hint=hint)
    return document


def connect(connection: ConnectionSpec, resolve: Resolve, clock: Clock) -> Platform:
    """Return the platform of a connection, ready to use; nothing is sent. Raises SettingsError."""
    return plugins()[connection.platform].connect(connection.details, resolve, clock)


def recorded(path: Path, manifest: Manifest, clock: Clock) -> Open:
    """Return what opens connections of a manifest from a recorded snapshot, or from a folder of them; nothing is sent."""
    from reconciler.cli.files import read_snapshots, replayed
    from reconciler.platforms.recorded import RecordedPlatform

    kept = read_snapshots(path)

    def open_(name: str) -> Platform:
        document = _connection(manifest, name)
        if name not in kept:
            there = ", ".join(sorted(kept)) or "none"
            raise SettingsError(
                f"{path} has no snapshot of the connection {name!r}; it has {there}",
                hint="record it with `reconciler snapshot --out FILE`, or narrow the plan with --fleet",
            )
        real = connect(document.spec, lambda _: "recorded", clock)
        snapshot, catalog = replayed(kept[name], path)
        if snapshot.identity != real.identity:
            raise SettingsError(
                f"{path} was recorded from {snapshot.identity}, but the connection {name!r} is {real.identity}",
                hint="record the snapshot again with this connection",
            )
        return RecordedPlatform(real, snapshot, catalog)

    return open_


def repository(paths: Sequence[Path]) -> Repository:
    """Return the git repository around the manifests."""
    from reconciler.git.repository import GitRepository

    first = places(paths)[0]
    return GitRepository(first if first.is_dir() else first.parent)


def commit(paths: Sequence[Path], manifest: Manifest, *, warn: bool = True) -> str | None:
    """Return the commit of the manifests, marked as git marks it where files differ from it; None outside git."""
    found = repository(paths)
    head = found.head()
    if head is None:
        if warn and (why := found.trouble()):
            say(f"warning: the plan names no commit: {why}", err=True)
        return None
    read = [one.file for documents in (manifest.channels, manifest.fleets) for one in documents.values()]
    return head + DIRTY if found.changed([str(path) for path in places(paths)], read) else head


@contextmanager
def base_manifest(
    base: str | None, today: Manifest, paths: Sequence[Path], connections: Path | None
) -> Iterator[Manifest | None]:
    """Give the manifests as they were at `--base`: a folder, or a git ref. None without a base."""
    if base is None:
        yield None
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="reconciler-base-") as folder:
        if Path(base).is_dir():
            older, where = _load_base([Path(base)], connections, base), f"the folder {base}"
        else:
            found = repository(paths).export(base, [str(path) for path in places(paths)], folder)
            older, where = _older(found, today, connections, base, folder), f"the git ref {base}"
        if unseen := [one for one in older.warnings if one.code in {"not-comparable", "skipped"}]:
            say(*diagnostics_text(unseen).split("\n"), err=True)
        elif not older.fleets:
            say(f"warning: {where} has no Fleet to compare with: every change comes from this change", err=True)
        yield older


def _older(found: Exported, today: Manifest, connections: Path | None, base: str, folder: str) -> Manifest:
    """Return the older manifests; a fleet that stands elsewhere today is the same fleet, and is looked up there."""
    before: Manifest | None = None
    if found.moved:
        with contextlib.suppress(ReconcilerError):  # what else was moved or deleted may not go together with ours
            before = _load_base([*map(Path, found.paths), Path(found.moved)], connections, base)
    if before is None:
        before = _load_base([*map(Path, found.paths)], connections, base, folder)
    elsewhere = {name for name, one in before.fleets.items() if found.moved and one.file.startswith(found.moved)}
    fleets = {name: one for name, one in before.fleets.items() if name not in elsewhere or name in today.fleets}
    left_out = tuple(
        Diagnostic(
            code="not-comparable",
            severity=Severity.WARNING,
            message=f"--base {base}: {name} {why}; whether its fleets changed is not known",
        )
        for name, why in found.left_out
    )
    return msgspec.structs.replace(before, fleets=fleets, warnings=left_out)


def _load_base(paths: list[Path], connections: Path | None, base: str, folder: str = "") -> Manifest:
    try:
        return Loader(paths, plugins(), connections, may_be_empty=True).load()
    except ManifestError as error:
        first = error.diagnostics[0]
        where = str(first.origin).removeprefix(folder and f"{folder}/")
        raise SettingsError(
            f"the manifests at --base {base} are invalid: {where}: {first.message}",
            hint="plan without --base, or name a base whose manifests are valid",
        ) from error
