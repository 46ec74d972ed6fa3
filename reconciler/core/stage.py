"""Which held changes go once others of the same plan took effect, and in which stage: all fleets together.

Changes that go at once are stage 1. A change that only requirements hold goes one stage after the last change that it
waits for; so chains get stage after stage. What only the pace of a rollout holds has its stage already (`guards.pace`).
Whatever waits for something that this plan does not do keeps stage 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reconciler.core.guards.requirement import Block, Gates, Slot
from reconciler.model.change import Change, Held
from reconciler.model.hold import Hold, HoldReason, Outlook
from reconciler.model.plan import FleetPlan
from reconciler.model.unit import Units

Moves = dict[Slot, tuple[int, str | None]]
"""Stage and version (None: removed) of what this plan does to slots."""

Gated = Mapping[str, tuple[Units, Gates]]
"""Units and gates of connections that requirements speak of."""


class _Waiting(msgspec.Struct):
    """A change that requirements hold: whose it is (positions of fleet and entry), and what it waits for."""

    fleet: int
    entry: int
    connection: str
    held: Held
    blocks: tuple[Block, ...]

    @property
    def alone(self) -> bool:
        """Whether nothing but requirements holds it."""
        return len(self.blocks) == len(self.held.reasons)


def staged(plans: Sequence[FleetPlan], gated: Gated, *, complete: bool = True) -> Sequence[FleetPlan]:
    """Return the plans with the stages of held changes, and reasons that say so.

    `complete`: these are all fleets of a plan, so that what is not among their changes does not go.
    """
    moves: Moves = {
        (plan.connection, one.unit.id, one.workload.id): (one.stage if isinstance(one, Held) else 1, one.to)
        for plan in plans
        if plan.connection in gated
        for one in _going(plan)
    }
    found: dict[int, dict[int, Held]] = {}
    waiting = list(_waiting(plans, gated))
    left = [one for one in waiting if one.alone]
    while left:
        following = [one for one in left if not _place(one, moves)]
        if len(following) == len(left):
            break
        left = following
    for one in waiting:
        stage = moves.get(_slot(one), (0, None))[0]
        found.setdefault(one.fleet, {})[one.entry] = _staged(one, stage, moves, complete=complete)
    return [_with(plan, found.get(number, {})) for number, plan in enumerate(plans)]


def _going(plan: FleetPlan) -> Iterator[Change | Held]:
    """Yield what a plan lets go, now or in a later stage."""
    yield from plan.changes
    yield from (held for held in plan.held if held.stage)


def _waiting(plans: Sequence[FleetPlan], gated: Gated) -> Iterator[_Waiting]:
    for fleet, plan in enumerate(plans):
        if plan.connection not in gated:
            continue
        units, gates = gated[plan.connection]
        for entry, held in enumerate(plan.held):
            if held.verb is not None and any(_ours(hold) for hold in held.reasons):
                blocks = gates[held.workload.id].blocks(units.index[held.unit.id], held.verb, held.to)
                yield _Waiting(fleet, entry, plan.connection, held, blocks)


def _ours(hold: Hold) -> bool:
    return hold.code is HoldReason.REQUIREMENT_NOT_MET


def _slot(one: _Waiting) -> Slot:
    return one.connection, one.held.unit.id, one.held.workload.id


def _place(one: _Waiting, moves: Moves) -> bool:
    """Give a change its stage, if all that it waits for is known to go."""
    stages = [_ends(block, moves) for block in one.blocks]
    if all(stages):
        moves[_slot(one)] = (1 + max(stages), one.held.to)
    return all(stages)


def _ends(block: Block, moves: Moves) -> int:
    """Return the stage after which a block is over; 0 where this plan does not end it."""
    stages = [_helps(block, moves.get(slot)) for slot in block.awaits]
    return max(stages) if stages and all(stages) else 0


def _helps(block: Block, move: tuple[int, str | None] | None) -> int:
    if move is None:
        return 0
    stage, to = move
    right = to is None if block.accepts is None else block.accepts.takes(to)
    return stage if right else 0


def _staged(one: _Waiting, stage: int, moves: Moves, *, complete: bool) -> Held:
    """Return a held change with its stage, and with reasons that know what this plan does."""
    known = iter([_known(block, stage, moves, complete=complete) for block in one.blocks])
    reasons = tuple(next(known) if _ours(hold) else hold for hold in one.held.reasons)
    return msgspec.structs.replace(one.held, stage=stage, reasons=reasons)


def _known(block: Block, stage: int, moves: Moves, *, complete: bool) -> Hold:
    unmet = block.unmet
    if not _ends(block, moves):
        unmet = msgspec.structs.replace(unmet, left_out=block.asked and complete)
    elif block.accepts is None:
        unmet = msgspec.structs.replace(unmet, outlook=Outlook.AFTER_REMOVED if stage else Outlook.PLAN_REMOVES)
    else:
        outlook = Outlook.AFTER_REPORTED if stage else Outlook.PLAN_BRINGS
        version = moves[block.awaits[0]][1] or ""
        unmet = msgspec.structs.replace(unmet, outlook=outlook, desired=version)
    return Hold(HoldReason.REQUIREMENT_NOT_MET, requirement=unmet)


def _with(plan: FleetPlan, found: dict[int, Held]) -> FleetPlan:
    if not found:
        return plan
    return msgspec.structs.replace(plan, held=tuple(found.get(number, one) for number, one in enumerate(plan.held)))
