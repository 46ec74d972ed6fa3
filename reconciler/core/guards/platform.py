"""Veto of the platform itself: changes that only it knows cannot go as things are (`Platform.review`)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.model.change import Change, Review
from reconciler.model.hold import Hold


def vetoed(
    changes: Sequence[Change], review: Review
) -> tuple[list[Change], list[tuple[Change, tuple[Hold, ...]]], Review]:
    """Return the changes that the platform lets go, those it holds with its reasons, and its review by new positions."""
    kept = [position for position in range(len(changes)) if position not in review.holds]
    places = {old: new for new, old in enumerate(kept)}
    later = {places[old]: calls for old, calls in review.later.items() if old in places}
    held = [(changes[position], reasons) for position, reasons in review.holds.items()]
    return [changes[position] for position in kept], held, msgspec.structs.replace(review, later=later)
