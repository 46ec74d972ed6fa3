"""The event loop of a worker: takes jobs while the database is there, and waits for it while it is not.

A job runs in a thread. Signs of life go on meanwhile; a worker without them loses its jobs to those that look for such.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, Protocol

import msgspec

from reconciler.core.flight import CLOCKS
from reconciler.errors import ReconcilerError
from reconciler.jobs.database import Database, Lost
from reconciler.jobs.owner import Owner, owning
from reconciler.jobs.queue import QUEUE, TASK, PassJob, again

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts to reach the database: from the first to the longest, twice as much each time."""

LONGEST_BACKOFF = 900.0
"""Seconds until a pass that failed is made again, at most."""

SOON = 5.0
"""Seconds until a job is tried again that this worker cannot do."""

POLL = 5.0
"""Seconds between two looks for jobs where the database tells of none."""


class Ending(msgspec.Struct, frozen=True):
    """How a pass ended. `stopped`: it was asked to stop before its end."""

    failed: bool
    stopped: bool = False


class Other(Exception):
    """This worker cannot do a job, and another may. The text says why."""


class Make(Protocol):
    """Makes one pass. Raises Other where it cannot, and ReconcilerError where the pass cannot be made at all."""

    def __call__(self, job: PassJob, owner: Owner, row: int, previous: int | None) -> Ending:
        """Make it; `row` is the id of the job, `previous` of the one of the same group before it."""
        ...


class Tell(Protocol):
    """To whom a worker says how it is going: level (info, warning, error) and words."""

    def __call__(self, level: str, message: str) -> None:
        """Take it; from any thread."""
        ...


class Repeat(Exception):
    """A pass is to be made again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Worker:
    """Takes jobs until it is stopped."""

    def __init__(  # the world of a worker
        self,
        database: Database,
        make: Make,
        tell: Tell,
        stopped: Callable[[], object],
        *,
        concurrency: int,
        takeover: float,
    ) -> None:
        """Take what makes a pass, and what returns once the worker is to stop.

        `takeover` is how many seconds a worker may give no sign of life before it loses its jobs.
        """
        self.database = database
        self.make = make
        self.tell = tell
        self.stopped = stopped
        self.concurrency = concurrency
        self.takeover = takeover
        self._stop = asyncio.Event()
        self._pool = ThreadPoolExecutor(concurrency, "pass")
        self._since = float("inf")
        """When the database was reached, in monotonic seconds."""
        self._begun: set[int] = set()
        """Jobs that this process began, and perhaps could not end."""

    def run(self) -> None:
        """Work until stopped."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._unexpected(context))
        Thread(target=self._await_stop, args=(loop,), daemon=True).start()
        failures = 0
        while not self._stop.is_set():
            self._since = float("inf")
            try:
                await self._serve(recovered=failures > 0)
            except Lost as error:
                if time.monotonic() - self._since > FIRST_PAUSE:
                    failures = 0
                    continue  # a connection that broke is made again at once; what then fails says why
                failures += 1
                pause = min(FIRST_PAUSE * 2.0 ** (failures - 1), LONGEST_PAUSE)
                if not self._stop.is_set():
                    self.tell("error", f"{error}; passes wait, and it is tried again in {pause:.0f} s")
                await self._wait(pause)

    def _await_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stopped()
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, *, recovered: bool) -> None:
        """Work as long as the database is there. Raises what it answers instead."""
        app = self.database.app()
        app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_strategy())(self._job)
        async with self.database.opened(app):
            self._since = time.monotonic()
            if recovered:
                self.tell("info", f"{self.database.name}: reached again")
            await self._take_over(app, mine=True)
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self.concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLL,
                    update_heartbeat_interval=self.takeover / 3,
                    stalled_worker_timeout=self.takeover,
                )
            )
            looking = asyncio.create_task(self._look_for_stalled(app))
            stop = asyncio.create_task(self._stop.wait())
            await asyncio.wait({working, looking, stop}, return_when=asyncio.FIRST_COMPLETED)
            looking.cancel()
            stop.cancel()
            working.cancel()  # it ends once the jobs that run have ended
            found = await asyncio.gather(working, looking, return_exceptions=True)
        with self.database.errors():
            for one in found:
                if isinstance(one, Exception):
                    raise one
        if not self._stop.is_set():
            raise Lost(f"{self.database.name}: the connection was lost")

    # --- jobs -------------------------------------------------------------------------------------------------------

    async def _job(self, context: Any, job: Any, timestamp: int = 0) -> None:
        """Run one job in a thread; what is to come after it is laid down, or raised for procrastinate to repeat it."""
        del timestamp
        row = context.job
        self._begun.add(row.id)
        try:
            said = msgspec.convert(job, PassJob)
        except msgspec.ValidationError as error:
            self.tell(
                "error", f"job {row.id} is of another version of this program, and another worker must do it: {error}"
            )
            raise Repeat(SOON) from None
        try:
            ending = await asyncio.get_running_loop().run_in_executor(self._pool, self._made, row, said)
        except Other as why:
            self.tell("warning", f"{said.name}: {why}; nothing is done here, and the pass is laid down again")
            await again(context.app, said, SOON)
            return
        if ending.stopped:
            raise Repeat(0.0)
        if ending.failed:
            raise Repeat(min(said.interval * 2.0 ** min(row.attempts + 1, 10), max(LONGEST_BACKOFF, said.interval)))

    def _made(self, row: Any, job: PassJob) -> Ending:
        try:
            with owning(self.database, row, job) as owner:
                begun = owner.begin()
                if begun.busy:
                    raise Other(f"a pass over {begun.busy} is still running, and both are about the same application")
                if abs(begun.apart) > CLOCKS:
                    raise Other(
                        f"the clock of this machine is {abs(begun.apart):.0f} s {'ahead of' if begun.apart > 0 else 'behind'} "
                        "that of the database; set it right"
                    )
                return self.make(job, owner, row.id, begun.previous)
        except (Lost, ReconcilerError) as error:
            words = error.advised if isinstance(error, ReconcilerError) else str(error)
            self.tell("error", f"{job.name}: {words}")
            return Ending(failed=True)

    # --- others that are gone ---------------------------------------------------------------------------------------

    async def _look_for_stalled(self, app: Any) -> None:
        while True:
            await asyncio.sleep(self.takeover / 3)
            await self._take_over(app)

    async def _take_over(self, app: Any, *, mine: bool = False) -> None:
        """End jobs of workers that are gone, and lay their passes down anew; `mine`: those that this process left."""
        from procrastinate.exceptions import ConnectorException
        from procrastinate.jobs import Status

        if mine:
            running = await app.job_manager.list_jobs_async(queue=QUEUE, status=Status.DOING.value)
            stalled = [one for one in running if one.id in self._begun]
            self._begun.clear()
            why = "this worker left it when the database was gone"
        else:
            stalled = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self.takeover)
            why = f"its worker gave no sign of life for {self.takeover:.0f} s"
        for row in stalled:
            try:
                await app.job_manager.finish_job_by_id_async(row.id, Status.FAILED, delete_job=False)
            except ConnectorException:
                continue  # another worker was faster, or it ended after all
            try:
                job = msgspec.convert(row.task_kwargs["job"], PassJob)
            except (KeyError, msgspec.ValidationError):
                continue  # the next tick lays it down anew
            await again(app, job, 0.0)
            self.tell("warning", f"{job.name}: the pass is made anew: {why}")

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _unexpected(self, context: dict[str, Any]) -> None:
        """Take what nobody awaited: that a job could not be marked as ended, since the database is gone or it is another's."""
        error = context.get("exception")
        if error is not None and not isinstance(error, Exception):
            raise error


def _strategy() -> Any:
    """Return how procrastinate repeats a job: as its exception says."""
    from procrastinate import BaseRetryStrategy, RetryDecision

    class Repeating(BaseRetryStrategy):
        def get_retry_decision(self, *, exception: BaseException, job: Any) -> RetryDecision | None:
            del job
            if not isinstance(exception, Repeat):
                return None
            return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=exception.seconds))

    return Repeating()
