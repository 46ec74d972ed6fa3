"""A version taken back in git: the manifests of a commit are read, edited, read again, and committed on a branch of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from reconciler.cli import wiring
from reconciler.core import rollback
from reconciler.core.rollback import Back
from reconciler.core.track_record import NOTHING_KNOWN, TrackRecord
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.git.base import Refs
from reconciler.git.branch import Branching, Made, branch_name, trail
from reconciler.git.collect import collect, contents, write
from reconciler.git.source import GitSource
from reconciler.git.tree import Tree
from reconciler.manifest.amend import Edit, amended
from reconciler.model.fleet import Document, Manifest
from reconciler.model.repository import TakenBack
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Ref

MOST = 500
"""Commits of manifests that are looked through for an earlier version."""
QUARANTINE = ("spec", "quarantine")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to take back, as a person or a halted rollout says it; empty where the history is to say it."""

    fleet: str
    workload: str = ""
    version: str = ""
    to: str | None = None
    reason: str
    until: str = ""


class Earlier:
    """The states of the manifests before a commit, newest first; each is read when it is asked for, and only once."""

    def __init__(self, at: At, commits: Sequence[str]) -> None:
        self._at = at
        self._left = iter(commits)
        self._read: list[Manifest] = []

    def __iter__(self) -> Iterator[Manifest]:
        """Give them all; one that is not valid was never in force."""
        yield from self._read
        for commit in self._left:
            try:
                found = self._at.manifest(self._at.files(commit))
            except ReconcilerError:
                continue
            self._read.append(found)
            yield found


class At:
    """The manifests at a commit of the repository whose work tree begins, or whose bare clone is, at `top`."""

    def __init__(self, top: Path, commit: str, names: Sequence[str], connections: Path | None) -> None:
        self.top = top
        self.commit = commit
        self.names = tuple(names)
        self._connections = connections

    @property
    def files_from(self) -> Path | None:
        """Return the folder that files of secrets are named from, where the connections are in the repository."""
        return None if self._connections is not None else self.top

    def files(self, commit: str) -> dict[str, bytes]:
        """Return the manifests of a commit by their names from the top."""
        tree = Tree(self.top, commit, self.top)
        return contents(tree, collect(tree, self.names)[0])

    def manifest(self, files: Mapping[str, bytes]) -> Manifest:
        """Return what files say; raise ManifestError."""
        with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
            root = Path(folder)
            for name, content in files.items():
                write(root / name, content)
            return wiring.source([root], self._connections, root).load()

    @cached_property
    def now(self) -> Manifest:
        """Return the manifests of the commit itself."""
        return self.manifest(self.files(self.commit))

    @cached_property
    def before(self) -> Earlier:
        """Return the states before it."""
        return Earlier(self, trail(self.top, self.commit, self.names, MOST))

    # --- taking back ------------------------------------------------------------------------------------------------

    def decided(
        self, wanted: Wanted, record: Callable[[Document, str], TrackRecord] = lambda *_: NOTHING_KNOWN
    ) -> list[Back]:
        """Return what is taken back, and what comes in its place. Raises SettingsError.

        `record` gives what is known of the versions of a workload of the fleet.
        """
        document = self.now.fleets.get(wanted.fleet)
        if document is None:
            there = ", ".join(sorted(self.now.fleets)) or "none"
            raise SettingsError(f"the commit {self.commit[:12]} has no fleet {wanted.fleet!r}; it has {there}")
        workloads = [wanted.workload] if wanted.workload else [*document.spec.workloads]
        for one in workloads:
            if one not in document.spec.workloads:
                there = ", ".join(document.spec.workloads)
                raise SettingsError(f"the fleet {wanted.fleet!r} has no workload {one!r}; it has {there}")
        found = self._versions(wanted, workloads)
        if wanted.to is not None and len({one for one, _ in found}) > 1:
            raise SettingsError("--to is about one workload", hint=f"name it: {', '.join(one for one, _ in found)}")
        return [
            rollback.take_back(
                self.now, self.before, wanted.fleet, one, version, wanted.to, record=record(document, one)
            )
            for one, version in found
        ]

    def _versions(self, wanted: Wanted, workloads: Sequence[str]) -> list[tuple[str, str]]:
        """Return the (workload, version) to take back: the only one there is, or what the newest change brought."""
        there = [(one, line.version) for one in workloads for line in rollback.lines(self.now, wanted.fleet, one)]
        there = list(dict.fromkeys(there))
        if wanted.version:
            return [one for one in there if one[1] == wanted.version] or [(workloads[0], wanted.version)]
        if len(there) == 1:
            return there
        found = rollback.newest(self.now, self.before, wanted.fleet, workloads)
        if not found or (wanted.workload and len(found) > 1):
            said = ", ".join(f"{one} {version}" for one, version in there) or "no version"
            raise SettingsError(
                f"which version of the fleet {wanted.fleet!r} is to be taken back is not certain: it says {said}",
                hint="name the workload, and the version with --from VERSION",
            )
        return found

    def make(self, wanted: Wanted, backs: Sequence[Back], branch: str, *, robot: bool = False) -> Made:
        """Commit it on a branch; the default of its name says what is taken back. Raises SettingsError."""
        document = self.now.fleets[wanted.fleet]
        files = self.files(self.commit)
        text = files[document.file].decode("utf-8")
        made = dict(files)
        entries = {one.workload: self._entry(document, one, wanted) for one in backs}
        edits = [Edit(line.path, to) for one in backs for line, to in one.lines]
        edits += [Edit(QUARANTINE, one) for one in entries.values() if one]
        try:
            made[document.file] = amended(text, wanted.fleet, edits).encode()
        except ValueError as wrong:
            raise SettingsError(f"{document.file} cannot be edited: {wrong}", hint=_by_hand(backs)) from None
        self._check(wanted.fleet, self.manifest(made), backs, entries)
        name = branch or self.branch(wanted.fleet, backs)
        changed = {one: content for one, content in made.items() if content != files[one]}
        return Branching(self.top).make(name, self.commit, changed, message(wanted, backs), robot=robot)

    def branch(self, fleet: str, backs: Sequence[Back]) -> str:
        """Return the name of the branch that takes versions back."""
        if len(backs) == 1:
            return branch_name("rollback", fleet, backs[0].workload, backs[0].version)
        return branch_name("rollback", fleet, self.commit[:12])

    def branch_for(self, wanted: Wanted, back: Back, there: Callable[[str], str]) -> tuple[str, str]:
        """Return the branch of a halted rollout, and its commit, empty where it is still to be made.

        One that was merged is of an earlier halt of the same version: to merge it again would change nothing. `there` gives
        the commit of a branch, empty where there is none.
        """
        first, refs, number = self.branch(wanted.fleet, [back]), Refs(self.top), 1
        name = first
        while (found := there(name)) and refs.is_ancestor(found, self.commit):
            number += 1
            name = f"{first}-{number}"
        return name, found

    def _entry(self, document: Document, back: Back, wanted: Wanted) -> dict[str, str] | None:
        """Return the quarantine of a version; None where it is there already, for as long."""
        called = rollback.names(document.spec, back.workload)
        for one in document.spec.quarantine:
            if one.workload in called and one.version == back.version and one.until is None:
                return None
        until = {"until": wanted.until} if wanted.until else {}
        return {"workload": back.workload, "version": back.version, "reason": wanted.reason, **until}

    def _check(
        self, fleet: str, after: Manifest, backs: Sequence[Back], entries: Mapping[str, Mapping[str, str] | None]
    ) -> None:
        """Raise SettingsError unless the edited files say what they said, but for what is taken back."""
        spec = self.now.fleets[fleet].spec
        for one in backs:
            spec = msgspec.convert(rollback.amended(spec, one, entries[one.workload]), type(spec), strict=False)
        wanted = {**{name: one.spec for name, one in self.now.fleets.items()}, fleet: spec}
        same = {name: one.spec for name, one in after.fleets.items()} == wanted
        if not same or [one.spec for one in after.channels.values()] != [
            one.spec for one in self.now.channels.values()
        ]:
            raise SettingsError("the edited manifests would say more than that", hint=_by_hand(backs))


def said(back: Back) -> str:
    """Return what is taken back, in a few words."""
    return f"{back.workload} {back.version} back to {' and '.join(back.targets)}"


def _by_hand(backs: Sequence[Back]) -> str:
    return f"edit it yourself: {'; '.join(map(said, backs))}"


def message(wanted: Wanted, backs: Sequence[Back]) -> str:
    """Return the message of the commit."""
    subject = f"Roll {', '.join(map(said, backs))} in the fleet {wanted.fleet}"
    return f"{subject}\n\n{wanted.reason}\n"


class OfFiles:
    """`ports.Rollbacks` for manifests that are files: a branch in their repository, which nobody pushes."""

    def __init__(self, paths: Sequence[Path], connections: Path | None) -> None:
        self._paths = paths
        self._connections = connections

    def take_back(
        self, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord = NOTHING_KNOWN
    ) -> TakenBack:
        """Commit it on a branch; raise ReconcilerError where that cannot be done."""
        at = here(self._paths, self._connections)
        wanted, back = _one(at, rollout, workload, reason, record)
        branching = Branching(at.top)
        name, there = at.branch_for(wanted, back, branching.there)
        if there:
            return TakenBack(to=_to(back), branch=name, commit=there, pushed=False, new=False)
        try:
            made = at.make(wanted, [back], name, robot=True)
        except SettingsError:
            if there := branching.there(name):  # another process was faster
                return TakenBack(to=_to(back), branch=name, commit=there, pushed=False, new=False)
            raise
        return TakenBack(to=_to(back), branch=name, commit=made.commit, pushed=False, new=True)


class OfRemote:
    """`ports.Rollbacks` for a repository elsewhere: a branch that is pushed there."""

    def __init__(self, source: GitSource, connections: Path | None) -> None:
        self._source = source
        self._connections = connections

    def take_back(
        self, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord = NOTHING_KNOWN
    ) -> TakenBack:
        """Commit it on a branch, and push that; raise ReconcilerError where that cannot be done."""
        clone = self._source.clone
        with clone.locked():
            at = At(clone.repository, self._source.commit, self._source.paths, self._connections)
            wanted, back = _one(at, rollout, workload, reason, record)
            name, there = at.branch_for(wanted, back, clone.branch)
            if there:
                return TakenBack(to=_to(back), branch=name, commit=there, pushed=True, new=False)
            branching = Branching(at.top)
            made = at.make(wanted, [back], name, robot=True)
            try:
                clone.push(made.commit, name)
            except ReconcilerError:
                if there := clone.branch(name):  # another process was faster, or the answer got lost
                    return TakenBack(to=_to(back), branch=name, commit=there, pushed=True, new=there == made.commit)
                raise
            finally:
                branching.drop(made)
            return TakenBack(to=_to(back), branch=name, commit=made.commit, pushed=True, new=True)


def here(paths: Sequence[Path], connections: Path | None) -> At:
    """Return the manifests of the commit that is checked out. Raises SettingsError outside a repository."""
    repository = wiring.repository(paths)
    if not repository.top():
        why = repository.trouble() or "these manifests are not in a git repository"
        raise SettingsError(f"{why}: a rollback is a commit", hint="keep the manifests in a git repository")
    names = [one if one != "." else "" for one in repository.names([str(path) for path in wiring.places(paths)])]
    return At(Path(repository.top()), repository.commit("HEAD"), names, connections)


def _one(at: At, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord) -> tuple[Wanted, Back]:
    """Return what takes a rollout back."""
    document = at.now.fleets.get(rollout.fleet)
    entries = document.spec.workloads.items() if document is not None else ()
    called = next(
        (name for name, one in entries if workload.id in {name, one.id} or workload.name == name), workload.name
    )
    wanted = Wanted(fleet=rollout.fleet, workload=called, version=rollout.version, reason=reason)
    (back,) = at.decided(wanted, lambda *_: record)
    return wanted, back


def _to(back: Back) -> str:
    return " and ".join(back.targets)
