"""Veto: a slot that the base has moved on since these manifests left it, and of which they say what the base said then.

Merged, they leave it where the base has it: what they say today would undo what others did.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Intent, Judged
from reconciler.core.resolve import Column
from reconciler.model.hold import Hold, HoldReason


def holds(one: FleetAssessment, column: Column, intent: Intent) -> Iterator[Hold]:
    """Yield that the newest base (`tip`) gives a slot something else than the base did, and that the slot is as that one says."""
    if one.base is None or one.tip is None:
        return
    said = column.rules[intent.rule].value
    before, newer = (side.columns.get(column.workload.id) for side in (one.base, one.tip))
    if before is None or before.rule(intent.row).value != said:
        return
    newest = newer.rule(intent.row).value if newer is not None else None
    if newest != said:
        yield Hold(HoldReason.BEHIND_BASE, str(newest) if newest is not None else "unmanaged")


def ahead(one: FleetAssessment, judged: Judged) -> Judged:
    """Return a judged workload without what lags behind: that counts against no limit."""
    if one.tip is None:
        return judged
    intents = [intent for intent in judged.intents if not any(holds(one, judged.column, intent))]
    return msgspec.structs.replace(judged, intents=intents)
