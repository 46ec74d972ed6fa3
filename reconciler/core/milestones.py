"""What is new of rollouts: waves that meet their success or no longer do, and halts. Pure.

These events are what a history remembers rollouts by, so each is recorded once: what memory knows is nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.event import Halted, Met
from reconciler.model.memory import Memory
from reconciler.model.plan import FleetPlan
from reconciler.model.rollout import RolloutPlan, RolloutState

Milestone = Met | Halted


def milestones(plan: FleetPlan, memory: Memory, *, at: float, run: str) -> Iterator[Milestone]:
    """Yield what a fleet's plan shows of its rollouts and memory does not know. `at` in seconds since 1970."""
    for one in plan.rollouts:
        yield from _met(one, memory, at, run)
        known = one.rollout in memory.halts
        units = frozenset(ref.id for ref in one.failing)
        if one.fails and not (known and units <= memory.failing.get(one.rollout, frozenset())):
            yield Halted(
                at=at,
                run=run,
                rollout=one.rollout,
                workload=one.workload,
                failed=one.failed,
                attempted=one.attempted,
                units=one.failing,
            )


def _met(one: RolloutPlan, memory: Memory, at: float, run: str) -> Iterator[Met]:
    known = {wave for rollout, wave in memory.met if rollout == one.rollout}
    complete = one.state is RolloutState.COMPLETE
    if complete:
        now = dict.fromkeys(range(one.rest + 1), True)
        known -= {one.rest} if one.rollout not in memory.complete else set()
    else:
        now = {one.rest: False} | {wave.wave: wave.met for wave in one.waves if wave.units}
    for number, met in now.items():
        if met != (number in known):
            whole = number == one.rest and not any(wave.wave == number for wave in one.waves)
            yield Met(
                at=at,
                run=run,
                rollout=one.rollout,
                workload=one.workload,
                wave=number,
                met=met,
                whole=whole,
                implied=complete and not whole,
            )
