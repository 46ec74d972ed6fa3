"""Admission: what a rollout lets go. Nothing while it is stopped; nothing of a wave that is not open; nobody who is not there.

Only units that are still to be taken somewhere pass gates. What is on its way goes on, unless the rollout is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.assessment import FleetAssessment
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
    found: dict[int, tuple[Hold, ...]] = {}
    known: dict[tuple[int, object], tuple[Hold, ...]] = {}
    for position, change in enumerate(going):
        standing = one.standings.get((change.workload.id, change.to or ""))
        row = one.snapshot.units.index[change.unit.id]
        place = -1 if standing is None else standing.course.position(row)
        if standing is None or place < 0:
            continue
        seen = standing.course.seen(place, row)
        closing = standing.opening.closing
        pattern = standing.course.pattern(place) if closing is not None else ()
        key = id(standing), (seen, pattern)
        if key not in known:
            known[key] = _holds(standing, seen, pattern)
        if known[key]:
            found[position] = known[key]
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
