"""One thread that delivers messages, so that no pass waits for anybody: a bounded queue, a few attempts, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread

import msgspec

from reconciler.errors import NotifyError
from reconciler.model.notice import Delivery, Message
from reconciler.ports import Notifier

PAUSES = (1.0, 5.0)
"""Seconds before each further attempt."""
ROOM = 100
"""Messages that may wait."""


class Delivered(msgspec.Struct, frozen=True):
    """What came of a message."""

    target: str
    message: Message
    result: Delivery
    error: str = ""


class Results:
    """What came of the messages of one sender, once each. `expected` of them are still under way."""

    def __init__(self) -> None:
        self._came: Queue[Delivered] = Queue()
        self.expected = 0

    def put(self, one: Delivered) -> None:
        """Add what came of a message, from any thread."""
        self._came.put(one)

    def taken(self) -> list[Delivered]:
        """Return what came since this was asked last."""
        found = []
        while True:
            try:
                found.append(self._came.get_nowait())
            except Empty:
                self.expected -= len(found)
                return found


class Courier:
    """Delivers messages to targets by name; what came of them goes to the results of whoever sent them."""

    def __init__(self, targets: Mapping[str, Notifier], *, pauses: Sequence[float] = PAUSES, room: int = ROOM) -> None:
        self._targets = targets
        self._pauses = pauses
        self._queue: Queue[tuple[str, Message, Results] | None] = Queue(room)
        self._stop = Event()
        self._thread = Thread(target=self._work, name="notifications", daemon=True)
        self._thread.start()

    def send(self, target: str, message: Message, results: Results) -> None:
        """Take a message; where there is no room it is dropped, and that is a result."""
        results.expected += 1
        try:
            self._queue.put_nowait((target, message, results))
        except Full:
            results.put(Delivered(target, message, Delivery.DROPPED))

    def close(self, seconds: float) -> None:
        """Deliver what waits, for so long; the rest is dropped. Nothing is tried again any more."""
        self._stop.set()
        with suppress(Full):
            self._queue.put(None, timeout=seconds)
            self._thread.join(seconds)
        while self._thread.is_alive():
            try:
                due = self._queue.get_nowait()
            except Empty:
                self._queue.put(None)
                return
            if due is not None:
                target, message, results = due
                results.put(Delivered(target, message, Delivery.DROPPED))

    def _work(self) -> None:
        while (due := self._queue.get()) is not None:
            target, message, results = due
            results.put(self._delivered(target, message))

    def _delivered(self, target: str, message: Message) -> Delivered:
        error = ""
        for pause in (*self._pauses, None):
            try:
                self._targets[target].notify(message)
            except NotifyError as failure:
                error = str(failure)
                if not failure.retryable or pause is None or self._stop.wait(pause):
                    break
            else:
                return Delivered(target, message, Delivery.SENT)
        return Delivered(target, message, Delivery.FAILED, error)
