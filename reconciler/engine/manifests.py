"""Where the manifests of a pass come from, and which are in force: the last valid ones that nobody was writing.

Manifests come into force when they were read twice the same, `QUIET` apart, or at once where they are those of another
commit: somebody may be writing a file, and the half that is there may lack what holds a version back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from reconciler.engine.in_force import AuthorOf, in_force
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.event import AnyEvent, Note
from reconciler.model.fleet import Manifest
from reconciler.model.provenance import DIRTY
from reconciler.ports import Clock, Source

QUIET = 2.0
"""Seconds between two readings that must agree before manifests which no commit has come into force."""

READINGS = 30
"""Readings after which a watch without any manifest in force gives up waiting for them to stay the same."""


class Manifests(Protocol):
    """Manifests that passes are made with."""

    manifest: Manifest | None
    commit: str | None
    changed: bool
    """Whether the last `reload` brought others into force, the first ones included."""
    moved: bool
    """Whether it brought these into the place of others."""
    problem: str
    """Why the newest ones are not in force; empty where they are."""
    read_at: float | None
    """When those in force were last seen to be the newest, in seconds since 1970; None before the first."""

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Look for new ones, telling what is said of them."""
        ...


class Reloading:
    """Reads manifests as often as asked."""

    def __init__(
        self,
        source: Source,
        commit: Callable[[Manifest], str | None],
        clock: Clock,
        run: str,
        author: AuthorOf = lambda _: None,
    ) -> None:
        """Take where manifests come from.

        `commit` names the commit of manifests, marked where they differ from it; `author` says who made one.
        """
        self.source = source
        self.clock = clock
        self.run = run
        self.author = author
        self.manifest: Manifest | None = None
        self.commit: str | None = None
        self.changed = self.moved = False
        self.problem = ""
        self.read_at: float | None = None
        self._commit_of = commit

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Read the manifests; wrong ones and those being written leave the last good ones in force, and that is said.

        Raises what is wrong with them while none are in force.
        """
        self.changed = self.moved = False
        try:
            found = self._settled()
        except ReconcilerError as error:
            if self.manifest is None:
                raise
            self.problem = _findings(error)
            yield self._note("error", f"the manifests are invalid; the last valid ones stay in force: {self.problem}")
            return
        if found is None and self.clock.stopping():
            return
        if found is None:
            words = "nothing is done" if self.manifest is None else "the last ones stay in force"
            yield self._note("warning", f"the manifests are being written; {words} until they stay the same")
            return
        manifest, commit = found
        if self.manifest is None or manifest.digest != self.manifest.digest:
            self.changed, self.moved = True, self.manifest is not None
            now = self.clock.now()
            yield in_force(manifest, commit or "", self.author, at=now, run=self.run, changed=self.moved)
            for warning in manifest.warnings:
                yield self._note("warning", f"{warning.origin}: {warning.message}".removeprefix(": "))
        elif self.problem:
            yield self._note("info", "the manifests are valid again")
        self.manifest, self.commit, self.problem, self.read_at = manifest, commit, "", self.clock.now()

    def _settled(self) -> tuple[Manifest, str | None] | None:
        """Return manifests that nobody is writing, and their commit; None where they do not stay the same.

        With some in force one more reading is enough for this pass; without any there is nothing else to do than to wait.
        """
        before = self.source.load()
        commit = self._commit_of(before)
        if self.manifest is not None and before.digest == self.manifest.digest:
            return before, commit
        if commit and not commit.endswith(DIRTY) and commit != self.commit:
            again = self.source.load()
            if again.digest == before.digest and self._commit_of(again) == commit:
                return again, commit
            before = again
        for _ in range(READINGS if self.manifest is None else 1):
            if self.clock.sleep(QUIET):
                return None
            again = self.source.load()
            if again.digest == before.digest:
                return again, self._commit_of(again)
            before = again
        return None

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self.clock.now(), run=self.run, level=level, message=message)


def _findings(error: ReconcilerError) -> str:
    """Return what is wrong with manifests on one line."""
    if not isinstance(error, ManifestError):
        return str(error)
    first, *more = (f"{one.origin}: {one.message}" for one in error.diagnostics)
    return f"{first}; {len(more):,} more: run `reconciler validate`" if more else first


class Fixed:
    """Manifests that somebody else found to be in force, and told of: they are new once, and never read."""

    def __init__(self, manifest: Manifest, commit: str, *, moved: bool) -> None:
        """Take them, and whether the pass before had others."""
        self.manifest: Manifest | None = manifest
        self.commit: str | None = commit
        self.changed = True
        self.moved = moved
        self.problem = ""
        self.read_at: float | None = None

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Say nothing: there is nothing to read."""
        yield from ()
