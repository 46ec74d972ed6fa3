"""Admission: what a rollout lets go. Nothing while it is stopped; nothing of a wave that is not open; nobody who is not there.

Only units that are still to be taken somewhere pass gates. What is on its way goes on, unless the rollout is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.assessment import FleetAssessment
from reconciler.core.course import Key
from reconciler.core.evidence import Evidence
from reconciler.core.rollouts import Standing
from reconciler.core.waves import WHOLE, Pattern
from reconciler.model.change import Change, Held
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.rollout import RolloutState

STOPS = {
    RolloutState.HALTED: HoldReason.ROLLOUT_HALTED,
    RolloutState.PAUSED: HoldReason.ROLLOUT_PAUSED,
    RolloutState.ABORTED: HoldReason.ROLLOUT_ABORTED,
}


def admission(one: FleetAssessment, going: Sequence[Change], held: Sequence[Held]) -> Mapping[int, tuple[Hold, ...]]:
    """Return which changes a rollout holds, and why."""
    del held
    if not one.standings:
        return {}
    gates = {key: _Gate(standing) for key, standing in one.standings.items()}
    rows = one.snapshot.units.index
    found: dict[int, tuple[Hold, ...]] = {}
    for position, change in enumerate(going):
        gate = gates.get((change.workload.id, change.to or ""))
        if gate is not None and (reasons := gate(rows[change.unit.id])):
            found[position] = reasons
    return found


class _Gate:
    """What one rollout holds. Slots of the same waves that show the same share one answer."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.course = standing.course
        closed = standing.opening.closing is not None
        self.waves = standing.course.membership.column if closed else None
        self.known: dict[tuple[int, Key], tuple[Hold, ...]] = {}

    def __call__(self, row: int) -> tuple[Hold, ...]:
        """Return why the rollout holds a unit."""
        course = self.course
        place = course.position(row)
        if place < 0:
            return ()
        key = self.waves[place] if self.waves is not None else 0, course.key(place, row)
        found = self.known.get(key)
        if found is None:
            pattern = course.pattern(place) if self.waves is not None else ()
            found = self.known[key] = _holds(self.standing, course.evidence(key[1]), pattern)
        return found


def _holds(standing: Standing, seen: Evidence, pattern: Pattern) -> tuple[Hold, ...]:
    plan = standing.plan
    if standing.stopped:
        said = "" if plan.ruling is None else f"{plan.ruling.by}: {plan.ruling.reason}"
        code = STOPS[plan.state]
        if code is HoldReason.ROLLOUT_HALTED:
            return (Hold(code, count=plan.failed, of=plan.attempted),)
        return (Hold(code, said),)
    if seen.attempted(WHOLE):
        return ()
    if seen.gone:
        return (Hold(HoldReason.OWED),)
    stop = next((one for one in pattern if not seen.attempted(one.share)), None)
    if stop is None or stop.wave < standing.opening.closed_from:
        return ()
    return (Hold(HoldReason.WAVE_NOT_OPEN, wave=stop.wave, closing=standing.opening.closing),)


def stops(one: FleetAssessment, change: Change) -> tuple[int, int]:
    """Return in which wave a change that may go is, and to which share of its unit the open waves take it; -1: no rollout."""
    standing = one.standings.get((change.workload.id, change.to or ""))
    row = one.snapshot.units.index[change.unit.id]
    place = -1 if standing is None else standing.course.position(row)
    if standing is None or place < 0:
        return -1, WHOLE
    seen, pattern = standing.course.seen(place, row), standing.course.pattern(place)
    open_ = [stop for stop in pattern if stop.wave < standing.opening.closed_from]
    first = next((stop.wave for stop in pattern if not seen.attempted(stop.share)), -1)
    return first, min(max((stop.share for stop in open_), default=WHOLE), seen.final)
