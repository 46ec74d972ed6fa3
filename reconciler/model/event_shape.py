"""The public shape of events (`event.v1`), and what is the same of all kinds."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from reconciler.model.event import AnyEvent, Halted, Met, RollbackFailed, RolledBack, Ruled, Settled
from reconciler.model.quantity import iso, moment

FORMAT = "reconciler/event.v1"
MOMENTS = frozenset(
    field.name for kind in get_args(AnyEvent) for field in msgspec.structs.fields(kind) if field.name.endswith("_at")
)
"""Fields that are moments besides `at`: in JSON they are texts, as it is."""


def to_builtins(event: AnyEvent) -> dict[str, Any]:
    """Return the event as its public JSON shape."""
    found = msgspec.to_builtins(event)
    for name in MOMENTS & found.keys():
        found[name] = None if found[name] is None else iso(found[name], "milliseconds")
    return {"format": FORMAT, **found, "at": iso(event.at, "milliseconds")}


def from_builtins(found: Mapping[str, Any], at: float) -> AnyEvent:
    """Return the event of a public JSON shape; `at` is more exact there. Raises MsgspecError, ValueError, TypeError."""
    times = {
        name: moment(value).timestamp() for name in MOMENTS if isinstance(value := found.get(name), str)
    }  # before, they were numbers
    event: AnyEvent = msgspec.convert({**found, **times, "at": at}, AnyEvent)
    return event


def fleet_of(event: AnyEvent) -> str:
    """Return the fleet that an event is about; empty for none."""
    if isinstance(event, Settled):
        return event.outcome.fleet
    if isinstance(event, Met | Halted | Ruled | RolledBack | RollbackFailed):
        return event.rollout.fleet
    return getattr(event, "fleet", "")
