"""The event loop of a worker: takes jobs while the database is there, and waits for it while it is not.

A job runs in a thread. Signs of life go on meanwhile; a worker without them loses its jobs to those that look for such.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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

POLL = 1.0
"""Seconds between two looks for jobs: that a lock is free again, the database announces to nobody."""


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


Say = Callable[[str, str], None]
"""Takes how a worker is doing, from any thread: (level, message)."""


class Beat(Protocol):
    """Hears that a worker looks for jobs."""

    def __call__(self, *, reached: bool) -> None:
        """Take a sign of life, and whether the database was reached."""
        ...


def _silent(*, reached: bool) -> None:
    del reached


class Failed(Exception):
    """A pass failed, and what that means was said."""


class Worker:
    """Takes jobs until it is stopped."""

    def __init__(  # the world of a worker
        self,
        database: Database,
        make: Make,
        say: Say,
        stopped: Callable[[], object],
        *,
        concurrency: int,
        takeover: float,
        beat: Beat = _silent,
    ) -> None:
        """Take what makes a pass, and what returns once the worker is to stop.

        `takeover` is how many seconds a worker may give no sign of life before it loses its jobs. `beat` hears that it looks
        for jobs, and whether it reaches the database.
        """
        self.database = database
        self.make = make
        self.say = say
        self.stopped = stopped
        self.concurrency = concurrency
        self.takeover = takeover
        self.beat = beat
        self._stop, self._woken = asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool = ThreadPoolExecutor(concurrency, "pass")
        self._since = float("inf")
        """When the database was reached, in monotonic seconds."""
        self._begun: dict[int, float] = {}
        """Jobs that this process began, and when they ended here, in monotonic seconds."""

    def run(self) -> None:
        """Work until stopped."""
        asyncio.run(self._run())

    def wake(self) -> None:
        """Look for the database now where it is waited for; from any thread, and from a signal."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def _run(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
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
                self.beat(reached=False)
                if not self._stop.is_set():
                    self.say("error", f"{error}; passes wait, and it is tried again in {pause:.0f} s")
                await self._wait(pause)

    def _await_stop(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stopped()
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, *, recovered: bool) -> None:
        """Work as long as the database is there. Raises what it answers instead."""
        app = self.database.app()
        app.task(name=TASK, queue=QUEUE, pass_context=True)(self._job)
        async with self.database.opened(app):
            self._since = time.monotonic()
            self.beat(reached=True)
            if recovered:
                self.say("info", f"{self.database.name}: reached again")
            await self._take_over(app, await self._left(app, 0.0), "this worker left it when the database was gone")
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

    async def _job(self, context: Any, job: Any, failures: int = 0, timestamp: int = 0) -> None:
        """Run one job in a thread, and lay down what is to come after it. Raises Failed, for procrastinate's books."""
        del timestamp
        row, app = context.job, context.app
        self._begun[row.id] = float("inf")
        try:
            said = msgspec.convert(job, PassJob)
            await self._run_one(row, app, said, failures)
        except msgspec.ValidationError as error:
            words = "is of another version of this program, and waits for a worker of that"
            self.say("error", f"job {row.id} {words}: {error}")
            raise Failed from None
        finally:
            self._begun[row.id] = time.monotonic()

    async def _run_one(self, row: Any, app: Any, job: PassJob, failures: int) -> None:
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._made, row, job)
        await asyncio.wait([running])
        error = running.exception()
        if isinstance(error, Other):
            self.say("warning", f"{job.name}: {error}; nothing is done here, and the pass is laid down again")
            await again(app, job, SOON, failures)
            return
        if error is not None:  # a mistake of this program
            self.say("error", f"{job.name}: {type(error).__name__}: {error}")
        ending = running.result() if error is None else Ending(failed=True)
        if ending.stopped:
            await again(app, job, 0.0, failures)
        elif ending.failed:
            pause = min(job.interval * 2.0 ** min(failures + 1, 10), max(LONGEST_BACKOFF, job.interval))
            await again(app, job, pause, failures + 1)
            raise Failed

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
            self.say("error", f"{job.name}: {words}")
            return Ending(failed=True)

    # --- others that are gone ---------------------------------------------------------------------------------------

    async def _look_for_stalled(self, app: Any) -> None:
        while True:
            await asyncio.sleep(self.takeover / 3)
            stalled = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self.takeover)
            await self._take_over(app, stalled, f"its worker gave no sign of life for {self.takeover:.0f} s")
            await self._take_over(app, await self._left(app, self.takeover), "it could not be marked as ended")
            self.beat(reached=True)

    async def _left(self, app: Any, ago: float) -> list[Any]:
        """Return jobs that ended here so many seconds ago, and stand as if they ran."""
        running = await app.job_manager.list_jobs_async(queue=QUEUE, status="doing")
        found = [one for one in running if self._begun.get(one.id, float("inf")) < time.monotonic() - ago]
        known = {one.id for one in running}
        self._begun = {number: at for number, at in self._begun.items() if number in known or at == float("inf")}
        return found

    async def _take_over(self, app: Any, stalled: Iterable[Any], why: str) -> None:
        """End jobs that nobody runs any more, and lay their passes down anew."""
        from procrastinate.exceptions import ConnectorException
        from procrastinate.jobs import Status

        for row in stalled:
            try:
                await app.job_manager.finish_job_by_id_async(row.id, Status.FAILED, delete_job=False)
            except ConnectorException:
                continue  # another worker was faster, or it ended after all
            self._begun.pop(row.id, None)
            try:
                job = msgspec.convert(row.task_kwargs["job"], PassJob)
            except (KeyError, msgspec.ValidationError):
                continue  # the next tick lays it down anew
            await again(app, job, 0.0, row.task_kwargs.get("failures", 0))
            self.say("warning", f"{job.name}: the pass is made anew: {why}")

    async def _wait(self, seconds: float) -> None:
        ends = [asyncio.create_task(one.wait()) for one in (self._stop, self._woken)]
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in ends:
            one.cancel()
        self._woken.clear()

    def _unexpected(self, context: dict[str, Any]) -> None:
        """Take what nobody awaited: that a job could not be marked as ended, since the database is gone or it is another's."""
        error = context.get("exception")
        if error is not None and not isinstance(error, Exception):
            raise error
