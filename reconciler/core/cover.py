"""Which tags say who belongs to a group: the shortest selectors that mean its units and nobody else's.

Works on counts per distinct set of labels, so it costs as much as there are different label sets, not units.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from heapq import heapify, heappop, heappush

from reconciler.core.select import is_glob
from reconciler.model.fleet import Selector
from reconciler.model.unit import Labels

Term = tuple[str, str]
"""(tag key, value); the value `*` stands for any."""

Tally = Counter[tuple[int, int]]
"""Units by (number of their label set, number of the group they belong to)."""

ANY = "*"
SHARED = 2
"""Units that must have a tag in common before it describes a group: one unit's own tag says nothing about others."""


def cover(tally: Tally, group: int, label_sets: list[Labels]) -> tuple[list[Selector], set[int]]:
    """Return selectors that mean units of one group only, and the label sets of its units that none of them means.

    Greedy: the tag that means most of the rest comes next. Values of one key share a selector.
    """
    pure = _pure(tally, group, label_sets)
    rest = {labels: count for (labels, found), count in tally.items() if found == group and count}
    heap = [(-sum(rest[one] for one in means), term[1] == ANY, term) for term, means in pure.items()]
    heapify(heap)
    chosen: dict[str, list[str]] = defaultdict(list)
    while heap:
        promised, wide, term = heappop(heap)
        count = sum(rest.get(one, 0) for one in pure[term])
        if count < SHARED:
            continue
        if count < -promised:
            heappush(heap, (-count, wide, term))
            continue
        chosen[term[0]].append(term[1])
        for one in pure[term]:
            rest.pop(one, None)
    return [_selector(key, values) for key, values in sorted(chosen.items())], set(rest)


def exactly(tally: Tally, group: int, label_sets: list[Labels], longest: int) -> Selector | None:
    """Return one tag selector that means all units of a group and nobody else, if there is one.

    A key alone (`camera: "*"`) is preferred, then the fewest values, at most `longest`.
    """
    pure = _pure(tally, group, label_sets)
    everyone = {labels for (labels, found), count in tally.items() if found == group and count}
    by_key: dict[str, list[str]] = defaultdict(list)
    for key, value in pure:
        by_key[key].append(value)
    best: tuple[int, str] | None = None
    for key, values in by_key.items():
        if not everyone.issubset(one for value in values for one in pure[key, value]):
            continue
        rank = (0 if ANY in values else len(values), key)
        best = rank if best is None else min(best, rank)
    if best is None or best[0] > longest:
        return None
    return _selector(best[1], [ANY] if best[0] == 0 else by_key[best[1]])


def _pure(tally: Tally, group: int, label_sets: list[Labels]) -> dict[Term, list[int]]:
    """Return the terms that mean units of this group only, with the label sets they mean."""
    means: dict[Term, list[int]] = defaultdict(list)
    foreign: set[Term] = set()
    for (labels, found), count in tally.items():
        if count and found == group:
            for term in _terms(label_sets[labels]):
                means[term].append(labels)
    for (labels, found), count in tally.items():
        if count and found != group:
            foreign |= _terms(label_sets[labels])
    return {term: found for term, found in means.items() if term not in foreign}


def _terms(labels: Labels) -> set[Term]:
    """Return what a selector can say of a set of labels. Values that would read as globs cannot be said exactly."""
    keys = {(key, ANY) for key, _ in labels if key}
    return keys | {(key, value) for key, value in labels if key and value and not is_glob(value)}


def _selector(key: str, values: list[str]) -> Selector:
    return Selector(tags={key: values[0] if len(values) == 1 else sorted(values)})
