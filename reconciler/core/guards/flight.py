"""An admission of what was not sent before: a change that a call of an earlier run may still make waits for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.assessment import FleetAssessment
from reconciler.model.change import Change, Held
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.memory import InFlight
from reconciler.model.quantity import iso


def admission(one: FleetAssessment, going: Sequence[Change], held: Sequence[Held]) -> Mapping[int, tuple[Hold, ...]]:
    """Hold what is as it was when the same was sent for it, for as long as that call may still take effect."""
    del held
    return {
        position: (Hold(HoldReason.IN_FLIGHT, iso(sent.at), until=iso(sent.until)),)
        for position, sent in in_flight(one, going).items()
    }


def in_flight(one: FleetAssessment, going: Sequence[Change]) -> dict[int, InFlight]:
    """Return which changes were sent already, by their positions. They come first where places are given: they have one."""
    now, fleet = one.patience.now, one.document.name
    flying = {(sent.unit, sent.workload): sent for sent in one.memory.in_flight if sent.fleet == fleet}
    found: dict[int, InFlight] = {}
    for position, change in enumerate(going) if flying else ():
        sent = flying.get((change.unit.id, change.workload.id))
        if sent is not None and now < sent.until and (sent.to, sent.observed) == (change.to, change.observed):
            found[position] = sent
    return found
