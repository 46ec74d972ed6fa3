"""Mistakes that only the inventory shows, of all fleets of a connection: which slots they are about.

No slot belongs to two fleets: what two claim is such a mistake, which names both lines.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.resolve import Column, Mistake, Resolution
from reconciler.model.diagnostic import Diagnostic, Related
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.unit import Units

NOBODY = Units.build([])


class Mistakes:
    """Mistakes by slot: whoever claims a slot, what is wrong about it holds it."""

    def __init__(self, resolutions: Sequence[Resolution] = (), units: Units = NOBODY) -> None:
        self._all = [one for resolution in resolutions for one in resolution.mistakes]
        self._all += conflicts(resolutions, units)
        self._holds: dict[str, dict[int, tuple[Hold, ...]]] = defaultdict(dict)
        for one in self._all:
            hold = Hold(HoldReason.MISTAKE, one.diagnostic.message, at=one.diagnostic.origin)
            for workload in one.workloads:
                rows = self._holds[workload]
                for row in one.rows:
                    rows[row] = (*rows.get(row, ()), hold)

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._all)

    def of_fleet(self, name: str) -> tuple[Diagnostic, ...]:
        """Return those that a fleet takes part in."""
        return tuple(one.diagnostic for one in self._all if name in one.fleets)

    def holds(self, workload_id: str) -> Mapping[int, tuple[Hold, ...]]:
        """Return why slots of a workload are held, by row."""
        return self._holds.get(workload_id, {})


def conflicts(resolutions: Sequence[Resolution], units: Units) -> Iterator[Mistake]:
    """Yield one mistake per pair of fleets and workload that claim at least one slot together."""
    columns: dict[str, list[tuple[Resolution, Column]]] = defaultdict(list)
    for one in resolutions:
        for workload_id, column in one.columns.items():
            columns[workload_id].append((one, column))
    for workload_id, several in sorted(columns.items()):
        for (left, right), rows in sorted(_shared([column for _, column in several], len(units)).items()):
            yield _conflict(workload_id, several[left], several[right], rows, units)


def _shared(columns: Sequence[Column], units: int) -> dict[tuple[int, int], list[int]]:
    """Return the rows that two columns of one workload claim, by the positions of the columns; each row is seen once."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    claims = [column.claims() for column in columns] if len(columns) > 1 else []
    if len(set().union(*claims)) == sum(map(len, claims)):
        return found
    owners = array("I", bytes(4 * units))
    further: dict[int, list[int]] = {}
    for number, rows in enumerate(claims):
        for row in rows:
            if not owners[row]:
                owners[row] = number + 1
                continue
            others = further.setdefault(row, [owners[row] - 1])
            for other in others:
                found[other, number].append(row)
            others.append(number)
    return found


def _conflict(
    workload_id: str, left: tuple[Resolution, Column], right: tuple[Resolution, Column], rows: list[int], units: Units
) -> Mistake:
    (one, ours), (other, theirs) = left, right
    row = rows[0]
    more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    found = Diagnostic(
        code="claimed-twice",
        message=(
            f"fleets {one.document.name!r} and {other.document.name!r} both claim {ours.workload.name} on "
            f"{units.names[row]} ({units.ids[row]}){more}"
        ),
        origin=one.document.locate(ours.rule(row).path),
        related=(Related("the other claim", other.document.locate(theirs.rule(row).path)),),
        hint="narrow one fleet's units, or set `unmanaged: true` in one of them",
    )
    return Mistake(found, (one.document.name, other.document.name), frozenset({workload_id}), rows)
