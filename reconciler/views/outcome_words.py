"""What to say beside the result of a change: the detail, what holds it, and what the reading says of its slot."""

from __future__ import annotations

from reconciler.model.outcome import Outcome
from reconciler.views.condition_words import conditions_words
from reconciler.views.hold_words import hold_words


def outcome_words(one: Outcome) -> str:
    """Return the words beside a result on one line; empty where the result says it all. Quoted text is not cleaned."""
    held = "; ".join(hold_words(hold, one.workload.name, one.to) for hold in one.holds)
    if held:
        return f"{one.detail or 'held'}: {held}"
    return "; ".join(part for part in (one.detail, conditions_words(one.conditions)) if part)
