"""Several things at once: connections asked side by side, and streams of events merged into one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent
from reconciler.ports import Platform

Stream = Generator[AnyEvent, None, None]
T = TypeVar("T")


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Do all jobs at the same time and return what they give, in their order; a single one in the caller's thread."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    from concurrent.futures import ThreadPoolExecutor  # slow to load

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(lambda job: job(), jobs))


def each_connection(
    names: Sequence[str],
    open_: Callable[[str], Platform],
    ask: Callable[[str, Platform], T],
    failed: Callable[[str, ReconcilerError], T],
) -> list[T]:
    """Ask every connection at the same time and return the answers in the order named.

    What fails with a ReconcilerError is answered by `failed` and stops no other.
    """

    def answer(name: str) -> T:
        try:
            platform = open_(name)
            try:
                return ask(name, platform)
            finally:
                platform.close()
        except ReconcilerError as error:
            return failed(name, error)

    return at_once([partial(answer, name) for name in names])


class _Lane(threading.Thread):
    """One stream in its thread. It continues once its event was taken: what is written before a call must be written then."""

    def __init__(self, stream: Stream, queue: SimpleQueue[tuple[_Lane, AnyEvent | None]]) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self.taken = threading.Semaphore(0)
        self.closed = False
        self._stream = stream
        self._queue = queue

    def run(self) -> None:
        try:
            for event in self._stream:
                self._queue.put((self, event))
                self.taken.acquire()
                if self.closed:
                    self._stream.close()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that takes the events
            self.error = error
        self._queue.put((self, None))

    def end(self) -> None:
        """Let the stream do nothing more, and wait for the calls that are running."""
        self.closed = True
        self.taken.release()
        self.join()


def merged(streams: Sequence[Stream]) -> Generator[AnyEvent, None, None]:
    """Yield the events of all streams; a single one runs in the caller's thread.

    What a stream raises is raised here once all streams have ended. When the caller stops taking events, every stream is
    closed where it stands.
    """
    if len(streams) < 2:
        for stream in streams:
            yield from stream
        return
    queue: SimpleQueue[tuple[_Lane, AnyEvent | None]] = SimpleQueue()
    lanes = [_Lane(stream, queue) for stream in streams]
    for lane in lanes:
        lane.start()
    running = len(lanes)
    try:
        while running:
            lane, event = queue.get()
            if event is None:
                running -= 1
                continue
            yield event
            lane.taken.release()
    finally:
        for lane in lanes:
            lane.end()
    for lane in lanes:
        if lane.error is not None:
            raise lane.error
