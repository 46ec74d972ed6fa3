"""Admissions that pace: of the changes that nothing else holds, which may go now, and which wait for their turn.

Each sees what those before it let go. They choose in one order that does not depend on what is going on (`turn`), so that
every process lets the same ones go first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards import keep
from reconciler.model.change import Change, Held, Review
from reconciler.model.hold import Hold


class Pacing(Protocol):
    """An admission that chooses k of n."""

    def __call__(
        self, one: FleetAssessment, going: Sequence[Change], held: Sequence[Held]
    ) -> Mapping[int, tuple[Hold, ...]]:
        """Return which changes may not go now, by their positions in `going`, and why. `held` is what vetoes hold."""
        ...


ADMISSIONS: tuple[Pacing, ...] = (keep.admission,)
"""In the order in which they choose. `keep` is last: what it lets go touches its unit."""


def paced(
    one: FleetAssessment, changes: Sequence[Change], held: Sequence[Held], review: Review
) -> tuple[list[Change], list[tuple[Change, tuple[Hold, ...]]], Review]:
    """Return the changes that may go now, those that wait with the reasons, and the platform's review by new positions."""
    going, waiting = list(changes), list[tuple[Change, tuple[Hold, ...]]]()
    for admission in ADMISSIONS:
        found = admission(one, going, held)
        if found:
            waiting += [(going[position], reasons) for position, reasons in found.items()]
            going, review = without(going, review, found)
    return going, waiting, review


def without(changes: Sequence[Change], review: Review, out: Mapping[int, object]) -> tuple[list[Change], Review]:
    """Return changes without those at some positions, and the review by new positions."""
    kept = [position for position in range(len(changes)) if position not in out]
    places = {old: new for new, old in enumerate(kept)}
    later = {places[old]: calls for old, calls in review.later.items() if old in places}
    return [changes[position] for position in kept], msgspec.structs.replace(review, later=later)
