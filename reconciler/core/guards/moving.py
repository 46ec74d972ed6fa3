"""Admission: how many devices of a rollout may be on the way at a time (`max_moving`).

Those on the way already count, and those that failed until they are repaired. The others go in the order of the rollout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards.flight import in_flight
from reconciler.core.rollouts import Standing
from reconciler.core.waves import WHOLE, turns
from reconciler.model.change import Change
from reconciler.model.hold import Hold, HoldReason


def admission(one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
    """Return which changes would make too many move at a time."""
    by_rollout: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, change in enumerate(going):
        key = change.workload.id, change.to or ""
        if key in one.standings and one.standings[key].plan.at_once is not None:
            by_rollout[key].append(position)
    found: dict[int, tuple[Hold, ...]] = {}
    for key, positions in by_rollout.items():
        found.update(_beyond(one, one.standings[key], going, positions))
    return found


def _beyond(
    one: FleetAssessment, standing: Standing, going: Sequence[Change], positions: Sequence[int]
) -> dict[int, tuple[Hold, ...]]:
    """Return which changes of one rollout have to wait."""
    at_once, moving = standing.plan.at_once or 0, standing.plan.moving
    rows = one.snapshot.units.index
    steps = [(position, standing.step(rows[going[position].unit.id])) for position in positions]
    new = [(position, step) for position, step in steps if step is not None and step.starts]
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
