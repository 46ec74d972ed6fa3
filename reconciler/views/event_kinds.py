"""Which events are alike: those that differ in nothing but the units, or the fleets, that they are about."""

from __future__ import annotations

from collections.abc import Hashable
from functools import singledispatch

from reconciler.model.event import (
    Approved,
    Blocked,
    Called,
    Differing,
    Drifted,
    Event,
    Halted,
    InForce,
    Met,
    Note,
    Notified,
    Passed,
    Proposed,
    Resolved,
    RolledBack,
    Ruled,
    Settled,
    Started,
)
from reconciler.model.outcome import ReceiptKind
from reconciler.views.reason_words import outcome_words


@singledispatch
def alike(event: Event) -> tuple[Hashable, ...]:
    """Return what events must share to be said in one line."""
    raise TypeError(f"an event that nothing gathers: {type(event).__name__}")


@alike.register
def _(event: Started) -> tuple[Hashable, ...]:
    return event.kind, event.commit, event.allowed


@alike.register(InForce)
@alike.register(RolledBack)
@alike.register(Proposed)
@alike.register(Approved)
def _(event: Event) -> tuple[Hashable, ...]:
    return (event.at,)  # each is said by itself


@alike.register
def _(event: Note) -> tuple[Hashable, ...]:
    return event.level, event.message, bool(event.fleet)


@alike.register
def _(event: Blocked) -> tuple[Hashable, ...]:
    return (event.violations,)


@alike.register
def _(event: Called) -> tuple[Hashable, ...]:
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
def _(event: Resolved) -> tuple[Hashable, ...]:
    return event.fleet, event.of, event.call, event.effect


@alike.register
def _(event: Settled) -> tuple[Hashable, ...]:
    one = event.outcome
    return one.fleet, one.workload, one.verb, one.to, one.result, outcome_words(one)


@alike.register
def _(event: Drifted) -> tuple[Hashable, ...]:
    return event.fleet, event.workload, event.was, event.now, event.desired, event.verb, event.cause, event.by


@alike.register
def _(event: Differing) -> tuple[Hashable, ...]:
    return event.fleet, event.workload, event.verb, event.now, event.desired, event.reason, event.cause


@alike.register
def _(event: Met) -> tuple[Hashable, ...]:
    return event.rollout, event.wave, event.met


@alike.register
def _(event: Halted) -> tuple[Hashable, ...]:
    return (event.rollout,)


@alike.register
def _(event: Ruled) -> tuple[Hashable, ...]:
    return event.rollout, event.ruling


@alike.register
def _(event: Notified) -> tuple[Hashable, ...]:
    return event.target, event.result, event.error


@alike.register
def _(event: Passed) -> tuple[Hashable, ...]:
    return (event.number, *stands(event))


def stands(event: Passed) -> tuple[Hashable, ...]:
    """Return how a fleet stands after a pass."""
    numbers = (event.changes, event.held, event.violations, event.mistakes)
    return event.sync, event.health, *numbers, tuple(event.outcomes.items()), tuple(event.reasons.items())
