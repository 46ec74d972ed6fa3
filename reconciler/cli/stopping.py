"""Time, and how a run is stopped: the first signal asks for it, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import ClassVar, Protocol

from reconciler.cli.output import clear, say, show_cursor
from reconciler.model.exit_code import INCOMPLETE

SAYING = 1.0
"""Seconds that words may take which a signal asks for."""

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class SystemClock:
    """The real clock. Once stopped, `sleep` returns at once and `stopping` is true."""

    newest: ClassVar[SystemClock | None] = None
    """That of the command that runs."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.signalled = False
        SystemClock.newest = self

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds of the clock that never steps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> bool:
        """Wait that long, or until stopped; return whether stopped."""
        return self._stop.wait(seconds)

    def stopping(self) -> bool:
        """Return whether the run was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the run to stop."""
        self._stop.set()


Handle = Callable[[int], None]
"""Takes the number of a signal that asks to stop."""


class Wakes(Protocol):
    """Something that can be woken from a signal."""

    wanted: bool

    def set(self) -> None:
        """Wake it."""
        ...


@contextmanager
def on_signals(handle: Handle) -> Iterator[None]:
    """Handle SIGINT, SIGTERM and a closed terminal; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        del frame
        handle(number)

    before = {number: signal.signal(number, handler) for number in STOPS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def stoppable(
    clock: SystemClock, words: str, last_words: Callable[[], Sequence[str]], wake: Wakes | None = None
) -> Iterator[None]:
    """Turn the first signal into a stop (saying `words`); the second ends the process at once, with `last_words`.

    Where there are none, nothing can have been sent. Where no terminal can have been closed, SIGHUP wakes what can be woken.
    """
    hangup = getattr(signal, "SIGHUP", None)
    wakes = wake is not None and hangup is not None and not any(map(os.isatty, range(3)))
    if wake is not None and wakes:
        wake.wanted = True

    def handle(number: int) -> None:
        if wake is not None and wakes and number == hangup:
            wake.set()
            return
        if clock.signalled:
            lines = last_words()
            _end_at_once(INCOMPLETE if lines else 128 + number, *lines)
        clock.signalled = True
        clock.stop()
        _say_aside("", words)

    with on_signals(handle):
        yield


def interrupted(number: int) -> None:
    """End a command that only reads: the reads that are running are cut, and the second signal waits for nothing."""
    clock = SystemClock.newest
    if clock is not None:
        if clock.stopping():
            _end_at_once(128 + number)
        clock.stop()
    clear()  # before anybody writes the line break that follows `^C`
    raise KeyboardInterrupt(number)


def _end_at_once(code: int, *lines: str) -> None:
    """End the process without waiting for any thread, or for more signals."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    _say_aside(*lines)
    os._exit(code)


def _say_aside(*lines: str) -> None:
    """Say lines from the handler of a signal: whom it interrupted may be in the middle of writing, and not get on."""

    def write() -> None:
        show_cursor()
        say(*lines, err=True)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(SAYING)
