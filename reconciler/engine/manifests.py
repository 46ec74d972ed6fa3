"""Which manifests are in force in a watch: the last good ones, until there are newer good ones.

Those of files come into force when they were read twice the same, `QUIET` apart, or at once where they are those of another
commit: somebody may be writing a file, and the half that is there may lack what holds a version back. Nobody can be writing
what a repository elsewhere says.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from reconciler.engine.in_force import AuthorOf, in_force
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Note
from reconciler.model.fleet import Manifest
from reconciler.model.provenance import DIRTY
from reconciler.ports import Clock, Fetched, RemoteSource, Revision, Source

QUIET = 2.0
"""Seconds between two readings that must agree before manifests which no commit has come into force."""

READINGS = 30
"""Readings after which a watch without any manifest in force gives up waiting for them to stay the same."""

Commit = Callable[[Manifest], str | None]


class ManifestsInForce:
    """The manifests in force. `changed` says whether the last `reload` put others into force, `moved` whether in place of some."""

    def __init__(
        self,
        source: Source | RemoteSource,
        commit: Commit,
        author: AuthorOf,
        clock: Clock,
        *,
        run: str,
        patient: bool = False,
    ) -> None:
        """Take where manifests come from; `commit` names that of files, `author` who made it.

        A patient one waits for the first good ones.
        """
        self._source = source
        self._commit_of = commit
        self._author_of = author
        self._clock = clock
        self._run = run
        self._patient = patient and isinstance(source, RemoteSource)
        self.manifest: Manifest | None = None
        self.commit: str | None = None
        self.changed = self.moved = False
        self.problem = ""
        """Why it is not the newest ones that are in force."""

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Read the manifests; wrong ones and those being written leave the last good ones in force, and that is said.

        Raises what is wrong where nothing is in force, unless it is patient.
        """
        self.changed = self.moved = False
        try:
            if isinstance(self._source, RemoteSource):
                yield from self._follow(self._source)
            else:
                yield from self._read(self._source)
        except ReconcilerError as error:
            if self.manifest is None and not self._patient:
                raise
            yield from self._wrong(error.advised if isinstance(self._source, RemoteSource) else str(error))

    def _wrong(self, why: str) -> Generator[AnyEvent, None, None]:
        """Say why the last good ones stay in force: of files in every pass, of a repository elsewhere once."""
        remote = isinstance(self._source, RemoteSource)
        if self._clock.stopping() or (remote and why == self.problem):
            return
        self.problem = why
        if not remote:
            yield self._note("error", f"the manifests are invalid; the last valid ones stay in force: {why}")
        elif self.manifest is None:
            yield self._note("error", f"nothing is done until a commit can come into force: {why}")
        else:
            yield self._note("error", f"the commit {(self.commit or '')[:12]} stays in force: {why}")

    # --- a repository elsewhere -------------------------------------------------------------------------------------

    def _follow(self, source: RemoteSource) -> Generator[AnyEvent, None, None]:
        found: Fetched = source.fetch()
        while found.revision.commit == self.commit and self._differs(found.manifest):
            before = found.manifest.digest  # what stands beside the repository (--connections) may be half written
            if self._clock.sleep(QUIET):
                return
            found = source.fetch()
            if found.manifest.digest == before:
                break
        one = found.revision
        if one.commit != self.commit:
            for warning in found.warnings:
                yield self._note("warning", warning)
        yield from self._put_in_force(found.manifest, one.commit, one)
        if found.problem:
            yield from self._wrong(found.problem)
        elif self.problem:
            self.problem = ""
            yield self._note("info", "the newest commit is in force again")

    # --- files ------------------------------------------------------------------------------------------------------

    def _read(self, source: Source) -> Generator[AnyEvent, None, None]:
        found = self._settled(source)
        if found is not None:
            same = self.manifest is not None and not self._differs(found[0])
            yield from self._put_in_force(*found)
            if self.problem and same:
                yield self._note("info", "the manifests are valid again")
            self.problem = ""
        elif not self._clock.stopping():
            words = "nothing is done" if self.manifest is None else "the last ones stay in force"
            yield self._note("warning", f"the manifests are being written; {words} until they stay the same")

    def _settled(self, source: Source) -> tuple[Manifest, str | None] | None:
        """Return manifests that nobody is writing, and their commit; None where they do not stay the same.

        With some in force one more reading is enough for this pass; without any there is nothing else to do than to wait.
        """
        before = source.load()
        commit = self._commit_of(before)
        if self.manifest is not None and not self._differs(before):
            return before, commit
        if commit and not commit.endswith(DIRTY) and commit != self.commit:
            again = source.load()
            if again.digest == before.digest and self._commit_of(again) == commit:
                return again, commit
            before = again
        for _ in range(READINGS if self.manifest is None else 1):
            if self._clock.sleep(QUIET):
                return None
            again = source.load()
            if again.digest == before.digest:
                return again, self._commit_of(again)
            before = again
        return None

    # --- both -------------------------------------------------------------------------------------------------------

    def _differs(self, manifest: Manifest) -> bool:
        return self.manifest is None or manifest.digest != self.manifest.digest

    def _put_in_force(
        self, manifest: Manifest, commit: str | None, revision: Revision | None = None
    ) -> Generator[AnyEvent, None, None]:
        """Let manifests be in force; those of a `revision` of a repository elsewhere are told whatever they say."""
        self.changed = self._differs(manifest)
        self.moved = self.changed and self.manifest is not None
        if self.changed or (revision is not None and commit != self.commit):
            who = self._author_of if revision is None else lambda _: None
            event = in_force(manifest, commit or "", who, at=self._clock.now(), run=self._run, changed=self.moved)
            if revision is not None:
                fields = {name: getattr(revision, name) for name in ("author", "date", "summary", "signer")}
                event = msgspec.structs.replace(event, before=self.commit or "", **fields)
            yield event
        for warning in manifest.warnings if self.changed else ():
            yield self._note("warning", f"{warning.origin}: {warning.message}".removeprefix(": "))
        self.manifest, self.commit = manifest, commit

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self._clock.now(), run=self._run, level=level, message=message)
