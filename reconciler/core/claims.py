"""No slot belongs to two fleets: two that claim the same one are an error that names both lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from reconciler.core.resolve import Resolution, claimed
from reconciler.core.select import both
from reconciler.model.diagnostic import Diagnostic, Related
from reconciler.model.unit import Units


def conflicts(resolutions: Sequence[Resolution], units: Units) -> Iterator[Diagnostic]:
    """Yield one finding per pair of fleets and workload that claim at least one slot together."""
    for left, right in combinations(resolutions, 2):
        for workload_id in sorted(left.columns.keys() & right.columns.keys()):
            ours, theirs = left.columns[workload_id], right.columns[workload_id]
            shared = both(claimed(ours), claimed(theirs))
            row = shared.find(1)
            if row < 0:
                continue
            count = sum(shared)
            more = f" and {count - 1:,} more" if count > 1 else ""
            yield Diagnostic(
                code="claimed-twice",
                message=(
                    f"fleets {left.document.name!r} and {right.document.name!r} both claim {ours.workload.name} on "
                    f"{units.names[row]} ({units.ids[row]}){more}"
                ),
                origin=left.document.locate(ours.rule(row).path),
                related=(Related("the other claim", right.document.locate(theirs.rule(row).path)),),
                hint="narrow one fleet's units, or set `unmanaged: true` in one of them",
            )
