"""Requirements and manifests as the laws of requirements draw them: what the guards judge by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.model.fleet import Document, Requirement

Place = tuple[str, str]
"""(connection, workload)."""


@dataclass(frozen=True)
class Said:
    """One requirement: of which fleet, who of whom, which versions do; joined by a tag, or about one unit (None)."""

    fleet: str
    holder: Place
    goal: Place
    accepted: Collection[str]
    written: str | tuple[str, ...]
    tag: str | None

    @property
    def joined(self) -> bool:
        """Return whether units are tied by a tag."""
        return self.tag is not None

    def entry(self) -> str | list[str] | Requirement:
        """Return it as manifests say it."""
        version = self.written if isinstance(self.written, str) else list(self.written)
        return version if self.tag is None else Requirement(version=version, connection=self.goal[0], tag=self.tag)


@dataclass(frozen=True)
class Git:
    """Manifests, by the names of their fleets, and what they require."""

    fleets: dict[str, Document]
    lines: tuple[Said, ...]
