"""Which versions a fleet has of each workload, and which git gives it: counted in devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged
from reconciler.model.desired import Want
from reconciler.model.observation import Phase
from reconciler.model.plan import VersionCount, VersionMix


def mixes(one: FleetAssessment) -> Iterator[VersionMix]:
    """Yield the versions of each workload that the fleet manages on some device, by name and id of the workload."""
    for judged in one.unfiltered:
        assigned: Counter[str | None] = Counter()
        desired: Counter[str | None] = Counter()
        unknown = 0
        for (rule, state), number in _devices(one, judged):
            value = judged.column.rules[rule].value
            if value.want is Want.UNMANAGED:
                continue
            desired[value.version] += number
            seen = one.snapshot.states[state]
            if seen.phase is Phase.UNKNOWN:
                unknown += number
            else:
                assigned[seen.assigned] += number
        names = sorted((+assigned).keys() | (+desired).keys(), key=lambda name: (name is None, name or ""))
        if names:
            counts = tuple(VersionCount(name, assigned[name], desired[name]) for name in names)
            yield VersionMix(workload=judged.column.workload.ref, versions=counts, unknown=unknown)


def _devices(one: FleetAssessment, judged: Judged) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield devices by the rule that decides their slot, and its state."""
    sizes = one.snapshot.units.sizes
    if sizes is None:
        yield from (((rule, state), number) for (rule, state, _), number in judged.triples.items())
        return
    column = judged.column
    states = column.rows.of(one.snapshot.column(column.workload.id))
    for row, rule, state in zip(column.rows, column.winners, states, strict=True):
        yield (rule, state), sizes[row]
