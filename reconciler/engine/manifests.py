"""Where the manifests of a pass come from, and which are in force: the last valid ones that nobody was writing.

Manifests come into force when they were read twice the same, `QUIET` apart, or at once where they are those of another
commit: somebody may be writing a file, and the half that is there may lack what holds a version back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.event import AnyEvent, InForce, Note
from reconciler.model.fleet import Manifest
from reconciler.model.provenance import DIRTY
from reconciler.model.repository import Author
from reconciler.ports import Clock, Source

QUIET = 2.0
"""Seconds between two readings that must agree before manifests which no commit has come into force."""

READINGS = 30
"""Readings after which a watch without any manifest in force gives up waiting for them to stay the same."""


class Manifests(Protocol):
    """Manifests that passes are made with."""

    manifest: Manifest | None = None
    commit: str | None = None
    changed: bool = False
    """Whether the last `reload` brought others into force, the first ones included."""
    moved: bool = False
    """Whether it brought these into the place of others."""
    problem: str = ""
    """Why the newest ones are not in force; empty where they are."""
    read_at: float | None = None
    """When those in force were last seen to be the newest, in seconds since 1970; None before the first."""

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Look for new ones, yielding what is reported of them."""
        yield from ()


class Reloading(Manifests):
    """Reads manifests as often as asked."""

    def __init__(
        self,
        source: Source,
        commit: Callable[[Manifest], str | None],
        clock: Clock,
        run: str,
        author: Callable[[str], Author | None] = lambda _: None,
    ) -> None:
        """Take where manifests come from.

        `commit` names the commit of manifests, marked where they differ from it; `author` says who made one.
        """
        self.source = source
        self.clock = clock
        self.run = run
        self.author = author
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
            yield self._in_force(manifest, commit or "")
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

    def _in_force(self, manifest: Manifest, commit: str) -> InForce:
        who = self.author(commit.removesuffix(DIRTY)) if commit else None
        return InForce(
            at=self.clock.now(),
            run=self.run,
            fleets=len(manifest.fleets),
            commit=commit,
            author=who.author if who is not None else "",
            summary=who.summary if who is not None else "",
            changed=self.moved,
        )

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self.clock.now(), run=self.run, level=level, message=message)


def _findings(error: ReconcilerError) -> str:
    """Return what is wrong with manifests on one line."""
    if not isinstance(error, ManifestError):
        return str(error)
    first, *more = (f"{one.origin}: {one.message}" for one in error.diagnostics)
    return f"{first}; {len(more):,} more: run `reconciler validate`" if more else first


class Fixed(Manifests):
    """Manifests that somebody else found to be in force, and reported: they are new once, and never read."""

    def __init__(self, manifest: Manifest, commit: str, *, moved: bool, read_at: float | None = None) -> None:
        """Take them, whether the pass before had others, and when they were read, in seconds since 1970."""
        self.manifest, self.commit, self.moved, self.read_at = manifest, commit, moved, read_at
        self.changed = True
