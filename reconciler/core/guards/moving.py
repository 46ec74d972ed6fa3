"""Admission: how many devices of a rollout may be on the way at a time (`max_moving`).

Those on the way already count, and those that failed until they are repaired. The others go in the order of the rollout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards.flight import in_flight
from reconciler.core.steps import Standing, Step, by_rollout
from reconciler.core.waves import WHOLE, turns
from reconciler.model.change import Change
from reconciler.model.hold import Hold, HoldReason


def admission(one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
    """Return which changes would make too many move at a time."""
    found: dict[int, tuple[Hold, ...]] = {}
    for standing, positions, steps in by_rollout(one, going):
        if standing.plan.at_once is not None:
            new = [(at, step) for at, step in zip(positions, steps, strict=True) if step is not None and step.starts]
            found |= _beyond(one, standing, standing.plan.at_once, going, new)
    return found


def _beyond(
    one: FleetAssessment, standing: Standing, at_once: int, going: Sequence[Change], new: Sequence[tuple[int, Step]]
) -> dict[int, tuple[Hold, ...]]:
    """Return which changes of one rollout have to wait, of those that set devices on the way."""
    moving = standing.plan.moving
    order = turns(standing.course.id, [going[position].unit.id for position, _ in new])
    flying = in_flight(one, going)
    ordered = sorted(
        (position not in flying, step.wave, turn, position, step.share)
        for (position, step), turn in zip(new, order, strict=True)
    )
    held: dict[int, tuple[Hold, ...]] = {}
    full = False
    for _, _, _, position, share in ordered:
        devices = ceil(going[position].size * share / WHOLE)
        if devices > at_once:
            held[position] = (Hold(HoldReason.TOO_MANY_MOVING, count=devices, of=at_once, needs="unit"),)
        elif full or moving + devices > at_once:
            full = True
            held[position] = (Hold(HoldReason.TOO_MANY_MOVING, of=at_once),)
        else:
            moving += devices
    return held
