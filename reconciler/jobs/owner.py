"""Whether a worker still owns the job it runs: asked right before each call, after the intention of it was recorded.

A worker that the database does not hear from loses its job: the row is marked as failed, and a new one laid down. The old
worker may be alive, cut off or merely slow. It learns of its loss here, before its next call. What it had recorded as
intended until then, the new owner finds in the history, since it reads that after it became the owner.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from reconciler.errors import JournalError
from reconciler.jobs.database import Database, Lost, value
from reconciler.jobs.queue import QUEUE, PassJob
from reconciler.model.event import AnyEvent, Intended

if TYPE_CHECKING:
    from procrastinate.jobs import Job
    from psycopg import Connection


LAST = "SELECT max(id) FROM procrastinate_jobs WHERE lock = %s AND status NOT IN ('todo', 'doing')"
FORGET = "DELETE FROM procrastinate_jobs WHERE lock = %s AND status NOT IN ('todo', 'doing') AND id < %s"
BUSY = """SELECT args #>> '{job,connections}' FROM procrastinate_jobs
    WHERE status = 'doing' AND queue_name = %s AND id <> %s AND args #> '{job,targets}' ?| %s LIMIT 1"""
MINE = """SELECT id FROM procrastinate_jobs
    WHERE id = %s AND status = 'doing' AND worker_id = %s AND attempts = %s"""


class Begun(msgspec.Struct, frozen=True):
    """A job as its worker finds it."""

    previous: int | None
    """The job before it of the same group."""
    busy: str
    """Connections of another job that runs now and has an application in common with this one."""
    apart: float
    """Seconds by which the clock here is ahead of the database's."""


class Owner:
    """Takes the events of a pass, and lets it go on only while the job is owned."""

    def __init__(self, connection: Connection[tuple[Any, ...]], database: Database, row: Job, job: PassJob) -> None:
        self._connection = connection
        self._database = database
        self._row = row
        self._job = job

    def begin(self) -> Begun:
        """Look around; forget jobs of the group that ended before the last one. Raises Lost."""
        with self._database.errors():
            apart = time.time() - value(self._connection, "SELECT extract(epoch FROM clock_timestamp())::float8")
            previous = value(self._connection, LAST, self._job.lock)
            self._connection.execute(FORGET, [self._job.lock, previous])
            busy = value(self._connection, BUSY, QUEUE, self._row.id, list(self._job.targets))
        return Begun(previous, "" if busy is None else ", ".join(msgspec.json.decode(busy)), apart)

    def record(self, event: AnyEvent) -> None:
        """Take one event; raise JournalError before a call of a job that another worker may run by now."""
        if not isinstance(event, Intended):
            return
        try:
            with self._database.errors():
                mine = value(self._connection, MINE, self._row.id, self._row.worker_id, self._row.attempts)
        except Lost as error:
            raise JournalError(
                f"nothing more is sent for {self._job.name}, which another worker may own by now: {error}"
            ) from None
        if mine is None:
            raise JournalError(f"nothing more is sent for {self._job.name}: another worker took it over")


@contextmanager
def owning(database: Database, row: Job, job: PassJob) -> Iterator[Owner]:
    """Give what says whether a job is still owned, over a connection of its own. Raises Lost."""
    with database.connection() as connection:
        yield Owner(connection, database, row, job)
