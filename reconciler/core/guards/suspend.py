"""Veto: a fleet that is suspended."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.core.guards.force import in_force
from reconciler.model.hold import Hold, HoldReason


def veto(case: Case) -> Iterator[Hold]:
    """Yield that the fleet is suspended, while it is."""
    found = case.scene.spec.suspend
    if found is not None and in_force(found.until, case.scene.now):
        yield Hold(HoldReason.SUSPENDED, found.reason, until=found.until)
