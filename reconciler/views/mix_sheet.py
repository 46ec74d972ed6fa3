"""A fleet by version: what it has now, what it has once the changes of a plan took effect, and what git says."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import msgspec

from reconciler.model.change import Change, Verb
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.unit import Names
from reconciler.views.words import clean, count, devices, listed, portion, version

LONGEST = 1000
"""The length of a whole bar."""

PARTS = 50
"""Fleets that are shown by themselves, of those that are together."""


class Amount(msgspec.Struct, frozen=True):
    """Devices in one column: in words, and the length of their bar out of `LONGEST`."""

    number: str
    share: str
    length: int


class VersionRow(msgspec.Struct, frozen=True):
    """One version: how many devices have it now, after the plan, and as git says."""

    version: str
    now: Amount
    after: Amount
    desired: Amount

    @property
    def gone(self) -> bool:
        """Return whether nothing of it is left once all is as git says."""
        return not self.desired.length


class WorkloadMix(msgspec.Struct, frozen=True):
    """The versions of one workload: of one fleet, or of several together. `parts` are those by themselves."""

    fleet: str
    workload: str
    detail: str
    rows: tuple[VersionRow, ...]
    settled: bool
    """Whether nothing changes, and all is as git says."""
    parts: tuple[WorkloadMix, ...] = ()
    rest: str = ""
    """How many fleets are not among the parts."""


class _Counts(msgspec.Struct):
    """Devices by version: now, once the changes of a plan took effect, and as git says."""

    now: Counter[str | None]
    after: Counter[str | None]
    desired: Counter[str | None]
    unknown: int

    def __add__(self, other: _Counts) -> _Counts:
        """Return those of two fleets together."""
        now, after, desired = self.now + other.now, self.after + other.after, self.desired + other.desired
        return _Counts(now, after, desired, self.unknown + other.unknown)

    @property
    def settled(self) -> bool:
        """Return whether nothing changes, and all is as git says."""
        return not self.unknown and self.now == self.after == self.desired


class _Found(NamedTuple):
    """The versions of one workload of one fleet."""

    fleet: FleetPlan
    name: str
    counts: _Counts

    @property
    def pool(self) -> Hashable:
        """Return what fleets must share to be shown together: a name alone is no workload of another platform."""
        return self.name, self.fleet.platform, bool(self.fleet.violations), self.counts.settled


def mixes(plan: Plan) -> list[WorkloadMix]:
    """Return the versions of every workload, of all fleets together: those that are not as git says first."""
    pools: dict[Hashable, list[_Found]] = {}
    for one in (found for fleet in plan.fleets for found in _found(fleet)):
        pools.setdefault(one.pool, []).append(one)
    return sorted(map(_pooled, pools.values()), key=lambda one: one.settled)


def _pooled(found: Sequence[_Found]) -> WorkloadMix:
    if len(found) == 1:
        return _mix(found, found[0].counts)
    together = reduce(operator.add, (one.counts for one in found))
    rest = f"{count(len(found) - PARTS, 'more fleet')} in the saved plan" if len(found) > PARTS else ""
    parts = tuple(_mix([one], one.counts) for one in found[:PARTS])
    return msgspec.structs.replace(_mix(found, together), parts=parts, rest=rest)


def _found(fleet: FleetPlan) -> Iterator[_Found]:
    called = Names(one.workload for one in fleet.mix)
    moved: dict[str, Counter[str | None]] = {}
    for change in () if fleet.violations else fleet.changes:
        _move(moved.setdefault(change.workload.id, Counter()), change)
    for one in fleet.mix:
        now = +Counter({each.version: each.assigned for each in one.versions})
        desired = +Counter({each.version: each.desired for each in one.versions})
        after = now.copy()
        after.update(moved.get(one.workload.id, {}))
        yield _Found(fleet, clean(called(one.workload)), _Counts(now, +after, desired, one.unknown))


def _move(moved: Counter[str | None], change: Change) -> None:
    """Add what a change moves: of a unit whose devices are taken to a version by and by only the share of now."""
    if change.verb is Verb.REMOVE and change.to is not None:
        return  # further versions go, what is assigned stays
    size = change.size
    if change.share is not msgspec.UNSET:
        size = size * change.share // 100
    moved[change.from_] -= size
    moved[change.to] += size


def _mix(found: Sequence[_Found], counts: _Counts) -> WorkloadMix:
    now, after, desired = counts.now, counts.after, counts.desired
    whole = max(1, now.total() + counts.unknown, desired.total())
    names = sorted({*now, *after, *desired}, key=lambda key: (key is None, -max(now[key], desired[key]), key or ""))
    rows = [VersionRow(version(key), *(_amount(some[key], whole) for some in (now, after, desired))) for key in names]
    if counts.unknown:
        unknown = _amount(counts.unknown, whole)
        rows.append(VersionRow("unknown", unknown, unknown, _amount(0, whole)))
    first = found[0]
    stays = any(one.fleet.changes for one in found) and bool(first.fleet.violations)
    blocked = "; nothing changes while a limit is violated" if stays else ""
    fleets = f"{count(len(found), 'fleet')}: " if len(found) > 1 else ""
    named = f"{fleets}{listed([one.fleet.fleet for one in found])}"
    return WorkloadMix(named, first.name, f"{devices(whole)}{blocked}", tuple(rows), counts.settled)


def _amount(number: int, whole: int) -> Amount:
    length = number * LONGEST // whole
    return Amount(f"{number:,}", portion(number, whole), max(length, 3) if number else 0)


def summary(found: list[WorkloadMix]) -> str:
    """Return how many workloads are as git says already."""
    settled = sum(one.settled for one in found)
    return f"{count(settled, 'workload')} of {len(found):,} as git says" if settled else ""
