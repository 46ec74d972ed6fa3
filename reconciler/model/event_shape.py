"""The public shape of events (`event.v1`), and what is the same of all kinds."""

from typing import Any

import msgspec

from reconciler.model.event import AnyEvent, Halted, Met, RolledBack, Ruled, Settled
from reconciler.model.quantity import iso

FORMAT = "reconciler/event.v1"


def to_builtins(event: AnyEvent) -> dict[str, Any]:
    """Return the event as its public JSON shape."""
    return {"format": FORMAT, **msgspec.to_builtins(event), "at": iso(event.at, "milliseconds")}


def encoded(event: AnyEvent) -> bytes:
    """Return the event as its public JSON: `to_builtins` as text, without the values in between.

    The JSON of every event begins with its kind, `at` and `run`.
    """
    head, _, rest = msgspec.json.encode(event).partition(b',"run":')
    kind = head.partition(b'"at":')[0].removeprefix(b"{")
    return b'{"format":"%b",%b"at":"%b","run":%b' % (
        FORMAT.encode(),
        kind,
        iso(event.at, "milliseconds").encode(),
        rest,
    )


def fleet_of(event: AnyEvent) -> str:
    """Return the fleet that an event is about; empty for none."""
    if isinstance(event, Settled):
        return event.outcome.fleet
    if isinstance(event, Met | Halted | Ruled | RolledBack):
        return event.rollout.fleet
    return getattr(event, "fleet", "")
