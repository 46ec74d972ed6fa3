"""What `--base` means: the older manifests, the Connections that differ from theirs, and where all of it came from."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from reconciler.cli import wiring
from reconciler.cli.output import note
from reconciler.engine.group import Open
from reconciler.errors import ManifestError, ReconcilerError, SettingsError
from reconciler.manifest.compare import Documents, Sides, changes
from reconciler.manifest.files import STANDARD_INPUT
from reconciler.manifest.finding import diagnostics_text
from reconciler.manifest.load import Loader, connections_in
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Manifest
from reconciler.model.provenance import ConnectionChange, Provenance, Reading
from reconciler.model.repository import Exported
from reconciler.ports import Platform, Repository

UNSEEN = {"not-comparable", "skipped"}


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Today's manifests and those of `--base`."""

    provenance: Provenance
    base: Manifest | None = None
    """None without a base, and where its manifests are invalid."""
    tip: Manifest | None = None
    """The newest manifests of the base, where it went on since; None where it did not."""
    connections: tuple[ConnectionChange, ...] = ()


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where manifests are. `beside` is where the Connections that `--connections` names are in our own work tree."""

    paths: list[Path]
    connections: Path | None
    beside: Path | None
    names: tuple[str, ...]
    """From the top of the repository; empty outside git."""


@contextmanager
def compared(
    base: str | None, today: Manifest, paths: Sequence[Path], connections: Path | None, *, offline: bool
) -> Iterator[Compared]:
    """Give what a plan is compared with; raise SettingsError for a base that cannot be found, which says how to fetch it."""
    repository = wiring.repository(paths)
    places = _places(repository, wiring.places(paths), connections)
    provenance = Provenance(commit=wiring.commit(paths, today), paths=places.names, recorded=offline)
    if base is None:
        yield Compared(provenance=provenance)
        return
    if STANDARD_INPUT in paths:
        why = "--base compares files, and standard input has no earlier version"
        raise SettingsError(why, hint="give them in PATHS")
    import tempfile  # slow, and only a base needs it

    with tempfile.TemporaryDirectory(prefix="reconciler-base-") as folder:
        sides = _Base(
            base=base,
            today=today,
            places=places,
            repository=repository,
            into=Path(folder),
            provenance=provenance,
            offline=offline,
        )
        yield sides.folder() if _is_folder(base, repository) else sides.ref()


def guarded(open_: Open, found: Collection[ConnectionChange]) -> Open:
    """Return what opens connections, except those whose secrets would be sent where the base does not send them."""
    refused = {one.connection: one for one in found if one.reading is Reading.REFUSED}

    def opening(name: str) -> Platform:
        if name in refused:
            one = refused[name]
            fields = ", ".join(field.path for field in one.fields)
            raise SettingsError(
                f"the Connection {name!r} is {one.edit.value} since --base ({fields}): its secrets are not sent before it is merged",
                hint="where you trust these manifests, plan without --base",
            )
        return open_(name)

    return opening


class _Base(msgspec.Struct, frozen=True, kw_only=True):
    """Reads the base."""

    base: str
    today: Manifest
    places: Places
    repository: Repository
    into: Path
    provenance: Provenance
    offline: bool

    def folder(self) -> Compared:
        """Return today's manifests and what a folder holds."""
        paths, connections = [Path(self.base)], self.places.connections
        older, problem = self._tried(paths, connections, f"the folder {self.base}")
        own = self._connections(older, paths, connections)
        return self._compared(older, problem, own, wiring.common(self.repository, Path(self.base)))

    def ref(self) -> Compared:
        """Return today's manifests and those that a ref held when what is checked out left it."""
        tip, commit = self.repository.commit(self.base), self.repository.merge_base(self.base)
        found, connections = self._export(commit, "base")
        older, problem = self._tried(found, connections, f"the git ref {self.base}")
        own = self._connections(older, [*map(Path, found.paths)], connections)
        newest: Manifest | None = None
        if tip != commit and older is not None:
            newer, beside = self._export(tip, "tip")
            with contextlib.suppress(ReconcilerError):  # what is wrong with it is for those to mend who merged it
                newest = self._load(newer, beside)
        return self._compared(older, problem, own, commit, newest)

    def _compared(
        self, older: Manifest | None, problem: str, own: Documents, commit: str, tip: Manifest | None = None
    ) -> Compared:
        """Return what was found; `own` are the Connections of the base."""
        sides = Sides(
            base=own,
            today=self._todays(),
            used=self.today.connections,
            fleets=[*self.today.fleets.values(), *(older.fleets.values() if older is not None else ())],
            whole=older is not None and not any(one.code in UNSEEN for one in older.warnings),
            offline=self.offline,
        )
        patch, patches = self.repository.patches(commit, self.provenance.paths) if commit else ("", ())
        provenance = msgspec.structs.replace(
            self.provenance,
            base=self.base,
            base_commit=commit,
            base_problem=problem,
            patch=patch,
            patches=patches,
        )
        return Compared(provenance=provenance, base=older, tip=tip, connections=changes(sides, wiring.plugins()))

    def _todays(self) -> Documents:
        """Return the Connections that stand today where those of the base stood."""
        if self.places.connections is None:
            return self.today.connections
        beside = [] if self.places.beside is None else [self.places.beside]
        return {**self.today.ignored, **connections_in(beside, wiring.plugins())}

    def _connections(self, older: Manifest | None, paths: list[Path], connections: Path | None) -> Documents:
        """Return those of the base: those of `--connections` come before those among its manifests."""
        if older is None:
            own = connections_in(paths, wiring.plugins())
        else:
            own = older.connections if self.places.connections is None else older.ignored
        return own if connections is None else {**own, **connections_in([connections], wiring.plugins())}

    def _export(self, commit: str, name: str) -> tuple[Exported, Path | None]:
        """Write the manifests of a commit; return them, and where the Connections of `--connections` are there."""
        into = self.into / name
        paths = [str(path) for path in self.places.paths]
        found = self.repository.export(commit, paths, str(into))
        if self.places.beside is None:
            return found, self.places.connections
        beside = into / "beside"
        self.repository.export(commit, [str(self.places.beside)], str(beside))
        (connections,) = self.repository.names([str(self.places.beside)])
        where = beside / connections
        if not where.exists():
            where.mkdir(parents=True)
        return found, where

    def _tried(self, found: list[Path] | Exported, connections: Path | None, where: str) -> tuple[Manifest | None, str]:
        """Return the older manifests; where they are invalid none, and why: a request may be what mends them."""
        try:
            older = self._load(found, connections)
        except ManifestError as error:
            first = error.diagnostics[0]
            at = str(first.origin).removeprefix(f"{self.into}/base/")
            problem = f"the manifests at --base {self.base} are invalid: {at}: {first.message}"
            note(f"warning: {problem}; nothing is compared with them")
            return None, problem
        if unseen := [one for one in older.warnings if one.code in UNSEEN]:
            note(*diagnostics_text(unseen).split("\n"))
        elif not older.fleets:
            note(f"warning: {where} has no Fleet to compare with: every change comes from this change")
        return older, ""

    def _load(self, found: list[Path] | Exported, connections: Path | None) -> Manifest:
        return _read(found, connections) if isinstance(found, list) else self._older(found, connections)

    def _older(self, found: Exported, connections: Path | None) -> Manifest:
        """Return the older manifests; a fleet that stands elsewhere today is the same fleet, and is looked up there."""
        before: Manifest | None = None
        paths = [*map(Path, found.paths)]
        if found.moved:
            with contextlib.suppress(ReconcilerError):  # what else was moved or deleted may not go together with ours
                before = _read([*paths, Path(found.moved)], connections)
        before = before or _read(paths, connections)
        elsewhere = {name for name, one in before.fleets.items() if found.moved and one.file.startswith(found.moved)}
        kept = {name: one for name, one in before.fleets.items() if name not in elsewhere or name in self.today.fleets}
        left_out = tuple(
            Diagnostic(
                code="not-comparable",
                severity=Severity.WARNING,
                message=f"--base {self.base}: {name} {why}; whether its fleets changed is not known",
            )
            for name, why in found.left_out
        )
        return msgspec.structs.replace(before, fleets=kept, warnings=left_out)


def _read(paths: list[Path], connections: Path | None) -> Manifest:
    return Loader(paths, wiring.plugins(), connections, may_be_empty=True).load()


def _is_folder(base: str, repository: Repository) -> bool:
    """Return whether a base is a folder. What git knows is a ref: a request may bring a folder of any name along."""
    if not base.strip():
        raise SettingsError("--base is empty", hint="give a branch, a tag, a commit or a folder")
    there = Path(base).is_dir()
    if there and not base.startswith("-") and repository.known(base):
        note(f"warning: --base {base} is the git ref; write ./{base} for the folder")
        return False
    return there


def _places(repository: Repository, paths: list[Path], connections: Path | None) -> Places:
    """Return where manifests are, in the work tree and in the repository; those outside of it have no name there."""
    beside = None if connections is None else wiring.beside(repository, connections)
    inside = [*paths, *([] if beside is None else [beside])]
    names: list[str] = []
    if repository.head():
        for path in inside:
            with contextlib.suppress(SettingsError):
                names += repository.names([str(path)])
    return Places(paths=paths, connections=connections, beside=beside, names=tuple(dict.fromkeys(names)))
