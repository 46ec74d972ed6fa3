"""What came of changes and calls."""

from enum import StrEnum

import msgspec

from reconciler.model.change import Verb
from reconciler.model.condition import Condition
from reconciler.model.hold import Hold
from reconciler.model.origin import Origin
from reconciler.model.unit import Ref


class ReceiptKind(StrEnum):
    """What a platform answered to one call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """No answer, or one that proves nothing: settled by reading back."""
    UNPROVED = "unproved"
    """Not sent, since a look right before showed that its slots are not as planned (rule 4, or a step overtaken)."""


class Receipt(msgspec.Struct, frozen=True):
    """The answer to one action. `error` is the platform's own text; `status` its HTTP status."""

    kind: ReceiptKind
    error: str = ""
    status: int | None = None
    alternative: bool = False
    """The platform has another call for the same end: compile again with this kind of call among the refused ones.

    With an UNKNOWN receipt that holds once the call was sent several times without effect.
    """
    refused: tuple[tuple[str, str], ...] = ()
    """Units that the platform refuses it for, as (unit id, why); the others are as `kind` says."""
    answer: str = ""
    """What else the platform answered, where no document promises it."""

    @property
    def is_failure(self) -> bool:
        """Return whether something of the call was refused, with no other call for the same end."""
        return not self.alternative and (self.kind is ReceiptKind.REJECTED or bool(self.refused))


class Result(StrEnum):
    """What came of one change. The order is the one reports use."""

    DONE = "done"
    FAILED = "failed"
    STALE = "stale"
    """No longer as the plan saw it: skipped."""
    UNKNOWN = "unknown"
    NOT_TRIED = "not tried"
    WAITING = "still waiting"
    """Accepted by the platform; the unit has not taken it yet."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of the change of one slot."""

    fleet: str
    unit: Ref
    workload: Ref
    verb: Verb
    to: str | None
    result: Result
    detail: str = ""
    holds: tuple[Hold, ...] = ()
    """What holds it, where that is why."""
    conditions: tuple[Condition, ...] = ()
    """What the reading says of the slot besides."""


class Surplus(StrEnum):
    """Why a change of today's plan is more than what was reviewed."""

    NOT_REVIEWED = "not-reviewed"
    """No reviewed plan changes the slot."""
    OTHER_VERSION = "other-version"
    """Reviewed was another version, or the same with other settings."""
    REMOVES_MORE = "removes-more"
    """It takes versions away that no reviewed plan names there."""
    DOWNGRADE = "downgrade"
    """It goes back to the version that was reviewed: the slot has a later one since."""


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """A change of today's plan that was not reviewed. `reviewed` is the version that was, None for none or a removal."""

    fleet: str
    unit: Ref
    workload: Ref
    verb: Verb
    from_: str | None = msgspec.field(name="from")
    to: str | None
    why: Surplus
    reviewed: str | None = None
    origin: Origin
