"""How a version spreads over a fleet: the waves of a rollout, how far each is, and why the next one is closed."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reconciler.model.hold import Closing
from reconciler.model.ruling import RolloutId, Ruling
from reconciler.model.unit import Ref


class WaveState(StrEnum):
    """Where a wave stands."""

    EMPTY = "empty"
    """No unit belongs to it: it holds nothing up."""
    SUCCEEDED = "succeeded"
    SOAKING = "soaking"
    OPEN = "open"
    CLOSED = "closed"


class WavePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One wave. Units are counted as such; attempted, reporting and failed are devices, without those that are unreachable."""

    wave: int
    """Its number, from 0."""
    rule: str
    """Which units it takes, as written; empty for the rest, which comes after the last wave."""
    state: WaveState
    units: int
    devices: int
    cumulative: float
    """Percent of the rollout's devices that have the version once this wave is done."""
    attempted: int = 0
    reporting: int = 0
    failed: int = 0
    owed: int = 0
    """Units that are not connected: they are sent the version when they are back, if their wave is open then."""
    held: int = 0
    """Units that something else than the rollout holds."""
    to_go: int = 0
    """Reachable units that are still to be assigned the version."""
    calls: int = 0
    """Calls that take it there, as things are."""
    promoted: bool = False
    """A person took it as succeeded."""
    met: bool = False
    """Whether it meets its success now, soaked or not."""
    closing: Closing | None = None
    """Why it is closed."""


class RolloutState(StrEnum):
    """Where a rollout stands."""

    COMPLETE = "complete"
    """Every unit that can be reached reports the version, and some are."""
    PROGRESSING = "progressing"
    HALTED = "halted"
    PAUSED = "paused"
    ABORTED = "aborted"


STOPPED = frozenset({RolloutState.HALTED, RolloutState.PAUSED, RolloutState.ABORTED})
"""States in which nothing more of a rollout goes."""


class RolloutPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a workload that spreads over a fleet: its waves, and what stops it. A complete one has no waves."""

    rollout: RolloutId
    workload: Ref
    state: RolloutState
    units: int
    rest: int
    """The number of what comes after the waves as written."""
    waves: tuple[WavePlan, ...] = ()
    owed: int = 0
    devices: int = 0
    attempted: int = 0
    reporting: int = 0
    failed: int = 0
    """Devices that failed, fell back or are stuck past the deadline, of those attempted."""
    failing: tuple[Ref, ...] = ()
    """The units where they are."""
    fails: bool = False
    """Whether the failures that the reading shows are enough to stop it, whatever is remembered."""
    moving: int = 0
    """Devices that were assigned the version, can be reached, and do not report it yet, before anything of this plan goes."""
    at_once: int | None = None
    """How many devices may be so at a time; None for any number."""
    most: int = 0
    """Devices that have the version at most before a further wave opens, however badly it does."""
    ruling: Ruling | None = None
    halted_at: float | None = None
    """Since when it is remembered as halted, in seconds since 1970."""
    remembered: bool = True
    """Whether another process will remember since when its waves succeed, and its halts."""
    soaks: bool = False
    """Whether waves must have succeeded for some time before the next one opens."""
