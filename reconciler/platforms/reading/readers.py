"""Readers of one platform: how many of them pay, and jobs done by them in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from threading import Event, Lock
from typing import Any, TypeVar

from reconciler.ports import SILENT, ReadProgress

T = TypeVar("T")
U = TypeVar("U")

NEAR = 0.005
"""Seconds: a platform that answers sooner is asked by one reader; more would only fight for the interpreter."""

Meter = Callable[[], tuple[float, float]]
"""Gives (seconds passed, seconds this thread worked)."""


def clocks() -> tuple[float, float]:
    """Return the process's two clocks for measuring."""
    return time.perf_counter(), time.thread_time()


class Readers:
    """How many readers pay, by what jobs cost in waiting and in work.

    Waiting is the least that any job waited: a busy machine makes some wait longer, the way to the platform all. Twice
    as many readers as would fill that time keep the one who works busy however answers are spread.
    """

    def __init__(self, most: int, meter: Meter = clocks, progress: ReadProgress = SILENT) -> None:
        """Take how many there may be, what they are measured with, and to whom is said how far they are."""
        self.most = most
        self.progress = progress
        self.count = 1
        self._meter = meter
        self._wait = float("inf")

    def measured(self, job: Callable[[], T]) -> T:
        """Do one job and learn from it how many readers pay."""
        passed, worked = self._meter()
        result = job()
        end, end_worked = self._meter()
        work = end_worked - worked
        self._wait = min(self._wait, end - passed - work)
        pays = 1 if self._wait < NEAR else 2 + int(2 * self._wait / max(work, 1e-6))
        self.count = min(self.most + 1, pays)
        return result

    def both(self, left: Callable[[], T], right: Callable[[], U]) -> tuple[T, U]:
        """Return what two jobs give, done at the same time where that pays."""
        jobs: list[Callable[[], Any]] = [left, right]
        first, second = self.each(jobs)
        return first, second

    def counted(self, what: str, jobs: Sequence[Callable[[], T]]) -> Generator[T, None, None]:
        """Yield what jobs give, in their order, and say how many of them, in words `what`, are done."""
        for number, result in enumerate(self.each(jobs), 1):
            self.progress.read(what, number, len(jobs))
            yield result

    def chained(self, numbers: Sequence[int], read: Callable[[int, int | None], T]) -> Generator[T, None, None]:
        """Yield what reading each number gives, in their order. `read` gets the number that the same reader reads next.

        So it can ask for the next one before it works on this one: every reader keeps one request on the way. What was
        said to be next is read, unless this one fails.
        """
        if self.count == 1:
            for position, number in enumerate(numbers, 1):
                yield read(number, numbers[position] if position < len(numbers) else None)
            return
        from concurrent.futures import Future, ThreadPoolExecutor  # only where latency makes them pay

        found: dict[int, Future[T]] = {}  # as far as somebody asked: how many pages there are, the platform claims
        left = iter(numbers)
        lock, ended = Lock(), Event()

        def future(number: int) -> Future[T]:
            with lock:
                return found.setdefault(number, Future())

        def drawn() -> int | None:
            with lock:
                return None if ended.is_set() else next(left, None)

        def go() -> None:
            number = drawn()
            while number is not None:
                after = drawn()
                try:
                    result = read(number, after)
                except BaseException as error:
                    future(number).set_exception(error)
                    raise
                future(number).set_result(result)
                number = after

        count = min(self.most, self.count)
        with ThreadPoolExecutor(count, thread_name_prefix="reader") as pool:
            try:
                for _ in range(count):
                    pool.submit(go)
                for number in numbers:
                    yield future(number).result()
                    del found[number]
            finally:
                ended.set()

    def each(self, jobs: Iterable[Callable[[], T]]) -> Generator[T, None, None]:
        """Yield what jobs give, in their order, at most two per reader ahead of whoever takes them."""
        if self.count == 1:
            for job in jobs:
                yield job()
            return
        from concurrent.futures import Future, ThreadPoolExecutor  # only where latency makes them pay

        ahead: deque[Future[T]] = deque()
        with ThreadPoolExecutor(self.count, thread_name_prefix="reader") as pool:
            try:
                for job in jobs:
                    ahead.append(pool.submit(job))
                    if len(ahead) > 2 * self.count:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()
