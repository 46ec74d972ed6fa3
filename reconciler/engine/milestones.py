"""What a decision shows of rollouts and a history does not remember yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.milestones import Milestone, milestones
from reconciler.errors import JournalError
from reconciler.model.plan import FleetPlan
from reconciler.ports import History


def unrecorded(history: History, plans: Sequence[FleetPlan], *, at: float, run: str) -> Iterator[Milestone]:
    """Yield what is new of the rollouts of these fleets; `at` in seconds since 1970.

    Nothing where the history cannot be read: what rests on it is held then, and recording fails as well.
    """
    spreading = [plan for plan in plans if plan.rollouts]
    if not spreading:
        return
    try:
        memory = history.memory({plan.fleet: plan.basis.target for plan in spreading}, at)
    except JournalError:
        return
    for plan in spreading:
        yield from milestones(plan, memory, at=at, run=run)
