"""An admission of what was not sent before: a change that a call of an earlier run may still make waits for that.

One that was sent to the slot as it is, and had no lasting effect, waits longer each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.core.assessment import FleetAssessment
from reconciler.model.change import Change
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.memory import InFlight
from reconciler.model.plan import PaceKind
from reconciler.model.quantity import iso


def admission(one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
    """Hold what is as it was when the same was sent for it, for as long as that call may take effect, or was in vain."""
    now, retry = one.patience.now, PaceKind.RETRY in one.lifted
    return {
        position: (_hold(sent, now),) for position, sent in _sent(one, going).items() if now < _until(sent, retry=retry)
    }


def _until(sent: InFlight, *, retry: bool) -> float:
    """Return until when the same is not sent again."""
    return sent.until if retry else max(sent.until, sent.again)


def _hold(sent: InFlight, now: float) -> Hold:
    if now < sent.until:
        return Hold(HoldReason.IN_FLIGHT, iso(sent.at), until=iso(sent.until))
    return Hold(HoldReason.REPEATED, iso(sent.at), until=iso(sent.again), count=sent.times)


def in_flight(one: FleetAssessment, going: Sequence[Change]) -> dict[int, InFlight]:
    """Return which changes were sent already, by their positions. They come first where places are given: they have one."""
    return {position: sent for position, sent in _sent(one, going).items() if one.patience.now < sent.until}


def _sent(one: FleetAssessment, going: Sequence[Change]) -> dict[int, InFlight]:
    """Return what was sent before to slots that are as they were then, by the positions of their changes."""
    fleet = one.document.name
    flying = {(sent.unit, sent.workload): sent for sent in one.memory.in_flight if sent.fleet == fleet}
    found: dict[int, InFlight] = {}
    for position, change in enumerate(going) if flying else ():
        sent = flying.get((change.unit.id, change.workload.id))
        if sent is not None and (sent.to, sent.observed) == (change.to, change.observed):
            found[position] = sent
    return found
