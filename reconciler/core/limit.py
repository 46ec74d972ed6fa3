"""How much one apply may do: limits on intended changes, judged once, before holds, weighted by devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor

import msgspec

from reconciler.core.draft import Draft
from reconciler.core.judge import Judged
from reconciler.model.change import Change, Verb
from reconciler.model.fleet import Document, FleetSpec, Limit
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.quantity import percent
from reconciler.model.snapshot import Snapshot


class Load(msgspec.Struct):
    """Devices that one workload's changes concern: by verb, and how many hold it before."""

    workload: str
    holding: int
    intended: dict[Verb, int]


def load(judged: Judged, snapshot: Snapshot, intended: dict[Verb, int]) -> Load:
    """Return the load of one workload; `intended` is the weight of its changes by verb."""
    return Load(judged.column.workload.name, _holding(judged, snapshot), intended)


def _holding(judged: Judged, snapshot: Snapshot) -> int:
    if snapshot.units.sizes is None:
        return sum(
            count for (_, state, _), count in judged.tally.items() if snapshot.states[state].assigned is not None
        )
    column = snapshot.column(judged.column.workload.id)
    return sum(
        size
        for rule, state, size in zip(judged.column.winners, column, snapshot.units.sizes, strict=True)
        if rule and snapshot.states[state].assigned is not None
    )


def violations(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield every limit that these loads break. `units` is the number of units in scope."""
    spec: FleetSpec = document.spec
    if units == 0 and not spec.allow_empty:
        yield Violation(
            kind=LimitKind.EMPTY_SCOPE,
            message="the scope matches no unit; if that is meant, say `allow_empty: true`",
            origin=document.locate(("spec", "units")),
        )
    holding = sum(one.holding for one in loads)
    for kind, verb in (
        (LimitKind.RELEASE, Verb.RELEASE),
        (LimitKind.REPLACE, Verb.REPLACE),
        (LimitKind.REMOVE, Verb.REMOVE),
    ):
        limit = getattr(spec.limits, kind.value)
        intended = sum(one.intended.get(verb, 0) for one in loads)
        if limit is None or not intended:
            continue
        allowed = _allowed(limit, holding, alone=units <= spec.limits.minimum)
        if intended > allowed:
            yield Violation(
                kind=kind,
                message=f"would {kind.value} {intended:,} of {holding:,} assigned; {kind.value} is limited to {_words(limit)}",
                intended=intended,
                allowed=allowed,
                of=holding,
                origin=document.locate(("spec", "limits", kind.value)),
            )
    for one in loads:
        removed = one.intended.get(Verb.REMOVE, 0)
        if removed and removed >= one.holding:
            yield Violation(
                kind=LimitKind.REMOVE,
                message=f"would remove {one.workload} from every unit of the fleet that has it",
                intended=removed,
                allowed=max(0, one.holding - 1),
                of=one.holding,
                origin=document.locate(("spec", "workloads", one.workload)),
            )


def _allowed(limit: str | int | Limit, of: int, *, alone: bool) -> int:
    share, number = _parts(limit)
    bounds = [] if number is None else [number]
    if share is not None:
        bounds.append(max(floor(of * percent(share) / 100), int(alone)))
    return min(bounds)


def _parts(limit: str | int | Limit) -> tuple[str | None, int | None]:
    if isinstance(limit, Limit):
        return limit.percent, limit.number
    return (limit, None) if isinstance(limit, str) else (None, limit)


def _words(limit: str | int | Limit) -> str:
    share, number = _parts(limit)
    return " and ".join(text for text in (share, None if number is None else f"{number:,}") if text)


def limits_of(one: Draft, changes: Sequence[Change]) -> list[Violation]:
    """Return the limits that exactly these changes of a judged fleet break today."""
    weights: dict[str, dict[Verb, int]] = {}
    for change in changes:
        intended = weights.setdefault(change.workload.id, {})
        intended[change.verb] = intended.get(change.verb, 0) + change.size
    loads = [load(judged, one.snapshot, weights.get(judged.column.workload.id, {})) for judged in one.judged]
    return list(violations(one.document, loads, sum(one.resolution.scope)))
