"""A fleet by version: what it has now, what it has once the changes of a plan took effect, and what git says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from reconciler.model.change import Change, Verb
from reconciler.model.plan import FleetPlan, Plan, VersionMix
from reconciler.model.unit import Names
from reconciler.views.words import clean, count, devices, portion, version

LONGEST = 1000
"""The length of a whole bar."""


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
    """The versions of one workload of a fleet."""

    fleet: str
    workload: str
    detail: str
    rows: tuple[VersionRow, ...]
    settled: bool
    """Whether nothing changes, and all is as git says."""


def mixes(plan: Plan) -> list[WorkloadMix]:
    """Return the versions of every workload: those that a plan changes first, then those that are not as git says."""
    found = [one for fleet in plan.fleets for one in _mixes(fleet)]
    return sorted(found, key=lambda one: one.settled)


def _mixes(fleet: FleetPlan) -> Iterator[WorkloadMix]:
    called = Names(one.workload for one in fleet.mix)
    moved: dict[str, Counter[str | None]] = {}
    for change in () if fleet.violations else fleet.changes:
        _move(moved.setdefault(change.workload.id, Counter()), change)
    for one in fleet.mix:
        yield _mix(fleet, one, clean(called(one.workload)), moved.get(one.workload.id, Counter()))


def _move(moved: Counter[str | None], change: Change) -> None:
    """Add what a change moves: of a unit whose devices are taken to a version by and by only the share of now."""
    if change.verb is Verb.REMOVE and change.to is not None:
        return  # further versions go, what is assigned stays
    size = change.size
    if change.share is not msgspec.UNSET:
        size = size * change.share // 100
    moved[change.from_] -= size
    moved[change.to] += size


def _mix(fleet: FleetPlan, one: VersionMix, name: str, moved: Counter[str | None]) -> WorkloadMix:
    now = {each.version: each.assigned for each in one.versions}
    desired = {each.version: each.desired for each in one.versions}
    after = {key: max(0, now.get(key, 0) + moved[key]) for key in {*now, *moved}}
    whole = max(1, sum(now.values()) + one.unknown, sum(desired.values()))
    names = sorted(after, key=lambda key: (key is None, -max(now.get(key, 0), desired.get(key, 0)), key or ""))
    rows = [
        VersionRow(version(key), *(_amount(some.get(key, 0), whole) for some in (now, after, desired))) for key in names
    ]
    settled = not one.unknown and all(now.get(key, 0) == after[key] == desired.get(key, 0) for key in names)
    if one.unknown:
        unknown = _amount(one.unknown, whole)
        rows.append(VersionRow("unknown", unknown, unknown, _amount(0, whole)))
    blocked = "; nothing changes while a limit is violated" if fleet.violations and fleet.changes else ""
    return WorkloadMix(clean(fleet.fleet), name, f"{devices(whole)}{blocked}", tuple(rows), settled)


def _amount(number: int, whole: int) -> Amount:
    length = number * LONGEST // whole
    return Amount(f"{number:,}", portion(number, whole), max(length, 3) if number else 0)


def summary(found: list[WorkloadMix]) -> str:
    """Return how many workloads are as git says already."""
    settled = sum(one.settled for one in found)
    return f"{count(settled, 'workload')} of {len(found):,} as git says" if settled else ""
