"""What an observation means against desired, with its two separate axes: sync and health."""

from enum import StrEnum


class Verdict(StrEnum):
    """The rows of the design's table; `core.judge` gives exactly one of them for any pair."""

    UNMANAGED = "unmanaged"
    UNKNOWN = "unknown"
    DIFFERS = "differs"
    MISSING = "missing"
    SURPLUS = "surplus"
    LEFTOVER = "leftover"
    PAUSED = "paused"
    FAILED = "failed"
    RETRY = "retry"
    WAITING = "waiting"
    NEXT = "next step"
    CONVERGING = "converging"
    STUCK = "stuck"
    AHEAD = "ahead"
    REMOVING = "removing"
    SYNCED = "synced"


class Sync(StrEnum):
    """Whether what is assigned is what git says."""

    SYNCED = "synced"
    OUT = "out of sync"
    UNKNOWN = "unknown"
    NONE = "unmanaged"


class Health(StrEnum):
    """How the unit is doing with what was assigned; later members are worse, and the worst of a fleet wins."""

    NONE = "unmanaged"
    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"


class Standing(StrEnum):
    """Where a managed slot stands in the counts of its fleet. The last one is a health: failed, stuck or ahead."""

    READY = "ready"
    OUT = "out-of-sync"
    MOVING = "moving"
    WAITING = "waiting"
    FAILED = "failed"
    STUCK = "stuck"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"


HEALTH_ORDER = tuple(Health)


def worst(healths: "set[Health]") -> Health:
    """Return the worst of them; NONE for none."""
    return max(healths, key=HEALTH_ORDER.index, default=Health.NONE)
