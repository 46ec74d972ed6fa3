"""The public shape of events (`event.v1`), and what is the same of all kinds."""

from typing import Any

import msgspec

from reconciler.model.event import AnyEvent, Halted, Met, RollbackFailed, RolledBack, Ruled, Settled
from reconciler.model.quantity import iso

FORMAT = "reconciler/event.v1"


def to_builtins(event: AnyEvent) -> dict[str, Any]:
    """Return the event as its public JSON shape."""
    return {"format": FORMAT, **msgspec.to_builtins(event), "at": iso(event.at, "milliseconds")}


def fleet_of(event: AnyEvent) -> str:
    """Return the fleet that an event is about; empty for none."""
    if isinstance(event, Settled):
        return event.outcome.fleet
    if isinstance(event, Met | Halted | Ruled | RolledBack | RollbackFailed):
        return event.rollout.fleet
    return getattr(event, "fleet", "")
