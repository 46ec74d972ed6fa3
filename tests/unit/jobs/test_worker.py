"""What a worker makes of jobs: passes that fail, that end elsewhere, that nobody can make, and those that others left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from reconciler.errors import SettingsError
from reconciler.jobs.owner import Owner
from reconciler.jobs.queue import PassJob
from reconciler.jobs.worker import Ending, Other, Worker
from tests.e2e.conftest import until
from tests.unit.jobs.test_queue import JOB, OTHER, Jobs

DONE = Ending(failed=False)
Answer = Ending | Exception


class Site:
    """A worker in a thread, what its passes come to, and what it says."""

    def __init__(self, jobs: Jobs, answers: list[Answer]) -> None:
        self.jobs = jobs
        self.answers = answers
        self.made: list[PassJob] = []
        self.said: list[str] = []
        self.stop = threading.Event()
        self.meanwhile: Callable[[], object] = lambda: None

    def make(self, job: PassJob, owner: Owner, row: int, previous: int | None) -> Ending:
        del owner, row, previous
        self.made.append(job)
        self.meanwhile()
        answer = self.answers.pop(0) if self.answers else DONE
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell(self, level: str, message: str) -> None:
        self.said.append(f"{level}: {message}")

    @contextmanager
    def working(self) -> Iterator[None]:
        worker = Worker(self.jobs.database, self.make, self.tell, self.stop.wait, concurrency=2, takeover=1.0)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join(60)
        assert not thread.is_alive()

    def waiting(self) -> list[tuple[str, float, int]]:
        """Return lock, seconds until it is due, and failures of what waits."""
        due = "coalesce(extract(epoch FROM scheduled_at - now())::float8, 0)"
        failures = "coalesce((args ->> 'failures')::int, 0)"
        rows = self.jobs.rows("lock", due, failures, "status")
        return [(lock, in_, times) for lock, in_, times, status in rows if status == "todo"]

    def failed(self, times: int) -> Callable[[], bool]:
        """Return whether a pass waits that failed so often."""
        return lambda: [one[2] for one in self.waiting()] == [times]


@pytest.fixture
def jobs(database: str) -> Jobs:
    return Jobs(database)


def test_a_pass_that_failed_is_made_again_later_and_later(jobs: Jobs) -> None:
    site = Site(jobs, [Ending(failed=True), SettingsError("no token", hint="set it"), KeyError("a mistake")])
    jobs.queue.lay([JOB], 60)
    with site.working():
        for failures, pause in ((1, 120.0), (2, 240.0), (3, 480.0)):
            until(site.failed(failures), "what comes after it")
            ((_, due, _),) = site.waiting()
            assert pause - 20 < due <= pause
            jobs.queue.lay([JOB], 60 + failures)
            assert site.failed(failures)(), "the next tick does not shorten that"
            jobs.do("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
        until(lambda: len(site.made) == 4, "the pass that works")
    assert site.said == ["error: plant: no token (set it)", "error: plant: KeyError: 'a mistake'"]
    assert site.waiting() == []


def test_a_pass_that_failed_while_the_next_one_waits_leaves_that_one(jobs: Jobs) -> None:
    site = Site(jobs, [Ending(failed=True)])
    site.meanwhile = lambda: jobs.queue.lay([JOB], 120) if len(site.made) == 1 else None
    jobs.queue.lay([JOB], 60)
    with site.working():
        until(lambda: len(site.made) == 2, "the one that waited")
        until(lambda: jobs.rows("status")[-1] == ("succeeded",), "its end")


def test_what_this_worker_cannot_do_another_may(jobs: Jobs) -> None:
    site = Site(jobs, [Other("the pass is for other manifests")])
    jobs.queue.lay([JOB], 60)
    with site.working():
        until(lambda: bool(site.said) and bool(site.waiting()), "that it is laid down again")
        ((_, due, failures),) = site.waiting()
    assert 0 < due <= 5
    assert failures == 0
    assert site.said == [
        "warning: plant: the pass is for other manifests; nothing is done here, and the pass is laid down again"
    ]


def test_a_pass_that_was_stopped_is_made_by_another_worker_at_once(jobs: Jobs) -> None:
    site = Site(jobs, [Ending(failed=False, stopped=True)])
    site.meanwhile = site.stop.set
    jobs.queue.lay([JOB], 60)
    with site.working():
        until(site.stop.is_set, "the stop")
    assert site.waiting() == [("losant:a", 0.0, 0)]


def test_a_job_of_another_version_is_left_and_said(jobs: Jobs) -> None:
    site = Site(jobs, [])
    jobs.queue.lay([JOB, OTHER], 60)
    jobs.do("UPDATE procrastinate_jobs SET args = jsonb_set(args, '{job,only}', '1') WHERE lock = 'losant:a'")
    with site.working():
        until(lambda: bool(site.said) and bool(site.made), "both")
    assert [one.name for one in site.made] == ["attic"]
    assert "is of another version of this program" in site.said[0]


def test_what_a_dead_worker_left_is_made_anew_with_its_failures(jobs: Jobs) -> None:
    site = Site(jobs, [Ending(failed=True)])
    jobs.queue.lay([JOB], 60)
    jobs.fetch()
    jobs.do("UPDATE procrastinate_jobs SET args = args || '{\"failures\": 2}'")
    jobs.do("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    with site.working():
        until(lambda: [one[2] for one in site.waiting()] == [3], "what comes after it")
    assert "warning: plant: the pass is made anew: its worker gave no sign of life for 1 s" in site.said


def test_clocks_that_differ_keep_a_worker_from_acting(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(jobs, [])
    monkeypatch.setattr("reconciler.jobs.owner.time.time", lambda: 0.0)
    jobs.queue.lay([JOB], 60)
    with site.working():
        until(lambda: bool(site.said), "the refusal")
    assert "behind that of the database; set it right" in site.said[0]
    assert site.made == []


def test_groups_that_share_an_application_take_turns(jobs: Jobs) -> None:
    both = msgspec.structs.replace(JOB, targets=("losant:a", "losant:b"), connections=("plant", "attic"))
    site, held = Site(jobs, []), threading.Event()
    site.meanwhile = lambda: held.wait(60)
    jobs.queue.lay([JOB], 60)
    with site.working():
        until(lambda: len(site.made) == 1, "the first")
        jobs.queue.lay([both], 60)
        until(lambda: bool(site.said), "that the second waits")
        held.set()
        assert "a pass over plant is still running" in site.said[0]
        until(lambda: len(site.made) == 2, "the second")
