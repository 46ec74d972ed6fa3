"""What a plan found, as the exit code that `--detailed-exitcode` asks for: the same for every command."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.unavailable import is_unavailable
from reconciler.model.change import Change, Held
from reconciler.model.exit_code import CHANGES, DONE, ERROR, NOTHING_SENT, UNAVAILABLE
from reconciler.model.plan import FleetPlan, Plan

SlotKey = tuple[str, str, str]
"""Fleet, id of the unit, id of the workload."""


def detailed(plan: Plan, made: Collection[SlotKey] = ()) -> int:
    """Return what a plan found, the first that is so; of changes only what was not `made` meanwhile counts."""
    if plan.errored or not plan.complete:
        return ERROR
    if any(is_unavailable(held) for fleet in plan.fleets for held in fleet.held):
        return UNAVAILABLE
    if any(fleet.violations and (not fleet.changes or _left(fleet, made)) for fleet in plan.fleets):
        return NOTHING_SENT
    return CHANGES if any(_left(fleet, made) for fleet in plan.fleets) else DONE


def _left(fleet: FleetPlan, made: Collection[SlotKey]) -> bool:
    wanted: list[Change | Held] = [*fleet.changes, *fleet.held]
    return any((fleet.fleet, one.unit.id, one.workload.id) not in made for one in wanted)
