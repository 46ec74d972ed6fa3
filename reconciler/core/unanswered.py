"""Calls that nobody saw the answer of, and what a later reading shows of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.flight import CALL_DEADLINE, CLOCKS
from reconciler.model.event import Resolved
from reconciler.model.event_parts import SlotName
from reconciler.model.memory import Unanswered
from reconciler.model.observation import Phase
from reconciler.model.snapshot import Snapshot


def resolved(one: FleetAssessment, *, at: float, run: str) -> Iterator[Resolved]:
    """Yield what the reading of a fleet shows of calls without an answer: the slots of one call that came to the same."""
    found: dict[tuple[str, int, bool], list[SlotName]] = {}
    for slot in one.memory.unanswered:
        effect = _effect(slot, one.snapshot) if slot.fleet == one.document.name else None
        if effect is not None:
            name = SlotName(slot.unit, slot.workload, slot.verb, slot.size, slot.to)
            found.setdefault((slot.run, slot.call, effect), []).append(name)
    for (of, call, effect), slots in found.items():
        yield Resolved(at=at, run=run, fleet=one.document.name, of=of, call=call, effect=effect, slots=tuple(slots))


def _effect(slot: Unanswered, snapshot: Snapshot) -> bool | None:
    """Return whether a slot has what was sent; None where a reading cannot tell, or not yet."""
    row = snapshot.units.index.get(slot.unit.id)
    if row is None or snapshot.read_at <= slot.at:
        return None
    state = snapshot.state(slot.workload.id, row)
    if state.phase is Phase.UNKNOWN:
        return None
    if state.assigned == slot.to:
        return True
    return None if snapshot.read_at <= slot.at + CALL_DEADLINE + CLOCKS else False
