"""Veto: a version that is quarantined."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.core.guards.force import in_force
from reconciler.core.names import known_names
from reconciler.model.hold import Hold, HoldReason


def veto(case: Case) -> Iterator[Hold]:
    """Yield every entry in force that names the version which git asks for.

    The workload goes by any of its names. What an entry means whose workload nobody knows cannot be told: it holds all.
    """
    scene = case.scene
    if not scene.spec.quarantine:
        return
    names = scene.resolution.names(case.column.workload)
    known = known_names(scene.spec, scene.snapshot.workloads)
    for entry in scene.spec.quarantine:
        meant = entry.workload in names or entry.workload not in known
        if meant and entry.version == case.version and in_force(entry.until, scene.now):
            yield Hold(HoldReason.QUARANTINED, entry.reason, until=entry.until)
