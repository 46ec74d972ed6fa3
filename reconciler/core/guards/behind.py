"""Veto: a slot that the base has moved on since these manifests left it, and of which they say what the base said then.

Merged, they leave it where the base has it: what they say today would undo what others did.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Intent, Judged
from reconciler.core.resolve import Column, Resolution
from reconciler.model.hold import Hold, HoldReason


def holds(base: Resolution, tip: Resolution, column: Column, intent: Intent) -> Iterator[Hold]:
    """Yield that the newest base (`tip`) gives a slot something else than the base did, and that the slot is as that one says."""
    said = column.rules[intent.rule].value
    before, newer = (side.columns.get(column.workload.id) for side in (base, tip))
    if before is None or before.rule(intent.row).value != said:
        return
    newest = newer.rule(intent.row).value if newer is not None else None
    if newest != said:
        yield Hold(HoldReason.BEHIND_BASE, str(newest) if newest is not None else "unmanaged")


def ahead(one: FleetAssessment, judged: Judged) -> Judged:
    """Return a judged workload without what lags behind: that counts against no limit."""
    if one.tip is None or one.base is None:
        return judged
    base, tip = one.base, one.tip
    intents = [intent for intent in judged.intents if not any(holds(base, tip, judged.column, intent))]
    return msgspec.structs.replace(judged, intents=intents)
