"""Jobs in a real PostgreSQL: laid down once, replaced when they say something else, owned by one worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
import psycopg
import pytest
from procrastinate.jobs import Job

from reconciler.core.assessment import Filters
from reconciler.errors import JournalError
from reconciler.jobs.database import Database, Lost
from reconciler.jobs.owner import owning
from reconciler.jobs.queue import QUEUE, PassJob, Queue, again
from reconciler.model.change import Request
from reconciler.model.event import Intended, Note
from tests.postgres import Postgres

INTENDED = Intended(at=0.0, run="r", fleet="f", call=1, kind="c", request=Request("POST", "/"), wide=False, slots=())
JOB = PassJob(
    targets=("losant:a",),
    connections=("plant",),
    digest="d1",
    commit="c1",
    filters=Filters(fleets=("f",)),
    apply=True,
    strict=False,
    concurrency=4,
    allow={},
    interval=60.0,
)
OTHER = msgspec.structs.replace(JOB, targets=("losant:b",), connections=("attic",))


class Jobs:
    """A queue, and what stands in its tables."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url)
        self.database.prepare()
        self.queue = Queue(self.database)

    def rows(self, *columns: str) -> list[Any]:
        """Return columns of all jobs, in their order."""
        return self.do(f"SELECT {', '.join(columns)} FROM procrastinate_jobs ORDER BY id")

    def do(self, query: str) -> list[Any]:
        """Run a query in the schema of the tables."""
        with psycopg.connect(self.url, autocommit=True, options="-c search_path=reconciler_jobs") as connection:
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    def fetch(self) -> Job:
        """Take the first job, as a worker of its own."""

        async def fetched() -> Job | None:
            app = self.database.app()
            async with self.database.opened(app):
                worker = await app.job_manager.register_worker()
                return await app.job_manager.fetch_job([QUEUE], worker)

        found = asyncio.run(fetched())
        assert found is not None
        return found


@pytest.fixture
def jobs(database: str) -> Jobs:
    return Jobs(database)


def test_a_tick_of_a_group_is_laid_down_once_and_a_group_waits_once(jobs: Jobs) -> None:
    assert jobs.queue.lay([JOB, OTHER], 60) == 2
    assert jobs.queue.lay([JOB, OTHER], 60) == 0, "somebody else laid this tick down"
    assert jobs.queue.lay([JOB], 120) == 0, "it waits still"
    assert jobs.rows("lock", "status") == [("losant:a", "todo"), ("losant:b", "todo")]
    jobs.fetch()
    assert jobs.queue.lay([JOB], 180) == 1, "one runs, and one may wait"


def test_what_waits_and_says_something_else_is_replaced(jobs: Jobs) -> None:
    jobs.queue.lay([JOB, OTHER], 60)
    newer = msgspec.structs.replace(JOB, digest="d2", commit="c2")
    assert jobs.queue.lay([newer], 61) == 1
    assert jobs.rows("args #>> '{job,commit}'", "lock") == [("c1", "losant:b"), ("c2", "losant:a")]


def test_a_job_is_owned_until_another_worker_may_have_it(jobs: Jobs) -> None:
    jobs.queue.lay([JOB], 60)
    row = jobs.fetch()
    with owning(jobs.database, row, JOB) as owner:
        begun = owner.begin()
        assert (begun.previous, begun.busy) == (None, "")
        assert abs(begun.apart) < 5
        owner.record(INTENDED)
        owner.record(Note(at=0.0, run="r", level="info", message="no call"))
        jobs.do("UPDATE procrastinate_jobs SET status = 'failed'")
        owner.record(Note(at=0.0, run="r", level="info", message="no call"))
        with pytest.raises(JournalError, match="nothing more is sent for plant: another worker took it over"):
            owner.record(INTENDED)


def test_a_worker_that_lost_the_database_owns_nothing(jobs: Jobs, postgres: Postgres) -> None:
    jobs.queue.lay([JOB], 60)
    row = jobs.fetch()
    with suppress(Lost), owning(jobs.database, row, JOB) as owner:
        postgres.disconnect(jobs.url)
        with pytest.raises(JournalError, match="which another worker may own by now"):
            owner.record(INTENDED)


def test_a_worker_that_was_forgotten_owns_nothing(jobs: Jobs) -> None:
    jobs.queue.lay([JOB], 60)
    row = jobs.fetch()
    with owning(jobs.database, row, JOB) as owner:
        jobs.do("DELETE FROM procrastinate_workers")
        with pytest.raises(JournalError):
            owner.record(INTENDED)


def test_groups_with_an_application_in_common_wait_for_each_other(jobs: Jobs) -> None:
    both = msgspec.structs.replace(JOB, targets=("losant:a", "losant:b"), connections=("plant", "attic"))
    jobs.queue.lay([JOB, both], 60)
    rows = [jobs.fetch(), jobs.fetch()]
    with owning(jobs.database, rows[1], both) as owner:
        assert owner.begin().busy == "plant"
    with owning(jobs.database, rows[0], JOB) as owner:
        assert owner.begin().busy == "plant, attic"


def test_of_jobs_that_ended_the_last_of_each_group_is_kept(jobs: Jobs) -> None:
    before = None
    for tick in (60, 120, 180):
        jobs.queue.lay([JOB], tick)
        row = jobs.fetch()
        with owning(jobs.database, row, JOB) as owner:
            assert owner.begin().previous == before
        before = row.id
        jobs.do("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'doing'")
    assert len(jobs.rows("id")) == 2


def test_a_pass_that_is_made_again_later_waits_until_then(jobs: Jobs) -> None:
    async def laid() -> list[bool]:
        app = jobs.database.app()
        async with jobs.database.opened(app):
            return [await again(app, JOB, 60.0), await again(app, JOB, 0.0), await again(app, OTHER, 0.0)]

    assert asyncio.run(laid()) == [True, False, True]
    assert jobs.fetch().lock == "losant:b", "the other one is not due"


def test_it_is_told_how_long_jobs_wait_and_who_could_take_them(jobs: Jobs) -> None:
    assert jobs.queue.standing(60.0) == msgspec.structs.replace(jobs.queue.standing(60.0), oldest=0.0, workers=0)
    jobs.queue.lay([JOB], 60)
    jobs.do("UPDATE procrastinate_events SET at = now() - interval '1 hour'")
    jobs.do("INSERT INTO procrastinate_workers DEFAULT VALUES")
    standing = jobs.queue.standing(60.0)
    assert standing.workers == 1
    assert 3590 < standing.oldest < 3660
    jobs.do("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
    assert jobs.queue.standing(60.0).workers == 0


def test_other_tables_of_procrastinate_in_the_database_are_left_alone(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE procrastinate_jobs (id int)")
    Jobs(database).queue.lay([JOB], 60)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM public.procrastinate_jobs").fetchone() == (0,)
