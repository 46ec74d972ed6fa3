"""Walks a paged collection so that it proves itself: every page as long as it must be, one total, ids rising.

Pages are read in parallel where waiting for the platform takes longer than working on what it sent. Each is folded by
the reader that decoded it, one at a time; that pages fit together is judged afterwards, in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from operator import lt
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from reconciler.errors import PlatformError
from reconciler.platforms.losant.wire import Item, Page
from reconciler.platforms.readers import Readers

T = TypeVar("T")
U = TypeVar("U")

REREADS = 2
"""How often one page that does not fit is read again at once."""


class _Outline(NamedTuple):
    """What is kept of a page: how many items, of how many in all, its first and last id, and whether ids rise."""

    size: int
    total: int
    first: str
    last: str
    rising: bool


class Listing(Generic[Item]):
    """One collection: `fetch(page, size)` reads a page of it, `fold` takes each page once, one page at a time.

    With several readers pages fold in the order in which they come; what is folded must not depend on it.

    `what` names it in words; `size` is how many items are asked for a page. `problems` says, after `walk`, what keeps
    the listing from proving that it showed everything.
    """

    def __init__(
        self, what: str, fetch: Callable[[int, int], Page[Item]], fold: Callable[[Page[Item]], None], size: int
    ) -> None:
        """Take what to read and where it goes."""
        self.what = what
        self.problems: list[str] = []
        self.pages = 0
        self.total = 0
        self._fetch = fetch
        self._fold = fold
        self._asked = size
        self._size = 0
        self._last = ""
        self._lock = Lock()

    def first(self, expected: int = 0) -> Page[Item]:
        """Return the first page; raise PlatformError when it cannot be read.

        A page shorter than asked for is read again: a platform that allows less a page gives the same again, one that
        lost rows need not. The same where it says there is nothing though `expected`, read elsewhere, says otherwise.
        """
        page = self._fetch(0, self._asked)
        for _ in range(REREADS):
            if page.size == min(self._asked, page.total) and (page.total or not expected):
                break
            again = self._fetch(0, self._asked)
            allowed = 0 < page.size == again.size and page.total == again.total
            page = again
            if allowed:
                break
        return page

    def walk(self, first: Page[Item], readers: Readers, *, patient: bool = False) -> None:
        """Fold the first page and read the rest. Never raises for a page: `problems` tells.

        At the first page that does not fit reading stops, unless `patient`: then all that can be shown is shown.
        """
        self.total, self._size = first.total, first.size
        if self._size > self.total or (self.total and not self._size):
            self.problems.append(f"the list of {self.what} says it has {self.total} and showed {self._size}")
        self._note(self._folded(first))
        if not self._size:
            return
        numbers = range(1, -(-self.total // self._size))
        try:
            with closing(readers.each(partial(self._read, number) for number in numbers)) as outlines:
                for outline in outlines:
                    if not self._fits(outline, self.pages):
                        self.problems.append(self._misfit(outline))
                    self._note(outline)
                    if self.problems and not patient:
                        return
        except PlatformError as error:
            self.problems.append(f"page {self.pages + 1} of the {self.what} could not be read: {error}")

    def _read(self, number: int) -> _Outline:
        """Read and fold a page, read again where it is not as long as it must be or tells another total."""
        page = self._fetch(number, self._size)
        for _ in range(REREADS):
            if self._fits(page, number):
                break
            page = self._fetch(number, self._size)
        return self._folded(page)

    def _folded(self, page: Page[Item]) -> _Outline:
        """Fold a page where it was decoded: handed to another thread it would be fetched from memory once more."""
        ids = page.ids
        with self._lock:
            self._fold(page)
        rising = all(map(lt, ids, ids[1:]))
        return _Outline(page.size, page.total, ids[0] if ids else "", ids[-1] if ids else "", rising)

    def _fits(self, page: Page[Item] | _Outline, number: int) -> bool:
        return page.total == self.total and page.size == min(self._size, self.total - number * self._size)

    def _misfit(self, page: _Outline) -> str:
        if page.total != self.total:
            return f"the number of {self.what} changed from {self.total} to {page.total} while they were read"
        return f"page {self.pages + 1} of the {self.what} came with {page.size} items, other than the total says"

    def _note(self, page: _Outline) -> None:
        self.pages += 1
        if page.last:
            if not (page.rising and self._last < page.first):
                self.problems.append(f"page {self.pages} of the {self.what} repeats or disorders items")
            self._last = page.last
