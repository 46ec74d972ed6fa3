"""Selectors → masks: which units a selector means.

A mask is `bytes` with one byte a unit, 0 or 1. Tags are looked at once per distinct set of labels, not once a unit, and
masks are combined as big integers, so a quarter of a million units cost milliseconds.
"""

from collections.abc import Callable, Iterator
from fnmatch import translate
from itertools import compress
from re import compile as compile_pattern

from reconciler.model.fleet import Selector
from reconciler.model.unit import Labels, Units

Mask = bytes

GLOB = frozenset("*?[")


def everything(units: Units) -> Mask:
    """Return the mask of all units."""
    return b"\x01" * len(units)


def nothing(units: Units) -> Mask:
    """Return the mask of no unit."""
    return bytes(len(units))


def both(left: Mask, right: Mask) -> Mask:
    """Return the units in both masks."""
    return (int.from_bytes(left, "little") & int.from_bytes(right, "little")).to_bytes(len(left), "little")


def either(left: Mask, right: Mask) -> Mask:
    """Return the units in any of two masks."""
    return (int.from_bytes(left, "little") | int.from_bytes(right, "little")).to_bytes(len(left), "little")


def without(left: Mask, right: Mask) -> Mask:
    """Return the units of the left mask that are not in the right one."""
    ones = int.from_bytes(left, "little")
    return (ones & ~int.from_bytes(right, "little")).to_bytes(len(left), "little")


def rows_of(found: Mask) -> frozenset[int]:
    """Return the rows of the units in a mask."""
    return frozenset(compress(range(len(found)), found))


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
        yield either(_by_id(selector.cohorts, units), _by_name(selector.cohorts, units))
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


def _by_id(ids: list[str], units: Units) -> Mask:
    found = bytearray(len(units))
    for unit_id in ids:
        row = units.index.get(unit_id)
        if row is not None:
            found[row] = 1
    return bytes(found)


def _by_name(names: list[str], units: Units) -> Mask:
    matches = matcher(names)
    return bytes(map(matches, units.names))


def _by_tag(key: str, wanted: list[str], units: Units) -> Mask:
    matches = matcher(wanted)

    def bears(labels: Labels) -> bool:
        return any(tag == key and matches(value) for tag, value in labels)

    verdicts = [bears(labels) for labels in units.label_sets]
    return bytes(map(verdicts.__getitem__, units.labels))


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
