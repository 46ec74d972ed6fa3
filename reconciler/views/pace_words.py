"""What paces changes, in words: windows, and units that must keep serving. Quoted text is not cleaned: callers do that."""

from __future__ import annotations

from reconciler.model.hold import Hold, KeepProblem, Kept
from reconciler.model.origin import Origin

CLOSED = "the windows of the fleet are closed"


def window_words(one: Hold) -> str:
    """Return when the next window opens."""
    if not one.opens:
        return f"{CLOSED}; they do not open before {one.until}: check that no `deny` covers every `allow`"
    day, _, time = one.opens.partition("T")
    return f"{CLOSED}; they open on {day} at {time} ({one.text})"


def kept_words(one: Kept, at: Origin | None) -> str:
    """Return why units must keep serving, or why it is not known which."""
    if one.problem is KeepProblem.NO_TAG_VALUE:
        return f"the unit has no value of the tag {one.tag}, by which `keep` groups units ({at})"
    if one.problem is KeepProblem.SEVERAL_TAG_VALUES:
        return f"the unit has several values of the tag {one.tag}, by which `keep` groups units ({at})"
    if one.problem is KeepProblem.TOO_SMALL:
        have = (
            f"only 1 unit has {one.tag} {one.value}"
            if one.members == 1
            else f"{one.members:,} units have {one.tag} {one.value}"
        )
        return f"{have}, and {one.serving:,} must keep serving ({at}): none of them can ever change"
    more = f" and {one.more:,} more" if one.more else ""
    several = len(one.units) + one.more > 1
    return (
        f"{one.serving:,} of the {one.members:,} units with {one.tag} {one.value} must stay untouched and healthy ({at}), "
        f"but {', '.join(one.units)}{more} {'are' if several else 'is'} unhealthy, unknown or about to change"
    )
