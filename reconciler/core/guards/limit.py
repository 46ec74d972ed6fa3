"""Admission: how much one apply may do. Limits on intended changes, judged once, before holds, weighted by devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from math import floor

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged
from reconciler.core.resolve import Column, claimed
from reconciler.model.change import Verb
from reconciler.model.fleet import Document, FleetSpec, Limit
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.quantity import percent
from reconciler.model.snapshot import Snapshot
from reconciler.model.verdict import Verdict


class Intended(msgspec.Struct):
    """What one workload's changes come to: how many by verb, the devices they concern, and the devices that lose it.

    Leftovers do not count: what is removed there are other versions, and the unit keeps the one it should have. Nor do
    further steps of what is on its way.
    """

    changes: Counter[Verb] = msgspec.field(default_factory=Counter)
    weight: Counter[Verb] = msgspec.field(default_factory=Counter)

    def add(self, verb: Verb, size: int, *, free: bool) -> None:
        """Count one change of a unit of so many devices, unless it is `free`: a leftover or a further step."""
        if not free:
            self.changes[verb] += 1
            self.weight[verb] += size


class Load(msgspec.Struct):
    """One workload's changes beside the devices that hold it now, of the whole fleet whatever the filters."""

    workload: str
    holding: int
    intended: Intended


def loads(one: FleetAssessment, intended: Mapping[str, Intended]) -> list[Load]:
    """Return the load of each workload of a fleet; `intended` by workload id."""
    judged = {} if one.filters.slots else {each.column.workload.id: each for each in one.judged}
    return [
        Load(column.workload.name, _holding(column, judged.get(key), one.snapshot), intended.get(key, Intended()))
        for key, column in sorted(one.resolution.columns.items())
    ]


def _holding(column: Column, judged: Judged | None, snapshot: Snapshot) -> int:
    """Return how many devices of the slots that a fleet claims hold a version; `judged` is there when it saw them all."""
    holds = [state.assigned is not None or bool(state.extra_versions) for state in snapshot.states]
    sizes = snapshot.units.sizes
    if judged is not None and sizes is None:
        return sum(
            number
            for (found, state, _), number in judged.tally.items()
            if holds[state] and found is not Verdict.UNMANAGED
        )
    states = snapshot.column(column.workload.id)
    return sum(
        size
        for claims, state, size in zip(claimed(column), states, sizes or repeat(1, len(states)), strict=True)
        if claims and holds[state]
    )


def admission(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield every limit that these loads break. `units` is the number of units in scope."""
    spec: FleetSpec = document.spec
    for kind, verb in (
        (LimitKind.RELEASE, Verb.RELEASE),
        (LimitKind.REPLACE, Verb.REPLACE),
        (LimitKind.REMOVE, Verb.REMOVE),
    ):
        yield from _over(document, kind, verb, loads, few=units <= spec.limits.minimum)
    for one in loads:
        removed = one.intended.weight[Verb.REMOVE]
        if removed and removed >= one.holding:
            yield Violation(
                kind=LimitKind.REMOVE,
                every_holder_of=one.workload,
                intended=removed,
                allowed=max(0, one.holding - 1),
                of=one.holding,
                origin=document.locate(("spec", "workloads", one.workload)),
            )


def _over(document: Document, kind: LimitKind, verb: Verb, loads: Sequence[Load], *, few: bool) -> Iterator[Violation]:
    limit = getattr(document.spec.limits, kind.value)
    intended = sum(one.intended.weight[verb] for one in loads)
    holding = sum(one.holding for one in loads)
    alone = few and sum(one.intended.changes[verb] for one in loads) == 1
    bounds = [] if limit is None else list(_bounds(limit, holding, alone=alone))
    if bounds and intended > min(bounds):
        share, number = _parts(limit)
        yield Violation(
            kind=kind,
            percent=share or "",
            number=number,
            intended=intended,
            allowed=min(bounds),
            of=holding,
            origin=document.locate(("spec", "limits", kind.value)),
        )


def _bounds(limit: str | Limit, of: int, *, alone: bool) -> Iterator[int]:
    """Yield the most devices that each part of a limit lets through; a percentage says nothing of a change `alone`."""
    share, number = _parts(limit)
    if number is not None:
        yield number
    if share is not None and not alone:
        yield floor(round(of * percent(share) / 100, 6))


def _parts(limit: str | Limit) -> tuple[str | None, int | None]:
    if isinstance(limit, Limit):
        return limit.percent, limit.number
    return (limit, None) if limit.endswith("%") else (None, int(limit))
