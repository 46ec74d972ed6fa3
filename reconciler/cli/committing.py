"""Entries of a fleet that somebody asks for on the page: a commit on a branch of the repository that is followed, else its lines."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.cli.files import read_file
from reconciler.cli.following import Place
from reconciler.cli.taking_back import At
from reconciler.errors import SettingsError
from reconciler.git.branch import Branching, branch_name
from reconciler.git.source import GitSource
from reconciler.manifest.amend import Edit, amended
from reconciler.model.fleet import Document, Manifest
from reconciler.web.acting import Writes, Written

LISTS = frozenset({"quarantine"})
"""Keys of a fleet that hold several entries."""


class Lines:
    """For manifests that are files: what to commit, and nothing is written."""

    def __init__(self, manifest: Callable[[], Manifest | None]) -> None:
        self._manifest = manifest

    def write(self, fleet: str, key: str, entry: Mapping[str, str], by: str) -> Written:
        """Return how the file of a fleet is to change, as a diff. Raises SettingsError."""
        del by
        found = self._manifest()
        if found is None:
            raise SettingsError("no manifests are in force")
        document = found.fleets[fleet]
        before = read_file(Path(document.file)).decode()
        after = _edited(document, fleet, before, key, entry)
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), document.file, document.file, lineterm="")
        return Written(lines="\n".join(lines))


class Branches:
    """For a repository elsewhere: a branch that is pushed there, with one commit."""

    def __init__(self, source: GitSource, connections: Path | None) -> None:
        self._source = source
        self._connections = connections

    def write(self, fleet: str, key: str, entry: Mapping[str, str], by: str) -> Written:
        """Commit it and push that. Raises ReconcilerError."""
        clone = self._source.clone
        with clone.locked():
            at = At(clone.repository, self._source.commit, self._source.paths, self._connections)
            files = at.files(at.commit)
            document = at.now.fleets.get(fleet)
            if document is None:
                raise SettingsError(f"the commit {at.commit[:12]} has no fleet {fleet!r}")
            content = _edited(document, fleet, files[document.file].decode(), key, entry).encode()
            at.manifest({**files, document.file: content})
            about = [entry[name] for name in ("workload", "version") if name in entry]
            name = branch_name(key, fleet, *about, at.commit[:12])
            if clone.branch(name):
                raise SettingsError(f"the branch {name} is there already", hint="merge or delete it")
            subject = f"{key.capitalize()} {' '.join(about) + ' in ' if about else ''}the fleet {fleet}"
            message = f"{subject}\n\n{entry['reason']}\n\nAsked for by {by} on the page of the watch.\n"
            branching = Branching(at.top)
            made = branching.make(name, at.commit, {document.file: content}, message, robot=True)
            try:
                clone.push(made.commit, name)
            finally:
                branching.drop(made)
            return Written(lines=made.diff, branch=name, commit=made.commit)


def writes(place: Place) -> Writes:
    """Return what puts entries into the manifests of a place."""
    if place.source is not None:
        return Branches(place.source, place.connections)
    return Lines(lambda: place.manifests.manifest)


def _edited(document: Document, fleet: str, text: str, key: str, entry: Mapping[str, str]) -> str:
    """Return the text of a file in which a fleet has the entry besides, and nothing else is different."""
    try:
        return amended(text, fleet, [Edit(("spec", key), entry, sets=key not in LISTS)])
    except ValueError as wrong:
        raise SettingsError(f"{document.file} cannot be edited: {wrong}", hint="edit it yourself") from None
