"""What a reviewer asks of changes besides what they are: which go back, and how much of the fleet they hit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged
from reconciler.core.resolve import Column
from reconciler.core.versions import later, semver
from reconciler.model.change import Change
from reconciler.model.plan import Share
from reconciler.model.verdict import Verdict

SEMVER = "semver"


class Order:
    """How the versions of one fleet are ordered: as the workload declares, else as the platform does, else not at all."""

    def __init__(self, one: FleetAssessment) -> None:
        self._one = one
        self._known: dict[tuple[str, str, str], bool] = {}

    def goes_back(self, column: Column, before: str | None, after: str | None) -> bool:
        """Return whether a slot goes to an earlier version than it has; False where nobody orders the two."""
        if before is None or after is None or before == after:
            return False
        key = (column.workload.id, before, after)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._earlier(column, after, before)
        return found

    def _earlier(self, column: Column, one: str, other: str) -> bool:
        if _order(self._one, column) == SEMVER:
            first, second = semver(one), semver(other)
            return first is not None and second is not None and first < second
        return self._one.orders_versions and later(other, one)


def _order(one: FleetAssessment, column: Column) -> str | None:
    """Return how the fleet says that a workload's versions are ordered, or said so at the base: leaving that out hides nothing."""
    sides = [(one.resolution, column)]
    if one.base is not None and (before := one.base.columns.get(column.workload.id)) is not None:
        sides.append((one.base, before))
    rules = ((side, rule) for side, of in sides for rule in of.rules if rule.kind == "workload")
    said = (side.spec.workloads.get(str(rule.path[2])) for side, rule in rules)
    return next((found.order for found in said if found is not None and found.order is not None), None)


def shares(one: FleetAssessment, changes: Iterable[Change]) -> Iterator[Share]:
    """Yield how much of what the fleet manages of each workload is changed, by name and id; units without devices apart."""
    changing: Counter[str] = Counter()
    for change in changes:
        changing[change.workload.id] += change.size
    for judged in one.unfiltered:
        workload = judged.column.workload.ref
        managed = _managed(one, judged) if workload.id in changing else 0
        if managed:
            yield Share(workload, changing[workload.id], managed)


def _managed(one: FleetAssessment, judged: Judged) -> int:
    sizes = one.snapshot.units.sizes
    if sizes is None:
        return sum(judged.tally.values()) - judged.count(Verdict.UNMANAGED)
    return sum(sizes[row] for row in judged.column.claims())
