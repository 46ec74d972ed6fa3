"""The nouns of a simulated project. Times are milliseconds since 1970; a version is a text, exactly as given."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.simulators.exchange import Json

ACTIVE = ("in_progress", "done")
"""The status words of an activation that is in force (confirmed: CLI deploy.py)."""
PULLED, WAITING = "pulled", "awaiting_approval"
NORMAL, STAGED = "normal", "staged_rollout"
SUCCESS, FAILURE = "success", "failure"
DEFAULT = "default"


@dataclass(slots=True)
class SoftwareType:
    """A workload: its versions by name, each with its id."""

    id: int
    name: str
    created: int
    versions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hardware:
    """A hardware version. Its primary software type is the one that devices are seen with; it comes first in `types`.

    Exactly one is primary (confirmed: MDX docs/platform/software-version-hardware-version.mdx).
    """

    id: int
    name: str
    types: tuple[str, ...]

    @property
    def primary(self) -> str:
        """The name of the primary software type."""
        return self.types[0]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A payload for one hardware version. A must-pass-through is set at upload (confirmed: CLI upload.py)."""

    id: int
    hardware: str
    filename: str
    build_id: str
    md5: str
    created: int
    must_pass_through: bool = False
    extra_info: Json = None


@dataclass(slots=True)
class Release:
    """A version that can be activated, full or a delta from `base`.

    Two artifacts for one hardware version are normal (confirmed: CLI METADATA 1.10.0, 1.11.0); the first is the payload. A
    release that is known from events alone has none (confirmed: SW Create a Release).
    """

    id: int
    version: str
    software_type: str | None
    created: int
    updated: int
    base: str | None = None
    min_version: str = ""
    revision: str = ""
    notes: str = ""
    extra_info: Json = None
    of_event: bool = False
    artifacts: list[Artifact] = field(default_factory=list)

    def payload(self, hardware: str) -> Artifact | None:
        """What devices of a hardware version get of it."""
        return next((one for one in self.artifacts if one.hardware == hardware), None)

    @property
    def name(self) -> str:
        """The version as people see it."""
        return self.version if self.base is None else f"{self.base} -> {self.version}"


@dataclass(slots=True)
class Install:
    """The last attempt of a device to update."""

    id: int
    status: str
    ended: int


@dataclass(slots=True, eq=False)
class Cohort:
    """A group of devices; every device is in exactly one (confirmed: SW). Members by id."""

    id: int
    name: str
    slug: str
    created: int
    updated: int
    devices: "dict[int, Device]" = field(default_factory=dict)
    bypass_version_checks: bool = False
    updates_enabled: bool = True
    last_deployment: int | None = None


@dataclass(slots=True, eq=False)
class Device:
    """A device; `running` is its version by software type, `seen` when it was last heard of (None: never).

    `row` is its JSON up to the time of `last_seen`, kept until something else about it changes.
    """

    id: int
    serial: str
    hardware: Hardware
    cohort: Cohort
    created: int
    updated: int
    running: dict[str, str] = field(default_factory=dict)
    seen: int | None = None
    online: bool = False
    failing: bool = False
    install: Install | None = None
    row: bytes | None = None

    @property
    def reported(self) -> str | None:
        """The version that the platform shows: that of the primary software type, once heard of."""
        return None if self.seen is None else self.running.get(self.hardware.primary)


@dataclass(slots=True, eq=False)
class Deployment:
    """A release activated for a cohort; `percent` (0 to 100) counts for a staged rollout only."""

    id: int
    type: str
    status: str
    percent: int
    release: Release
    cohort: Cohort
    created: int
    updated: int
    extra_info: Json = None
    deployer: tuple[int, str, str] | None = None
    """The id, the address and the name of the user who activated it; None for an organization token."""

    @property
    def active(self) -> bool:
        """Whether it is in force."""
        return self.status in ACTIVE


@lru_cache(maxsize=1 << 12)
def iso(milliseconds: int) -> str:
    """ISO 8601 with microseconds and offset (confirmed: SW info)."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}000+00:00"
