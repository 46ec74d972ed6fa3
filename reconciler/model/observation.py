"""What a platform reports of a slot, without which slot it is: equal reports are one interned value."""

from enum import StrEnum

import msgspec

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.desired import Settings

Facts = tuple[tuple[str, str], ...]
"""What a platform says besides, as (its own name of the field, text). Nothing is decided by it."""


class Phase(StrEnum):
    """Where a slot is on its way to what was assigned."""

    SETTLED = "settled"
    MOVING = "moving"
    PAUSED = "paused"
    FAILED = "failed"
    READY = "ready"
    """A step is done, and the platform waits for the next call."""
    UNKNOWN = "unknown"
    """The platform used a value this program does not know; never read as absence."""


class State(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The observation of one slot. Interned per snapshot, so a million slots share a few of these.

    `assigned` is the version that the platform is to bring to the unit, `reported` what the unit says it runs; None is nothing.
    `identity` is the content identity of what was assigned (such as an etag), so an overwritten name shows.
    `since` is when the present movement or failure began, in seconds since 1970, and None for a settled slot.
    """

    assigned: str | None = None
    reported: str | None = None
    phase: Phase = Phase.SETTLED
    identity: str | None = None
    overwritten: bool = False
    """The unit holds other content under the assigned name, and nothing newer was asked of it."""
    extra_versions: tuple[str, ...] = ()
    settings: Settings = ()
    since: float | None = None
    error: str | None = None
    failures: tuple[tuple[str, str], ...] = ()
    """What failed of versions beside the assigned one, as (version, the platform's words)."""
    ahead: bool = False
    """The unit reports a version that the platform orders after the assigned one."""
    progress: float | None = None
    """Percent, 0 to 100."""
    eta: float | None = None
    """Seconds."""
    ready: int | None = None
    """Devices of the unit that report the assigned version; None where the unit is one device."""
    size: int = 1
    """Devices of the unit that are to report it: of a staged cohort its share, never those that fell silent."""
    spread: tuple[tuple[str, int], ...] = ()
    """How many devices of the unit report each version, sorted; empty where the unit is one device."""
    conditions: tuple[Condition, ...] = ()
    """What a person should know besides."""
    protected: tuple[Condition, ...] = ()
    """Why this slot must never be pruned (a dependency, a row of another class); empty when it may be."""
    stages: tuple[tuple[str, str], ...] = ()
    """How far each version of the slot has come, as (version, the platform's stage), where changes take several calls."""
    facts: Facts = ()

    @property
    def holds(self) -> bool:
        """Return whether any version is assigned, or present besides."""
        return self.assigned is not None or bool(self.extra_versions)

    @property
    def occupied(self) -> bool:
        """Return whether anything is assigned, present or reported."""
        return self.holds or self.reported is not None


EMPTY = State()
"""Nothing assigned, nothing reported: a slot proved to be empty."""

UNSEEN = State(phase=Phase.UNKNOWN, conditions=(Condition(ConditionCode.NOT_COVERED),))
"""A slot that the reading did not prove anything about."""
