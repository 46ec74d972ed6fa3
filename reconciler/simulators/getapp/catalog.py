"""What there is to install: projects, their releases, and how versions are ordered.

A release is keyed by its catalogId, `<projectId>.<projectName>@<version>`; project and version are unique, and versions
are semver (confirmed: release.subscriber.ts, release.entity.ts, release.dto.ts).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from reconciler.simulators.getapp.rows import Row

STATUSES = ("draft", "in_review", "approved", "released", "archived")
RELEASED = "released"
PRODUCT, FORMATION = "product", "formation"

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

    def latest(self) -> "Release | None":
        """The highest release that is released."""
        released = [release for release in self.releases.values() if release.status == RELEASED]
        return max(released, key=lambda release: precedence(release.version), default=None)


@dataclass(slots=True, eq=False)
class Release:
    """A version of a project. `size` in bytes, times in seconds; `rows` are the settled rows that devices share."""

    project: Project
    version: str
    status: str
    created: float
    updated: float
    size: int
    auto_deploy: bool = False
    dependencies: tuple["Release", ...] = ()
    id: str = field(init=False)
    rows: dict[object, "Row"] = field(default_factory=dict)

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
        if version in project.releases:
            raise ValueError(f"project {project.name} has a release {version} already")
        size = 1_048_576 * (1 + (project.number * 7 + len(project.releases)) % 60)
        release = Release(
            project, version, _status(status), now, now, size, auto_deploy=auto_deploy, dependencies=tuple(dependencies)
        )
        project.releases[version] = self.releases[release.id] = release
        self.changed(project)
        return release

    def set_status(self, release: Release, status: str, now: float) -> None:
        """Move a release through its life. Raises `ValueError` for what is no status."""
        release.status = _status(status)
        release.updated = now
        self.changed(release.project)

    def changed(self, project: Project) -> None:
        """Forget how the rows of a project look: which release is the latest may be another one."""
        for release in project.releases.values():
            for row in release.rows.values():
                row.wire = None


def _status(text: str) -> str:
    if text not in STATUSES:
        raise ValueError(f"{text!r} is no status of a release: {', '.join(STATUSES)}")
    return text
