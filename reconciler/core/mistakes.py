"""Mistakes that only the inventory shows, of all fleets of a connection: which slots they are about.

No slot belongs to two fleets: what two claim is such a mistake, which names both lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from reconciler.core.resolve import Mistake, Resolution, claimed
from reconciler.core.select import both, rows_of
from reconciler.model.diagnostic import Diagnostic, Related
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.unit import Units

NOBODY = Units.build([])


class Mistakes:
    """Mistakes by slot: whoever claims a slot, what is wrong about it holds it."""

    def __init__(self, resolutions: Sequence[Resolution] = (), units: Units = NOBODY) -> None:
        """Take what all fleets of a connection say of its units."""
        self._all = [one for resolution in resolutions for one in resolution.mistakes]
        self._all += conflicts(resolutions, units)
        self._holds: dict[str, dict[int, tuple[Hold, ...]]] = defaultdict(dict)
        for one in self._all:
            hold = Hold(HoldReason.MISTAKE, one.diagnostic.message, at=one.diagnostic.origin)
            for workload in one.workloads:
                rows = self._holds[workload]
                for row in one.rows:
                    rows[row] = (*rows.get(row, ()), hold)

    def of_fleet(self, name: str) -> tuple[Diagnostic, ...]:
        """Return those that a fleet takes part in."""
        return tuple(one.diagnostic for one in self._all if name in one.fleets)

    def holds(self, workload_id: str) -> Mapping[int, tuple[Hold, ...]]:
        """Return why slots of a workload are held, by row."""
        return self._holds.get(workload_id, {})


def conflicts(resolutions: Sequence[Resolution], units: Units) -> Iterator[Mistake]:
    """Yield one mistake per pair of fleets and workload that claim at least one slot together."""
    for left, right in combinations(resolutions, 2):
        for workload_id in sorted(left.columns.keys() & right.columns.keys()):
            ours, theirs = left.columns[workload_id], right.columns[workload_id]
            rows = rows_of(both(claimed(ours), claimed(theirs)))
            if not rows:
                continue
            row = min(rows)
            more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            found = Diagnostic(
                code="claimed-twice",
                message=(
                    f"fleets {left.document.name!r} and {right.document.name!r} both claim {ours.workload.name} on "
                    f"{units.names[row]} ({units.ids[row]}){more}"
                ),
                origin=left.document.locate(ours.rule(row).path),
                related=(Related("the other claim", right.document.locate(theirs.rule(row).path)),),
                hint="narrow one fleet's units, or set `unmanaged: true` in one of them",
            )
            yield Mistake(found, (left.document.name, right.document.name), frozenset({workload_id}), rows)
