"""One job of a worker: exactly one pass over one group, with the manifests that the job is about."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from reconciler.cli import wiring
from reconciler.cli.following import Place
from reconciler.cli.operating_worker import Followed, OperatingWorker
from reconciler.cli.printing import Lines
from reconciler.cli.recording import Recorder, RunSoFar
from reconciler.core.drift import Memory
from reconciler.engine.manifests import Fixed
from reconciler.engine.recent import Recent
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.errors import ReconcilerError
from reconciler.jobs.owner import Owner
from reconciler.jobs.queue import PassJob
from reconciler.jobs.worker import Ending, Other
from reconciler.model.event import AnyEvent, Note
from reconciler.model.fleet import Manifest
from reconciler.ports import EventSink, History

SHOWN = 12
"""Digits of a commit, or of a digest, that people see."""


class Reported(NamedTuple):
    """What the pass of a job reported. Only the pass right after it goes on from there: anything else would not be true."""

    row: int
    digest: str
    fleets: dict[str, Memory]
    lines: Lines
    followed: Followed
    recent: Recent


class Safe:
    """Writes events of several threads, one after the other."""

    def __init__(self, lines: Lines, lock: Lock) -> None:
        self._lines = lines
        self._lock = lock

    def record(self, event: AnyEvent) -> None:
        """Write one event."""
        with self._lock:
            self._lines.record(event)


class Passes:
    """Makes passes, several at a time."""

    def __init__(
        self,
        at: Place,
        lines: Callable[[], Lines],
        history: History,
        clock: wiring.SystemClock,
        work: OperatingWorker,
    ) -> None:
        """Take where the manifests are, what gives the lines of a group, the history of all groups, and the worker's clock.

        `work` is what follows passes for those who run the worker.
        """
        self._clock, self._run = clock, uuid.uuid4().hex
        self._at = at
        self._lines = lines
        self._history = history
        self._work = work
        self._reported: dict[str, Reported] = {}
        self._running: dict[int, tuple[wiring.SystemClock, RunSoFar]] = {}
        self._lock = Lock()
        self._printing = Lock()
        self._loading = Lock()
        self._stopping = False
        self._own = lines()

    def __call__(self, job: PassJob, owner: Owner, row: int, previous: int | None) -> Ending:
        """Make one pass; raise Other where the manifests here are not those of the job."""
        manifest, folder = self._manifest_of(job)
        clock, so_far = wiring.SystemClock(), RunSoFar()
        with self._lock:
            self._running[row] = clock, so_far
            stopping = self._stopping
        if stopping:
            clock.stop()
        try:
            return self._made(job, manifest, folder, owner, clock, so_far, row, previous)
        finally:
            with self._lock:
                del self._running[row]

    def _made(
        self,
        job: PassJob,
        manifest: Manifest,
        folder: Path | None,
        owner: Owner,
        clock: wiring.SystemClock,
        so_far: RunSoFar,
        row: int,
        previous: int | None,
    ) -> Ending:
        before = self._reported.pop(job.lock, None)
        if before is None or before.row != previous:
            recent = Recent(job.full_every, self._clock)
            before = Reported(row, job.digest, {}, self._lines(), self._work.following(job.lock), recent)
        watching = Watching(
            Fixed(manifest, job.commit, moved=before.digest != job.digest, read_at=self._at.manifests.read_at),
            lambda found: wiring.opener(found, clock, folder, self._work.heard),
            clock,
            Watched(
                interval=job.interval,
                once=True,
                apply=job.apply,
                propose=job.propose,
                filters=job.filters,
                strict=job.strict,
                options=Options(concurrency=job.concurrency, wait=False, allow=job.allow),
            ),
            run=uuid.uuid4().hex,
            random=random.random,
            history=self._history,
            told=before.fleets,
            recent=before.recent,
            rollbacks=self._at.rollbacks,
        )
        lines = Safe(before.lines, self._printing)
        sinks: tuple[EventSink, ...] = (owner, lines, *before.followed.sinks)
        recorder = Recorder(clock.stop, so_far, self._history, *sinks, hold=watching.hold)
        try:
            for event in before.followed.over(watching.events()):
                recorder.record(event)
        finally:
            self._work.ended(watching.run)
        recorder.end()
        self._reported[job.lock] = before._replace(row=row, digest=job.digest)
        return Ending(failed=watching.failed, stopped=self._stopping)

    def _manifest_of(self, job: PassJob) -> tuple[Manifest, Path | None]:
        """Return the manifests that a job is about, and the folder that their files are named from."""
        with self._loading:
            here = self._at.manifests
            if here.manifest is None or here.manifest.digest != job.digest:
                try:
                    self.read()
                except ReconcilerError as error:
                    raise Other(f"the manifests here cannot be used: {error}") from None
            if here.manifest is None or here.manifest.digest != job.digest:
                ours = _called(here.commit or "", here.manifest.digest) if here.manifest is not None else "none"
                raise Other(f"the pass is for {_called(job.commit, job.digest)}, and here are {ours}")
            return here.manifest, self._at.folder()

    def read(self) -> None:
        """Read the manifests here, saying what is wrong with them. Raises what keeps them from being used at all."""
        for event in self._at.manifests.reload():
            if isinstance(event, Note):
                self.note(event.level, event.message)
        if self._at.manifests.manifest is not None:
            self._work.in_force()

    def stop(self) -> None:
        """Let the passes that run finish their running calls and no more."""
        with self._lock:
            self._stopping = True
            for clock, _ in self._running.values():
                clock.stop()

    def last_words(self) -> list[str]:
        """Return what is known of the passes that run, where they are cut off."""
        return [line for _, so_far in list(self._running.values()) for line in so_far.last_words()]

    def note(self, level: str, message: str) -> None:
        """Write what is no event of any pass."""
        Safe(self._own, self._printing).record(Note(at=self._clock.now(), run=self._run, level=level, message=message))


def _called(commit: str, digest: str) -> str:
    """Return manifests as people know them: by their commit, outside git by their content."""
    return f"manifests of commit {commit[:SHOWN]}" if commit else f"manifests with the digest {digest[:SHOWN]}"
