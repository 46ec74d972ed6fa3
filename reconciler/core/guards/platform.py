"""Veto of the platform itself: changes that only it knows cannot go as things are (`Platform.review`)."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.guards.pace import without
from reconciler.model.change import Change, Review
from reconciler.model.hold import Hold


def vetoed(
    changes: Sequence[Change], review: Review
) -> tuple[list[Change], list[tuple[Change, tuple[Hold, ...]]], Review]:
    """Return the changes that the platform lets go, those it holds with its reasons, and its review by new positions."""
    held = [(changes[position], reasons) for position, reasons in review.holds.items()]
    going, review = without(changes, review, review.holds)
    return going, held, review
