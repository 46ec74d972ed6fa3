"""What makes a reading prove what it does not show (design rule 3): fences around it, and reading again.

A *fence* is the total of a collection and its newest item, read before and after: what came meanwhile shows as another
newest one, what went as another total. A reading that does not prove itself is done again, twice; then its problems are
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec

from reconciler.errors import PlatformError
from reconciler.model.snapshot import Coverage, Snapshot
from reconciler.platforms.reading.listing import REREADS
from reconciler.platforms.reading.pages import Item, Page
from reconciler.ports import Clock

READINGS = 3
SHOWN_PROBLEMS = 10


class Fence(NamedTuple):
    """The total of a collection, and its newest item; None where the platform did not show one though there are some."""

    total: int
    newest: object | None

    def holds(self, later: Fence) -> bool:
        """Return whether nothing came or went in between."""
        return self == later and (self.newest is not None or not self.total)


def fence(ask: Callable[[], Page[Item]], newest: Callable[[Item], object]) -> Fence:
    """Return the fence of a collection, asked again where the answer is empty. Raises PlatformError."""
    page = ask()
    for _ in range(REREADS):
        if page.items:
            break
        page = ask()
    return Fence(page.total, next(map(newest, page.items), None))


def proved(turn: Callable[[bool], Snapshot], clock: Clock) -> Snapshot:
    """Return a reading, proved or with its problems. Raises PlatformError when nothing can be read at all.

    `turn(last)` reads once; `last` says that what it shows is used however incomplete.
    """
    found = turn(False)
    for number in range(2, READINGS + 1):
        if found.coverage.complete or clock.stopping():
            break
        try:
            found = turn(number == READINGS)
        except PlatformError as error:
            problems = (*found.coverage.problems, f"reading again failed: {error}")
            found.coverage = msgspec.structs.replace(found.coverage, problems=problems)
            break
    return found


def coverage_of(problems: Sequence[str], notes: Collection[str] = (), unseen: int = 0) -> Coverage:
    """Return the coverage of a reading: complete where nothing is a problem, of many problems the first ones."""
    return Coverage(not problems, _some(problems), _some(sorted(set(notes))), max(0, unseen) if problems else 0)


def _some(words: Sequence[str]) -> tuple[str, ...]:
    more = len(words) - SHOWN_PROBLEMS
    return (*words[:SHOWN_PROBLEMS], *([f"and {more} more"] if more > 0 else []))
