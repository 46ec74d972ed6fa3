"""The plan: a value that says all that will happen and all that will not, and why (`plan.v1`)."""

from enum import StrEnum

import msgspec

from reconciler.model.change import Action, Change, Held
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.drift import ActorKind
from reconciler.model.origin import Origin
from reconciler.model.provenance import ConnectionChange, Loosened, Provenance
from reconciler.model.release import Listed
from reconciler.model.rollout import RolloutPlan
from reconciler.model.unit import Ref

FORMAT = "reconciler/plan.v1"


class LimitKind(StrEnum):
    """What a limit or guard is about; the values `apply --allow` takes."""

    RELEASE = "release"
    REPLACE = "replace"
    REMOVE = "remove"
    EMPTY_SCOPE = "empty-scope"


class PaceKind(StrEnum):
    """What else `--allow` takes: what paces changes of a fleet, and is lifted for one run."""

    WINDOW = "window"
    KEEP = "keep"
    RETRY = "retry"


class Violation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit that the intended changes break: blocks apply of this fleet, never plan. Weights are in devices.

    `every_holder_of` names a workload that would be removed from every unit that has it; else `percent` and `number` are
    what the limit says.
    """

    kind: LimitKind
    workload: str = ""
    """The workload that goes beyond the limit; empty: all of the fleet together do."""
    every_holder_of: str = ""
    percent: str = ""
    number: int | None = None
    tag: str = ""
    value: str = ""
    """The limit is judged for the units with this value of the tag (`per`)."""
    intended: int = 0
    """Weight of the intended changes."""
    went: int = 0
    """Weight of what went in `window` besides, and counts with it."""
    window: str = ""
    """The time in which what went counts: a duration."""
    allowed: int = 0
    """Weight that the limit lets through."""
    of: int = 0
    """Weight the percentage was taken of."""
    unknown: int = 0
    """Units that are counted because what they hold is unknown, and git wants the workload absent there."""
    origin: Origin | None = None


class Lifted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit that the intended changes break and that `allow:` of the fleet lifts until a moment, which is not included."""

    violation: Violation
    reason: str
    until: str
    origin: Origin | None = None


class Counts(msgspec.Struct, frozen=True):
    """Changes by verb."""

    release: int = 0
    replace: int = 0
    remove: int = 0

    @property
    def total(self) -> int:
        """Return all changes."""
        return self.release + self.replace + self.remove


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one fleet. `slots` are the managed ones; `unmanaged` are slots in scope that git leaves alone."""

    units: int
    slots: int
    synced: int
    held: int
    unmanaged: int
    changes: Counts
    unknown: int = 0
    """Managed slots of which the reading proved nothing."""
    converging: int = 0
    waiting: int = 0
    failed: int = 0
    stuck: int = 0
    dropped: int = 0
    """Units that matched the scope but cannot be assigned to."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan was computed from. A saved plan is refused when `target` is another application."""

    target: str
    """The application read: its platform and address, e.g. `PLATFORM:https://api.example.com/applications/ID`."""
    manifest: str
    """Digest of the manifests."""
    commit: str | None = None
    complete: bool = True
    """Whether the reading proved all it did not show."""
    problems: tuple[str, ...] = ()
    versions: tuple[tuple[str, str, str], ...] = ()
    """(workload id, version, identity on the platform) of every version moved to."""


class Share(msgspec.Struct, frozen=True):
    """How much of a fleet the changes of one workload hit: `changing` of `managed` devices, whatever the filters."""

    workload: Ref
    changing: int
    managed: int


class Assigned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who assigned a version that git does not ask for, to so many slots; `version` None: nothing is assigned."""

    workload: Ref
    version: str | None
    slots: int
    units: tuple[Ref, ...]
    """A few of the units."""
    by: str
    """A name or an id, as the platform has it."""
    by_kind: ActorKind | None = None
    at: float | None = None
    """When they did so last, in seconds since 1970."""


class VersionCount(msgspec.Struct, frozen=True):
    """How many devices have a version assigned, and to how many git gives it; a version of None is none."""

    version: str | None
    assigned: int
    desired: int


class VersionMix(msgspec.Struct, frozen=True, kw_only=True):
    """What a fleet has of one workload, whatever the filters: all of its managed devices, by version.

    `unknown` are devices of slots that the reading did not prove; what git gives them is among the desired ones.
    """

    workload: Ref
    versions: tuple[VersionCount, ...]
    unknown: int = 0


class FleetPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of one fleet. `error` is set, and the rest empty, when its connection could not be read at all."""

    fleet: str
    connection: str
    platform: str
    basis: Basis
    summary: Summary
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the inventory shows to be wrong or odd about the fleet's manifest. Slots that an error is about are held."""
    violations: tuple[Violation, ...] = ()
    lifted: tuple[Lifted, ...] = ()
    """What would be violations, did the fleet not say `allow:`."""
    warnings: tuple[str, ...] = ()
    releases: tuple[Listed, ...] = ()
    """The versions that changes move units to: what reviewers want to know of them."""
    shares: tuple[Share, ...] = ()
    """Of each workload that has changes."""
    mix: tuple[VersionMix, ...] = ()
    """Of each workload that it manages on some device."""
    rollouts: tuple[RolloutPlan, ...] = ()
    """Of fleets whose versions spread in waves, or so many at a time."""
    assigned: tuple[Assigned, ...] = ()
    """Who assigned what is to change, where that was asked (`watch --out`) and the platform says so. Nothing is decided by it."""
    error: str = ""

    @property
    def goes(self) -> bool:
        """Return whether anything goes: now, or in a later stage of the same run."""
        return bool(self.changes) or any(one.stage for one in self.held)

    @property
    def mistakes(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the fleet's manifest."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """All that depends on when the plan was made, ISO 8601 in UTC. A saved plan is refused once it expired."""

    created: str
    expires: str
    read: dict[str, str] = {}
    """When each connection was read, by its name."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole plan.

    `fingerprint` says what is reviewed: plans that do the same for the same manifests have the same one, whenever they were
    made. `checksum` is the SHA-256 of the plan's canonical JSON without `checksum`: an edited plan is refused.
    `complete`: every slot asked about was proved, there are no others, and no changed Connection was left out.
    `applyable`: something can go, now or in a later stage, and nothing forbids it. `errored`: some connection could not be read.
    """

    format: str = FORMAT
    fingerprint: str
    checksum: str
    times: Times
    complete: bool
    applyable: bool
    errored: bool
    filters: str = ""
    """The filters it was made with, as typed; empty for all."""
    provenance: Provenance = Provenance()
    connections: tuple[ConnectionChange, ...] = ()
    """Connections that differ from those of the base."""
    loosened: tuple[Loosened, ...] = ()
    """What the manifests loosen against the base: limits, quarantines, and what else keeps changes from going."""
    fleets: tuple[FleetPlan, ...]
