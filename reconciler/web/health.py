"""Events of a watch → is it alive, is it ready. Pure: time is an argument.

Alive: passes come to an end. It does not depend on platforms: no restart brings back one that is gone. Ready: manifests are
in force, the first pass is over, and of what git says something could be read lately.
"""

from __future__ import annotations

from threading import Lock

from reconciler.model.event import AnyEvent, Completed, Passed
from reconciler.model.health import Finding, Why

PASSES = 3
"""Intervals after which what should have happened once in each counts as missing."""

LOST = 120.0
"""Seconds for which a worker may not reach its database before it counts as not ready."""

LEAST = 900.0
"""Seconds that a pass may take at least without any event: a large reading gives none until it is over."""


class Pulse:
    """Folds events. `interval` is that of the watch, all times are seconds of the monotonic clock."""

    def __init__(self, interval: float, now: float) -> None:
        self.interval = interval
        self._sign = now
        self._due = now
        self._pause = 0.0
        self._complete = False
        self._in_force = False
        self._read = now
        self._reads = False
        self._lock = Lock()

    def record(self, event: AnyEvent, now: float) -> None:
        """Take one event, which happened just now."""
        with self._lock:
            self._sign = self._due = now
            if isinstance(event, Passed) and event.read_at is not None:
                self._reads = True
            if isinstance(event, Completed):
                self._pause, self._due = event.pause, now + event.pause
                self._in_force = event.manifests_at is not None
                self._complete |= self._in_force and not event.unplanned
                if self._reads or (event.fleets == 0 and not event.unplanned):
                    self._read = now
                self._reads = False

    def alive(self, now: float) -> Finding:
        """Return whether passes go on."""
        with self._lock:
            stuck = now - self._due > self._longest
            return Finding(well=not stuck, why=Why.STUCK if stuck else Why.NOTHING, seconds=now - self._sign)

    def ready(self, now: float) -> Finding:
        """Return whether it does what it is there for."""
        alive = self.alive(now)
        with self._lock:
            if not alive.well:
                return alive
            if not self._in_force:
                return Finding(well=False, why=Why.NO_MANIFESTS)
            if not self._complete:
                return Finding(well=False, why=Why.NOT_PASSED)
            blind = now - self._read > self._longest + self._pause
            return Finding(well=not blind, why=Why.UNREAD if blind else Why.NOTHING, seconds=now - self._read)

    @property
    def _longest(self) -> float:
        return max(LEAST, PASSES * self.interval)


class WorkerPulse:
    """What a worker is doing. It may have nothing to do for long: signs of life come from what looks for passes."""

    def __init__(self, now: float) -> None:
        self._sign = self._reached = now
        self._in_force = False
        self._running: dict[str, float] = {}
        """When each pass that runs gave its last event."""
        self._lock = Lock()

    def beat(self, now: float, *, reached: bool) -> None:
        """Take a sign of life, and whether the database was reached."""
        with self._lock:
            self._sign = now
            if reached:
                self._reached = now

    def in_force(self) -> None:
        """Take that there are manifests."""
        self._in_force = True

    def record(self, event: AnyEvent, now: float) -> None:
        """Take one event of a pass."""
        with self._lock:
            self._running[event.run] = now

    def ended(self, run: str) -> None:
        """Take the end of a pass, however it ended."""
        with self._lock:
            self._running.pop(run, None)

    def alive(self, now: float) -> Finding:
        """Return whether it looks for passes, and those that run go on."""
        with self._lock:
            oldest = min([self._sign, *self._running.values()])
        stuck = now - oldest > LEAST
        return Finding(well=not stuck, why=Why.STUCK if stuck else Why.NOTHING, seconds=now - oldest)

    def ready(self, now: float) -> Finding:
        """Return whether it can make passes."""
        alive = self.alive(now)
        if not alive.well:
            return alive
        if not self._in_force:
            return Finding(well=False, why=Why.NO_MANIFESTS)
        lost = now - self._reached
        return Finding(well=lost <= LOST, why=Why.NO_DATABASE if lost > LOST else Why.NOTHING, seconds=lost)
