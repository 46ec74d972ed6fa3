"""Which held changes go once others of the same plan took effect, and in which stage: all fleets together.

Changes that go at once are stage 1. A change that only requirements hold goes one stage after the last change that it
waits for; so chains get stage after stage. Whatever waits for something that this plan does not do keeps stage 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reconciler.core.require import Block, Gates, Slot
from reconciler.model.change import Held, Hold, HoldReason
from reconciler.model.plan import FleetPlan
from reconciler.model.unit import Units

Moves = dict[Slot, tuple[int, str | None]]
"""Stage and version (None: removed) of what this plan does to slots."""

Gated = Mapping[str, tuple[Units, Gates]]
"""Units and gates of connections that requirements speak of."""


class _Waiting(msgspec.Struct):
    """A change that only requirements hold: whose it is (positions of fleet and entry), and what it waits for."""

    fleet: int
    entry: int
    held: Held
    blocks: tuple[Block, ...]


def staged(plans: Sequence[FleetPlan], gated: Gated) -> Sequence[FleetPlan]:
    """Return the plans with the stages of held changes, and words that say so."""
    moves: Moves = {
        (plan.connection, change.unit.id, change.workload.id): (1, change.to)
        for plan in plans
        if plan.connection in gated
        for change in plan.changes
    }
    found: dict[int, dict[int, Held]] = {}
    waiting = list(_waiting(plans, gated))
    while waiting:
        left = [one for one in waiting if not _place(one, plans[one.fleet].connection, moves, found)]
        if len(left) == len(waiting):
            break
        waiting = left
    return [_with(plan, found.get(number, {})) for number, plan in enumerate(plans)]


def _waiting(plans: Sequence[FleetPlan], gated: Gated) -> Iterator[_Waiting]:
    for fleet, plan in enumerate(plans):
        if plan.connection not in gated:
            continue
        units, gates = gated[plan.connection]
        for entry, held in enumerate(plan.held):
            if held.verb is not None and {hold.code for hold in held.reasons} == {HoldReason.REQUIREMENT_NOT_MET}:
                blocks = gates[held.workload.id].blocks(units.index[held.unit.id], held.verb, held.to)
                yield _Waiting(fleet, entry, held, blocks)


def _place(one: _Waiting, connection: str, moves: Moves, found: dict[int, dict[int, Held]]) -> bool:
    """Give a change its stage, if all that it waits for is known to go."""
    stages = [_ends(block, moves) for block in one.blocks]
    if not all(stages):
        return False
    stage = 1 + max(stages)
    moves[connection, one.held.unit.id, one.held.workload.id] = (stage, one.held.to)
    reasons = tuple(Hold(HoldReason.REQUIREMENT_NOT_MET, _words(block, stage, moves)) for block in one.blocks)
    found.setdefault(one.fleet, {})[one.entry] = msgspec.structs.replace(one.held, stage=stage, reasons=reasons)
    return True


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


def _words(block: Block, stage: int, moves: Moves) -> str:
    if block.accepts is None:
        return f"{block.problem}; stage {stage}: goes once {block.subject} is gone"
    version = moves[block.awaits[0]][1]
    return f"{block.problem}; stage {stage}: goes once {block.subject} {version} is reported"


def _with(plan: FleetPlan, found: dict[int, Held]) -> FleetPlan:
    if not found:
        return plan
    held = tuple(found.get(number, one) for number, one in enumerate(plan.held))
    return msgspec.structs.replace(plan, held=held)
