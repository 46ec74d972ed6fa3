"""Which events are alike: those that differ in nothing but the units, or the fleets, that they are about."""

from __future__ import annotations

from collections.abc import Hashable
from functools import singledispatch

from reconciler.model import event as events
from reconciler.model.outcome import ReceiptKind
from reconciler.views.reason_words import outcome_words


@singledispatch
def alike(event: events.Event) -> tuple[Hashable, ...]:
    """Return what events must share to be said in one line."""
    raise TypeError(f"an event that nothing gathers: {type(event).__name__}")


@alike.register
def _(event: events.Started) -> tuple[Hashable, ...]:
    return event.kind, event.commit, event.allowed


@alike.register(events.InForce)
@alike.register(events.RolledBack)
@alike.register(events.RollbackFailed)
@alike.register(events.Proposed)
@alike.register(events.Approved)
@alike.register(events.Acted)
def _(event: events.Event) -> tuple[Hashable, ...]:
    return (event.at,)  # each is said by itself


@alike.register
def _(event: events.Note) -> tuple[Hashable, ...]:
    return event.level, event.message, bool(event.fleet)


@alike.register
def _(event: events.Blocked) -> tuple[Hashable, ...]:
    return (event.violations,)


@alike.register
def _(event: events.Called) -> tuple[Hashable, ...]:
    one = event.receipt
    plain = one.kind is ReceiptKind.ACCEPTED and not one.refused and not one.answer
    return (
        "" if plain else event.fleet,
        one.kind,
        one.status,
        one.error,
        tuple(why for _, why in one.refused),
        one.answer,
    )


@alike.register
def _(event: events.Resolved) -> tuple[Hashable, ...]:
    return event.fleet, event.of, event.call, event.effect


@alike.register
def _(event: events.Settled) -> tuple[Hashable, ...]:
    one = event.outcome
    return one.fleet, one.workload, one.verb, one.to, one.result, outcome_words(one)


@alike.register
def _(event: events.Drifted) -> tuple[Hashable, ...]:
    who, what = (event.cause, event.by, event.by_kind), (event.was, event.now, event.desired, event.verb)
    return event.fleet, event.workload, who, what, event.holds


@alike.register
def _(event: events.Differing) -> tuple[Hashable, ...]:
    return event.fleet, event.workload, event.verb, event.now, event.desired, event.reason, event.cause, event.holds


@alike.register
def _(event: events.Met) -> tuple[Hashable, ...]:
    return event.rollout, event.wave, event.met


@alike.register
def _(event: events.Halted) -> tuple[Hashable, ...]:
    return (event.rollout,)


@alike.register
def _(event: events.Ruled) -> tuple[Hashable, ...]:
    return event.rollout, event.ruling


@alike.register
def _(event: events.Notified) -> tuple[Hashable, ...]:
    return event.target, event.result, event.error


@alike.register
def _(event: events.Passed) -> tuple[Hashable, ...]:
    return (event.number, *stands(event))


def stands(event: events.Passed) -> tuple[Hashable, ...]:
    """Return how a fleet stands after a pass."""
    numbers = (event.changes, event.held, event.violations, event.mistakes)
    return event.sync, event.health, *numbers, tuple(event.outcomes.items()), tuple(event.reasons.items())
