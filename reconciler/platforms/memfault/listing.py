"""Walks a paged collection so that it proves itself: every page as full as its own numbers say, up to the last one.

Pages are read in parallel where waiting for the platform takes longer than working on what it sent, and folded one at a
time by the reader that decoded them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from reconciler.errors import PlatformError
from reconciler.platforms.memfault.wire import Page, Paging
from reconciler.platforms.readers import Readers

Row = TypeVar("Row")

REREADS = 2
"""How often one page that does not fit is read again at once."""
WITNESSES = 8
"""How often a collection is asked about again before it is believed to be empty."""


class Listing(Generic[Row]):
    """One collection: `fetch(number)` reads a page, from 1; `fold` takes each page once, one at a time, in any order.

    With `steady` every page must tell the same total: rows that come or go meanwhile would hide others. `problems` says,
    after `walk`, what keeps the listing from having shown everything.
    """

    def __init__(
        self, what: str, fetch: Callable[[int], Page[Row]], fold: Callable[[Page[Row]], None], *, steady: bool = True
    ) -> None:
        """Take what to read and where it goes; `what` names it in words."""
        self.what = what
        self.problems: list[str] = []
        self.total = 0
        self.pages = 0
        self._fetch = fetch
        self._fold = fold
        self._steady = steady
        self._per_page = 0
        self._last = 0
        self._lock = Lock()

    def walk(self, readers: Readers) -> None:
        """Read and fold all pages. Raises PlatformError where the first cannot be read; later ones become problems."""
        first = readers.measured(self.first)
        self.total, self._per_page, self._last = (
            first.paging.total_count,
            first.paging.per_page,
            first.paging.page_count,
        )
        if not _full(first, 1):
            self.problems.append(f"the list of {self.what} says it has {self.total} and showed {first.size}")
        self._take(first)
        reached = 1
        try:
            while self._last > reached and not self.problems:
                numbers = range(reached + 1, self._last + 1)
                reached = self._last
                with closing(readers.each(partial(self._read, number) for number in numbers)) as pages:
                    for paging in pages:
                        self._last = max(self._last, paging.page_count)
        except PlatformError as error:
            self.problems.append(f"a page of the {self.what} could not be read: {error}")

    def first(self) -> Page[Row]:
        """Return the first page, asked again where it does not fit, and several times where it is empty."""
        page = self._fetch(1)
        for turn in range(WITNESSES):
            if page.paging.total_count and (turn >= REREADS or _full(page, 1)):
                break
            page = self._fetch(1)
        return page

    def _read(self, number: int) -> Paging:
        page = self._fetch(number)
        for _ in range(REREADS):
            if self._fits(page, number):
                break
            page = self._fetch(number)
        if not self._fits(page, number):
            self.problems.append(
                f"page {number} of the {self.what} came with {page.size} rows of {page.paging.total_count}, "
                f"the first one told {self.total}"
            )
        self._take(page)
        return page.paging

    def _take(self, page: Page[Row]) -> None:
        with self._lock:
            self.pages += 1
            self._fold(page)

    def _fits(self, page: Page[Row], number: int) -> bool:
        """Return whether a page continues the first one. Rows that come or go do not all go at once."""
        total = page.paging.total_count
        same = total == self.total or (total > 0 and not self._steady)
        return same and page.paging.per_page == self._per_page and _full(page, number)


def _full(page: Page[Row], number: int) -> bool:
    """Return whether a page shows the rows that by its own numbers belong on it."""
    told = page.paging
    if told.per_page < 1 or told.page != number or told.page_count != -(-told.total_count // told.per_page):
        return not told.total_count and not page.size
    return page.size == max(0, min(told.per_page, told.total_count - (number - 1) * told.per_page))


def everything(what: str, fetch: Callable[[int], Page[Row]], readers: Readers) -> tuple[list[Row], list[str]]:
    """Return all rows of a small collection, and what keeps it from being all. Raises PlatformError as `walk` does."""
    pages: list[Page[Row]] = []
    listing = Listing(what, fetch, pages.append)
    listing.walk(readers)
    pages.sort(key=lambda page: page.paging.page)
    odd = [f"a row of the {what} cannot be read: {why}" for page in pages for _, why in page.odd]
    return [row for page in pages for row in page.rows], [*listing.problems, *odd]
