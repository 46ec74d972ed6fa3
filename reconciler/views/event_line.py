"""One event, one line: for logs and `watch`; as text for people, as JSON (`event.v1`) for machines."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.event import AnyEvent, Called, Completed, Finished, Met, Notified
from reconciler.model.event_shape import encoded, fleet_of
from reconciler.model.notice import Delivery
from reconciler.model.quantity import iso
from reconciler.views.event_words import LEVELS, said, units_of
from reconciler.views.line import Line, Span, line
from reconciler.views.words import clean, count, listed


def encode(event: AnyEvent) -> bytes:
    """Return an event as one line of UTF-8 JSON, without a line break."""
    return encoded(event)


def render(event: AnyEvent) -> Line:
    """Return an event as one line: time in UTC, level, fleet, what happened. Never folded: one line an event.

    The end of a pass and of a run have no words: what came of them is said by `watch_text` and by the report.
    """
    return grouped(event, [fleet_of(event)], units_of(event))


def debug(event: AnyEvent) -> Line:
    """Return an event as one line of details."""
    return _line(event, "debug", clean(fleet_of(event)), said(event, units_of(event))[1])


def grouped(newest: AnyEvent, fleets: Sequence[str], units: Sequence[str]) -> Line:
    """Return events like the newest one, of these fleets, as one line; `units` are the names of those that they are about."""
    level, words = said(newest, units)
    return _line(newest, level, listed(fleets), words)


def answered(kind: str, events: Sequence[Called], slots: int) -> Line:
    """Return calls of one kind that were answered alike, for so many slots, as one line."""
    level, words = said(max(events, key=lambda one: one.seconds), ())
    if len(events) > 1:
        words = [
            (text.replace(" (", " (the slowest: ", 1) if text.startswith(" (") else text, style)
            for text, style in words
        ]
    calls = f"call {events[0].call:,}" if len(events) == 1 else count(len(events), "call")
    what = (f"{calls}: {clean(kind)} for {count(slots, 'slot')}: ", "")
    fleets = list(dict.fromkeys(one.fleet for one in events))
    return _line(events[-1], level, f"{listed(fleets)}{':' if len(fleets) > 1 else ''}", [what, *words[1:]])


def remark(event: AnyEvent, words: str) -> Line:
    """Return words of this program at the time of an event."""
    return _line(event, "info", "", [(words, "")])


def for_the_record(event: AnyEvent) -> bool:
    """Return whether there is nothing to say of an event: a message that merely went, a wave of a rollout that is complete."""
    if isinstance(event, Met):
        return event.implied
    return isinstance(event, Notified) and event.result not in {Delivery.FAILED, Delivery.DROPPED}


def level_of(event: AnyEvent) -> str:
    """Return how serious an event is: info, warning or error."""
    return words_of(event)[0]


def words_of(event: AnyEvent) -> tuple[str, list[Span]]:
    """Return how serious an event is, and its words; none for the end of a pass or a run."""
    return ("info", []) if isinstance(event, Completed | Finished) else said(event, units_of(event))


def _line(event: AnyEvent, level: str, fleet: str, words: Sequence[Span]) -> Line:
    return line(
        (iso(event.at), "dim"),
        " ",
        (f"{level:<7}", LEVELS[level]),
        *((" ", (fleet, "bold")) if fleet else ()),
        " ",
        *words,
    )
