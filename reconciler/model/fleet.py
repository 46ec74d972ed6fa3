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


class Login(Kind, frozen=True, kw_only=True):
    """A user of a server, by reference."""

    username: Secret
    password: Secret


class StepRoute(Kind, frozen=True, kw_only=True):
    """The call of one step. `{catalog_id}` and `{device_id}` stand in path and body, `{device_ids}` in the body alone."""

    method: Annotated[str, msgspec.Meta(pattern=r"^(POST|PUT|PATCH|DELETE)$(?!\n)")] = "POST"
    path: Annotated[str, msgspec.Meta(min_length=1, description="The path, from the agent's address on.")]
    body: dict[Text, Scalar] = {}


class StepRoutes(Kind, frozen=True, kw_only=True):
    """Calls of steps whose route the platform's documents do not confirm. `reconciler doctor` proposes them."""

    deliver: StepRoute | None = None
    cancel: StepRoute | None = None
    deploy: StepRoute | None = None
    uninstall: StepRoute | None = None
    delete: StepRoute | None = None


class DeliveryServer(Kind, frozen=True, kw_only=True):
    """The GetApp server that prepares releases before devices fetch them."""

    url: Text
    login: Login
    source: Annotated[str, msgspec.Meta(pattern=r"^(cache|remote)$(?!\n)")] = "cache"


class GetAppConnection(Kind, frozen=True, kw_only=True):
    """One GetApp agent: a CDN master with its devices (`topology: cdn`), or one agent alone.

    `api` is the version of the agent's interface that steps are sent through (`topology: agent`).
    """

    agent: Text
    topology: Annotated[str, msgspec.Meta(pattern=r"^(cdn|agent)$(?!\n)")] = "cdn"
    api: Annotated[str, msgspec.Meta(pattern=r"^(v1|v2)$(?!\n)")] = "v1"
    routes: StepRoutes = StepRoutes()
    delivery: DeliveryServer | None = None
    requests: Requests = Requests()


class UserKey(Kind, frozen=True, kw_only=True):
    """A Memfault user and a key of theirs, by reference."""

    email: Secret
    key: Secret


Slug = Annotated[
    str, msgspec.Meta(pattern=r"^[-A-Za-z0-9_]{1,128}$(?!\n)", description="Letters, digits, `-`, `_`; at most 128.")
]


class MemfaultConnection(Kind, frozen=True, kw_only=True):
    """One Memfault project, with exactly one of `token` (an organization token) and `user`.

    Devices not seen within `seen_within` are counted but not waited for. `redraw` allows a staged percentage to be
    raised by pulling the activation and making it anew where the server takes no other way: the sample is drawn again.
    """

    organization: Slug
    project: Slug
    token: Secret | None = None
    user: UserKey | None = None
    url: Text = "https://api.memfault.com"
    seen_within: Duration = "1d"
    redraw: bool = False
    requests: Requests = Requests()


class ConnectionSpec(Kind, frozen=True, kw_only=True):
    """Exactly one platform."""

    losant: LosantConnection | None = None
    getapp: GetAppConnection | None = None
    memfault: MemfaultConnection | None = None

    @property
    def platform(self) -> str:
        """Return the name of the platform it is a connection of."""
        return next((name for name in self.__struct_fields__ if getattr(self, name) is not None), "")


PLATFORMS = {"losant": "Losant", "getapp": "GetApp", "memfault": "Memfault"}
"""What platforms call themselves."""

SETTINGS: dict[str, frozenset[str]] = {
    "losant": frozenset(),
    "getapp": frozenset(),
    "memfault": frozenset({"rollout_percent"}),
}
"""What `settings:` of a version may say, by platform."""

COHORTS = frozenset({"memfault"})
"""Platforms whose units are cohorts."""


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
