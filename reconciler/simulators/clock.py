"""Time for simulated worlds: any callable that gives seconds since 1970.

`time.time` serves a real run; a `ManualClock` serves tests, in which an hour passes in no time.
"""

from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass; can stand in for `time.sleep`."""
        self.now += seconds
