"""Admissions that pace: of the changes that nothing else holds, which may go now, and which wait for their turn.

Each sees what those before it let go. They choose in one order that does not depend on what is going on
(`core.waves.turns`), so that every process lets the same ones go first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.guards import flight, keep, moving, wave
from reconciler.model.change import Change, Review
from reconciler.model.hold import Hold, HoldReason

IN_TURN = frozenset({HoldReason.WAVE_NOT_OPEN, HoldReason.TOO_MANY_MOVING})
"""Reasons that end as other changes of the same rollout take effect."""


class Pacing(Protocol):
    """An admission that chooses k of n."""

    def __call__(self, one: FleetAssessment, going: Sequence[Change]) -> Mapping[int, tuple[Hold, ...]]:
        """Return which changes may not go now, by their positions in `going`, and why."""
        ...


ADMISSIONS: tuple[Pacing, ...] = (wave.admission, keep.admission, moving.admission, flight.admission)
"""In the order in which they choose: what `keep` holds takes nobody's place among those that move, what is in flight has one."""


def paced(
    one: FleetAssessment, changes: Sequence[Change], review: Review
) -> tuple[list[Change], list[tuple[Change, tuple[Hold, ...]]], Review]:
    """Return the changes that may go now, those that wait with the reasons, and the platform's review by new positions."""
    going, waiting = list(changes), list[tuple[Change, tuple[Hold, ...]]]()
    for admission in ADMISSIONS:
        found = admission(one, going)
        if found:
            waiting += [(going[position], reasons) for position, reasons in found.items()]
            going, review = without(going, review, found)
    return going, waiting, review


def stage_of(reasons: tuple[Hold, ...]) -> int:
    """Return in which stage of the same run a change goes that these reasons hold: 0 for none of it.

    What only waits for its turn goes as many stages later as its wave comes after the one that is waited for.
    """
    stage = 0
    for hold in reasons:
        if hold.code not in IN_TURN:
            return 0
        wave = 2 if hold.wave is None or hold.closing is None else 1 + hold.wave - hold.closing.wave
        stage = max(stage, wave)
    return stage


def without(changes: Sequence[Change], review: Review, out: Mapping[int, object]) -> tuple[list[Change], Review]:
    """Return changes without those at some positions, and the review by new positions."""
    if not out:
        return list(changes), review
    kept = [position for position in range(len(changes)) if position not in out]
    left = [changes[position] for position in kept]
    if not review.later:
        return left, review
    places = {old: new for new, old in enumerate(kept)}
    later = {places[old]: calls for old, calls in review.later.items() if old in places}
    return left, msgspec.structs.replace(review, later=later)
