"""Admission: how much may be done at once, or in a time: limits on all intended changes, before holds and filters, in devices."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from math import floor

import msgspec
from msgspec.structs import replace

from reconciler.core.assessment import FleetAssessment, narrowed
from reconciler.core.guards import behind
from reconciler.core.guards.spent import Spent, spent, went_in, window_of
from reconciler.core.judge import FREE, Judged, judge, verb_of
from reconciler.core.select import Rows
from reconciler.model.change import Verb
from reconciler.model.desired import Want
from reconciler.model.fleet import Document, FleetSpec, Limit
from reconciler.model.origin import Path
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.quantity import percent
from reconciler.model.snapshot import Snapshot
from reconciler.model.verdict import Verdict

LIMITED = ((LimitKind.RELEASE, Verb.RELEASE), (LimitKind.REPLACE, Verb.REPLACE), (LimitKind.REMOVE, Verb.REMOVE))


class Load(msgspec.Struct):
    """What one workload's changes come to, of the whole fleet whatever the filters. Weights are in devices.

    Leftovers do not count: what is removed there are other versions, and the unit keeps the one it should have. Nor do
    further steps of what is on its way, nor what lags behind the base: merged, it stays as the base has it. A slot of
    unknown state that git wants absent counts as a removal that is intended, and so does a unit that was not shown, where
    anything is removed: else readings that miss some would let through in instalments what one plan may not do.
    """

    workload: str
    names: tuple[str, ...] = ()
    """All that it goes by: its id, the platform's name, and what the manifest calls it."""
    path: Path = ()
    """Where the fleet says what it should be."""
    holding: int = 0
    """Weight of the slots that hold the workload, those that may hold it included."""
    holders: int = 0
    """Units that hold it, or may."""
    missing: int = 0
    """Weight of the slots that hold nothing yet and should."""
    weight: Counter[Verb] = msgspec.field(default_factory=Counter)
    changes: Counter[Verb] = msgspec.field(default_factory=Counter)
    """Changes that are known to be needed."""
    further: int = 0
    """Leftovers and further steps, which count against no limit."""
    unknown: int = 0
    """Units that may have to be removed besides."""
    value: str | None = None
    """The value of the tag that limits are judged for (`per`) whose units these are; None: those of the fleet."""
    spent: Spent = msgspec.field(default_factory=Spent)
    """What went in `window` besides."""
    window: str = ""


def loads(one: FleetAssessment) -> list[Load]:
    """Return the load of each workload of a fleet, by name and id; then those of each value of a tag (`limits.per`)."""
    known = [behind.ahead(one, judged) for judged in one.unfiltered]
    return [*of_fleet(one, known), *_by_value(one, known, window_of(one))]


def of_fleet(one: FleetAssessment, known: Sequence[Judged]) -> list[Load]:
    """Return the load of each workload of a fleet as a whole. `known` is what does not lag behind the base."""
    window, went = window_of(one), went_in(one)
    found = [_load(judged, one.snapshot, one.resolution.names(judged.column.workload)) for judged in known]
    for load, judged in zip(found, known, strict=True):
        load.spent, load.window = spent(one, judged, went.pop(judged.column.workload.id, ())), window
    for workload, rest in sorted(went.items()):  # of which the fleet says nothing any more
        load = Load(workload, (workload,), window=window)
        for each in rest:
            load.spent.add(each, counted=False)
        found.append(load)
    return found


def _by_value(one: FleetAssessment, known: Sequence[Judged], window: str) -> Iterator[Load]:
    """Yield the loads of the units of each value of a tag where anything changes."""
    tag, units = one.resolution.spec.limits.per, one.snapshot.units
    if tag is None:
        return
    went = went_in(one)
    changing = {units.labels[intent.row] for judged in known for intent in judged.intents}
    for value, sets in sorted(units.tagged(tag).items()):
        if changing.isdisjoint(sets):
            continue
        rows = Rows(array("I", sorted(row for number in sets for row in units.labelled(number))))
        for judged in known:
            workload = judged.column.workload
            some = judge(narrowed(judged.column, rows), one.snapshot, one.patience)
            load = _load(behind.ahead(one, some), one.snapshot, one.resolution.names(workload))
            load.spent = spent(one, judged, went.get(workload.id, ()), rows)
            load.value, load.window = value, window
            yield load


def _load(judged: Judged, snapshot: Snapshot, names: tuple[str, ...]) -> Load:
    load = Load(judged.column.workload.name, names, judged.column.rules[1].path)
    _count_holders(load, judged, snapshot)
    for (rule, state, verdict), (number, weight) in _alike(judged, snapshot).items():
        line, found = judged.column.rules[rule], snapshot.states[state]
        verb = verb_of(verdict, found, line.value)
        if verb is not None and verdict in FREE:
            load.further += number
        elif verb is not None:
            load.changes[verb] += number
            load.weight[verb] += weight
        if verdict is Verdict.MISSING and not found.holds:  # else it is among the holders already
            load.missing += weight
        if verdict is Verdict.UNKNOWN and line.value.want is Want.ABSENT and (line.kind != "prune" or state):
            load.unknown += number
            load.weight[Verb.REMOVE] += weight
            if not found.holds:
                load.holding += weight
                load.holders += number
    if load.changes[Verb.REMOVE]:
        unseen = snapshot.coverage.unseen
        load.unknown += unseen
        load.weight[Verb.REMOVE] += unseen
        load.holding += unseen
        load.holders += unseen
    return load


def _alike(judged: Judged, snapshot: Snapshot) -> dict[tuple[int, int, Verdict], tuple[int, int]]:
    """Return how many units need the same for the same reason, and their weight, by (rule, state, verdict)."""
    numbers = Counter((one.rule, one.state, one.verdict) for one in judged.intents)
    sizes = snapshot.units.sizes
    if sizes is None:
        return {key: (number, number) for key, number in numbers.items()}
    weights: Counter[tuple[int, int, Verdict]] = Counter()
    for one in judged.intents:
        weights[one.rule, one.state, one.verdict] += sizes[one.row]
    return {key: (number, weights[key]) for key, number in numbers.items()}


def _count_holders(load: Load, judged: Judged, snapshot: Snapshot) -> None:
    holds = [state.holds for state in snapshot.states]
    load.holders = sum(
        number for (found, state, _), number in judged.tally.items() if holds[state] and found is not Verdict.UNMANAGED
    )
    sizes = snapshot.units.sizes
    if sizes is None:
        load.holding = load.holders
        return
    states = snapshot.column(judged.column.workload.id)
    load.holding = sum(sizes[row] for row in judged.column.claims() if holds[states[row]])


def admission(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield every limit that these loads break, for each workload and for the fleet. `units` are those in scope."""
    spec: FleetSpec = document.spec
    groups: dict[str | None, list[Load]] = {}
    for one in loads:
        groups.setdefault(one.value, []).append(one)
    for kind, verb in LIMITED:
        limit = getattr(spec.limits, kind.value)
        for value, some in groups.items() if limit is not None else ():
            for found in _over(document, kind, verb, limit, some, few=units <= spec.limits.minimum):
                yield found if value is None else replace(found, tag=spec.limits.per or "", value=value)
    for one in groups.get(None, ()):
        removed = one.weight[Verb.REMOVE]
        if one.changes[Verb.REMOVE] and removed and removed >= one.holding:
            yield Violation(
                kind=LimitKind.REMOVE,
                every_holder_of=one.workload,
                intended=removed,
                allowed=max(0, one.holding - 1),
                of=one.holding,
                unknown=one.unknown,
                origin=document.locate(one.path),
            )


def _over(  # a limit, and what is held against it
    document: Document, kind: LimitKind, verb: Verb, limit: str | Limit, loads: Sequence[Load], *, few: bool
) -> Iterator[Violation]:
    """Yield what goes beyond a limit: each workload that does, else the fleet.

    Where nothing is known to need such a change, nothing of the kind can go, so there is nothing to forbid.
    """

    def broken(some: Sequence[Load]) -> Iterator[Violation]:
        small = few or sum(one.holders for one in some) <= document.spec.limits.minimum
        return _beyond(document, kind, verb, limit, some, alone=small and _single(some, verb))

    going = [one for one in loads if one.changes[verb]]
    each = [replace(found, workload=one.workload) for one in going for found in broken([one])]
    yield from each or (broken(loads) if going else ())


def _single(loads: Sequence[Load], verb: Verb) -> bool:
    unknown = sum(one.unknown for one in loads) if verb is Verb.REMOVE else 0
    return sum(one.changes[verb] + one.spent.slots[verb] for one in loads) + unknown == 1


def _beyond(  # a limit, and the loads that count together
    document: Document, kind: LimitKind, verb: Verb, limit: str | Limit, loads: Sequence[Load], *, alone: bool
) -> Iterator[Violation]:
    intended, went, base = _together(verb, loads)
    bounds = list(_bounds(limit, base, alone=alone))
    if bounds and intended + went > min(bounds):
        share, number = parts(limit)
        yield Violation(
            kind=kind,
            percent=share or "",
            number=number,
            intended=intended,
            went=went,
            window=loads[0].window if went else "",
            allowed=min(bounds),
            of=base,
            unknown=sum(one.unknown for one in loads) if verb is Verb.REMOVE else 0,
            origin=document.locate(("spec", "limits", kind.value)),
        )


def room(spec: FleetSpec, loads: Sequence[Load]) -> dict[Verb, int]:
    """Return how many devices more each limit lets through of a fleet as a whole; a verb without a limit is not there.

    Where nothing of the kind is intended or went and the fleet is small, one may go whatever the percentage.
    """
    small = sum(one.holders for one in loads) <= spec.limits.minimum
    left: dict[Verb, int] = {}
    for kind, verb in LIMITED:
        limit = getattr(spec.limits, kind.value)
        if limit is not None:
            intended, went, base = _together(verb, loads)
            bounds = [*_bounds(limit, base, alone=False)]
            if small and not intended + went:
                bounds = [max(min(bounds), min([1, *_bounds(limit, base, alone=True)]))]
            left[verb] = max(0, min(bounds) - intended - went)
    return left


def _together(verb: Verb, loads: Sequence[Load]) -> tuple[int, int, int]:
    """Return the weight that is intended, that went in the window before, and that a percentage is taken of."""
    held = sum(one.holding + (one.missing if verb is Verb.RELEASE else 0) for one in loads)
    base = held + sum(one.spent.more[verb] for one in loads)
    return sum(one.weight[verb] for one in loads), sum(one.spent.weight[verb] for one in loads), base


def _bounds(limit: str | Limit, of: int, *, alone: bool) -> Iterator[int]:
    """Yield the most devices that each part of a limit lets through; a percentage says nothing of a change `alone`."""
    share, number = parts(limit)
    if number is not None:
        yield number
    if share is not None and not alone:
        yield floor(round(of * percent(share) / 100, 6))


def parts(limit: str | Limit) -> tuple[str | None, int | None]:
    """Return the percentage and the number of a limit, None for what it does not say."""
    if isinstance(limit, Limit):
        return limit.percent, limit.number
    return (limit, None) if limit.endswith("%") else (None, int(limit))
