"""What happens during a run, as typed values (`event.v1`): views, progress, result files and journals only consume them."""

import msgspec

from reconciler.model.change import Reason, Request, Verb
from reconciler.model.drift import ActorKind, DriftCause
from reconciler.model.event_parts import Failing, SlotName
from reconciler.model.hold import Hold
from reconciler.model.notice import Delivery, NoticeKind
from reconciler.model.outcome import Excess, Outcome, Receipt, Result
from reconciler.model.plan import Lifted, Plan, Violation
from reconciler.model.report import Spread
from reconciler.model.ruling import Act, RolloutId, Ruling
from reconciler.model.unit import Ref


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=lambda name: name.lower()):
    """Anything that happened. `at` is seconds since 1970 (in JSON ISO 8601 in UTC), `run` the id of the run or watch."""

    at: float
    run: str


class Started(Event, frozen=True, kw_only=True):
    """A run began; `kind` is apply or watch."""

    kind: str
    fingerprint: str = ""
    commit: str | None = None
    author: str = ""
    """Who made the commit."""
    allowed: tuple[tuple[str, str], ...] = ()
    """(limit, reason a person gave for lifting it)."""
    lifted: tuple[tuple[str, Lifted], ...] = ()
    """What fleets themselves lift (`allow:`), by fleet."""
    reviewed: tuple[str, ...] = ()
    """Fingerprints of the reviewed plans that this run may not go beyond, where it planned again."""


class InForce(Event, frozen=True, kw_only=True):
    """A watch goes by these manifests from now on: those of a commit, or as they were read."""

    fleets: int
    commit: str = ""
    """Marked as git marks it where files differ from it; empty outside git."""
    author: str = ""
    date: str = ""
    summary: str = ""
    """The first line of what its author said of it."""
    signer: str = ""
    """Who signed it, where that is verified."""
    before: str = ""
    """The commit that was in force in this process; empty for the first."""
    changed: bool = False
    """Whether they take the place of others."""


class Intended(Event, frozen=True, kw_only=True):
    """A call is about to be sent; written before it goes. `call` is its number within the run, `kind` names the call."""

    fleet: str
    call: int
    kind: str
    request: Request
    wide: bool
    slots: tuple[SlotName, ...]


class Called(Event, frozen=True, kw_only=True):
    """A call was answered, or not."""

    fleet: str
    call: int
    receipt: Receipt
    seconds: float


class Resolved(Event, frozen=True, kw_only=True):
    """A reading shows what came of a call that nobody saw the answer of: a crash, a lost connection.

    `of` is the run that sent it, `call` its number there. `effect` says whether the slots have what was sent.
    """

    fleet: str
    of: str
    call: int
    effect: bool
    slots: tuple[SlotName, ...]


class Settling(Event, frozen=True, kw_only=True):
    """The fleet was read while waiting for it to settle."""

    fleet: str
    done: int
    waiting: int
    failed: int
    pending: int
    later: int = 0
    """Changes of later stages, which are not in `pending`: nothing is sent for them yet."""
    steps: dict[str, int] = {}
    """How many of `pending` wait for the effect of which kind of call, where a change takes several."""


class Settled(Event, frozen=True, kw_only=True):
    """What came of one change."""

    outcome: Outcome


class Note(Event, frozen=True, kw_only=True):
    """Something a person should know. `level` is info, warning or error."""

    level: str
    message: str
    fleet: str = ""


class Blocked(Event, frozen=True, kw_only=True):
    """Nothing is sent for a fleet: limits forbid all of its changes, or some are more than what was reviewed (`excess`)."""

    fleet: str
    violations: tuple[Violation, ...]
    excess: tuple[Excess, ...] = ()


class Passed(Event, frozen=True, kw_only=True):
    """One turn of watch ended for a fleet, its corrections included; `outcomes` counts what these came to."""

    fleet: str
    number: int
    sync: str
    health: str
    changes: int
    held: int
    violations: int
    mistakes: int = 0
    unmatched: int = 0
    """Mistakes in manifests about its slots, and lines about units that are not there."""
    waited: bool = True
    """Whether the units were waited for: where they were not, nothing is waited for still."""
    outcomes: dict[str, int] = {}
    reasons: dict[str, int] = {}
    """How many of the held changes have each reason; one may have several."""
    platform: str = ""
    read_at: float | None = None
    """When what it was judged by was read; None where its connection could not be read, and `error` says why."""
    full_at: float | None = None
    """When it was last read, and when last in full, in seconds since 1970; None where it could not be: `error` says why."""
    error: str = ""
    verdicts: dict[str, int] = {}
    """How many of its slots have each verdict, as they were read."""
    standings: dict[str, int] = {}
    """How many of its managed slots stand how: each is in one count."""
    failing: tuple[Failing, ...] = ()
    """What fails or is stuck, most slots first; of many kinds only the largest."""
    unsettled: tuple[Failing, ...] = ()
    """What failed before and is not seen to be well yet: it is tried again, or waits for that. Without `error`."""
    astray: int = 0
    """Slots that drifted and are not seen to be well yet."""
    budgets: dict[str, int] = {}
    """Devices that the fleet's limits still let through, by verb; a verb without a limit is not there."""
    spread: tuple[Spread, ...] = ()
    """How many of its slots are assigned and report which version; of many versions those of most slots."""


class Completed(Event, frozen=True, kw_only=True):
    """One turn of watch ended for all fleets; `fleets` counts those that were planned, `seconds` is how long it took."""

    number: int
    fleets: int
    seconds: float
    pause: float = 0.0
    """Seconds until the next turn begins."""
    manifests_at: float | None = None
    """When the manifests in force were last read; None where none came into force."""
    commit: str = ""
    invalid: str = ""
    """Why the manifests that are there now are not in force."""
    unplanned: str = ""
    """Why there was no plan."""


class Differing(Event, frozen=True, kw_only=True):
    """Slots of one workload need the same change, which this turn of watch does not make: `now` is assigned, git says `desired`.

    Slots that an earlier turn reported are not among `units`. `holds` keep the change from going, and do not pass by themselves.
    """

    fleet: str
    workload: Ref
    verb: Verb
    now: str | None
    desired: str | None
    reason: Reason
    units: tuple[Ref, ...]
    cause: DriftCause | None = None
    """None where nobody can tell: the first turn of a watch, a hold that ended."""
    holds: tuple[Hold, ...] = ()


class Drifted(Event, frozen=True, kw_only=True):
    """Somebody changed a slot: it had `was` assigned when it was read last, and has `now`, where git says `desired`.

    Where the cause is the unit, `was` and `now` are what it reported, and `desired` is what it is assigned. `by` is who assigned it
    in the platform's own name or id, `changed_at` when, in seconds since 1970, as far as it says. `holds` keep its correction.
    """

    fleet: str
    unit: Ref
    workload: Ref
    was: str | None
    now: str | None
    desired: str | None
    verb: Verb | None = None
    cause: DriftCause = DriftCause.PLATFORM
    by: str = ""
    by_kind: ActorKind | None = None
    changed_at: float | None = None
    holds: tuple[Hold, ...] = ()


class Met(Event, frozen=True, kw_only=True):
    """A wave of a rollout was seen to meet its success for the first time, or no longer does (`met` is false)."""

    rollout: RolloutId
    workload: Ref
    wave: int
    """Its number, from 0."""
    met: bool
    whole: bool = False
    """It stands for all of the rollout: every unit that can be reached reports the version, or no longer does."""
    implied: bool = False
    """The same reading shows that the rollout is complete, which another event says."""


class Halted(Event, frozen=True, kw_only=True):
    """A rollout failed often enough to stop: nothing more of it goes. `failed` of `attempted` devices."""

    rollout: RolloutId
    workload: Ref
    failed: int
    attempted: int
    units: tuple[Ref, ...] = ()


class Ruled(Event, frozen=True, kw_only=True):
    """A person said what is to become of a rollout."""

    rollout: RolloutId
    workload: Ref
    ruling: Ruling


class RolledBack(Event, frozen=True, kw_only=True):
    """A commit on a branch of its own takes a version back in git; nothing was assigned. `to` is what comes in its place.

    `new` is false where somebody else had made the branch before.
    """

    rollout: RolloutId
    workload: Ref
    to: str
    branch: str
    commit: str
    pushed: bool
    new: bool = True


class RollbackFailed(Event, frozen=True, kw_only=True):
    """A halted rollout could not be taken back in git, `times` in a row; it is tried again after `pause` seconds.

    `known` says whether the attempt before ended with the same error.
    """

    rollout: RolloutId
    workload: Ref
    error: str
    times: int = 1
    pause: float = 0.0
    known: bool = False


class Proposed(Event, frozen=True, kw_only=True):
    """A plan waits for a person to approve it: nothing of it goes before. It has one fleet."""

    fleet: str
    plan: Plan


class Approved(Event, frozen=True, kw_only=True):
    """A person approved the plan of a fleet with this fingerprint: a watch may carry it out."""

    fleet: str
    fingerprint: str
    reason: str
    by: str


class Acted(Event, frozen=True, kw_only=True):
    """A person did something on the page of a watch, with the branch that says it in git, where there is one.

    `subject` is what it is about besides the fleet: workload and version of a quarantine.
    """

    act: Act
    by: str
    reason: str
    fleet: str = ""
    subject: str = ""
    branch: str = ""
    commit: str = ""


class Notified(Event, frozen=True, kw_only=True):
    """A message about troubles was sent, or could not be; `count` of them ended alike since the last such event.

    `keys` name the troubles: a history remembers that they were sent until their end is.
    """

    target: str
    kind: NoticeKind
    result: Delivery
    title: str
    keys: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    """How many slots each trouble was about, by order of magnitude: one that grows tenfold is sent again."""
    count: int = 1
    error: str = ""

    @property
    def ends(self) -> bool:
        """Return whether troubles are over by it: their end was sent, or a person ended them."""
        return self.kind is NoticeKind.RECOVERY and self.result in {Delivery.SENT, Delivery.SILENT}


class Finished(Event, frozen=True, kw_only=True):
    """A run ended."""

    results: dict[Result, int]
    exit_code: int
    seconds: float


AnyEvent = (
    Started | InForce | Intended | Called | Resolved | Settling | Settled | Note | Blocked | Passed | Completed | Differing
    | Drifted | Met | Halted | Ruled | RolledBack | RollbackFailed | Proposed | Approved | Acted | Notified | Finished
)  # fmt: skip
