"""What a job says, and how jobs are laid down: one a group of connections, at most one waiting and one running of each.

The queueing lock keeps a second one of a group from waiting, the lock from running. Several may lay jobs down: a tick of a
group is laid down once. A waiting job that says something else (other manifests, other options) is replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from reconciler.core.assessment import Filters
from reconciler.jobs.database import Database, value

QUEUE = "reconciler"
TASK = "reconciler.pass"

TICK = "timestamp"
"""The argument in which procrastinate has the tick of a periodic job."""


OLDEST = """SELECT extract(epoch FROM max(now() - due))::float8 FROM procrastinate_jobs
    JOIN (SELECT job_id, max(at) AS due FROM procrastinate_events GROUP BY job_id) AS events ON job_id = id
    WHERE status = 'todo' AND queue_name = %s"""
WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)"


class PassJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pass over one group. It holds no secret; which manifests it is about, a worker checks against its own."""

    targets: tuple[str, ...]
    """The applications of the group, as their platforms name them, in order."""
    connections: tuple[str, ...]
    digest: str
    """Of the manifests."""
    commit: str
    filters: Filters
    """Those of the watch, with the fleets of the group."""
    apply: bool
    propose: bool = False
    """Whether fleets whose own mode is `apply` wait for a person as well."""
    strict: bool
    concurrency: int
    """Calls in flight at most."""
    allow: dict[str, str]
    interval: float
    """Seconds between two passes."""
    full_every: int = 1
    """Passes of which one reads everything, where one worker makes them one after the other."""

    @property
    def lock(self) -> str:
        """Return what no two jobs that run have in common, nor two that wait."""
        return " ".join(self.targets)

    @property
    def name(self) -> str:
        """Return the group as people know it."""
        return ", ".join(self.connections)

    def arguments(self, tick: int) -> dict[str, Any]:
        """Return it as the arguments of a job."""
        return {"job": msgspec.json.decode(msgspec.json.encode(self)), TICK: tick}  # as the database gives it back


class Standing(msgspec.Struct, frozen=True):
    """How the queue stands: how many seconds ago the oldest job that waits was due, and how many workers live."""

    oldest: float
    workers: int


class Queue:
    """Lays jobs down. Each method connects anew; they raise Lost and SettingsError."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def lay(self, jobs: Sequence[PassJob], tick: int) -> int:
        """Lay jobs down for a tick, in milliseconds since 1970; return how many are new. Who waits already stays."""
        return asyncio.run(self._lay(jobs, tick))

    def standing(self, alive: float) -> Standing:
        """Return how the queue stands; a worker lives that gave a sign of life in the last `alive` seconds."""
        with self.database.connection() as connection:
            return Standing(value(connection, OLDEST, QUEUE) or 0.0, value(connection, WORKERS, alive))

    async def _lay(self, jobs: Sequence[PassJob], tick: int) -> int:
        app = self.database.app()
        async with self.database.opened(app):
            return sum([await laid(app, job, tick) for job in jobs])


async def laid(app: Any, job: PassJob, tick: int) -> bool:
    """Lay one job down for a tick; return whether it is new."""
    from procrastinate.exceptions import AlreadyEnqueued
    from procrastinate.jobs import Job

    row = Job(queue=QUEUE, lock=job.lock, queueing_lock=job.lock, task_name=TASK, task_kwargs=job.arguments(tick))
    for _ in range(3):  # another one may be laid down in between
        try:
            found = await app.job_manager.defer_periodic_job(row, periodic_id=_periodic(job), defer_timestamp=tick)
        except AlreadyEnqueued:
            if not await _cleared(app, job):
                return False
            continue
        return found is not None
    return False


async def again(app: Any, job: PassJob, seconds: float, failures: int = 0) -> bool:
    """Lay a job down that is due in so many seconds, after so many failures; return False where one of its group waits."""
    from procrastinate.exceptions import AlreadyEnqueued

    deferrer = app.configure_task(
        TASK, queue=QUEUE, lock=job.lock, queueing_lock=job.lock, schedule_in={"seconds": seconds} if seconds else None
    )
    try:
        await deferrer.defer_async(**job.arguments(0), failures=failures)
    except AlreadyEnqueued:
        return False
    return True


async def _cleared(app: Any, job: PassJob) -> bool:
    """Cancel what waits for the group and says something else; return whether there is room now."""
    said = job.arguments(0)["job"]
    waiting = await app.job_manager.list_jobs_async(queue=QUEUE, queueing_lock=job.lock, status="todo")
    others = [one for one in waiting if one.task_kwargs.get("job") != said]
    for one in others:
        await app.job_manager.cancel_job_by_id_async(one.id, delete_job=True)
    return bool(others) or not waiting


def _periodic(job: PassJob) -> str:
    """Return what a tick belongs to, short enough for its column."""
    return sha256(job.lock.encode()).hexdigest()
