"""What was remembered: what neither git nor a platform can answer. Losing it makes a run slower, never wrong."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reconciler.model.change import Verb
from reconciler.model.plan import Plan
from reconciler.model.ruling import RolloutId, Ruling
from reconciler.model.unit import Ref


class Went(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A change that was sent, and not refused: it counts against limits over time. `size` is in devices.

    `at` is when it was sent, in seconds since 1970.
    """

    fleet: str
    unit: str
    workload: str
    verb: Verb
    size: int
    to: str | None
    at: float
    answered: float | None = None
    """When the call was answered, given up, or told by a reading; None while nobody knows of that."""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person approved a proposed plan."""

    by: str
    reason: str
    at: float


class Proposal(msgspec.Struct, frozen=True):
    """A plan that waits for a person, or that one approved. It has one fleet."""

    plan: Plan
    approval: Approval | None = None


class Unanswered(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A slot that a call was sent for, when nobody knows whether it took effect: no answer, or one that proves nothing."""

    fleet: str
    unit: Ref
    workload: Ref
    verb: Verb
    size: int
    to: str | None
    run: str
    call: int
    at: float


class InFlight(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A slot that a call was sent for which may still take effect: it began `at` a time, and may `until` another."""

    fleet: str
    unit: str
    workload: str
    to: str | None
    observed: str
    """The digest that the slot had before."""
    at: float
    until: float
    times: int = 1
    """How often in a row the same was sent to the slot as it was."""
    again: float = 0.0
    """When it may be sent once more, though nothing lasting came of it."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that acts on an application. What is not known is 0 or empty."""

    target: str
    process: int = 0
    host: str = ""
    since: float = 0.0


class FailedRollback(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A rollout that could not be taken back in git, `times` in a row; `at` is the last attempt, in seconds since 1970."""

    error: str
    times: int
    pause: float
    at: float


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered. All times are in seconds since 1970."""

    met: Mapping[tuple[RolloutId, int], float] = {}
    """Since when the wave of this number met its success without a break."""
    halts: Mapping[RolloutId, float] = {}
    """Since when a rollout is halted."""
    failing: Mapping[RolloutId, frozenset[str]] = {}
    """Ids of the units that failed when it halted last."""
    complete: Mapping[RolloutId, float] = {}
    """When every unit that could be reached first reported the version of a rollout."""
    rolled_back: Mapping[RolloutId, str] = {}
    """The branches that take halted rollouts back in git."""
    failed_rollbacks: Mapping[RolloutId, FailedRollback] = {}
    """Halted rollouts that could not be taken back yet."""
    workloads: Mapping[tuple[str, str], str] = {}
    """The names of workloads that were rolled out, by fleet and id."""
    rulings: Mapping[RolloutId, Ruling] = {}
    """What a person said last; a promotion stands in `promoted`."""
    promoted: Mapping[RolloutId, int] = {}
    """The last wave that a person took as succeeded."""
    excused: Mapping[RolloutId, frozenset[str]] = {}
    """Ids of the units that had failed when a person resumed: what they show from before does not count."""
    went: tuple[Went, ...] = ()
    """In the order of their times, as far back as was asked for."""
    proposals: Mapping[str, Proposal] = {}
    """The newest plan that was proposed for each fleet."""
    notified: Mapping[tuple[str, str], int] = {}
    """Troubles that a target was notified of, and not yet of their end, by target and key: how large, by order of magnitude."""
    messages: Mapping[str, tuple[float, ...]] = {}
    """When messages were sent to each target, as far back as was asked for."""
    unanswered: tuple[Unanswered, ...] = ()
    """What nobody knows the outcome of until a later reading shows it, as far back as what went, and among that."""
    in_flight: tuple[InFlight, ...] = ()
    """What calls that began before this run may still do."""
    since: float = 0.0
    """Since when it remembers: nothing is known of what was before. A process without a history remembers since its start."""
    durable: bool = False
    """Whether another process will remember the same."""


NOTHING_REMEMBERED = Memory()
