"""Veto: a version that is quarantined."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.core.guards.force import in_force
from reconciler.model.hold import Hold, HoldReason


def veto(case: Case) -> Iterator[Hold]:
    """Yield every entry in force that names the version which git asks for."""
    for entry in case.scene.spec.quarantine:
        named = entry.workload == case.column.workload.name and entry.version == case.version
        if named and in_force(entry.until, case.scene.now):
            yield Hold(HoldReason.QUARANTINED, entry.reason, until=entry.until)
