"""Admission: of the units that stand in for each other, so many stay untouched and healthy at any time (`keep`).

A group is the units of the fleet's scope with the same value of a tag. Every fleet of the connection counts: whatever one of
them is about to do to a unit touches it, and what is wrong with any of its slots makes it unhealthy. So do the rules of every
fleet: they are about units. What nobody knows does not serve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards.flight import in_flight
from reconciler.core.judge import health, verdict
from reconciler.core.resolve import Resolution
from reconciler.core.waves import turns
from reconciler.model.change import Change
from reconciler.model.desired import Want
from reconciler.model.fleet import Keep
from reconciler.model.hold import Hold, HoldReason, KeepProblem, Kept
from reconciler.model.origin import Origin
from reconciler.model.plan import PaceKind
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Reach, Units
from reconciler.model.verdict import Health

SAMPLE = 3


def admission(one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
    """Return which changes may not go now, and why. Units take their turns one after another."""
    rules = _rules(one)
    found: dict[int, tuple[Hold, ...]] = {}
    if not rules:
        return found
    index, touched = one.snapshot.units.index, one.neighbours.touched
    flying = in_flight(one, going)
    order = turns(RolloutId("", "", ""), (change.unit.id for change in going))
    for _, _, position in sorted((place not in flying, turn, place) for place, turn in enumerate(order)):
        row = index[going[position].unit.id]
        reasons = tuple(hold for rule in rules for hold in rule.holds(row, touched))
        if reasons:
            found[position] = reasons
        else:
            touched.add(row)
    return found


def _rules(one: FleetAssessment) -> list[_Rule]:
    """Return the rules of all fleets of the connection."""
    if PaceKind.KEEP in one.lifted or not one.neighbours.keeping:
        return []
    serves = _serving(one, one.neighbours.resolutions)
    return [
        _Rule(each, keep, each.document.locate(("spec", "keep")), one.snapshot.units, serves)
        for each, keep in one.neighbours.keeping
    ]


def _serving(one: FleetAssessment, resolutions: Sequence[Resolution]) -> Callable[[int], bool]:
    """Return what says whether a unit serves: it is connected, and each of its managed slots is healthy."""
    columns = [column for each in resolutions for column in each.columns.values()]
    units = one.snapshot.units

    @cache
    def serves(row: int) -> bool:
        reach = Reach(units.reach[row])
        if reach is not Reach.CONNECTED:
            return False
        for column in columns:
            value, state = column.rule(row).value, one.snapshot.state(column.workload.id, row)
            healthy = health(verdict(value, state, reach, one.patience), state, reach) is Health.HEALTHY
            if value.want is not Want.UNMANAGED and not healthy:
                return False
        return True

    return serves


class _Rule:
    """`keep` of one fleet."""

    def __init__(
        self, resolution: Resolution, keep: Keep, origin: Origin, units: Units, serves: Callable[[int], bool]
    ) -> None:
        self.scope = resolution.scope
        self.keep = keep
        self.origin = origin
        self.units = units
        self.serves = serves
        self._members: dict[str, list[int]] = {}

    def holds(self, row: int, touched: set[int]) -> Iterator[Hold]:
        """Yield why a unit may not be touched while others are."""
        if row not in self.scope:
            return
        values = sorted({value for tag, value in self.units.label_sets[self.units.labels[row]] if tag == self.keep.per})
        if len(values) != 1:
            problem = KeepProblem.SEVERAL_TAG_VALUES if values else KeepProblem.NO_TAG_VALUE
            yield self._hold(HoldReason.KEEP_UNMET, problem)
            return
        members = self._group(values[0])
        size = {"value": values[0], "members": len(members)}
        if len(members) <= self.keep.serving:
            yield self._hold(HoldReason.KEEP_UNMET, KeepProblem.TOO_SMALL, **size)
            return
        others = [other for other in members if other != row]
        down = [other for other in others if other in touched or not self.serves(other)]
        healthy = len(others) - len(down)
        if healthy < self.keep.serving:
            names = tuple(self.units.names[other] for other in down[:SAMPLE])
            more = max(0, len(down) - SAMPLE)
            yield self._hold(HoldReason.KEPT, KeepProblem.TOO_FEW, healthy=healthy, units=names, more=more, **size)

    def _group(self, value: str) -> list[int]:
        found = self._members.get(value)
        if found is None:
            sets = self.units.tagged(self.keep.per)[value]
            rows = (row for number in sets for row in self.units.labelled(number))
            found = self._members[value] = sorted(row for row in rows if row in self.scope)
        return found

    def _hold(self, code: HoldReason, problem: KeepProblem, **fields: object) -> Hold:
        kept = Kept(problem=problem, tag=self.keep.per, serving=self.keep.serving)
        return Hold(code, at=self.origin, kept=msgspec.structs.replace(kept, **fields))
