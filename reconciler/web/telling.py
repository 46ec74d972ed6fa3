"""Events → lines of a page: what is alike and follows on each other is one line, with the units that it is about. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import get_args

import msgspec

from reconciler.model.event import AnyEvent, Completed, Drifted, Finished, Settled, Settling
from reconciler.model.event_shape import fleet_of
from reconciler.model.quantity import iso
from reconciler.model.unit import Ref
from reconciler.views.event_kinds import alike
from reconciler.views.event_words import said, units_of
from reconciler.views.line import text_of

KINDS = tuple(
    sorted(one.__struct_config__.tag for one in get_args(AnyEvent) if one not in {Settling, Completed, Finished})
)
"""Kinds of events that have words."""
LINKED = 3
"""Units of a line that lead to their pages."""
SPAN = 60.0
"""Seconds between two events that may share a line."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `count` is how many events it is of; `units` are a few of those that it is about."""

    at: str
    level: str
    fleet: str
    words: str
    count: int
    units: tuple[Ref, ...]


def told(events: Iterable[tuple[int, AnyEvent]]) -> list[Told]:
    """Return events as lines, in the order in which they come."""
    groups: list[list[AnyEvent]] = []
    before: Hashable = None
    for _, event in events:
        if isinstance(event, Settling | Completed | Finished):
            continue
        key = type(event), fleet_of(event), _alike(event)
        if groups and key == before and abs(groups[-1][-1].at - event.at) <= SPAN:
            groups[-1].append(event)
        else:
            groups.append([event])
        before = key
    return [_line(some) for some in groups]


def _alike(event: AnyEvent) -> Hashable:
    """Return what events must share to be one line; what nothing gathers has one of its own."""
    try:
        return alike(event)
    except TypeError:
        return id(event)


def _line(some: list[AnyEvent]) -> Told:
    newest = max(some, key=lambda event: event.at)
    names = list(dict.fromkeys(name for event in some for name in units_of(event)))
    level, words = said(newest, names)
    units = dict.fromkeys(ref for event in some if (ref := _unit(event)) is not None)
    return Told(
        at=iso(newest.at),
        level=level,
        fleet=fleet_of(newest),
        words=text_of(tuple(words)),
        count=len(some),
        units=tuple(units)[:LINKED],
    )


def _unit(event: AnyEvent) -> Ref | None:
    if isinstance(event, Settled):
        return event.outcome.unit
    return event.unit if isinstance(event, Drifted) else None
