"""Notices: troubles that people are notified of, and the messages about them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reconciler.model.drift import ActorKind, DriftCause
from reconciler.model.hold import HoldReason
from reconciler.model.plan import Violation
from reconciler.model.unit import Ref


class NoticeKind(StrEnum):
    """What a message is about; the values that `kinds:` of a target takes."""

    DRIFT = "drift"
    FAILURE = "failure"
    """Units fail, a connection cannot be read, or the manifests are not in force."""
    HALT = "halt"
    """A rollout was stopped by its failures."""
    ROLLBACK = "rollback"
    """A halted rollout was taken back in git, or could not be."""
    HOLD = "hold"
    """Something waits for a person."""
    RECOVERY = "recovery"


class Delivery(StrEnum):
    """What came of a message."""

    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"
    """There was no room for it among those that wait to be sent."""
    SILENT = "silent"
    """A person ended the trouble: nobody is notified."""
    LIMITED = "limited"
    """More than the target takes in an hour: counted, and said in a summary."""


class Cause(StrEnum):
    """Which trouble it is; the first part of its key."""

    DRIFT = "drift"
    FAILING = "failing"
    UNREAD = "unread"
    MANIFESTS = "manifests"
    UNPLANNED = "unplanned"
    HALT = "halt"
    ROLLBACK = "rollback"
    NOT_ROLLED_BACK = "not rolled back"
    HELD = "held"
    LIMIT = "limit"
    MISTAKE = "mistake"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble of one fleet that began, grew tenfold or ended. Which of the fields are set depends on `cause`."""

    key: str
    kind: NoticeKind
    cause: Cause
    fleet: str = ""
    workload: str = ""
    version: str | None = None
    """What is desired where it drifted (assigned where the unit did), what fails, what a halted rollout brings."""
    now: str | None = None
    """What is assigned where it drifted; what is reported where the unit did; what a rollback brings."""
    drift: DriftCause | None = None
    by: str = ""
    """Who assigned it, as the platform names them."""
    by_kind: ActorKind | None = None
    held: tuple[HoldReason, ...] = ()
    """What keeps the correction of what drifted."""
    slots: int = 0
    """Slots, changes or mistakes; devices of a halted rollout, `of` those that attempted it."""
    of: int = 0
    units: tuple[Ref, ...] = ()
    """A few of the units; there are `units_in_all`."""
    units_in_all: int = 0
    text: str = ""
    """Quoted: an error, a reason of `HoldReason`, or a branch."""
    violations: tuple[Violation, ...] = ()

    @property
    def size(self) -> int:
        """Return how large it is, by order of magnitude."""
        return len(str(self.slots))


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a target is sent. `title` is one line; `text` and `markdown` say the same."""

    kind: NoticeKind
    title: str
    text: str
    markdown: str
    at: float
    """Seconds since 1970."""
    run: str
    fleets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()


def key(cause: Cause, *parts: str) -> str:
    """Return the key of a trouble: names in it cannot be taken for each other."""
    return msgspec.json.encode([cause.value, *parts]).decode()
