"""The kinds a manifest is made of besides connections: Channel and Fleet, exactly as people write them.

The structs are the source of structure: `schemas/manifest.v1.schema.json` is generated from them, and the loader accepts
what they accept. What a value *means* (an unknown channel, an overlap) is checked by `manifest.check` and `core`.
"""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from reconciler.model.desired import Scalar
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Amount, Count, Day, Duration, Kind, Name, Percent, Text, Version, Why
from reconciler.model.origin import Locate

# --- Channel --------------------------------------------------------------------------------------------------------


class ChannelSpec(Kind, frozen=True, kw_only=True):
    """Named versions that fleets refer to."""

    versions: dict[Text, Version]


# --- Fleet ----------------------------------------------------------------------------------------------------------


class Selector(Kind, frozen=True, kw_only=True):
    """Which units. Keys of one mapping are ANDed; an empty mapping is an error (say `all: true`)."""

    all: bool | None = None
    ids: list[Text] | None = None
    names: list[Text] | None = None
    tags: dict[Text, Text | list[Text]] | None = None
    cohorts: list[Text] | None = None
    not_: "Selector | None" = msgspec.field(default=None, name="not")
    any: "list[Selector] | None" = None


class ChannelRef(Kind, frozen=True, kw_only=True):
    """The version that a channel names for this workload."""

    channel: Name


class Choice(Kind, frozen=True, kw_only=True):
    """What units should have: exactly one of `version`, `absent: true`, `unmanaged: true`.

    `{channel: stable}` is short for `{version: {channel: stable}}`.
    """

    version: Version | ChannelRef | None = None
    channel: Name | None = None
    absent: bool | None = None
    unmanaged: bool | None = None
    settings: dict[Text, Scalar] = {}

    def __post_init__(self) -> None:
        """Make the long form of the short one, which stays: it says where the channel was written."""
        if self.channel is not None and self.version is None:
            msgspec.structs.force_setattr(self, "version", ChannelRef(channel=self.channel))


class Override(Choice, frozen=True, kw_only=True):
    """A choice for some units of a workload; later overrides win."""

    units: Selector


class Requirement(Kind, frozen=True, kw_only=True):
    """Versions of another workload that a unit must report. `version` is a list of them, or a range such as `>=1.4`.

    With `connection` and `tag` it is about the one unit of that connection which bears the same value of the tag.
    """

    version: Text | list[Version]
    connection: Name | None = None
    tag: Text | None = None


class WorkloadSpec(Choice, frozen=True, kw_only=True):
    """A workload of a fleet: what its units should have, who differs."""

    id: Text | None = None
    units: Selector | None = None
    overrides: list[Override] = []
    order: Annotated[str, msgspec.Meta(pattern=r"^semver$(?!\n)")] | None = None
    requires: dict[Text, Text | list[Version] | Requirement] = {}
    """What other workloads must report on a unit before this one may go there."""


Pin = Version | Choice

if TYPE_CHECKING:
    Entry = WorkloadSpec
else:  # `modbus-poller: v1.3.0` is short for `{version: v1.3.0}`; the fleet makes it the long form
    Entry = Version | WorkloadSpec


class Limit(Kind, frozen=True, kw_only=True):
    """A share and/or a number of devices; the stricter counts."""

    percent: Percent | None = None
    number: Count | None = None


class Limits(Kind, frozen=True, kw_only=True):
    """How much one apply may do. Up to `minimum` units a percentage does not forbid a single change."""

    remove: Amount | Limit = "10%"
    replace: Amount | Limit | None = None
    release: Amount | Limit | None = None
    minimum: Count = 3
    window: Duration | None = None
    """What went in this time counts besides what is intended."""
    per: Text | None = None
    """A tag: limits are judged for the units of each of its values, besides."""


class Quarantine(Kind, frozen=True, kw_only=True):
    """A version that must not go anywhere until a day, which is not included."""

    workload: Text
    version: Version
    reason: Why
    until: Day | None = None


class Allowance(Kind, frozen=True, kw_only=True):
    """Lifts one limit until a moment, which is not included: reviewed like code, and recorded by each run that needs it.

    Without `workload` it is about the fleet and each workload; removing every holder of one needs the workload named.
    """

    limit: Annotated[str, msgspec.Meta(pattern=r"^(remove|replace|release|empty-scope)$(?!\n)")]
    workload: Text | None = None
    reason: Why
    until: Day


class Suspend(Kind, frozen=True, kw_only=True):
    """Nothing of this fleet may change until a day, which is not included."""

    reason: Why
    until: Day | None = None


class Wave(Kind, frozen=True, kw_only=True):
    """A wave given by selector and/or percent."""

    units: Selector | None = None
    percent: Percent | None = None
    """With a selector, of what that matches."""
    share: Percent | None = None
    """Only so many of the devices of each unit, where the platform stages a version within units."""


class Failure(Kind, frozen=True, kw_only=True):
    """When a rollout counts as failed."""

    percent: Percent
    minimum: Count = 1


class Rollout(Kind, frozen=True, kw_only=True):
    """How versions spread: wave after wave, so many at a time, as long as few enough fail."""

    waves: list[Percent | Wave] = []
    max_moving: Amount | Limit | None = None
    success: Percent | None = None
    failure: Failure | None = None
    soak: Duration | None = None
    deadline: Duration | None = None
    on_failure: Annotated[str, msgspec.Meta(pattern=r"^(halt|rollback)$(?!\n)")] = "halt"

    @property
    def paces(self) -> bool:
        """Return whether versions spread step by step, and not all at once."""
        return bool(self.waves or self.max_moving or self.failure)


class Window(Kind, frozen=True, kw_only=True):
    """When calls may start: exactly one of `allow` and `deny`, a cron expression of five fields. `deny` wins."""

    allow: Text | None = None
    deny: Text | None = None
    duration: Duration
    timezone: Text = "UTC"


class Keep(Kind, frozen=True, kw_only=True):
    """Of the units with the same value of the tag `per`, so many stay untouched and healthy at any time."""

    per: Text
    serving: Count = 1


class FleetSpec(Kind, frozen=True, kw_only=True):
    """A scope on a connection, desired versions, policy."""

    connection: Name
    units: Selector
    workloads: dict[Text, Entry]
    pins: dict[Text, dict[Text, Pin]] = {}
    prune: Annotated[str, msgspec.Meta(pattern=r"^(none|listed|all)$(?!\n)")] = "none"
    allow_empty: bool = False
    limits: Limits = Limits()
    keep: Keep | None = None
    allow: list[Allowance] = []
    quarantine: list[Quarantine] = []
    suspend: Suspend | None = None
    rollout: Rollout | None = None
    windows: list[Window] = []
    mode: Annotated[str, msgspec.Meta(pattern=r"^(observe|propose|apply)$(?!\n)")] = "apply"

    def __post_init__(self) -> None:
        """Turn short forms of workloads into the long one."""
        for name, entry in self.workloads.items():
            if isinstance(entry, str):
                self.workloads[name] = WorkloadSpec(version=entry)


class Document(msgspec.Struct, frozen=True):
    """A value of a kind, and where each part of it was written. Paths start at the document's root (`spec`, …)."""

    name: str
    spec: Any
    file: str
    locate: Locate
    labels: dict[str, str] = {}


class Manifest(msgspec.Struct, frozen=True):
    """All documents that were loaded, by kind and name. Specs are ConnectionSpec, ChannelSpec, FleetSpec.

    `digest` is a SHA-256 over the values (not over comments or order of files). `warnings` are diagnostics that did
    not stop loading. `ignored` are Connections that stand beside the fleets while others are given in their place.
    """

    connections: dict[str, Document]
    channels: dict[str, Document]
    fleets: dict[str, Document]
    digest: str
    warnings: tuple[Diagnostic, ...] = ()
    ignored: dict[str, Document] = {}
