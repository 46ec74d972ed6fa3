"""Veto: a slot that the base has moved on since these manifests left it, and of which they say what the base said then.

Merged, they leave it where the base has it: what they say today would undo what others did.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Intent
from reconciler.core.resolve import Column
from reconciler.model.hold import Hold, HoldReason


def holds(one: FleetAssessment, column: Column, intent: Intent) -> Iterator[Hold]:
    """Yield that a slot is as the base had it, and no longer has it. Nothing where the base did not go on."""
    if one.tip is None or one.base is None:
        return
    said = column.rules[intent.rule].value
    base, tip = (side.columns.get(column.workload.id) for side in (one.base, one.tip))
    if base is None or base.rule(intent.row).value != said:
        return
    newest = tip.rule(intent.row).value if tip is not None else None
    if newest != said:
        yield Hold(HoldReason.BEHIND_BASE, str(newest) if newest is not None else "unmanaged")
