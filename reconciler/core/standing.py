"""Which events still matter once older ones are forgotten: what of waves, halts, rollbacks, rulings, proposals and messages stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.event import (
    AnyEvent,
    Approved,
    Halted,
    Met,
    Notified,
    Proposed,
    RollbackFailed,
    RolledBack,
    Ruled,
)
from reconciler.model.notice import Delivery
from reconciler.model.ruling import Command

STANDING = (Met, Halted, Ruled, Proposed, Approved, RolledBack, RollbackFailed, Notified)
Standing = Met | Halted | Ruled | Proposed | Approved | RolledBack | RollbackFailed | Notified
"""Kinds of events that matter however old they are."""


def standing(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """Return those of `events` that folding needs to remember the same of waves, halts, rulings and proposals, in their order."""
    kept: dict[int, AnyEvent] = {}
    for number, event in enumerate(events):
        if not isinstance(event, STANDING):
            continue
        for key in [key for key, other in kept.items() if _is_over(other, event)]:
            del kept[key]
        if not _says_nothing(event, kept.values()):
            kept[number] = event
    return list(kept.values())


def _is_over(before: AnyEvent, event: Standing) -> bool:
    """Return whether an event ends what one before it said."""
    if isinstance(event, Met) and isinstance(before, Met):
        same = (before.rollout, before.wave) == (event.rollout, event.wave)
        return same and before.met and not event.met and not before.whole  # that all of it met it once is not forgotten
    if isinstance(event, RolledBack | RollbackFailed) and isinstance(before, RolledBack | RollbackFailed):
        return before.rollout == event.rollout
    halt = Ruled | Halted | RolledBack | RollbackFailed
    if isinstance(event, Ruled) and isinstance(before, halt) and before.rollout == event.rollout:
        return isinstance(before, Ruled) or event.ruling.command is Command.RESUME
    if isinstance(event, Proposed) and isinstance(before, Proposed | Approved):
        return before.fleet == event.fleet
    if isinstance(event, Notified) and isinstance(before, Notified) and before.target == event.target:
        return (event.ends or event.result is Delivery.SENT) and {*before.keys} <= {*event.keys}
    return False


def _says_nothing(event: Standing, before: Iterable[AnyEvent]) -> bool:
    """Return whether what stands says as much as an event, or it only ends what an earlier one said."""
    if isinstance(event, Met):
        wave = event.rollout, event.wave
        same = [one for one in before if isinstance(one, Met) and (one.rollout, one.wave) == wave]
        met = bool(same) and same[-1].met
        return met == event.met and not (event.whole and event.met and not any(one.whole and one.met for one in same))
    if isinstance(event, Notified):
        sent = {of for one in before if isinstance(one, Notified) and one.target == event.target for of in one.keys}
        return not sent & {*event.keys} if event.ends else event.result is not Delivery.SENT or not event.keys
    if isinstance(event, Halted):
        return any(isinstance(one, Halted) and one.rollout == event.rollout for one in before)
    return False
