"""Where each unit of a rollout goes next: to which wave, to which share, or nowhere yet. What guards and forecast look up.

Thousands of changes come to few kinds of steps: slots that are in the same waves and show the same share one answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import attrgetter

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.course import Course
from reconciler.core.evidence import Evidence
from reconciler.core.opening import Opening
from reconciler.core.waves import WHOLE, Pattern
from reconciler.model.change import Change
from reconciler.model.rollout import STOPPED, RolloutPlan

ASKED_FOR, UNIT = attrgetter("workload.id", "to"), attrgetter("unit.id")


class Step(msgspec.Struct, frozen=True, gc=False):
    """Where one unit goes next: the wave that it is in, and to which share of it the open waves take it."""

    seen: Evidence
    wave: int
    """-1 where no wave takes it any further."""
    share: int
    goes_on: bool
    """Whether the reading shows it on the way already; what was asked since shows nothing yet."""

    @property
    def starts(self) -> bool:
        """Return whether devices are still to be set on the way."""
        return not self.seen.attempted(WHOLE)


class _Known(dict[tuple[int, ...], Step | None]):
    """Steps by what decides them: the numbers of pattern, rule, state and reach; each is worked out when it is asked for first."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def __missing__(self, key: tuple[int, ...]) -> Step | None:
        found = self[key] = self._standing.found(*key)
        return found


class Standing(msgspec.Struct):
    """Where one rollout stands: its plan, and for the guards its slots and the waves that are open."""

    course: Course
    plan: RolloutPlan
    opening: Opening
    """A complete rollout has no wave that is closed, and its waves are not looked at."""
    numbers: Sequence[int] = ()
    """The pattern of waves of each position, by number."""
    _known: _Known | None = None

    @property
    def stopped(self) -> bool:
        """Return whether nothing more of it goes."""
        return self.plan.state in STOPPED

    def steps(self, rows: Sequence[int]) -> list[Step | None]:
        """Return where units go next that the column speaks of; None where the rollout is not about one. Units that agree share one answer."""
        course = self.course
        if course.asked:
            return list(map(self._asked, rows))
        if self._known is None:
            self._known = _Known(self)
        places = list(course.column.rows.positions(rows))
        numbers = map(self.numbers.__getitem__, places) if self.numbers else repeat(0)
        return list(map(self._known.__getitem__, zip(numbers, *course.keys(places, rows), strict=False)))

    def found(self, number: int, rule: int, state: int, reach: int) -> Step | None:
        """Return where slots go next that show this; None where the rollout is not about them."""
        if rule not in self.course.rules:
            return None
        pattern = self.course.membership.patterns[number] if self.numbers else ()
        seen = self.course.evidence((rule, state, reach))
        return self._step(seen, pattern, goes_on=seen.attempted(WHOLE))

    def step(self, row: int) -> Step | None:
        """Return where a unit goes next; None where the rollout is not about it."""
        return self.steps([row])[0] if row in self.course.column.rows else None

    def _asked(self, row: int) -> Step | None:
        """Return where a unit goes next that may have been asked for something since the reading began."""
        course = self.course
        place = course.position(row)
        if place < 0:
            return None
        pattern = course.pattern(place) if self.numbers else ()
        return self._step(course.seen(place, row), pattern, goes_on=course.read(place, row).attempted(WHOLE))

    def _step(self, seen: Evidence, pattern: Pattern, *, goes_on: bool) -> Step:
        wave = next((stop.wave for stop in pattern if not seen.attempted(stop.share)), -1)
        open_ = [stop.share for stop in pattern if stop.wave < self.opening.closed_from]
        return Step(seen, wave, min(max(open_, default=WHOLE), seen.final), goes_on)


Standings = dict[tuple[str, str], Standing]
"""Rollouts of a fleet by workload id and version."""


def by_rollout(
    one: FleetAssessment, changes: Sequence[Change]
) -> Iterator[tuple[Standing, list[int], list[Step | None]]]:
    """Yield each rollout with the positions of those of these changes that ask for its version, and where each goes next."""
    if not one.standings:
        return
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, key in enumerate(map(ASKED_FOR, changes)):
        found[key].append(position)
    rows = one.snapshot.units.index
    for key, positions in found.items():
        standing = one.standings.get(key)
        if standing is not None:
            ids = map(UNIT, map(changes.__getitem__, positions))
            yield standing, positions, standing.steps(list(map(rows.__getitem__, ids)))
