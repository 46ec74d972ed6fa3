"""What must happen to slots, what may not happen now and why, and the calls that carry changes out.

These are also the entries of `plan.v1`: their JSON form is the public one.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from reconciler.model.desired import Settings
from reconciler.model.hold import PACED, Hold, HoldReason
from reconciler.model.origin import Origin
from reconciler.model.release import Release
from reconciler.model.unit import Ref


class Verb(StrEnum):
    """The three things that can happen to a slot."""

    RELEASE = "release"
    REPLACE = "replace"
    REMOVE = "remove"


class Reason(StrEnum):
    """Why a change is there. For people only: nothing is decided by it."""

    OUT_OF_SYNC = "out-of-sync"
    """Platform and git differ; without a base nobody can say which of them moved."""
    CHANGE = "change"
    """The manifests under review changed it (`--base`)."""
    DRIFT = "drift"
    """Git said so before: drift or backlog (`--base`)."""
    LEFTOVER = "leftover"
    RETRY = "retry"
    NEXT = "next-step"
    """On the way to what git says: the platform waits for the next call."""
    OVERWRITTEN = "overwritten"
    PRUNE = "prune"


FREE = frozenset({Reason.LEFTOVER, Reason.NEXT})
"""Reasons of changes that count against no limit."""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step of a change: the kind of call, and whether this run does it (`now`) or a later pass (`later`)."""

    call: str
    when: str = "now"


class Staging(msgspec.Struct, frozen=True):
    """How a platform assigns a version to a share of a unit's devices: its setting of the percentage, and the call that raises it."""

    setting: str
    call: str


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What must happen to one slot. In JSON `from_` is `from`, null where nothing is (or stays) assigned.

    `observed` is the digest the slot had when planned; apply skips the slot when it differs (rule 5).
    `identity` is that of the version moved to. `extra_versions` are versions that go besides.
    """

    unit: Ref
    workload: Ref
    verb: Verb
    from_: str | None = msgspec.field(name="from")
    to: str | None
    reason: Reason
    steps: tuple[Step, ...]
    origin: Origin
    observed: str
    extra_versions: tuple[str, ...] = ()
    settings: Settings = ()
    settings_from: Settings = ()
    """What the version has now, where it stays and only its settings change."""
    size: int = 1
    share: int | msgspec.UnsetType = msgspec.UNSET
    """The percent of the unit's devices that the calls of now take it to, where a wave of a rollout stops there."""
    downgrade: bool = False
    """Whether the version moved to comes before the one it replaces, where the platform or the workload orders them."""


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change that may not go now, with every reason. `verb` is None where nothing is known of the slot."""

    unit: Ref
    workload: Ref
    verb: Verb | None
    from_: str | None = msgspec.field(name="from")
    to: str | None
    reasons: tuple[Hold, ...]
    origin: Origin
    stage: int = 0
    """Above 0: it goes in this very run once earlier stages took effect; 0: not in this run."""
    size: int = 1
    settings: Settings = ()
    observed: str = ""
    """The digest the slot had when planned, as a change has it; empty where nothing is known of the slot."""
    downgrade: bool = False
    reason: Reason = Reason.OUT_OF_SYNC
    """Why it would go, as a change says it; `reasons` are why it may not."""

    @property
    def passes(self) -> bool:
        """Return whether what holds it passes by itself; requirements are judged again by then."""
        codes = {one.code for one in self.reasons}
        return self.verb is not None and bool(codes & PACED) and codes <= PACED | {HoldReason.REQUIREMENT_NOT_MET}

    @property
    def follows(self) -> bool:
        """Return whether it may go in this very run, if that waits for long enough."""
        return bool(self.stage) or self.passes


class Request(msgspec.Struct, frozen=True):
    """One HTTP request as it will be sent, without host and credentials."""

    method: str
    path: str
    body: Any = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One API call that carries out many changes.

    `slots` are positions in the fleet's `changes`. Stages run one after another; calls of one stage in any order.
    `wide` marks a call without ids: it may only go when a count read right before equals its slots (rule 4).
    """

    call: str
    request: Request
    slots: tuple[int, ...]
    stage: int = 0
    wide: bool = False
    idempotent: bool = True
    reveals: tuple[Release, ...] = ()
    """Releases that the catalogue may be asked about without a further effect once this call was accepted."""


SlotId = tuple[str, str]
"""(unit id, workload id)."""

Refusals = Mapping[SlotId, frozenset[str]]
"""Kinds of call that a platform refused in this run, by slot."""

NOTHING_REFUSED: Refusals = {}


class Review(msgspec.Struct, frozen=True):
    """What a platform has to say of changes before they are compiled, by their positions.

    `holds` are reasons why a change may not go as things are; `later` the calls that will follow those of this pass;
    `warnings` what people should know before they approve.
    """

    holds: dict[int, tuple[Hold, ...]] = {}
    later: dict[int, tuple[str, ...]] = {}
    warnings: tuple[str, ...] = ()
