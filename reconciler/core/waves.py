"""Membership: in which waves of a rollout each unit is. It depends on nothing that is going on, so every process agrees.

A unit belongs to the first wave that takes it: by selector, by percentage, or by a percentage of what a selector matches.
Percentages are held against a hash of fleet, workload, version and unit id: units that come or go change nobody's wave. What
no wave takes comes after the last. Where a platform stages within a unit, a wave may stop at a share of it, and a later one goes on.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import compress

import msgspec

from reconciler.core.resolve import Column
from reconciler.core.select import Mask, mask
from reconciler.model.fleet import Rollout, Wave
from reconciler.model.kind import in_words
from reconciler.model.quantity import percent
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Units

WHOLE = 100
"""Percent of a unit's devices."""
DIGEST = 8
MANY = 255
"""Waves from which on numbers of patterns are no bytes."""


class Stop(msgspec.Struct, frozen=True, gc=False):
    """How far a wave takes a unit: the wave's number, and the percent of the unit's devices."""

    wave: int
    share: int = WHOLE


Pattern = tuple[Stop, ...]
"""The stops of a unit, in order; the last is the whole unit."""


class Membership(msgspec.Struct):
    """The waves of every slot of a rollout: `patterns[number]` for each that is `inside`, in the order of their positions."""

    patterns: list[Pattern]
    inside: bytes
    """One byte a position in the rows of the column of rules: whether the slot is of the rollout."""
    numbers: Sequence[int]
    _column: Sequence[int] = ()

    @property
    def column(self) -> Sequence[int]:
        """Return the number of each position; that of a slot which is not of the rollout means nothing."""
        if not self._column:
            self._column = self.numbers if 0 not in self.inside else self._spread()
        return self._column

    def _spread(self) -> array[int]:
        found = array("I", bytes(4 * len(self.inside)))
        for position, number in zip(compress(range(len(self.inside)), self.inside), self.numbers, strict=True):
            found[position] = number
        return found

    def of(self, position: int) -> Pattern:
        """Return the stops of a slot; nothing where it is not of the rollout."""
        return self.patterns[self.column[position]] if self.inside[position] else ()


def turns(rollout: RolloutId, units: Iterable[str]) -> list[bytes]:
    """Return where units stand in the order of a rollout: spread evenly, the same in every process (ids)."""
    start = blake2b(f"{rollout.fleet}\0{rollout.workload}\0{rollout.version}\0".encode(), digest_size=DIGEST)
    found = []
    for unit in units:
        one = start.copy()
        one.update(unit.encode())
        found.append(one.digest())
    return found


class Waves:
    """The waves of a fleet as written, held against its units once."""

    def __init__(self, rollout: Rollout, units: Units) -> None:
        self.units = units
        self.written = [one if isinstance(one, Wave) else Wave(percent=one) for one in rollout.waves]
        self.rules = [in_words(msgspec.to_builtins(one)) for one in rollout.waves]
        self.shared = any(one.share is not None for one in self.written)
        self._masks: list[Mask | None] = [None if one.units is None else mask(one.units, units) for one in self.written]

    @property
    def rest(self) -> int:
        """Return the number of what comes after the last wave."""
        return len(self.written)

    def membership(self, rollout: RolloutId, column: Column, rules: frozenset[int]) -> Membership:
        """Return in which waves the slots of a column are that these rules decide."""
        inside = bytes(map([number in rules for number in range(len(column.rules))].__getitem__, column.winners))
        takes = list(self._takes(rollout, column, inside))
        if self.shared or self.rest >= MANY:
            return self._staged(inside, takes)
        left, found, members = int.from_bytes(inside.replace(b"\0", b""), "little"), 0, inside.count(1)
        for number, taken in enumerate(takes):
            mine = left & int.from_bytes(taken, "little")
            left ^= mine
            found += mine * number
        patterns: list[Pattern] = [(Stop(number),) for number in range(self.rest + 1)]
        return Membership(patterns, inside, (found + left * self.rest).to_bytes(members, "little"))

    def _takes(self, rollout: RolloutId, column: Column, inside: bytes) -> Iterable[bytes]:
        """Yield for each wave which of the rollout's slots it takes, were it the first."""
        order: list[bytes] = []
        for one, meant in zip(self.written, self._masks, strict=True):
            chosen = inside if meant is None else bytes(column.rows.of(meant))
            chosen = bytes(compress(chosen, inside))
            if one.percent is None or percent(one.percent) >= WHOLE:
                yield chosen
                continue
            order = order or turns(rollout, compress(column.rows.of(self.units.ids), inside))
            end = (int(percent(one.percent) * (1 << 8 * DIGEST)) // WHOLE).to_bytes(DIGEST, "big")
            early = bytes(map(end.__gt__, order))
            yield (int.from_bytes(chosen, "little") & int.from_bytes(early, "little")).to_bytes(len(chosen), "little")

    def _staged(self, inside: bytes, takes: Sequence[bytes]) -> Membership:
        """Return memberships where waves may stop at a share of a unit."""
        patterns: dict[Pattern, int] = {}
        known: dict[tuple[int, ...], int] = {}
        numbers = array("I")
        for taken in zip(*takes, strict=True):
            number = known.get(taken)
            if number is None:
                number = known[taken] = patterns.setdefault(self._stops(taken), len(patterns))
            numbers.append(number)
        return Membership(list(patterns), inside, numbers)

    def _stops(self, taken: Sequence[int]) -> Pattern:
        stops: list[Stop] = []
        reached = 0
        for number, one in enumerate(taken):
            share = self.written[number].share
            goal = WHOLE if share is None else int(percent(share))
            if one and goal > reached:
                stops.append(Stop(number, goal))
                reached = goal
        return tuple(stops) if reached == WHOLE else (*stops, Stop(self.rest))
