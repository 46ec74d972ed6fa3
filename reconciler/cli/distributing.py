"""`watch --database`: passes are laid down as jobs, and `reconciler worker` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reconciler.cli import histories, wiring
from reconciler.cli.operating import Operating, Operation
from reconciler.cli.options import Secretive
from reconciler.cli.output import note
from reconciler.cli.printing import Lines
from reconciler.engine.distribute import distributed
from reconciler.engine.group import Group
from reconciler.engine.manifests import Manifests
from reconciler.engine.wake import Wake
from reconciler.engine.watched import Watched
from reconciler.errors import JournalError
from reconciler.jobs.database import Database, Lost
from reconciler.jobs.queue import PassJob, Queue
from reconciler.model.event import Completed
from reconciler.model.fleet import Manifest

if TYPE_CHECKING:
    from reconciler.web.hook import PushHook

LATE = 3
"""Intervals after which a pass that nobody made is late."""

ALIVE = 60.0
"""Seconds: a worker that gave no sign of life for so long is not counted."""


class _Laying(NamedTuple):
    """Lays down the passes of a watch, and looks whether anybody makes them."""

    queue: Queue
    watched: Watched

    def lay(self, manifest: Manifest, commit: str, groups: Sequence[Group], tick: int) -> list[tuple[str, str]]:
        targets = wiring.targets(manifest)
        jobs = [self._job(manifest, commit, group, targets) for group in groups]
        try:
            self.queue.lay(jobs, tick)
            standing = self.queue.standing(ALIVE)
        except Lost as error:
            raise JournalError(f"no pass is laid down: {error}", hint="it is tried again at the next tick") from None
        interval = self.watched.interval
        if not standing.workers and standing.oldest > interval:
            return [("error", "no worker gives a sign of life: passes wait until one runs `reconciler worker`")]
        if standing.oldest > LATE * interval:
            return [
                ("warning", f"workers do not keep up: a pass waits for more than {LATE} intervals; start more of them")
            ]
        return []

    def _job(self, manifest: Manifest, commit: str, group: Group, targets: Mapping[str, str]) -> PassJob:
        watched = self.watched
        fleets = [
            name
            for name, one in manifest.fleets.items()
            if one.spec.connection in group.asked and watched.filters.fleet(name)
        ]
        return PassJob(
            targets=tuple(sorted(targets[name] for name in group.connections)),
            connections=group.connections,
            digest=manifest.digest,
            commit=commit,
            filters=msgspec.structs.replace(watched.filters, fleets=tuple(sorted(fleets))),
            apply=watched.apply,
            propose=watched.propose,
            strict=watched.strict,
            concurrency=watched.options.concurrency,
            allow=watched.options.allow,
            interval=watched.interval,
            full_every=watched.full_every,
        )


def distribute(
    url: Secretive,
    manifests: Manifests,
    watched: Watched,
    clock: wiring.SystemClock,
    lines: Lines,
    *,
    run: str,
    keep: float,
    operated: Operation,
    wake: Wake,
    hook: PushHook | None,
) -> int:
    """Lay passes down until stopped, or once; return the exit code."""
    database = Database(url.text)
    database.prepare()
    laying = _Laying(Queue(database), watched)
    note(f"passes are laid down in {database.name}; `reconciler worker` makes them")
    words = "stopping; workers go on with the passes that are laid down"
    with (
        histories.kept(url.text, clock, keep, creates=True, shared=True) as history,
        wiring.stoppable(clock, words, list, wake),
        closing(lines),
        closing(Operating(operated, clock, watched.interval, history, wait=10.0, hook=hook)) as work,
    ):
        ticks = distributed(
            manifests,
            watched.filters,
            laying.lay,
            clock,
            run=run,
            interval=watched.interval,
            once=watched.once,
            wake=wake,
        )
        for event in work.over(ticks):
            with suppress(JournalError):  # it is written with the next one, and nothing here rests on it
                history.record(event)
            for sink in work.sinks:
                sink.record(event)
            if not isinstance(event, Completed):  # that of a tick, in which nothing was compared
                lines.record(event)
    return 0
