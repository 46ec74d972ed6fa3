"""`ports.RemoteSource`: the manifests of the newest commit of a ref that may come into force.

What cannot be fetched, is not signed as it should be, or is not valid leaves the last good commit in force. Which one that is
the clone knows as well, for a process that starts anew; but only once the host said that nothing older is meant.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from reconciler.errors import ReconcilerError, SettingsError, SourceError
from reconciler.git.clone import Clone
from reconciler.git.collect import collect, contents, write
from reconciler.git.signature import signer
from reconciler.git.tree import LINK, Elsewhere, Tree
from reconciler.model.fleet import Manifest
from reconciler.model.repository import Revision
from reconciler.ports import Fetched

POINTER = b"version https://git-lfs.github.com/spec/"
Load = Callable[[Path, Sequence[Path]], Manifest]
"""Reads manifests: (the folder that findings leave out of names, what to read)."""


class GitSource:
    """The manifests at some paths of a ref, as `inner_path` gives them. `signers` is a file of those who may sign."""

    def __init__(self, clone: Clone, ref: str, paths: Sequence[str], load: Load, signers: Path | None = None) -> None:
        self.clone = clone
        self._ref = ref
        self.paths = tuple(paths)
        self._load = load
        self._signers = signers
        self._now: Revision | None = None
        self.folder = Path()
        """Where the manifests in force are."""

    def fetch(self) -> Fetched:
        """Ask now; raise what is wrong where nothing is in force."""
        with self.clone.locked():
            tip = ""
            try:
                tip = self.clone.fetch(self._ref)
                return self._put_in_force(tip)
            except ReconcilerError as error:
                problem = self._without_folder(error.advised)
                before = self._now.commit if self._now else self.clone.in_force
                if not before or before == tip or not (self._now or (tip and self.clone.refs.is_ancestor(before, tip))):
                    raise
                try:
                    manifest, revision = self._read(before)
                except ReconcilerError:
                    raise error from None
                return Fetched(manifest, revision, problem)

    @property
    def commit(self) -> str:
        """Return the commit in force; empty where none is."""
        return self._now.commit if self._now is not None else ""

    def _put_in_force(self, commit: str) -> Fetched:
        before = self.clone.in_force
        try:
            manifest, revision = self._read(commit)
        except ReconcilerError as error:
            said = self._without_folder(str(error))
            raise SourceError(f"the commit {commit[:12]} is refused: {said}", hint=error.hint) from error
        if before != commit:
            self.clone.put_in_force(commit)
        self._now = revision
        return Fetched(manifest, revision, warnings=tuple(self._warnings(commit, before)))

    def _warnings(self, commit: str, before: str) -> list[str]:
        """Return what is odd about a commit that comes after another."""
        if not before or self.clone.refs.is_ancestor(before, commit):
            return []
        back = self.clone.refs.is_ancestor(commit, before)
        how = "was moved back" if back else "was rewritten"
        what = f"the commit {commit[:12]} comes into force, which does not contain the one before, {before[:12]}"
        return [f"{self._ref} {how}: {what}; what only that one said is undone"]

    def _read(self, commit: str) -> tuple[Manifest, Revision]:
        """Return the manifests of a commit; raise what speaks against it."""
        revision = self._now
        if revision is None or revision.commit != commit:
            signed = signer(self.clone.repository, commit, self._signers) if self._signers is not None else ""
            revision = msgspec.structs.replace(self.clone.revision(commit), signer=signed)
        folder = self.clone.folder(commit, lambda into: self._write(commit, into))
        manifest = self._load(folder, [folder / path for path in self.paths])
        if not manifest.fleets:
            raise SourceError(
                f"there is no Fleet in {', '.join(self.paths) or 'it'}", hint="end the watch where none is meant"
            )
        self.folder = folder
        return manifest, revision

    def _write(self, commit: str, into: Path) -> None:
        """Write the manifests of a commit; raise SourceError where some are not in it."""
        repository = self.clone.repository
        tree = Tree(repository, commit, into)
        files: dict[str, str] = {}
        left_out: dict[str, str] = {}
        for path in self.paths:
            here, missing = collect(tree, [path])
            missing |= dict.fromkeys(_leading_out(tree, path), "is a link that leads out of the repository")
            if not here and not missing:
                raise SourceError(f"it has no manifests in {path or 'any folder'}", hint="--path names where they are")
            files |= here
            left_out |= missing
        found = contents(tree, files)
        left_out |= {one: "is a pointer of Git LFS" for one in files if found[one].startswith(POINTER)}
        for one, why in left_out.items():
            raise SourceError(
                f"{one} {why}, so the manifests are not all in the repository", hint="put the file itself there"
            )
        for one, content in found.items():
            write(Path(into, one), content)

    def _without_folder(self, said: str) -> str:
        """Return a text that names files as the repository does."""
        return re.sub(rf"{re.escape(str(self.clone.commits))}/[^/\s]+/?", "", said)


def _leading_out(tree: Tree, name: str) -> list[str]:
    """Return the links below a path that lead to where the commit has no say: manifests may be there."""
    found = []
    for relative in tree.below(name):
        here = "/".join(filter(None, (name, relative)))
        if tree.mode(here) == LINK:
            try:
                tree.real(here)
            except Elsewhere:
                found.append(here)
    return found


def inner_path(path: str) -> str:
    """Return a path from the top of a repository; raise SettingsError for one that is not in it."""
    name = os.path.normpath(path.strip("/") or ".")
    if name.startswith("..") or "\0" in name:
        raise SettingsError(f"{path!r} is not in the repository", hint="--path is a path from its top")
    return "" if name == "." else name
