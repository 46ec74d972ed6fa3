"""Selectors → masks: which units a selector means.

A mask is `bytes` with one byte a unit, 0 or 1. Tags are looked up, not looked at unit by unit, and masks are combined as
big integers, so a quarter of a million units cost milliseconds. What is kept are `Rows`: a thousand fleets of one
application are as small together as one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from itertools import chain, compress
from operator import itemgetter
from re import compile as compile_pattern
from typing import TypeVar

from reconciler.model.fleet import Selector
from reconciler.model.unit import Units

T = TypeVar("T")
Mask = bytes

MANY = 16
"""Looking at a unit costs less than searching for one, where that leads past fewer than so many others."""


class Rows:
    """Rows of units, in order."""

    __slots__ = ("_rows",)

    def __init__(self, rows: range | array[int]) -> None:
        """Take them, sorted and distinct."""
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __contains__(self, row: object) -> bool:
        """Return whether a row is among them."""
        return isinstance(row, int) and self.position(row) >= 0

    def position(self, row: int) -> int:
        """Return where a row stands; -1 where it is not among them."""
        if isinstance(self._rows, range):
            return row - self._rows.start if row in self._rows else -1
        found = bisect_left(self._rows, row)
        return found if found < len(self._rows) and self._rows[found] == row else -1

    def positions(self, rows: Iterable[int]) -> Iterable[int]:
        """Return where rows stand that are all among them."""
        if not isinstance(self._rows, range):
            return map(self.position, rows)
        start = self._rows.start
        return (row - start for row in rows) if start else rows

    def of(self, column: Sequence[T]) -> Iterable[T]:
        """Return what a column over all units has at these rows."""
        if isinstance(self._rows, range):
            return column[self._rows.start : self._rows.stop]
        return itemgetter(*self._rows)(column) if len(self._rows) > 1 else [column[row] for row in self._rows]


def rows_in(found: Mask) -> Rows:
    """Return the rows of the units in a mask."""
    first, end = max(0, found.find(1)), found.rfind(1) + 1
    if found.find(0, first, end) < 0:
        return Rows(range(first, end))
    few = _narrow(found[first:end], MANY)
    return Rows(array("I", _ones(found) if few else compress(range(first, end), found[first:end])))


def _ones(found: Mask) -> Iterator[int]:
    row = found.find(1)
    while row >= 0:
        yield row
        row = found.find(1, row + 1)


def _narrow(found: Mask, one_of: int) -> bool:
    """Return whether about one unit of so many is in a mask, or fewer; by some of them, for only speed hangs on it."""
    some = found[::STRIDE]
    return some.count(1) * one_of < len(some)


def mask_of(rows: Iterable[int], units: Units) -> Mask:
    """Return the mask of these rows."""
    return _masked(rows, len(units))


def _masked(rows: Iterable[int], size: int) -> Mask:
    found = bytearray(size)
    for row in rows:
        found[row] = 1
    return bytes(found)


NARROW = 64
"""Units are gone through one by one where there is one of so many: many fleets may share an inventory."""
STRIDE = 61
"""Of so many units one is looked at to see whether they are many."""
KEPT = 16
"""Masks that are kept of one inventory."""
GLOB = frozenset("*?[")


def everything(units: Units) -> Mask:
    """Return the mask of all units."""
    return b"\x01" * len(units)


def nothing(units: Units) -> Mask:
    """Return the mask of no unit."""
    return bytes(len(units))


def both(left: Mask, right: Mask) -> Mask:
    """Return the units in both masks."""
    for some, other in ((left, right), (right, left)):
        if _narrow(some, NARROW):
            return _masked((row for row in _ones(some) if other[row]), len(some))
    return (int.from_bytes(left, "little") & int.from_bytes(right, "little")).to_bytes(len(left), "little")


def either(left: Mask, right: Mask) -> Mask:
    """Return the units in any of two masks."""
    return (int.from_bytes(left, "little") | int.from_bytes(right, "little")).to_bytes(len(left), "little")


def without(left: Mask, right: Mask) -> Mask:
    """Return the units of the left mask that are not in the right one."""
    if _narrow(left, NARROW):
        return _masked((row for row in _ones(left) if not right[row]), len(left))
    ones = int.from_bytes(left, "little")
    return (ones & ~int.from_bytes(right, "little")).to_bytes(len(left), "little")


def mask(selector: Selector, units: Units) -> Mask:
    """Return the units a selector means; its keys are ANDed. An empty selector means no unit."""
    parts = list(_parts(selector, units))
    if not parts:
        return nothing(units)
    found = parts[0]
    for part in parts[1:]:
        found = both(found, part)
    return found


def _parts(selector: Selector, units: Units) -> Iterator[Mask]:
    if selector.all is not None:
        yield everything(units) if selector.all else nothing(units)
    if selector.ids is not None:
        yield _by_id(selector.ids, units)
    if selector.cohorts is not None:
        yield either(_by_id(selector.cohorts, units), _by_name([*_not_ids(selector.cohorts, units)], units))
    if selector.names is not None:
        yield _by_name(selector.names, units)
    for key, wanted in (selector.tags or {}).items():
        yield _by_tag(key, [wanted] if isinstance(wanted, str) else wanted, units)
    if selector.not_ is not None:
        yield without(everything(units), mask(selector.not_, units))
    if selector.any is not None:
        found = nothing(units)
        for one in selector.any:
            found = either(found, mask(one, units))
        yield found


def _not_ids(cohorts: list[str], units: Units) -> Iterator[str]:
    return (one for one in cohorts if one not in units.index)


def named_in(selector: Selector, units: Units) -> Iterator[str]:
    """Yield the names that each of a selector itself must mean one unit: no globs, and of cohorts no ids."""
    for name in (*(selector.names or ()), *_not_ids(selector.cohorts or [], units)):
        if not is_glob(name):
            yield name


def _by_id(ids: list[str], units: Units) -> Mask:
    rows = (units.index.get(unit_id) for unit_id in ids)
    return mask_of((row for row in rows if row is not None), units)


def _by_name(names: list[str], units: Units) -> Mask:
    if not any(map(is_glob, names)):
        return mask_of((row for name in names for row in units.named(name)), units)
    return bytes(map(matcher(names), units.names))


def _by_tag(key: str, wanted: list[str], units: Units) -> Mask:
    """Return the units with a tag; a wide mask, which the overrides of all fleets and workloads may share, is kept."""
    asked = key, *wanted
    found = units.masks.get(asked)
    if found is None:
        found = _tagged(key, wanted, units)
        if len(units.masks) < KEPT and not _narrow(found, NARROW):
            units.masks[asked] = found
    return found


def _tagged(key: str, wanted: list[str], units: Units) -> Mask:
    known = units.tagged(key)
    values = filter(matcher(wanted), known) if any(map(is_glob, wanted)) else known.keys() & wanted
    numbers = {number for value in values for number in known[value]}
    return mask_of(chain.from_iterable(map(units.labelled, numbers)), units)


def matcher(patterns: list[str]) -> Callable[[str], bool]:
    """Return a test for texts that equal, or as a glob match, any of the patterns (case counts)."""
    exact = frozenset(patterns)
    globs = [pattern for pattern in patterns if is_glob(pattern)]
    if not globs:
        return exact.__contains__
    expression = compile_pattern("|".join(translate(pattern) for pattern in globs))
    return lambda text: text in exact or expression.match(text) is not None


def is_glob(pattern: str) -> bool:
    """Return whether a pattern can match more than itself."""
    return not GLOB.isdisjoint(pattern)


def selectors_in(selector: Selector) -> Iterator[Selector]:
    """Yield a selector and every selector inside it."""
    yield selector
    if selector.not_ is not None:
        yield from selectors_in(selector.not_)
    for one in selector.any or []:
        yield from selectors_in(one)
