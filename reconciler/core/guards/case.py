"""What a guard is asked about: one slot that needs something, with all that may speak against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from reconciler.core.mistakes import Mistakes
from reconciler.core.resolve import Column, Resolution, Rule
from reconciler.model.fleet import FleetSpec
from reconciler.model.hold import Hold
from reconciler.model.observation import State
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.verdict import Verdict

Veto = Callable[["Case"], Iterator[Hold]]
"""A guard that looks at one slot and gives the reasons why its change may not go."""


class Scene(msgspec.Struct):
    """What all slots of a fleet have in common. `now` in seconds since 1970."""

    resolution: Resolution
    snapshot: Snapshot
    catalog: Catalog
    mistakes: Mistakes
    now: float
    lifted: frozenset[str] = frozenset()
    """What a person lifts for this run (`PaceKind`)."""

    @property
    def spec(self) -> FleetSpec:
        """Return the fleet's spec."""
        return self.resolution.spec


class Case(msgspec.Struct):
    """One slot that needs something. Slots of a fleet that agree in all of this share one answer."""

    scene: Scene
    column: Column
    rule: Rule
    state: State
    verdict: Verdict
    agent: str | None
    assignable: bool
    mistakes: tuple[Hold, ...]

    @property
    def version(self) -> str | None:
        """Return the version that git asks for; None for a removal."""
        return self.rule.value.version

    @property
    def info(self) -> ReleaseInfo:
        """Return what the catalogue says of that version."""
        nothing = ReleaseInfo(found=None)
        if self.version is None:
            return nothing
        return self.scene.catalog.get(Release(self.column.workload.id, self.version), nothing)
