"""Admission: what a rollout lets go. Nothing while it is stopped; nothing of a wave that is not open; nobody who is not there.

Only units that are still to be taken somewhere pass gates. What is on its way goes on, unless the rollout is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress

from reconciler.core.assessment import FleetAssessment
from reconciler.core.steps import Standing, Step, by_rollout
from reconciler.model.change import Change
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.rollout import RolloutState

STOPS = {
    RolloutState.HALTED: HoldReason.ROLLOUT_HALTED,
    RolloutState.PAUSED: HoldReason.ROLLOUT_PAUSED,
    RolloutState.ABORTED: HoldReason.ROLLOUT_ABORTED,
}


def admission(one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
    """Return which changes a rollout holds, and why."""
    found: dict[int, tuple[Hold, ...]] = {}
    for standing, positions, steps in by_rollout(one, going):
        distinct = {id(step): step for step in steps}
        held = {key: () if step is None else _holds(standing, step) for key, step in distinct.items()}
        reasons = [held[id(step)] for step in steps]
        found.update(zip(compress(positions, reasons), filter(None, reasons), strict=True))
    return found


def _holds(standing: Standing, step: Step) -> tuple[Hold, ...]:
    plan = standing.plan
    if standing.stopped:
        said = "" if plan.ruling is None else f"{plan.ruling.by}: {plan.ruling.reason}"
        code = STOPS[plan.state]
        if code is HoldReason.ROLLOUT_HALTED:
            return (Hold(code, count=plan.failed, of=plan.attempted),)
        return (Hold(code, said),)
    if step.goes_on:
        return ()
    if step.seen.gone:
        return (Hold(HoldReason.OWED),)
    if step.wave < standing.opening.closed_from:
        return ()
    return (Hold(HoldReason.WAVE_NOT_OPEN, wave=step.wave, closing=standing.opening.closing),)
