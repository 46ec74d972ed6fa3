"""One workload's slots → a default, a reach, overrides and pins that say exactly that in few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import compress

import msgspec

from reconciler.core.cover import Tally, cover, exactly
from reconciler.model.desired import UNMANAGED, Desired
from reconciler.model.fleet import Override, Selector, WorkloadSpec
from reconciler.model.unit import Units

IDS_A_LINE = 4
"""Ids of 24 characters that fit a line; only an estimate to choose by."""

VALUES_A_LINE = 8


class DesiredValues(msgspec.Struct):
    """What the slots of one workload should say: `values[numbers[i]]` on `rows[i]`. Value 0 is unmanaged."""

    rows: list[int]
    numbers: list[int]
    values: list[Desired]

    def __iter__(self) -> Iterator[tuple[int, Desired]]:
        return ((row, self.values[number]) for row, number in zip(self.rows, self.numbers, strict=True))

    @property
    def held_rows(self) -> Iterator[int]:
        """Return the rows of the slots that are to be managed."""
        return compress(self.rows, self.numbers)

    @property
    def held(self) -> int:
        """Return how many slots are to be managed."""
        return len(self.numbers) - self.numbers.count(0)


class Described(msgspec.Struct):
    """One way to say it. `cost` is in lines, about."""

    value: Desired
    units: Selector | None = None
    overrides: list[tuple[Selector, Desired]] = []
    pins: dict[int, Desired] = {}
    cost: int = 0

    def spec(self, workload_id: str | None) -> WorkloadSpec:
        """Return it as people write it; pins are the fleet's."""
        return WorkloadSpec(
            id=workload_id,
            units=self.units,
            version=self.value.version,
            unmanaged=True if self.value == UNMANAGED else None,
            settings=dict(self.value.settings),
            overrides=[
                Override(
                    units=selector,
                    version=value.version,
                    unmanaged=True if value == UNMANAGED else None,
                    settings=dict(value.settings),
                )
                for selector, value in self.overrides
            ],
        )


def describe(desired: DesiredValues, units: Units, pinned: set[int], *, ids: bool, cohorts: bool = False) -> Described:
    """Return the shortest way to say what these slots should be; at least one must be managed.

    `pinned` are the rows that have a line among the pins already, where one more workload costs nothing. `ids` allows
    selectors that list ids. With `cohorts` units are told by being named as such, never by tags: each is a group itself.
    """
    return _Describer(desired, units, pinned, ids=ids, cohorts=cohorts).run()


class _Describer:
    def __init__(self, desired: DesiredValues, units: Units, pinned: set[int], *, ids: bool, cohorts: bool) -> None:
        self.desired = desired
        self.units = units
        self.pinned = pinned
        self.ids = ids
        self.cohorts = cohorts
        counts = Counter(number for number in desired.numbers if number)
        self.common = min(counts, key=lambda number: (-counts[number], desired.values[number].version or ""))

    def run(self) -> Described:
        if not self.desired.numbers.count(0):
            return self._say(self.common, None)
        ways = [self._say(self.common, reach) for reach in self._reaches()]
        ways += [self._say(self.common, None), self._say(0, None)]
        return min(ways, key=lambda way: way.cost)

    def _reaches(self) -> Iterator[Selector]:
        """Yield selectors that mean exactly the units which have the workload."""
        holders: Tally = Counter(
            (self.units.labels[row], int(number > 0))
            for row, number in zip(self.desired.rows, self.desired.numbers, strict=True)
        )
        found = None if self.cohorts else exactly(holders, 1, self.units.label_sets, VALUES_A_LINE)
        if found is not None:
            yield found
        if self.ids:
            yield self._named([row for row, value in self.desired if value != UNMANAGED])

    def _say(self, default: int, reach: Selector | None) -> Described:
        """Say it with this default; with a reach, only of the units that have the workload."""
        inside = [
            (row, number)
            for row, number in zip(self.desired.rows, self.desired.numbers, strict=True)
            if number or reach is None
        ]
        tally: Tally = Counter((self.units.labels[row], number) for row, number in inside)
        overrides: list[tuple[Selector, Desired]] = []
        pins: dict[int, Desired] = {}
        for number in sorted({number for _, number in inside} - {default}, key=self._order):
            value = self.desired.values[number]
            rows = [row for row, found in inside if found == number]
            if not self.cohorts:
                selectors, rest = cover(tally, number, self.units.label_sets)
                overrides += [(selector, value) for selector in selectors]
                rows = [row for row in rows if self.units.labels[row] in rest]
            if rows and self.ids and self._fewer_as_ids(rows, header=not overrides):
                overrides.append((self._named(rows), value))
            else:
                pins.update(dict.fromkeys(rows, value))
        found = Described(self.desired.values[default], reach, overrides, pins)
        found.cost = self._cost(found)
        return found

    def _named(self, rows: list[int]) -> Selector:
        """Return what means exactly these units by their ids; of a cohort that is its slug, which reads well."""
        names = [self.units.ids[row] for row in rows]
        return Selector(cohorts=names) if self.cohorts else Selector(ids=names)

    def _order(self, number: int) -> tuple[str, str]:
        value = self.desired.values[number]
        return value.want.value, f"{value.version}{value.settings}"

    def _fewer_as_ids(self, rows: list[int], *, header: bool) -> bool:
        return header + _lines_of(len(rows), IDS_A_LINE) < len(set(rows) - self.pinned)

    def _cost(self, way: Described) -> int:
        selectors = [way.units] if way.units is not None else []
        selectors += [selector for selector, _ in way.overrides]
        lines = sum(map(_selector_lines, selectors))
        return lines + bool(way.overrides) + len(way.pins.keys() - self.pinned)


def _selector_lines(selector: Selector) -> int:
    if selector.ids is not None:
        return _lines_of(len(selector.ids), IDS_A_LINE)
    if selector.cohorts is not None:
        return _lines_of(len(selector.cohorts), VALUES_A_LINE)
    values = [value for value in (selector.tags or {}).values() if isinstance(value, list)]
    return _lines_of(max(map(len, values), default=1), VALUES_A_LINE)


def _lines_of(count: int, a_line: int) -> int:
    return -(-count // a_line)
