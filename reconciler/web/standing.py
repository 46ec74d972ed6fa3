"""Events of a watch → how everything stands now: what metrics show. A fleet that no pass speaks of any more is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from threading import Lock

import msgspec

from reconciler.model.event import AnyEvent, Called, Completed, Drifted, Halted, Met, Notified, Passed, Ruled
from reconciler.model.event_shape import fleet_of
from reconciler.model.rollout import RolloutState
from reconciler.model.ruling import Command, RolloutId
from reconciler.model.unit import Ref

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds of a pass at most, of which the histogram counts how many took no longer."""


class Rollout(msgspec.Struct):
    """One rollout as its events show it."""

    workload: Ref
    met: set[int] = msgspec.field(default_factory=set)
    """Waves that meet their success, by number from 0."""
    halted: bool = False
    complete: bool = False
    """Whether every unit that can be reached reports the version."""
    ruling: Command | None = None
    """What a person said last, a promotion aside."""

    @property
    def state(self) -> str:
        """Return where it stands, as far as its events say."""
        if self.ruling is Command.ABORT:
            return RolloutState.ABORTED.value
        if self.halted:
            return RolloutState.HALTED.value
        if self.ruling is Command.PAUSE:
            return RolloutState.PAUSED.value
        return (RolloutState.COMPLETE if self.complete else RolloutState.PROGRESSING).value


class Fleet(msgspec.Struct):
    """One fleet as the last pass left it."""

    passed: Passed | None = None
    read_at: float = 0.0
    """When it was last read, in seconds since 1970; 0 for never."""
    full_at: float = 0.0
    """When everything of it was last read."""
    drifted: int = 0
    """Slots that somebody changed, since this process began."""
    calls: Counter[str] = msgspec.field(default_factory=Counter)
    """Calls by what came of them."""
    rollouts: dict[RolloutId, Rollout] = msgspec.field(default_factory=dict)


class Standing:
    """Folds events. Fed by the watch and by the threads of its connections, read by those of a server."""

    def __init__(self, began: float, lasts: float = float("inf")) -> None:
        """Take when the process began, in seconds since 1970, and for how many seconds what was found of a fleet is shown.

        Where several workers make passes, what this one found is soon not true any more.
        """
        self.began = began
        self.lasts = lasts
        self.lock = Lock()
        self.fleets: dict[str, Fleet] = {}
        self.last: Completed | None = None
        self.last_planned: float = 0.0
        self.passes: Counter[bool] = Counter()
        """Passes by whether there was a plan."""
        self.seconds = 0.0
        self.within: Counter[float] = Counter()
        """Passes by the least bucket that they are in."""
        self.requests: Counter[tuple[str, str]] = Counter()
        """Requests by platform and HTTP status."""
        self.notified: Counter[tuple[str, str]] = Counter()
        """Messages by target and what came of them."""
        self._own = Series(self)

    def record(self, event: AnyEvent) -> None:
        """Take one event of passes that follow each other."""
        self._own.record(event)

    def take(self, event: AnyEvent) -> None:
        """Take one event, whichever passes it is of."""
        with self.lock:
            if isinstance(event, Completed):
                self._completed(event)
            elif isinstance(event, Notified):
                self.notified[event.target, event.result.value] += event.count
            else:
                self._of_fleet(event)

    def answered(self, platform: str, status: int | None) -> None:
        """Take one request of a platform: its HTTP status, None where there was no answer."""
        with self.lock:
            self.requests[platform, "none" if status is None else str(status)] += 1

    def _of_fleet(self, event: AnyEvent) -> None:
        if isinstance(event, Passed):
            fleet = self._fleet(event.fleet)
            fleet.passed = event
            fleet.read_at = event.read_at or fleet.read_at
            fleet.full_at = event.full_at or fleet.full_at
        elif isinstance(event, Drifted):
            self._fleet(event.fleet).drifted += 1
        elif isinstance(event, Called):
            self._fleet(event.fleet).calls[event.receipt.kind.value] += 1
        elif isinstance(event, Met | Halted | Ruled):
            self._rollout(event)

    def _fleet(self, name: str) -> Fleet:
        return self.fleets.setdefault(name, Fleet())

    def _rollout(self, event: Met | Halted | Ruled) -> None:
        """Take what happened to a rollout; one of another version of the workload is over by then."""
        mine = event.rollout
        rollouts = self._fleet(mine.fleet).rollouts
        for other in [one for one in rollouts if one.workload == mine.workload and one != mine]:
            del rollouts[other]
        rollout = rollouts.setdefault(mine, Rollout(event.workload))
        if isinstance(event, Met):
            (rollout.met.add if event.met else rollout.met.discard)(event.wave)
            if event.whole:
                rollout.complete = event.met
        elif isinstance(event, Halted):
            rollout.halted = True
        elif event.ruling.command is not Command.PROMOTE:
            rollout.ruling = event.ruling.command
            rollout.halted &= event.ruling.command is not Command.RESUME

    def _completed(self, event: Completed) -> None:
        planned = is_planned(event)
        self.last = event
        self.passes[planned] += 1
        self.seconds += event.seconds
        self.within[next((most for most in BUCKETS if event.seconds <= most), float("inf"))] += 1
        if planned:
            self.last_planned = event.at

    def forget(self, fleets: Collection[str]) -> None:
        """Forget fleets that passes speak of no more."""
        with self.lock:
            for name in fleets:
                self.fleets.pop(name, None)

    def shown(self, now: float) -> dict[str, Fleet]:
        """Return the fleets that are shown at a time, in seconds since 1970. Call it with the lock."""
        return {
            name: one for name, one in self.fleets.items() if one.passed is None or now - one.passed.at <= self.lasts
        }


class Series:
    """Passes that follow each other: of a watch, or of the group that a worker makes passes over."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._known: set[str] = set()
        self._seen: set[str] = set()

    def record(self, event: AnyEvent) -> None:
        """Take one event. A fleet that a pass speaks of no more is gone."""
        if fleet := fleet_of(event):
            self._known.add(fleet)
        if isinstance(event, Passed):
            self._seen.add(event.fleet)
        self._standing.take(event)
        if isinstance(event, Completed):
            if is_planned(event):
                self._standing.forget(self._known - self._seen)
                self._known = self._seen
            self._seen = set()


def is_planned(event: Completed) -> bool:
    """Return whether a pass had a plan."""
    return not event.unplanned and event.manifests_at is not None
