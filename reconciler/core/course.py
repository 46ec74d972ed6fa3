"""One rollout as a reading shows it: its slots counted by wave, each distinct observation looked at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.evidence import Evidence, asked_since, evidence_of
from reconciler.core.judge import Judged
from reconciler.core.waves import WHOLE, Membership, Pattern, Waves
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Reach

SPREADING = frozenset({"workload", "override"})
"""Kinds of rules whose versions spread. A pin is a person's word about one unit."""
ASKED = -1
"""Stands for the state of a slot that was asked for the version after the reading began."""
IN_DOUBT = -2
"""Stands for the state of a slot that was asked for another version since: what was read of it is no evidence."""

NOBODY: Mapping[str, str | None] = {}

Key = tuple[int, int, int]
"""Rule, state and reach of a slot, by number."""


class Tally(msgspec.Struct):
    """What one wave, or all of a rollout, comes to. Attempted, reporting, failed and moving are devices."""

    units: int = 0
    devices: float = 0.0
    attempted: int = 0
    reporting: int = 0
    failed: int = 0
    moving: int = 0
    owed: int = 0
    to_go: int = 0
    """Reachable units that are still to be taken as far as the wave asks."""
    held: int = 0
    """Those of them that something else than the rollout holds; they are not in `to_go`."""
    unproved: int = 0
    """Units of which nobody knows whether they can be reached, and that are still to be taken there."""

    def add(self, seen: Evidence, share: int, number: int, devices: float) -> None:
        """Count so many units, with so many devices between them, that show the same."""
        self.units += number
        self.devices += devices
        self.owed += number * seen.owed
        if not seen.attempted(share):
            self.to_go += number * seen.reachable
            self.unproved += number * (not seen.reachable and not seen.gone)
        elif seen.counts:
            self.attempted += number * seen.size
            self.reporting += number * seen.reporting
            self.failed += number * seen.failed
            self.moving += number * seen.moving


class Course:
    """The slots of one rollout, and in which waves they are."""

    def __init__(
        self,
        one: FleetAssessment,
        judged: Judged,
        version: str,
        waves: Waves,
        asked: Mapping[str, str | None] = NOBODY,
    ) -> None:
        """Take what was judged of the workload, and what units were asked for last since the reading began, by id.

        Those that a call was sent for which may still take effect, and of which the reading shows nothing, are on the way as well.
        """
        self.one = one
        self.column = judged.column
        self.waves = waves
        self.id = RolloutId(one.document.name, judged.column.workload.id, version)
        self.rules = frozenset(
            number
            for number, rule in enumerate(judged.column.rules)
            if rule.kind in SPREADING and rule.value.version == version
        )
        units = one.snapshot.units
        self._states, self._reach = one.snapshot.column(self.id.workload), units.reach
        self._known: dict[Key, Evidence] = {}
        self.asked: dict[int, int] = {}
        self.asked = dict(self._asked(asked))
        self._triples = judged.triples

    def _asked(self, asked: Mapping[str, str | None]) -> Iterator[tuple[int, int]]:
        """Yield the positions of slots of which the reading is no evidence, with what stands for their state."""
        index = self.one.snapshot.units.index
        for unit, to in [*self._flying(), *asked.items()]:
            row = index.get(unit, -1)
            place = self.position(row) if row >= 0 else -1
            if place < 0:
                continue
            if to != self.id.version:
                yield place, IN_DOUBT
            elif unit in asked or not self.read(place, row).at:
                yield place, ASKED

    def _flying(self) -> Iterator[tuple[str, str | None]]:
        """Yield the units that a call was sent for which may still take effect, with what they were asked for."""
        for sent in self.one.memory.in_flight:
            if (sent.fleet, sent.workload) == (self.id.fleet, self.id.workload) and self.one.patience.now < sent.until:
                yield sent.unit, sent.to

    @cached_property
    def membership(self) -> Membership:
        """Return in which waves its slots are; worked out where somebody asks."""
        return self.waves.membership(self.id, self.column, self.rules)

    def position(self, row: int) -> int:
        """Return where a unit stands in the columns; -1 where the rollout is not about it."""
        found = self.column.rows.position(row)
        return found if found >= 0 and self.column.winners[found] in self.rules else -1

    def pattern(self, position: int) -> Pattern:
        """Return the stops of a slot."""
        return self.membership.of(position)

    def seen(self, position: int, row: int) -> Evidence:
        """Return what a slot shows."""
        return self.evidence(self.key(position, row))

    def read(self, position: int, row: int) -> Evidence:
        """Return what the reading shows of a slot, whatever it was asked for since."""
        return self.evidence((self.column.winners[position], self._states[row], self._reach[row]))

    def key(self, position: int, row: int) -> Key:
        """Return what decides what a slot shows."""
        state = self.asked.get(position, self._states[row])
        return self.column.winners[position], state, self._reach[row]

    def keys(self, places: Sequence[int], rows: Sequence[int]) -> tuple[Iterator[int], Iterator[int], Iterator[int]]:
        """Return rules, states and reaches of slots, by where they stand and their rows: what the reading shows."""
        states, reaches = map(self._states.__getitem__, rows), map(self._reach.__getitem__, rows)
        return map(self.column.winners.__getitem__, places), states, reaches

    def evidence(self, key: Key) -> Evidence:
        found = self._known.get(key)
        if found is None:
            rule, state, reach = key
            value, staging = self.column.rules[rule].value, self.one.staging
            if state < 0:
                found = asked_since(value, Reach(reach), staging, doubt=state == IN_DOUBT)
            else:
                found = evidence_of(value, self.one.snapshot.states[state], Reach(reach), self.one.patience, staging)
            self._known[key] = found
        return found

    def distinct(self) -> list[tuple[Evidence, int]]:
        """Return what its slots show, with how many show the same; what was asked since the reading began not counted."""
        return [(self.evidence(key), number) for key, number in self._triples.items() if key[0] in self.rules]

    @property
    def devices(self) -> int:
        """Return how many devices its units have."""
        sizes = self.one.snapshot.units.sizes
        if sizes is None:
            return sum(number for key, number in self._triples.items() if key[0] in self.rules)
        rows = zip(self.column.rows, self.column.winners, strict=True)
        return sum(sizes[row] for row, rule in rows if rule in self.rules)

    def tallies(self) -> tuple[list[Tally], Tally, float]:
        """Return what each wave comes to, what all of it does, and how many devices may have the version as it is."""
        waves = [Tally() for _ in range(self.waves.rest + 1)]
        total, has = Tally(), 0.0
        for (number, key), (units, devices) in self.alike.items():
            seen = self.evidence(key)
            if key[1] == ASKED:
                seen = msgspec.structs.replace(seen, size=devices // units)
            has += devices * seen.has / WHOLE
            total.add(seen, WHOLE, units, devices)
            before = 0
            for stop in self.membership.patterns[number]:
                waves[stop.wave].add(seen, stop.share, units, devices * (stop.share - before) / WHOLE)
                before = stop.share
        return waves, total, has

    @cached_property
    def alike(self) -> dict[tuple[int, Key], tuple[int, int]]:
        """Return how many units are in the same waves and show the same, and how many devices they have."""
        sizes, inside = self.one.snapshot.units.sizes, self.membership.inside
        slots: Iterable[tuple[int, int, int, int]]
        slots = zip(self.membership.numbers, *(compress(part, inside) for part in self._parts()), strict=True)
        if sizes is None:
            return {(one[0], one[1:]): (number, number) for one, number in Counter(slots).items()}
        weighed: dict[tuple[int, Key], tuple[int, int]] = {}
        for (place, *key), size in zip(slots, compress(self.column.rows.of(sizes), inside), strict=True):
            one = place, (key[0], key[1], key[2])
            number, devices = weighed.get(one, (0, 0))
            weighed[one] = number + 1, devices + size
        return weighed

    def _parts(self) -> tuple[Iterable[int], Iterable[int], Iterable[int]]:
        """Return the rules, states and reaches of its slots, each by number."""
        states: Iterable[int] = self.column.rows.of(self._states)
        if self.asked:
            states = [self.asked.get(place, state) for place, state in enumerate(states)]
        return self.column.winners, states, self.column.rows.of(self._reach)

    def failing(self) -> list[int]:
        """Return the rows of the units of which devices failed."""
        bad = {key for key in self._triples if key[0] in self.rules and self.evidence(key).failed}
        return [row for row, key in zip(self.column.rows, zip(*self._parts(), strict=True), strict=True) if key in bad]
