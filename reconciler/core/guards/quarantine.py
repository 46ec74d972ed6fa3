"""Veto: a version that is quarantined, or that brings one along."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.core.guards.force import in_force
from reconciler.core.names import known_names
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.unit import Ref


def veto(case: Case) -> Iterator[Hold]:
    """Yield every entry in force that names the version which git asks for, or one that the platform sends with it.

    Workloads go by any of their names. What an entry means whose workload nobody knows cannot be told: it holds all.
    """
    scene = case.scene
    if not scene.spec.quarantine:
        return
    known = known_names(scene.spec, scene.snapshot.workloads)
    moves = [(scene.resolution.names(case.column.workload), case.version, ""), *_brought(case)]
    for entry in scene.spec.quarantine:
        for names, version, brought in moves:
            meant = entry.workload in names or entry.workload not in known
            if meant and entry.version == version and in_force(entry.until, scene.now):
                yield Hold(HoldReason.QUARANTINED, entry.reason, until=entry.until, needs=brought)


def _brought(case: Case) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what comes along with the version: all names of its workload, its version, and both as the platform has them."""
    for one in case.info.dependencies:
        name, _, version = one.rpartition(" ")
        known = (workload for workload in case.scene.snapshot.workloads if name in (workload.id, workload.name))
        yield case.scene.resolution.names(next(known, Ref(name, name))), version, one
