"""The simulated installation: what there is to install, a master with its children, and its time.

What a device says about one release is a row at rest, or one that moves by time alone. A release is keyed by its catalogId, `<projectId>.<projectName>@<version>`; project and version are unique, and versions
are semver (confirmed: release.subscriber.ts, release.entity.ts, release.dto.ts).

States and statuses of rows are those of the agent (confirmed: seed 000, agent/get-delivery-status,
agent/deploy-change-state); how the status, the delivery state and the progress go together while a download or an
installation runs is inferred. A download that is being validated already shows the status Done (inferred, section 6 of
the facts).
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from reconciler.simulators.clock import Clock, Timeline
from reconciler.simulators.getapp.variants import Variants

DAY = 86_400.0

STATUSES = ("draft", "in_review", "approved", "released", "archived")
RELEASED = "released"
PRODUCT, FORMATION = "product", "formation"

DELIVERY, DOWNLOADED, DELETED = "delivery", "downloaded", "deleted"
DEPLOY, INSTALLED, UNINSTALLED = "deploy", "installed", "uninstalled"
STATES = (DELIVERY, DOWNLOADED, DELETED, DEPLOY, INSTALLED, UNINSTALLED)
GONE = frozenset({DELETED, UNINSTALLED})

UNINSTALL = "uninstall"
_DELIVERING = (("prepare", "Start"), ("download", "InProgress"), ("validation", "Done"))
PHASES = {DELIVERY: 3, DEPLOY: 2, UNINSTALL: 1}

Precedence: TypeAlias = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]

_NUMBER = r"(?:0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")


@lru_cache(maxsize=1 << 16)
def iso(seconds: float) -> str:
    """A time as the platform writes it: UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def precedence(version: str) -> Precedence:
    """A key that orders semver versions."""
    core, dash, tail = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    parts = [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in tail.split(".")] if dash else []
    return numbers, not dash, tuple(parts)


@dataclass(slots=True, eq=False)
class Project:
    """An application line; a `formation` here is what other projects depend on, and is not installed by itself."""

    number: int
    name: str
    type: str
    releases: dict[str, "Release"] = field(default_factory=dict)
    latest: "Release | None" = None
    """The highest release that is released."""


@dataclass(slots=True, eq=False)
class Release:
    """A version of a project. `size` in bytes, times in seconds."""

    project: Project
    version: str
    status: str
    created: float
    updated: float
    size: int
    auto_deploy: bool = False
    dependencies: tuple["Release", ...] = ()
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = f"{self.project.number}.{self.project.name}@{self.version}"


class Catalog:
    """All projects by name, all releases by catalogId."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        self.releases: dict[str, Release] = {}

    def project(self, text: str) -> Project | None:
        """The project of a name, or else of a number."""
        return self.projects.get(text) or next((p for p in self.projects.values() if str(p.number) == text), None)

    def add_project(self, name: str, project_type: str = PRODUCT) -> Project:
        """A new project without releases."""
        project = self.projects[name] = Project(len(self.projects) + 11, name, project_type)
        return project

    def add_release(
        self,
        project: Project,
        version: str,
        now: float,
        *,
        status: str = RELEASED,
        auto_deploy: bool = False,
        dependencies: Iterable[Release] = (),
    ) -> Release:
        """A new release. Raises `ValueError` for what is no semver, is there already, or is no status."""
        if not _SEMVER.fullmatch(version):
            raise ValueError(f"{version!r} is not a semver version")
        if status not in STATUSES:
            raise ValueError(f"{status!r} is no status of a release: {', '.join(STATUSES)}")
        if version in project.releases:
            raise ValueError(f"project {project.name} has a release {version} already")
        size = 1_048_576 * (1 + (project.number * 7 + len(project.releases)) % 60)
        release = Release(
            project, version, status, now, now, size, auto_deploy=auto_deploy, dependencies=tuple(dependencies)
        )
        project.releases[version] = self.releases[release.id] = release
        released = [one for one in project.releases.values() if one.status == RELEASED]
        project.latest = max(released, key=lambda one: precedence(one.version), default=None)
        return release


class Row(NamedTuple):
    """A row at rest: `phase` is the delivery state, `elapsed` how many seconds of its movement are behind it."""

    release: Release
    state: str
    status: str | None
    phase: str | None = "done"
    progress: float | None = 100.0
    eta: int | None = None
    duration: int | None = None
    error: str | None = None
    elapsed: float = 0.0


@dataclass(slots=True, eq=False, frozen=True)
class Moving:
    """A row that has been moving since `started` (seconds since 1970): a delivery, a deploy or an uninstall."""

    release: Release
    kind: str
    started: float

    def seen(self, now: float, settle: float) -> Row:
        """How it looks at a time, where every phase takes `settle` seconds."""
        elapsed = max(0.0, now - self.started)
        total = PHASES[self.kind] * settle
        share = min(elapsed / total, 1.0) if total else 1.0
        number = min(int(share * PHASES[self.kind]), PHASES[self.kind] - 1)
        progress, eta = round(100 * share, 1), math.ceil(max(0.0, total - elapsed))
        if self.kind == DELIVERY:
            phase, status = _DELIVERING[number]
            return Row(self.release, DELIVERY, status, phase, progress, eta, int(elapsed), elapsed=elapsed)
        duration = round(PHASES[DELIVERY] * settle)
        if self.kind == DEPLOY:
            status = "Installing" if number else "Start"
            return Row(self.release, DEPLOY, status, "done", progress, eta, duration, elapsed=elapsed)
        return Row(self.release, INSTALLED, "Uninstall", "done", progress, eta, duration, elapsed=elapsed)


Held: TypeAlias = Row | Moving


def gone(release: Release, state: str) -> Row:
    """What is left of a release that was deleted or uninstalled."""
    return Row(release, state, "Uninstall" if state == UNINSTALLED else None, phase=None, progress=None)


@dataclass(slots=True, eq=False)
class Device:
    """A device and its rows by catalogId. `seen` is when an offline one was last connected.

    `frozen` are the rows whose movement waits for the device to return; `labels` are custom fields of its metadata;
    `pushed` what was pushed to it; `restricted` why it may not take a release, and the mode in which that is enforced.
    Both are by catalogId.
    """

    number: int
    id: str
    name: str
    type: str
    platform: str
    labels: dict[str, str]
    rows: dict[str, Held] = field(default_factory=dict)
    online: bool = True
    seen: float = 0.0
    failing: bool = False
    frozen: set[str] = field(default_factory=set)
    pushed: set[str] = field(default_factory=set)
    restricted: dict[str, tuple[str, str]] = field(default_factory=dict)


class Fleet(Timeline):
    """The state of the simulated platform. `settle` is how many seconds a phase takes on a device."""

    punctual = True

    def __init__(self, clock: Clock, variants: Variants, settle: float) -> None:
        super().__init__(clock)
        self.variants = variants
        self.settle = settle
        self.catalog = Catalog()
        self.devices: dict[str, Device] = {}
        self.broken_until = 0.0

    @property
    def master(self) -> Device:
        """The device that runs the master agent."""
        return next(iter(self.devices.values()))

    def seen(self, held: Held) -> Row:
        """How a row looks now."""
        return held if isinstance(held, Row) else held.seen(self.seconds(), self.settle)

    def active(self, device: Device) -> bool:
        """Whether it reported within 24 hours (confirmed: cdn-configure.md, `inactive_device_hours`)."""
        return device.online or self.seconds() - device.seen <= DAY

    def knows(self, device: Device, catalog_id: str) -> bool:
        """Whether a device has a release in its catalog; to a child it must be pushed (confirmed: a2a-parent-management.md)."""
        known = device is self.master or catalog_id in device.pushed or catalog_id in device.rows
        return known or self.variants["cdn-push"] == "not-needed"

    def chosen(self, ids: Iterable[str]) -> Iterator[Device]:
        """The devices of these ids, each once and in their own order; all where none is named."""
        wanted = set(ids)
        return (device for device in self.devices.values() if not wanted or device.id in wanted)
