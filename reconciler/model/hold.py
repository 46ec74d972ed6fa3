"""Why a change may not go now: typed reasons. The sentences are made in `views`."""

from enum import StrEnum

import msgspec

from reconciler.model.condition import Condition
from reconciler.model.origin import Origin


class HoldReason(StrEnum):
    """Why a change may not go now."""

    MISTAKE = "mistake"
    """The manifests are wrong about this slot, as the inventory shows."""
    UNKNOWN = "unknown"
    SUSPENDED = "suspended"
    QUARANTINED = "quarantined"
    VERSION_NOT_FOUND = "version-not-found"
    VERSION_UNKNOWN = "version-unknown"
    VERSION_NOT_RELEASED = "version-not-released"
    VERSION_FORBIDDEN = "version-forbidden"
    AGENT_TOO_OLD = "agent-too-old"
    UNASSIGNABLE = "unassignable"
    UNREACHABLE = "unreachable"
    """The platform keeps no commands for a unit that is not there: they are sent when it is back."""
    UNSUPPORTED = "unsupported"
    """The platform, as it is connected, has no call for this."""
    NO_ARTIFACT = "no-artifact"
    NOT_OFFERED = "not-offered"
    """The platform refuses this version to this unit."""
    NOT_PREPARED = "not-prepared"
    """A server is still getting the release ready."""
    PREPARATION_FAILED = "preparation-failed"
    PAUSED = "paused"
    PRUNING_UNSAFE = "pruning-unsafe"
    BEHIND_BASE = "behind-base"
    """The base gives the slot something else since these manifests left it, and they say what it said then."""
    ROUTE_UNVERIFIED = "route-unverified"
    IN_FLIGHT = "in-flight"
    """The same was sent a moment ago, and may still take effect."""
    REPEATED = "repeated"
    """The same was sent, and the slot is as it was before: it failed, or somebody undid it. It is sent later and later."""
    OUTSIDE_WINDOW = "outside-window"
    ROLLOUT_HALTED = "rollout-halted"
    ROLLOUT_PAUSED = "rollout-paused"
    ROLLOUT_ABORTED = "rollout-aborted"
    OWED = "owed"
    """The unit is not connected: a rollout sends it the version when it is back, through the same gates as all others."""
    WAVE_NOT_OPEN = "wave-not-open"
    TOO_MANY_MOVING = "too-many-moving"
    KEPT = "kept"
    """Of units that stand in for each other, so many must stay untouched and healthy (`keep`)."""
    KEEP_UNMET = "keep-unmet"
    """What `keep` asks for can never be: the unit belongs to no group, or its group is too small."""
    REQUIREMENT_NOT_MET = "requirement-not-met"


PACED = frozenset({HoldReason.OUTSIDE_WINDOW, HoldReason.KEPT, HoldReason.WAVE_NOT_OPEN, HoldReason.TOO_MANY_MOVING})
"""Reasons that pass by themselves: with time, or as other changes take effect."""
STOPPING = frozenset({HoldReason.ROLLOUT_HALTED, HoldReason.ROLLOUT_ABORTED})
"""Reasons that only a person ends: nothing waits for that."""


class Problem(StrEnum):
    """What is the matter with a requirement."""

    NOT_READ = "not-read"
    """The other connection could not be read."""
    READ_INCOMPLETELY = "read-incompletely"
    NO_WORKLOAD = "no-workload"
    """The other connection has no workload of the name that is required."""
    SEVERAL_WORKLOADS = "several-workloads"
    NO_TAG_VALUE = "no-tag-value"
    """The unit has no value of the tag that pairs units of two connections."""
    SEVERAL_TAG_VALUES = "several-tag-values"
    NOT_ONE_PARTNER = "not-one-partner"
    """Not exactly one unit of the other connection has the value of the tag: `count` have."""
    NOT_REPORTED = "not-reported"
    """What is required is not what is reported, assigned and alone there."""
    PRESENT = "present"
    """The workload that requires this one is there."""
    MAYBE_PRESENT = "maybe-present"


class Outlook(StrEnum):
    """What becomes of an unmet requirement."""

    NONE = ""
    UNMANAGED = "unmanaged"
    """No fleet manages the other slot."""
    CONTRADICTION = "contradiction"
    """The manifests ask for something else there (`desired`, at `desired_at`)."""
    ON_THE_WAY = "on-the-way"
    DESIRED = "desired"
    """The manifests ask for it (`desired`)."""
    AFTER_REPORTED = "after-reported"
    """This change goes in the same run, once `desired` is reported there."""
    AFTER_REMOVED = "after-removed"
    """This change goes in the same run, once the other workload is gone."""
    PLAN_BRINGS = "plan-brings"
    """This plan brings `desired` there, but something else holds this change."""
    PLAN_REMOVES = "plan-removes"


class Unmet(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A requirement that holds a change. `requires`: the change's workload requires `workload`; else it is required by it.

    `connection` and `tag` are set where the other slot is on another connection. `units` are the names of the units
    concerned, at most three, and `more` counts the others.
    """

    requires: bool
    workload: str
    required: str
    """The workload that is required: `workload`, or the change's own."""
    accepts: str
    """The versions that meet it, as written."""
    origin: Origin
    problem: Problem
    connection: str = ""
    tag: str = ""
    value: str = ""
    count: int = 0
    why: str = ""
    """Why something could not be read, quoted."""
    reported: tuple[str, ...] = ()
    assigned: str | None = None
    strays: tuple[str, ...] = ()
    """Versions that must be gone from there as well."""
    not_semantic: str = ""
    """A reported version that no range can be held against."""
    conditions: tuple[Condition, ...] = ()
    units: tuple[str, ...] = ()
    more: int = 0
    outlook: Outlook = Outlook.NONE
    desired: str = ""
    desired_at: Origin | None = None
    left_out: bool = False
    """The manifests ask for the change that would end it, but this plan does not have it."""


class KeepProblem(StrEnum):
    """Why `keep` holds a change."""

    TOO_FEW = "too-few"
    """Fewer of the group than `serving` would stay untouched and healthy."""
    TOO_SMALL = "too-small"
    """The group has no more units than must keep serving: none of them can ever change."""
    NO_TAG_VALUE = "no-tag-value"
    SEVERAL_TAG_VALUES = "several-tag-values"


class Kept(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What `keep` says of a unit: of the `members` units with the same value of a tag, `serving` must keep serving.

    `healthy` of them serve and are not touched. `units` are the names of those that do not, or are about to change: at most
    three, and `more` counts the others.
    """

    problem: KeepProblem
    tag: str
    serving: int
    value: str = ""
    members: int = 0
    healthy: int = 0
    units: tuple[str, ...] = ()
    more: int = 0


class ClosedBy(StrEnum):
    """What a wave still lacks, so that the waves after it stay closed."""

    INCOMPLETE = "incomplete"
    """The reading did not prove all that it did not show: it is no evidence."""
    TO_GO = "to-go"
    """Reachable units of it are still to be assigned the version: `count` of them."""
    NOBODY = "nobody"
    """No reachable device of it was assigned the version: nobody can report it."""
    SUCCESS = "success"
    """Too few report the version: `count` of `of` devices, where `needs` percent must."""
    SOAK = "soak"
    """Enough report it, but not for long enough: `count` seconds are left of `of`."""


class Closing(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Why waves are closed: what the wave of this number (from 0) still lacks."""

    wave: int
    by: ClosedBy
    count: int = 0
    of: int = 0
    needs: str = ""


class Hold(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One reason why a change may not go. Which fields are set depends on `code`.

    `text` is quoted: a person's reason, the platform's own words, or a diagnostic. `until` is a day. `needs` and `has`
    are agent versions; of a quarantine `needs` is the version in it that comes along with this one.
    """

    code: HoldReason
    text: str = ""
    until: str | None = None
    needs: str = ""
    has: str = ""
    conditions: tuple[Condition, ...] = ()
    problems: tuple[str, ...] = ()
    """Why the reading is incomplete."""
    at: Origin | None = None
    """Where a mistake, or `keep`, is written."""
    requirement: Unmet | None = None
    opens: str = ""
    """When the next window opens: a date and time in the window's own zone; `text` names that. Empty: not before `until`."""
    kept: Kept | None = None
    wave: int | None = None
    """The wave that is not open, by number from 0."""
    closing: Closing | None = None
    """What an earlier wave lacks."""
    count: int = 0
    """How often something was sent, or devices that failed, or that move, `of` those that were attempted, or that may move at a time."""
    of: int = 0
