"""Time in simulated worlds: the clock, and what is still to happen.

A clock is any callable that gives seconds since 1970. `time.time` serves a real run; a `ManualClock` serves tests, in
which an hour passes in no time.
"""

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]


class ManualClock:
    """A clock that moves only when it is moved."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass; can stand in for `time.sleep`."""
        self.now += seconds


class Timeline:
    """Effects that fall due, to the millisecond.

    Nothing runs in the background. An effect that is due at a time happens when somebody looks at that time or later:
    `advance` first carries out, in order, everything that is due. With `punctual` the time shows the moment of each
    effect meanwhile, so that what follows from it begins then, however late somebody looks.
    """

    punctual = False

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._moment: float | None = None
        self._advancing = False
        self.changes = 0
        """How often something has changed the world: what was made of it before may be wrong."""

    def seconds(self) -> float:
        """Seconds since 1970."""
        return self.clock() if self._moment is None else self._moment

    def advance(self) -> None:
        """Let everything happen that is due by now; an effect that comes back here does not start the next one."""
        if self._advancing:
            return
        now, self._advancing = round(self.clock() * 1000), True
        try:
            while self._due and self._due[0][0] <= now:
                moment, _, effect = heapq.heappop(self._due)
                self._moment = moment / 1000 if self.punctual else None
                self.changes += 1
                effect()
        finally:
            self._moment, self._advancing = None, False

    def later(self, seconds: float, effect: Callable[[], None]) -> None:
        """Have an effect happen in so many seconds; at once if that is none."""
        if seconds <= 0:
            self.changes += 1
            effect()
        else:
            due = round(self.seconds() * 1000) + round(seconds * 1000)
            heapq.heappush(self._due, (due, next(self._order), effect))
