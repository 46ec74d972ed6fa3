"""What `doctor` examines of every platform alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reconciler.errors import PlatformError
from reconciler.platforms.answers import Answer
from reconciler.platforms.reading.pages import Item, Page
from reconciler.ports import Check, Clock

LARGEST_SKEW = 30.0
"""Seconds between the platform's clock and ours that are worth a warning."""


def connection_checks(url: str, answer: Answer, clock: Clock, secret: str) -> Iterator[Check]:
    """Yield that a platform answered, how the connection is protected, and how its clock stands to ours."""
    yield Check("connection", "ok", f"{url} answers and accepts the {secret}")
    encrypted = url.startswith("https:")
    yield Check("TLS", "ok", "certificate accepted" if encrypted else "none: plain http to this machine")
    yield clock_check(answer, clock)


def clock_check(answer: Answer | None, clock: Clock, whose: str = "the platform") -> Check:
    """Return how a platform's clock stands to ours, by the date of an answer."""
    theirs = answer.date if answer is not None else None
    if theirs is None:
        return Check("clock", "unchecked", f"{whose} does not say what time it has")
    skew = clock.now() - theirs
    if abs(skew) <= LARGEST_SKEW:
        return Check("clock", "ok", f"within {LARGEST_SKEW:.0f} s of {whose}'s")
    ahead = "ahead of" if skew > 0 else "behind"
    hint = "set this machine's clock: ages and dates are wrong otherwise"
    return Check("clock", "warning", f"this machine is {abs(skew):.0f} s {ahead} {whose}", hint)


def read_checks(
    name: str,
    read: Callable[[], Page[Item]],
    secret: str,
    further: Callable[[Page[Item]], Iterable[Check]] = lambda _: (),
) -> Iterator[Check]:
    """Yield whether a collection may be read, what of its first page has an unexpected shape, and what `further` finds."""
    try:
        page = read()
    except PlatformError as error:
        yield Check(f"read {name}", "failed", str(error), error.hint)
        return
    yield Check(f"read {name}", "ok", f"the {secret} may read {name}: {page.total:,} are there")
    if page.malformed:
        why = f"{len(page.malformed)} of the first {page.size} {name} cannot be read: {page.malformed[0].why}"
        yield Check(f"shape of {name}", "warning", why, "what they are about stays unknown")
    elif page.notes:
        why = f"fields of the first {page.size} {name} have another type than documented: {page.notes[0]}"
        yield Check(f"shape of {name}", "warning", why, "they are left out; nothing is decided by them")
    yield from further(page)


def inferred_checks(facts: Iterable[str]) -> Iterator[Check]:
    """Yield the facts about a platform that a run relies on and that no document confirms."""
    return (Check("inferred", "unchecked", fact) for fact in facts)
