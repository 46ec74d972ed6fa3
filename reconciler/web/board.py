"""What pages show: the state that a watch hands over after each reading, what its events say, and a history.

A watch only sets a reference and goes on: whatever is made of it is made in threads of the page, once for each generation,
however many look. A generation is a number that grows whenever there is something new.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Protocol, TypeVar

import msgspec

from reconciler.engine.plan import PlanResult
from reconciler.model.event import (
    Acted,
    AnyEvent,
    Approved,
    Called,
    Completed,
    Drifted,
    Halted,
    InForce,
    Met,
    Note,
    Passed,
    Proposed,
    RolledBack,
    Ruled,
    Settled,
)
from reconciler.model.fleet import Manifest
from reconciler.model.kept import EventQuery
from reconciler.model.quantity import moment
from reconciler.ports import Authors, Clock
from reconciler.web.standing import Fleet, Standing

T = TypeVar("T")

NEWS = (Completed, InForce, Proposed, Approved, Ruled, Acted, Halted, Met, RolledBack, Drifted, Called, Settled, Note)
"""Events after which a page shows something else."""
DAY = 86400.0


class Numbered(Protocol):
    """Events of one page, the newest first, each with its number."""

    @property
    def events(self) -> tuple[tuple[int, AnyEvent], ...]:
        """Return them."""
        ...

    @property
    def older(self) -> bool:
        """Return whether there are more."""
        ...


class Past(Protocol):
    """A history, as pages ask it. Raises JournalError where it cannot be read."""

    def last(self) -> int:
        """Return the number of the newest event."""
        ...

    def find(self, query: EventQuery, *, before: int | None = None) -> Numbered:
        """Return the newest events of a query."""
        ...

    def standing(self) -> list[AnyEvent]:
        """Return the events that say how everything stood last."""
        ...

    def drifted(self, since: float) -> list[AnyEvent]:
        """Return the drift since a time."""
        ...

    def course(self, fleet: str, since: float, until: float, points: int) -> list[Passed]:
        """Return how a fleet stood from one time to another."""
        ...

    def waiting(self) -> list[Proposed]:
        """Return the proposals that nobody approved."""
        ...


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass of a watch saw and planned; nothing of it changes afterwards."""

    planned: PlanResult
    manifest: Manifest
    authors: Authors
    mode: str


class Board:
    """Holds what there is to show. Any thread may write, any number may read."""

    def __init__(self, clock: Clock, standing: Standing | None = None, past: Past | None = None) -> None:
        """Take what folds the events of a watch; without it, a history alone says how everything stands."""
        self.clock = clock
        self.past = past
        self.watched = standing is not None
        self.standing = standing or Standing(clock.now())
        self.live: Live | None = None
        self.generation = 0
        self._known = 0
        """The number of the last event of the history that is in `standing`, where no watch feeds it."""
        self._lock = Lock()
        self._made: dict[Hashable, Any] = {}
        self._listeners: list[Callable[[], None]] = []

    # --- what comes in ----------------------------------------------------------------------------------------------

    def hand_over(self, live: Live) -> None:
        """Show this from now on."""
        self.live = live
        self.renew()

    def record(self, event: AnyEvent) -> None:
        """Take one event, which `standing` has had by now."""
        if isinstance(event, NEWS):
            self.renew()

    def refresh(self) -> None:
        """See whether a history that others write has something new. Raises JournalError."""
        if self.watched or self.past is None:
            return
        last = self.past.last()
        if last == self._known:
            return
        found = Standing(0.0)
        for event in [*self.past.standing(), *self.past.drifted(self.clock.now() - DAY)]:
            if isinstance(event, Completed):
                found.last = event  # it would forget fleets of which that pass said nothing new
            else:
                found.record(event)
        self._known, self.standing = last, found
        self.renew()

    def renew(self) -> None:
        """Begin a new generation, and tell those who listen."""
        with self._lock:
            self.generation += 1
            self._made = {}
        for listener in list(self._listeners):
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this for each new generation; it must return at once."""
        self._listeners.append(listener)

    # --- what goes out ------------------------------------------------------------------------------------------------

    def made(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is made of this generation, made once."""
        with self._lock:
            made = self._made
            found: T | None = made.get(key)
        if found is None:
            found = made[key] = make()
        return found

    def fleets(self) -> dict[str, Fleet]:
        """Return all fleets by name, as they are now."""
        with self.standing.lock:
            return dict(sorted(self.standing.fleets.items()))

    def waiting(self) -> dict[str, Proposed]:
        """Return the plans that wait for a person, by fleet: those that are in force no more are left out."""
        if self.past is None:
            return {}
        past = self.past
        found = self.made("waiting", lambda: {one.fleet: one for one in past.waiting()})
        now = self.clock.now()
        return {fleet: one for fleet, one in found.items() if fleet in self.fleets() and now < expires(one)}


def expires(one: Proposed) -> float:
    """Return when a proposal ends, in seconds since 1970."""
    return moment(one.plan.times.expires).timestamp()
