"""Progress: what a run has let in, sent and seen of each change. A value without I/O; `core.advance` alone moves it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from math import inf

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Patience
from reconciler.core.plan import Compiler
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Held, Refusals, SlotId
from reconciler.model.observation import State
from reconciler.model.outcome import Outcome, Receipt
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Release
from reconciler.model.snapshot import Snapshot

RESEND_AFTER = 60.0
"""Seconds that an accepted call has to show: some platforms show it late, some drop it. A step is then sent once more."""

MAX_SENDS = 3
"""How often one step is sent at most while it shows no effect."""

SPLITS = 64
"""How often refused calls of one fleet are split in a run."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """One fleet as it was read and decided last.

    `number` grows with every reading. `done_at` is when the reading was complete, in monotonic seconds. Without `plan`
    and `assessment` only open slots were read: nothing new is sent on such a sight.
    """

    number: int
    snapshot: Snapshot
    patience: Patience
    compiler: Compiler
    done_at: float
    plan: FleetPlan | None = None
    assessment: FleetAssessment | None = None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that failed. `final`: reading again will not help (credentials)."""

    number: int
    error: str
    final: bool = False


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When an advance happens: monotonic seconds, whether the run was asked to stop, whether waiting is over.

    `date` is the same moment in seconds since 1970; `left` are the seconds that are left to wait.
    """

    now: float
    stopping: bool = False
    over: bool = False
    date: float = 0.0
    left: float = inf


class Sent(msgspec.Struct, frozen=True, gc=False):
    """What was accepted for a slot last: the kinds of call, what the slot looked like before, when, and how often."""

    calls: tuple[str, ...]
    before: State
    at: float
    times: int = 1


class Track(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One change on its way.

    `goal` is the change as it was let in (Held: it waits for its stage). `next` is what must be sent, as decided last.
    `lost`, `put_off` and `objected` count sendings without an answer, those that the platform put off, and those not
    sent since a look right before spoke against them. `cap` bounds the slots of one call that this one is in; 0 does not.
    """

    goal: Change | Held
    next: Change | None = None
    sent: Sent | None = None
    shown: bool = False
    """The platform has shown the assignment since it was sent."""
    lost: int = 0
    put_off: int = 0
    objected: int = 0
    cap: int = 0
    reread: bool = False
    """It must be read again before it is sent again."""
    error: str = ""
    blocked: Held | None = None
    """What holds its next step, as read last."""

    @property
    def wide(self) -> bool:
        """Return whether it may go in a call without ids."""
        return not self.cap and not self.objected


class Call(msgspec.Struct, frozen=True):
    """One call that is to be sent now, and the changes that it carries out."""

    action: Action
    changes: tuple[Change, ...]

    @property
    def slots(self) -> tuple[SlotId, ...]:
        """Return which slots it is about."""
        return tuple((change.unit.id, change.workload.id) for change in self.changes)


class Look(IntEnum):
    """What must be read before a run can go on."""

    NOTHING = 0
    OPEN = 1
    """Only the open slots, where the platform can answer that."""
    WHOLE = 2


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where one fleet's changes stand. `tracks` are the open ones; those that ended are in no field.

    `steps`: the platform takes several calls for a change, and may drop what it accepted.
    """

    fleet: str
    wait: bool
    steps: bool = False
    fail_fast: bool = False
    tracks: dict[SlotId, Track] = {}
    queue: tuple[Call, ...] = ()
    """Compiled calls of later stages, in order."""
    identities: Mapping[tuple[str, str], str] = {}
    """Content identity of every version (workload id, version) that changes move to, as it was when they were let in."""
    refused: Refusals = NOTHING_REFUSED
    revealed: frozenset[Release] = frozenset()
    """Releases that the catalogue may be probed for, since their preparation was accepted."""
    probed: frozenset[Release] = frozenset()
    """Those of them that the last reading was to probe."""
    splits: int = SPLITS
    halted: str = ""
    """Why nothing more is sent; empty while it is."""
    seen: int = 0
    """Number of the last reading that was judged."""
    looks: int = 0
    """Readings since a call was accepted last: pauses grow with them."""
    ready_since: float | None = None
    """Since when slots that are ready for their next step wait for others, in monotonic seconds."""


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of an advance: the calls that go now, the changes that ended, and what must be read before the next.

    `pause` is how long to wait before that reading, in seconds; `until` is when the last of the calls may start, in
    monotonic seconds.
    """

    progress: Progress
    calls: tuple[Call, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    look: Look = Look.NOTHING
    pause: float = 0.0
    interrupted: bool = False
    """A stop ended the wait for changes that were accepted."""
    until: float = inf

    @property
    def ended(self) -> bool:
        """Return whether no change of the fleet is open any more."""
        return not self.progress.tracks


Answers = Sequence[tuple[Call, Receipt | None]]
"""Calls and what came back; None: it was not sent."""
