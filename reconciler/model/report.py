"""What commands answer besides plans, as values that views show and scripts read.

Times are ISO 8601 in UTC, counts are slots unless a field says units; workloads and units go by the names people use.
"""

import msgspec

from reconciler.model.change import Held, Verb
from reconciler.model.condition import Condition
from reconciler.model.desired import Settings
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.hold import Hold
from reconciler.model.observation import Facts
from reconciler.model.origin import Origin
from reconciler.model.outcome import Excess, Outcome
from reconciler.model.plan import Lifted, Violation
from reconciler.model.release import Listed, Preparation
from reconciler.model.rollout import RolloutPlan, WavePlan
from reconciler.model.unit import Labels, Ref
from reconciler.model.verdict import Health, Standing, Sync, Verdict

RESULT_FORMAT = "reconciler/result.v1"
STATUS_FORMAT = "reconciler/status.v1"
EXPLANATION_FORMAT = "reconciler/explanation.v1"
DIFFERENCE_FORMAT = "reconciler/difference.v1"
RELEASES_FORMAT = "reconciler/releases.v1"
DELIVERIES_FORMAT = "reconciler/deliveries.v1"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one apply. `sent` are the calls that went out, `seconds` how long all took.

    `blocked` are the limits that nobody lifted, by fleet; `errors` the fleets that could not be read, with the reason;
    `held` counts the changes that the plan held back, which have no outcome, and `held_changes` has them, by fleet. Where it was not `waited`, nobody looked what
    units made of the calls.
    """

    run: str
    fingerprint: str = ""
    exit_code: int
    sent: int
    seconds: float | None = None
    waited: bool = True
    interrupted: bool = False
    """Whether a stop ended the wait for changes that were accepted."""
    blocked: tuple[tuple[str, Violation], ...] = ()
    lifted: tuple[tuple[str, Lifted], ...] = ()
    """Limits that fleets themselves lift (`allow:`), by fleet."""
    allowed: tuple[tuple[str, str], ...] = ()
    """(limit, reason) of what a person lifted for this run."""
    reviewed: tuple[str, ...] = ()
    """Fingerprints of the reviewed plans that this run may not go beyond, where it planned again."""
    excess: tuple[Excess, ...] = ()
    """What is more than was reviewed: nothing was sent because of it."""
    errors: tuple[tuple[str, str], ...] = ()
    held: int = 0
    held_changes: tuple[tuple[str, Held], ...] = ()
    mistakes: tuple[tuple[str, Diagnostic], ...] = ()
    """What is wrong with manifests, by fleet; the slots that it is about are held."""
    outcomes: tuple[Outcome, ...] = ()


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that failed or is stuck. `error` is the platform's own text; `since` when that began."""

    unit: Ref
    workload: str
    version: str | None
    error: str = ""
    conditions: tuple[Condition, ...] = ()
    since: str | None = None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How many slots of a workload are assigned a version, and how many of them report it. None is nothing.

    `devices` is how many devices report it, None where every unit is one device.
    """

    workload: str
    version: str | None
    assigned: int
    reported: int
    devices: int | None = None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Slots of a workload on their way to a version. `least` and `most` are percent done, `eta` the longest, in seconds.

    Each is None where the platform tells none.
    """

    workload: str
    version: str | None
    slots: int
    least: float | None = None
    most: float | None = None
    eta: float | None = None


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What a person should know of `slots` alike besides; `units` are the first few of them."""

    workload: str
    conditions: tuple[Condition, ...]
    slots: int
    units: tuple[Ref, ...]


class SlotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of a unit, in `status --units`. `desired` is a version, `absent` or `unmanaged`.

    `progress` is percent, `eta` seconds. `ready` of `size` devices report what is assigned; None where the unit is one.
    """

    workload: str
    workload_id: str = ""
    desired: str
    assigned: str | None
    reported: str | None
    verdict: Verdict
    sync: Sync
    health: Health
    since: str | None = None
    error: str = ""
    progress: float | None = None
    eta: float | None = None
    ready: int | None = None
    size: int = 1
    conditions: tuple[Condition, ...] = ()


class UnitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One unit. `key` is what commands call it: name or id. `reach` is connected, disconnected or unknown."""

    unit: Ref
    key: str = ""
    reach: str
    slots: tuple[SlotStatus, ...]


class FleetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one fleet is doing. `ready` of `total` managed slots run what git says.

    `error` is set, and the rest empty, when its connection could not be read. `problems` say why a reading is
    incomplete. `unit_list` is None unless it was asked for.
    """

    fleet: str
    connection: str
    platform: str
    sync: Sync
    health: Health
    units: int = 0
    ready: int = 0
    total: int = 0
    out: int = 0
    """Slots where what is assigned is not what git says."""
    next_step: int = 0
    """Those of `out` that are on the way, and for which the platform waits for the next call."""
    moving: int = 0
    waiting: int = 0
    failed: tuple[Trouble, ...] = ()
    stuck: tuple[Trouble, ...] = ()
    unknown: int = 0
    unmanaged: int = 0
    ready_devices: int | None = None
    devices: int | None = None
    """`ready_devices` of `devices` that are to report run what was assigned; None where every unit is one device."""
    read_at: str | None = None
    spread: tuple[Spread, ...] = ()
    movements: tuple[Movement, ...] = ()
    remarks: tuple[Remark, ...] = ()
    problems: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the inventory shows to be wrong or odd about the fleet's manifest."""
    unmatched: int = 0
    """Pins, overrides and selectors of the manifest that speak of units which are not there."""
    rollouts: tuple[RolloutPlan, ...] = ()
    """Of fleets whose versions spread in waves, or so many at a time."""
    unit_list: tuple[UnitStatus, ...] | None = None
    error: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How all fleets asked about are doing. `filters` are the filters as typed; empty for all.

    With `only`, units are listed with the slots that stand so, and fleets of which all was read and none stands so are
    left out.
    """

    fleets: tuple[FleetStatus, ...]
    filters: str = ""
    only: tuple[Standing, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a manifest that speaks of a slot. `text` is what it says, in a few words (`pins.gw-017: v1.3.2`).

    `commit`, `author`, `date` and `summary` are those of the line's last change, empty where git cannot tell.
    """

    origin: Origin
    text: str
    commit: str = ""
    author: str = ""
    date: str = ""
    summary: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform showed of a slot, and when it was read (`read_at`).

    `progress` is percent, `eta` seconds. Of a unit of several devices, `ready` of `size` report what is assigned, and
    `spread` says how many report each version. `protected` says why the slot is never pruned.
    """

    assigned: str | None
    reported: str | None
    extra_versions: tuple[str, ...] = ()
    phase: str = "settled"
    since: str | None = None
    error: str = ""
    conditions: tuple[Condition, ...] = ()
    identity: str | None = None
    overwritten: bool = False
    settings: Settings = ()
    progress: float | None = None
    eta: float | None = None
    ready: int | None = None
    size: int = 1
    spread: tuple[tuple[str, int], ...] = ()
    protected: tuple[Condition, ...] = ()
    stages: tuple[tuple[str, str], ...] = ()
    """How far each version has come, as (version, the platform's stage), where changes take several calls."""
    facts: Facts = ()
    read_at: str | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan would do with a slot. `calls` are the calls in order; later steps say so."""

    verb: Verb
    from_: str | None = msgspec.field(name="from")
    to: str | None
    calls: tuple[str, ...] = ()


class SlotExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one slot is as it is, and what becomes of it.

    `won` is the rule in force, `lost` those it beat, strongest first. `seen` is None where the reading proved nothing.
    At most one of `planned` and `held` is set: what goes, or every reason why it does not.
    """

    fleet: str
    unit: Ref
    workload: Ref
    desired: str
    won: Rule | None
    lost: tuple[Rule, ...] = ()
    seen: Seen | None = None
    reach: str = "unknown"
    labels: Labels = ()
    """What people select the unit by."""
    verdict: Verdict
    sync: Sync
    health: Health
    planned: Planned | None = None
    held: tuple[Hold, ...] = ()
    stage: int = 0
    """Above 0, what is held goes in this very run, once earlier stages took effect."""
    wave: WavePlan | None = None
    """The wave of a rollout that the unit is in; of several, the one that takes it further next."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Every slot asked about."""

    slots: tuple[SlotExplanation, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One difference between two things. `path` leads to it in the design's words (`fleet austin`, `changes`, `gw-017`).

    `was` is None for what came new, `now` for what is gone.
    """

    path: tuple[str, ...]
    was: str | None
    now: str | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How two plans, snapshots or manifests (`kind`) differ; `left` and `right` are what was compared, as typed."""

    kind: str
    left: str
    right: str
    differences: tuple[Difference, ...]


class ConnectionReleases(msgspec.Struct, frozen=True, kw_only=True):
    """The releases that the platform of a connection lists. `notes` say what could not be answered.

    `error` is set, and the rest empty, when it could not be read at all; `hint` then says what to do. `prepares` says
    that a server gets releases ready, so that their ids are of use to `deliveries`.
    """

    connection: str
    platform: str
    prepares: bool = False
    releases: tuple[Listed, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""


class ConnectionDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """How preparations of a connection stand; `prepares` is false where the platform has no such thing.

    `error` is set, and the rest empty, when it could not be asked; `hint` then says what to do. `notes` name releases
    that are wanted and left out.
    """

    connection: str
    platform: str
    prepares: bool = True
    preparations: tuple[Preparation, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
