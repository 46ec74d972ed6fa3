"""What a rollout that failed leads to where its fleet says `on_failure: rollback`: a commit on a branch, never a call."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.news import Moment
from reconciler.core.rollback import TrackRecord
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Halted, RolledBack
from reconciler.model.fleet import Manifest
from reconciler.ports import History, Rollbacks


def taken_back(
    halted: Halted, manifest: Manifest | None, rollbacks: Rollbacks, history: History, moment: Moment
) -> Iterator[AnyEvent]:
    """Take a version that failed back in git, where its fleet says so; yield what came of it."""
    fleet = halted.rollout.fleet
    document = manifest.fleets.get(fleet) if manifest is not None else None
    rollout = document.spec.rollout if document is not None else None
    if rollout is None or rollout.on_failure != "rollback":
        return
    reason = f"rollout halted: {halted.failed:,} of {halted.attempted:,} devices failed"
    try:
        record = TrackRecord.of(history.memory({fleet: ""}, moment.at), halted.rollout)
        one = rollbacks.take_back(halted.rollout, halted.workload, reason, record)
    except ReconcilerError as error:
        yield moment.note("error", f"halted, but not rolled back in git: {error.advised}", fleet)
        return
    if one.new:
        yield RolledBack(
            at=moment.at,
            run=moment.run,
            rollout=halted.rollout,
            workload=halted.workload,
            to=one.to,
            branch=one.branch,
            commit=one.commit,
            pushed=one.pushed,
        )
