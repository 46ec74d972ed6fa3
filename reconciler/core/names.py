"""Near misses: what somebody probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def suggestion(typed: str, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?`, or the known ones when they are few, or nothing."""
    close = get_close_matches(typed, list(known), n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if known and len(known) <= 8:
        return f"; it has {', '.join(sorted(known))}"
    return ""
