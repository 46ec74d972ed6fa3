"""What a history has of events that somebody asks for."""

from __future__ import annotations

import msgspec

from reconciler.model.event import AnyEvent
from reconciler.model.memory import Unanswered


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for. Names are globs; several of one kind widen, those of different kinds narrow."""

    fleets: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: float | None = None
    """In seconds since 1970, as `until`."""
    until: float | None = None
    limit: int = 0
    """The newest so many; 0 for all."""
    text: str = ""
    """What stands anywhere in an event, in capitals or not; empty for anything."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Events in the order in which they were recorded, and the calls that nobody knows the outcome of."""

    events: tuple[AnyEvent, ...]
    unanswered: tuple[Unanswered, ...] = ()
    older: bool = False
    """Whether there are older ones that the limit leaves out."""
