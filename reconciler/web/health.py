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
