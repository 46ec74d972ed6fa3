"""The kinds a manifest is made of: Connection, Channel and Fleet, exactly as people write them.

The structs are the source of structure: `schemas/manifest.v1.schema.json` is generated from them, and the loader accepts
what they accept. What a value *means* (an unknown channel, an overlap) is checked by `manifest.check` and `core`.
Durations are texts like `30m` or `2h`; percentages texts like `10%`; times UTC dates or date-times.
"""

from typing import Annotated, Any

import msgspec

from reconciler.model.desired import Scalar
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.origin import Locate

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$(?!\n)",
        description="A name: letters, digits, `.`, `_`, `-`; at most 253.",
    ),
]
Version = Annotated[
    str, msgspec.Meta(min_length=1, max_length=255, description='A version, exactly as typed: `1.10` is "1.10".')
]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Percent = Annotated[
    str, msgspec.Meta(pattern=r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$(?!\n)", description="A percentage, `10%`.")
]
Amount = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]{1,9}|(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%)$(?!\n)",
        description="A percentage, `10%`, or a number of devices, `25`.",
    ),
]
Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$(?!\n)", description="A duration, `30s`, `5m`, `2h`, `1d`."
    ),
]
Day = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$(?!\n)",
        description="A date (until 00:00 UTC of that day) or a date and time.",
    ),
]
Count = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything in a manifest: unknown keys are errors."""


class Metadata(Kind, frozen=True, kw_only=True):
    """Who a document is."""

    name: Name
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


# --- Connection -----------------------------------------------------------------------------------------------------


class Secret(Kind, frozen=True, kw_only=True):
    """A reference to a secret, never its value: exactly one of `env` (a variable) and `file` (a path)."""

    env: Text | None = None
    file: Text | None = None


class Requests(Kind, frozen=True, kw_only=True):
    """How hard a connection may be used."""

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    timeout: Duration = "30s"


class LosantConnection(Kind, frozen=True, kw_only=True):
    """One Losant application."""

    application: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]{24}$(?!\n)", description="The application's id, 24 hex digits.")
    ]
    token: Secret
    url: Text = "https://api.losant.com"
    requests: Requests = Requests()
    wide_calls: Annotated[str, msgspec.Meta(pattern=r"^(never|scope|proved)$(?!\n)")] = "scope"


class ConnectionSpec(Kind, frozen=True, kw_only=True):
    """Exactly one platform."""

    losant: LosantConnection

    @property
    def platform(self) -> str:
        """Return the name of the platform it is a connection of."""
        return next((name for name in self.__struct_fields__ if getattr(self, name) is not None), "")


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
    """What units should have: exactly one of `version`, `absent: true`, `unmanaged: true`."""

    version: Version | ChannelRef | None = None
    absent: bool | None = None
    unmanaged: bool | None = None
    settings: dict[Text, Scalar] = {}


class Override(Choice, frozen=True, kw_only=True):
    """A choice for some units of a workload; later overrides win."""

    units: Selector


class WorkloadSpec(Choice, frozen=True, kw_only=True):
    """A workload of a fleet: what its units should have, who differs."""

    id: Text | None = None
    units: Selector | None = None
    overrides: list[Override] = []
    order: Annotated[str, msgspec.Meta(pattern=r"^semver$(?!\n)")] | None = None


class PinChoice(Choice, frozen=True, kw_only=True):
    """A choice for one unit; `{channel: stable}` is short for `{version: {channel: stable}}`."""

    channel: Name | None = None


Pin = Version | PinChoice


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


class Quarantine(Kind, frozen=True, kw_only=True):
    """A version that must not go anywhere until a day."""

    workload: Text
    version: Version
    reason: Text
    until: Day | None = None


class Suspend(Kind, frozen=True, kw_only=True):
    """Nothing of this fleet may change until a day."""

    reason: Text
    until: Day | None = None


class Wave(Kind, frozen=True, kw_only=True):
    """A wave given by selector and/or percent."""

    units: Selector | None = None
    percent: Percent | None = None


class Failure(Kind, frozen=True, kw_only=True):
    """When a rollout counts as failed."""

    percent: Percent
    minimum: Count = 1


class Rollout(Kind, frozen=True, kw_only=True):
    """How versions spread. Checked for meaning; not enforced yet, and plans say so."""

    waves: list[Percent | Wave] = []
    max_moving: Amount | Limit | None = None
    success: Percent | None = None
    failure: Failure | None = None
    soak: Duration | None = None
    deadline: Duration | None = None
    on_failure: Annotated[str, msgspec.Meta(pattern=r"^(halt|rollback)$(?!\n)")] = "halt"


class Window(Kind, frozen=True, kw_only=True):
    """When changes may go: exactly one of `allow` and `deny`, a cron expression of five fields. Not enforced yet."""

    allow: Text | None = None
    deny: Text | None = None
    duration: Duration
    timezone: Text = "UTC"


class FleetSpec(Kind, frozen=True, kw_only=True):
    """A scope on a connection, desired versions, policy."""

    connection: Name
    units: Selector
    workloads: dict[Text, WorkloadSpec]
    pins: dict[Text, dict[Text, Pin]] = {}
    prune: Annotated[str, msgspec.Meta(pattern=r"^(none|listed|all)$(?!\n)")] = "none"
    allow_empty: bool = False
    limits: Limits = Limits()
    quarantine: list[Quarantine] = []
    suspend: Suspend | None = None
    rollout: Rollout | None = None
    windows: list[Window] = []
    mode: Annotated[str, msgspec.Meta(pattern=r"^(observe|propose|apply)$(?!\n)")] = "apply"


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
    not stop loading.
    """

    connections: dict[str, Document]
    channels: dict[str, Document]
    fleets: dict[str, Document]
    digest: str
    warnings: tuple[Diagnostic, ...] = ()
