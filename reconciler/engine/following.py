"""The manifests of a repository elsewhere: those in force are the last good ones, until there are newer good ones.

Nobody can be in the middle of writing what a commit says, so it comes into force at once.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from reconciler.engine.manifests import QUIET, Manifests
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, InForce, Note
from reconciler.model.fleet import Manifest
from reconciler.ports import Clock, Fetched, RemoteSource


class FollowedManifests(Manifests):
    """The manifests of a repository elsewhere. A `patient` one waits for the first good commit."""

    def __init__(self, source: RemoteSource, clock: Clock, run: str, *, patient: bool) -> None:
        """Take where they come from; nothing is fetched yet."""
        self._source = source
        self._clock = clock
        self._run = run
        self._patient = patient

    def reload(self) -> Generator[AnyEvent, None, None]:
        """Fetch; what is wrong with the newest commit leaves the last good one in force, and that is said once.

        Raises what is wrong where none is in force, unless it is patient.
        """
        self.changed = self.moved = False
        try:
            found = self._settled()
        except ReconcilerError as error:
            if self.manifest is None and not self._patient:
                raise
            yield from self._wrong(error.advised)
            return
        if found is None:
            return
        yield from self._put_in_force(found)
        if found.problem:
            yield from self._wrong(found.problem)
            return
        self.read_at = self._clock.now()
        if self.problem:
            self.problem = ""
            yield self._note("info", "the newest commit is in force again")

    def _settled(self) -> Fetched | None:
        """Return what there is now; None where the run was asked to stop.

        What is not in the repository (`--connections`) may be half written, and is read until it stays the same.
        """
        found = self._source.fetch()
        while found.revision.commit == self.commit and self._differs(found.manifest):
            before = found.manifest.digest
            if self._clock.sleep(QUIET):
                return None
            found = self._source.fetch()
            if found.manifest.digest == before:
                break
        return found

    def _put_in_force(self, found: Fetched) -> Generator[AnyEvent, None, None]:
        one, manifest = found.revision, found.manifest
        other = one.commit != self.commit
        self.changed = self._differs(manifest)
        self.moved = self.changed and self.manifest is not None
        for warning in found.warnings if other else ():
            yield self._note("warning", warning)
        if self.changed or other:
            yield InForce(
                at=self._clock.now(),
                run=self._run,
                fleets=len(manifest.fleets),
                before=self.commit or "",
                changed=self.moved,
                **msgspec.structs.asdict(one),
            )
        for finding in manifest.warnings if self.changed else ():
            yield self._note("warning", f"{finding.origin}: {finding.message}".removeprefix(": "))
        self.manifest, self.commit = manifest, one.commit

    def _wrong(self, why: str) -> Generator[AnyEvent, None, None]:
        """Say why the last good commit stays in force, where that is new."""
        if self._clock.stopping() or why == self.problem:
            return
        self.problem = why
        if self.manifest is None:
            yield self._note("error", f"nothing is done until a commit can come into force: {why}")
        else:
            yield self._note("error", f"the commit {(self.commit or '')[:12]} stays in force: {why}")

    def _differs(self, manifest: Manifest) -> bool:
        return self.manifest is None or manifest.digest != self.manifest.digest

    def _note(self, level: str, message: str) -> Note:
        return Note(at=self._clock.now(), run=self._run, level=level, message=message)
