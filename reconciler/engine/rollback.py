"""What a rollout that failed leads to where its fleet says `on_failure: rollback`: a commit on a branch, never a call.

Level-based as everything in a watch is: a rollout that stands halted, of which the history has no rollback, is taken back. What
could not be done is in the history as well, so no process tries in every pass, and none begins anew where another one failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.core.news import Moment
from reconciler.core.track_record import TrackRecord
from reconciler.engine.group import Open
from reconciler.errors import JournalError, ReconcilerError
from reconciler.model.event import RollbackFailed, RolledBack
from reconciler.model.fleet import Document, Manifest
from reconciler.model.memory import Memory
from reconciler.model.plan import FleetPlan
from reconciler.model.release import ReleaseQuery
from reconciler.model.rollout import RolloutPlan, RolloutState
from reconciler.ports import Clock, History, Rollbacks

FIRST, LONGEST = 60.0, 3600.0
"""Seconds until the second attempt, twice as many before each further one, and at most."""


class RollingBack(msgspec.Struct, frozen=True):
    """Takes rollouts back that stand halted. `open` gives connections, which are asked what versions there are."""

    rollbacks: Rollbacks
    history: History
    clock: Clock
    open: Open

    def events(
        self, plans: Sequence[FleetPlan], manifest: Manifest, run: str, *, renewed: bool
    ) -> Iterator[RolledBack | RollbackFailed]:
        """Take back what is due, and yield what came of it; with other manifests (`renewed`) all of it is due."""
        halted = [
            (plan, one)
            for plan in plans
            if _wants(manifest.fleets.get(plan.fleet))
            for one in plan.rollouts
            if one.state is RolloutState.HALTED
        ]
        if not halted:
            return
        moment = Moment(self.clock.now(), run)
        try:
            memory = self.history.memory({plan.fleet: plan.basis.target for plan, _ in halted}, moment.at)
        except JournalError:
            return  # what cannot be recorded is not done either
        for plan, one in halted:
            if not self.clock.stopping() and _due(one, memory, moment.at, renewed=renewed):
                yield from self._taken_back(manifest.fleets[plan.fleet], one, memory, moment)

    def _taken_back(
        self, document: Document, one: RolloutPlan, memory: Memory, moment: Moment
    ) -> Iterator[RolledBack | RollbackFailed]:
        reason = f"rollout halted: {one.failed:,} of {one.attempted:,} devices failed"
        try:
            made = self.rollbacks.take_back(one.rollout, one.workload, reason, self._record(document, one, memory))
        except ReconcilerError as error:
            if not self.clock.stopping():  # what was cut off says nothing
                yield _failed(one, memory, moment, error.advised)
            return
        yield RolledBack(
            at=moment.at,
            run=moment.run,
            rollout=one.rollout,
            workload=one.workload,
            to=made.to,
            branch=made.branch,
            commit=made.commit,
            pushed=made.pushed,
            new=made.new,
        )

    def _record(self, document: Document, one: RolloutPlan, memory: Memory) -> TrackRecord:
        there, _ = versions_of(self.open, document.spec.connection, one.workload.id)
        return TrackRecord.of(memory, document.name, {one.workload.id}, there)


def versions_of(open_: Open, connection: str, workload: str) -> tuple[frozenset[str] | None, str]:
    """Return the versions that a platform has of a workload, by its name or id; None where that is not certain, and why."""
    try:
        found = open_(connection).releases(ReleaseQuery(workloads=(workload,)))
    except ReconcilerError as error:
        return None, str(error)
    if found.notes:
        return None, "; ".join(found.notes)
    if not found.releases:  # an empty answer proves nothing
        return None, f"it lists no version of {workload}"
    return frozenset(one.version for one in found.releases), ""


def _wants(document: Document | None) -> bool:
    rollout = document.spec.rollout if document is not None else None
    return rollout is not None and rollout.on_failure == "rollback"


def _due(one: RolloutPlan, memory: Memory, now: float, *, renewed: bool) -> bool:
    """Return whether a halted rollout is to be taken back now. A clock that went back makes it due."""
    if one.rollout in memory.rolled_back:
        return False
    failed = memory.failed_rollbacks.get(one.rollout)
    return failed is None or renewed or not failed.at <= now < failed.at + failed.pause


def _failed(one: RolloutPlan, memory: Memory, moment: Moment, error: str) -> RollbackFailed:
    before = memory.failed_rollbacks.get(one.rollout)
    times = before.times + 1 if before is not None else 1
    return RollbackFailed(
        at=moment.at,
        run=moment.run,
        rollout=one.rollout,
        workload=one.workload,
        error=error,
        times=times,
        pause=min(FIRST * 2.0 ** min(times - 1, 10), LONGEST),
        known=before is not None and before.error == error,
    )
