"""Which events still matter once older ones are forgotten: what of waves, halts, rulings and proposals stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.event import AnyEvent, Approved, Halted, Met, Proposed, Ruled
from reconciler.model.ruling import Command

STANDING = (Met, Halted, Ruled, Proposed, Approved)
"""Kinds of events that matter however old they are."""


def standing(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """Return those of `events` that folding needs to remember the same of waves, halts, rulings and proposals, in their order."""
    kept: dict[int, AnyEvent] = {}
    for number, event in enumerate(events):
        if not isinstance(event, STANDING):
            continue
        over = [key for key, other in kept.items() if _is_over(other, event)]
        if not _says_nothing(event, kept.values()):
            kept[number] = event
        for key in over:
            del kept[key]
    return list(kept.values())


def _is_over(before: AnyEvent, event: Met | Halted | Ruled | Proposed | Approved) -> bool:
    """Return whether an event ends what one before it said."""
    if isinstance(event, Met) and isinstance(before, Met):
        return not event.met and (before.rollout, before.wave) == (event.rollout, event.wave)
    if isinstance(event, Ruled) and isinstance(before, Ruled | Halted) and before.rollout == event.rollout:
        return isinstance(before, Ruled) or event.ruling.command is Command.RESUME
    if isinstance(event, Proposed) and isinstance(before, Proposed | Approved):
        return before.fleet == event.fleet
    return False


def _says_nothing(event: Met | Halted | Ruled | Proposed | Approved, before: Iterable[AnyEvent]) -> bool:
    """Return whether what stands says as much as an event, or it only ends what an earlier one said."""
    if isinstance(event, Met):
        wave = event.rollout, event.wave
        return not event.met or any(isinstance(one, Met) and (one.rollout, one.wave) == wave for one in before)
    if isinstance(event, Halted):
        return any(isinstance(one, Halted) and one.rollout == event.rollout for one in before)
    return False
