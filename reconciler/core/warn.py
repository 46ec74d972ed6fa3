"""What people should know of a fleet besides its changes: who is left out, who leaves."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment, leavers

SAMPLE = 3
DROPPED = " of a class that takes no assignments; left out"


def warnings(one: FleetAssessment) -> Iterator[str]:
    """Yield what people should know of a judged fleet before they approve its plan."""
    if one.resolution.dropped:
        yield _counted(one.resolution.dropped, "matches the scope but is", "match the scope but are") + DROPPED
    if one.resolution.prune_unsafe and one.resolution.spec.prune != "none":
        yield "nothing is pruned: " + "; ".join(one.resolution.prune_unsafe)
    if not one.snapshot.coverage.complete:
        yield "the reading is incomplete; slots that it does not cover are held: " + "; ".join(
            one.snapshot.coverage.problems
        )
    units = one.snapshot.units
    for workload, rows in leavers(one).items():
        names = ", ".join(units.names[row] for row in rows[:SAMPLE])
        more = f" and {len(rows) - SAMPLE:,} more" if len(rows) > SAMPLE else ""
        leave = _counted(
            len(rows), f"leaves {workload} and keeps what it runs", f"leave {workload} and keep what they run"
        )
        yield f"{leave}: {names}{more}"


def units_in_words(number: int) -> str:
    """Return `1 unit`, `2,000 units`."""
    return f"{number:,} unit" if number == 1 else f"{number:,} units"


def _counted(number: int, one: str, several: str) -> str:
    return f"{units_in_words(number)} {one if number == 1 else several}"
