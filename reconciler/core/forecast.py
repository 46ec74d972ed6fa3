"""What a plan can say of its rollouts beforehand: the share at which each change stops, and the calls of each wave. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.steps import by_rollout
from reconciler.model.change import Action, Change, Review
from reconciler.model.hold import Hold
from reconciler.model.rollout import RolloutPlan

Waiting = Sequence[tuple[Change, tuple[Hold, ...]]]
Place = tuple[str, str, int]
"""Workload id, version, wave."""


def with_shares(one: FleetAssessment, going: Sequence[Change], review: Review) -> tuple[list[Change], Review]:
    """Return changes with the share of their unit at which the open waves stop, and the call that raises it among what follows."""
    staging = one.staging
    if staging is None or not any(standing.course.waves.shared for standing in one.standings.values()):
        return list(going), review
    later = dict(review.later)
    found = list(going)
    for _, positions, steps in by_rollout(one, going):
        for position, step in zip(positions, steps, strict=True):
            if step is not None and step.wave >= 0 and step.share < step.seen.final:
                found[position] = msgspec.structs.replace(going[position], share=step.share)
                later[position] = (staging.call, *review.later.get(position, ()))
    return found, msgspec.structs.replace(review, later=later)


def forecast(
    one: FleetAssessment,
    changes: Sequence[Change],
    actions: Sequence[Action],
    waiting: Waiting,
    compiled: Callable[[Sequence[Change]], Sequence[Action]],
) -> tuple[RolloutPlan, ...]:
    """Return the rollouts of a plan with the calls of each wave: those that go now, and what would go, as things are."""
    calls = Counter(_going(one, changes, actions))
    for (workload, version, wave), some in _later(waiting).items():
        calls[workload, version, wave] += len(compiled(some))
    return tuple(
        msgspec.structs.replace(
            standing.plan,
            waves=tuple(msgspec.structs.replace(it, calls=calls[(*key, it.wave)]) for it in standing.plan.waves),
        )
        for key, standing in one.standings.items()
    )


def _going(one: FleetAssessment, changes: Sequence[Change], actions: Sequence[Action]) -> Iterator[Place]:
    """Yield the wave of each call that goes now, once for each wave that it has units of."""
    waves = {
        position: step.wave
        for _, positions, steps in by_rollout(one, changes)
        for position, step in zip(positions, steps, strict=True)
        if step is not None
    }
    for action in actions if waves else ():
        some = {
            (changes[slot].workload.id, changes[slot].to or "", waves[slot]) for slot in action.slots if slot in waves
        }
        yield from some


def _later(waiting: Waiting) -> Mapping[Place, list[Change]]:
    """Return the changes of waves that are not open."""
    found: dict[Place, list[Change]] = defaultdict(list)
    for change, reasons in waiting:
        wave = reasons[0].wave
        if wave is not None:
            found[change.workload.id, change.to or "", wave].append(change)
    return found
