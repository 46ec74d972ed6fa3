"""The only place that builds adapters: files, git, platforms, clock, terminal."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli import stopping
from reconciler.cli.output import note
from reconciler.cli.reading import display
from reconciler.engine.group import Open
from reconciler.engine.manifests import Reloading
from reconciler.engine.plan import STRICT
from reconciler.errors import ManifestError, SettingsError
from reconciler.git.command import git
from reconciler.git.repository import GitRepository
from reconciler.manifest.finding import diagnostics_text
from reconciler.manifest.load import Loader
from reconciler.manifest.secret import resolve as resolve_secret
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.model.fleet import Document, Manifest
from reconciler.model.notifying import Notifications
from reconciler.model.provenance import DIRTY
from reconciler.platforms import registry
from reconciler.plugin import Plugins, Simulation
from reconciler.plugin.platform import Resolve
from reconciler.ports import SILENT, Clock, History, Notifier, Platform, ReadProgress, Repository

if TYPE_CHECKING:
    from reconciler.cli.options import Selection
    from reconciler.journal.database import Database
    from reconciler.journal.store import Store

SystemClock = stopping.SystemClock
stoppable = stopping.stoppable

SWITCH = 0.02
"""Seconds a thread may run before another one gets its turn."""

LARGE = 8_000_000
"""Bytes of a block that is taken once and given back at once. glibc asks the system for each block that is larger than any
that it got back, and a page of a listing is: most of what reading it cost was that."""

Heard = Callable[[str, ReadProgress], ReadProgress]
"""Takes a platform and who hears of a connection to it; returns who hears of it instead."""


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


def load(
    paths: Sequence[Path], connections: Path | None = None, *, strict: bool = False, quiet: bool = False
) -> Manifest:
    """Read the manifests of PATHS and print warnings about them unless `quiet`; raise ManifestError with all findings."""
    found = source(paths, connections).load()
    if found.warnings and strict:
        raise ManifestError(found.warnings, hint=STRICT)
    if found.warnings and not quiet:
        from reconciler.views import alike

        shown, rest = alike.few(found.warnings)
        note(*diagnostics_text(shown).split("\n"), *([rest] if rest else []))
    return found


def source(paths: Sequence[Path], connections: Path | None = None, root: Path | None = None) -> Loader:
    """Return what reads the manifests of PATHS, as often as asked; files below `root` are named from there."""
    return Loader(places(paths), plugins(), connections, root=root)


def manifests(selected: Selection, clock: Clock, run: str) -> Reloading:
    """Return what reads the manifests of a watch, as often as asked."""
    return Reloading(
        source(selected.paths, selected.connections),
        lambda manifest: commit(selected.paths, manifest, warn=False),
        clock,
        run,
        repository(selected.paths).author,
    )


def targets(manifest: Manifest) -> dict[str, str]:
    """Return the application that each connection is to, as its platform names it."""
    known = plugins()
    specs = {name: document.spec for name, document in manifest.connections.items()}
    return {name: f"{spec.platform}:{known[spec.platform].target(spec.details)}" for name, spec in specs.items()}


def opener(
    manifest: Manifest, clock: Clock, root: Path | None = None, heard: Heard = lambda _, progress: progress
) -> Open:
    """Return a function that opens a connection of a manifest by name, once; later calls give the same platform.

    Files of secrets are looked for beside the connection: `root` is where those are that are named from there. `heard` adds
    who else hears of its requests.
    """
    opened: dict[str, Platform] = {}
    lock = threading.Lock()
    # readers fold whole pages; Python's 5 ms would have them hand over to each other in the middle of one
    sys.setswitchinterval(SWITCH)
    bytearray(LARGE)

    def open_(name: str) -> Platform:
        with lock:
            if name not in opened:
                opened[name] = _open(manifest, name, clock, root or Path(), heard)
            return opened[name]

    return open_


def _open(manifest: Manifest, name: str, clock: Clock, root: Path, heard: Heard) -> Platform:
    document = _connection(manifest, name)
    base = Path(root, document.file).parent

    def resolve(secret: Secret) -> str:
        return resolve_secret(secret, os.environ, base)

    return connect(document.spec, resolve, clock, heard(document.spec.platform, display.of(name)))


def _connection(manifest: Manifest, name: str) -> Document:
    document = manifest.connections.get(name)
    if document is None:
        hint = "check that its file is in PATHS, or is given with --connections"
        raise SettingsError(f"there is no Connection named {name!r}", hint=hint)
    return document


def connect(connection: ConnectionSpec, resolve: Resolve, clock: Clock, progress: ReadProgress = SILENT) -> Platform:
    """Return the platform of a connection, ready to use; nothing is sent. Raises SettingsError."""
    return plugins()[connection.platform].connect(connection.details, resolve, clock, progress=progress)


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


def history(clock: Clock) -> History:
    """Return what remembers the events of a run, for as long as this process."""
    from reconciler.core.remember import Remembering

    return Remembering(clock.now(), durable=False)


def notifiers(path: Path, clock: Clock) -> tuple[Notifications, dict[str, Notifier]]:
    """Return who is notified of problems, and what delivers it, by target; nothing is sent. Raises SettingsError, ManifestError."""
    from reconciler.manifest.notifying import load as load_targets
    from reconciler.notify import template
    from reconciler.notify.by_apprise import ByApprise
    from reconciler.notify.by_hook import ByHook

    def value(secret: Secret) -> str:
        return resolve_secret(secret, os.environ, path.parent)

    found = load_targets(path)
    made: dict[str, Notifier] = {}
    for target in found.targets:
        for key, text in (("title", target.title), ("body", target.body)):
            if why := template.wrong(text):
                raise SettingsError(f"{path}: the {key} of the target {target.name}: {why}")
        if target.apprise is not None:
            made[target.name] = ByApprise(target, value(target.apprise))
        elif target.webhook is not None:
            made[target.name] = ByHook(target, value(target.webhook.url), value(target.webhook.key), clock)
    return found, made


def journal(where: str, *, keep: float | None = None, shared: bool = False) -> Store:
    """Return the history in a file or a database, opened: to be written with `keep`, for how many seconds, else to be read.

    `shared`: several of those who share it keep each other apart by themselves. Raises SettingsError or JournalError.
    """
    from reconciler.journal.store import Store

    return Store(database(where, writes=keep is not None), keep or float("inf"), shared=shared)


def database(where: str, *, writes: bool) -> Database:
    """Return the database of a history, opened; raise SettingsError or JournalError."""
    from reconciler.journal.address import address
    from reconciler.journal.database import Database

    return Database(address(where), writes=writes).opened()


def no_journal(where: str) -> bool:
    """Return whether there is no file where a history is to be; what a server has, only it can say."""
    from reconciler.journal.address import address

    path = address(where).path
    return path is not None and not path.exists()


def person(paths: Sequence[Path]) -> str:
    """Return who is at the keyboard: the user that git knows, else the one of the system."""
    first = places(paths)[0]
    answer = git(first if first.is_dir() else first.parent, "config", "user.name")
    found = answer.output.decode(errors="replace").strip()
    if found:
        return found
    with contextlib.suppress(OSError, KeyError):  # nobody may be known by the number that runs this
        return getpass.getuser()
    return "unknown"


def repository(paths: Sequence[Path]) -> Repository:
    """Return the git repository around the manifests."""
    first = places(paths)[0]
    return GitRepository(first if first.is_dir() else first.parent)


def author(paths: Sequence[Path], commit: str) -> str:
    """Return who made the commit of the manifests; nothing outside git."""
    found = repository(paths).author(commit.removesuffix(DIRTY)) if commit else None
    return found.author if found is not None else ""


def beside(repository: Repository, connections: Path) -> Path | None:
    """Return where Connections are in the work tree of the manifests, given where they are in it or in another work tree.

    None where they belong to no work tree of that repository.
    """
    with contextlib.suppress(SettingsError):
        repository.names([str(connections)])
        return connections
    other = GitRepository(connections if connections.is_dir() else connections.parent)
    if not repository.identity() or repository.identity() != other.identity():
        return None
    (name,) = other.names([str(connections)])
    return Path(repository.top(), name)


def common(repository: Repository, folder: Path) -> str:
    """Return the newest commit that two work trees of one repository have in common; empty where they are of two."""
    other = GitRepository(folder)
    head = other.head()
    if not head or repository.identity() != other.identity() or repository.top() == other.top():
        return ""
    with contextlib.suppress(SettingsError):
        return repository.merge_base(head)
    return ""


def commit(paths: Sequence[Path], manifest: Manifest, *, warn: bool = True) -> str:
    """Return the commit of the manifests, marked as git marks it where files differ from it; empty outside git."""
    found = repository(paths)
    head = found.head()
    if not head:
        if warn and (why := found.trouble()):
            note(f"warning: the plan names no commit: {why}")
        return ""
    read = [one.file for documents in (manifest.channels, manifest.fleets) for one in documents.values()]
    return head + DIRTY if found.changed([str(path) for path in places(paths)], read) else head
