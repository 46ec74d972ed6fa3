"""Walks a paged collection so that it proves itself: every page as full as it must be, one total, ids rising.

Pages are read in parallel where waiting for the platform takes longer than working on what it sent. Each is folded by
the reader that decoded it, one at a time; that pages fit together is judged afterwards, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from operator import lt
from threading import Lock
from typing import Generic, NamedTuple

from reconciler.errors import PlatformError
from reconciler.platforms.reading.pages import Item, Page
from reconciler.platforms.reading.readers import Readers
from reconciler.ports import SILENT, ReadProgress

REREADS = 2
"""How often one page that does not fit is read again at once."""
BARREN = 3
"""Pages without anything new, or shorter than they must be, that are read on over: a total that claims more than pages show is not believed for ever."""
WITNESSES = 8
"""How often a small collection is asked about again before it is believed to be empty."""


class _Outline(NamedTuple):
    """What is kept of a page: how many items, of how many in all, its first and last id, and whether ids rise."""

    size: int
    total: int
    declared: tuple[int, int] | None
    first: str
    last: str
    rising: bool
    items: Sequence[object]
    """Those of a page without ids, to know it again."""


class Listing(Generic[Item]):
    """One collection: `fetch(number, size)` reads a page of it, from 0; `fold` takes each page once, one at a time.

    With several readers pages fold in the order in which they come; what is folded must not depend on it. `problems`
    says in words, after `walk`, what keeps the listing from having shown everything.
    """

    def __init__(
        self,
        what: str,
        fetch: Callable[..., Page[Item]],
        fold: Callable[[Page[Item]], None],
        size: int,
        *,
        ahead: bool = False,
        steady: bool = True,
        witnesses: int = 0,
    ) -> None:
        """Take what to read and where it goes; `what` names it in words, `size` is how many items a page is asked for.

        With `ahead` a reader passes `fetch` the number of the page that it asks for next, as `following`.
        With `steady` every page must give the same total: items that come or go meanwhile would hide others.
        `witnesses` is how often an empty answer is asked for again.
        """
        self.what = what
        self.problems: list[str] = []
        self.total = 0
        self.pages = 0
        self._rows = self._folds = 0
        self._progress: ReadProgress = SILENT
        self._fetch = fetch
        self._fold = fold
        self._asked = self._size = size
        self._steady = steady
        self._ahead = ahead
        self._witnesses = witnesses
        self._last = ""
        self._before: Sequence[object] = ()
        self._barren = 0
        self._lock = Lock()

    def first(self) -> Page[Item]:
        """Return the first page; raise PlatformError when it cannot be read.

        A page shorter than asked for is read again: a platform that allows less a page gives the same again, one that
        lost items need not. One that declares its size must be as long as that.
        """
        page = self._fetch(0, self._asked)
        for turn in range(max(REREADS, self._witnesses)):
            enough = self._witnesses if not page.total and not page.size else REREADS
            if turn >= enough or (page.size and self._full(page, 0)):
                break
            again = self._fetch(0, self._asked)
            allowed = again.declared is None and 0 < page.size == again.size and page.total == again.total
            page = again
            if allowed:
                break
        return page

    def walk(self, first: Page[Item], readers: Readers, *, patient: bool = False) -> None:
        """Fold the first page and read the rest. Never raises for a page: `problems` says why.

        At the first page that does not fit reading stops, unless `patient`: then all that can be shown is shown, as
        long as pages show something new.
        """
        self._progress = readers.progress
        self.total = first.total
        self._size = first.declared[1] if first.declared is not None else first.size
        if not self._full(first, 0) or (self.total and not self._size):
            self.problems.append(f"the list of {self.what} says it has {self.total} and showed {first.size}")
        self._note(self._folded(first))
        try:
            self._read_rest(readers, patient=patient)
        except PlatformError as error:
            self.problems.append(f"page {self.pages + 1} of the {self.what} could not be read: {error}")

    def _read_rest(self, readers: Readers, *, patient: bool) -> None:
        """Read on as long as pages say that there are more. Raises PlatformError."""
        total, reached = self.total, 1
        while self._size > 0 and reached < (pages := -(-total // self._size)):
            numbers, reached = range(reached, pages), pages
            jobs = (partial(self._read, number) for number in numbers)
            with closing(readers.chained(numbers, self._read) if self._ahead else readers.each(jobs)) as outlines:
                for outline in outlines:
                    if not self._fits(outline, self.pages):
                        self.problems.append(self._misfit(outline))
                    elif not self._steady:
                        total = max(total, outline.total)
                    self._note(outline)
                    if self.problems and (not patient or self._barren > BARREN):
                        return

    def _read(self, number: int, following: int | None = None) -> _Outline:
        """Read and fold a page, read again where it is not as long as it must be or gives another total."""
        then = {} if following is None else {"following": following}
        page = self._fetch(number, self._size, **then)
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
            self._rows += page.size
            self._folds += 1
            self._progress.read(self.what, self._rows, page.total, self._folds)
        rising = all(map(lt, ids, ids[1:]))
        first, last = (ids[0], ids[-1]) if ids else ("", "")
        return _Outline(
            page.size, page.total, page.declared, first, last, rising, () if ids else (*page.items, *page.malformed)
        )

    def _full(self, page: Page[Item] | _Outline, number: int) -> bool:
        """Return whether a page shows the items that by its own numbers belong on it."""
        size = self._size
        if page.declared is not None and page.total:
            if page.declared[0] != number:
                return False
            size = page.declared[1]
        return page.size == max(0, min(size, page.total - number * size))

    def _fits(self, page: Page[Item] | _Outline, number: int) -> bool:
        """Return whether a page continues the first one. Items that come or go do not all go at once."""
        same = page.total == self.total or (page.total > 0 and not self._steady)
        return same and (page.declared is None or page.declared[1] == self._size) and self._full(page, number)

    def _misfit(self, page: _Outline) -> str:
        if page.total != self.total:
            return f"the number of {self.what} changed from {self.total} to {page.total} while they were read"
        return f"page {self.pages + 1} of the {self.what} came with {page.size} items, other than its numbers say"

    def _note(self, page: _Outline) -> None:
        full = self._full(page, self.pages)
        self.pages += 1
        new = page.last > self._last if page.last else bool(page.size) and page.items != self._before
        self._barren += not (new and full)
        if full and page.size and not (new and page.rising and (not page.last or self._last < page.first)):
            self.problems.append(f"page {self.pages} of the {self.what} repeats or disorders items")
        self._last, self._before = max(page.last, self._last), page.items


def everything(
    what: str,
    fetch: Callable[[int, int], Page[Item]],
    size: int,
    readers: Readers,
    *,
    witnesses: int = WITNESSES,
    notes: set[str] | None = None,
) -> tuple[list[Item], list[str]]:
    """Return all items of a small collection, and what keeps them from being all; `notes` gets those of its pages.

    Raises PlatformError where the first page cannot be read; later ones become problems.
    """
    pages: dict[int, Page[Item]] = {}

    def kept(number: int, size: int) -> Page[Item]:
        pages[number] = fetch(number, size)
        return pages[number]

    listing = Listing(what, kept, lambda _: None, size, witnesses=witnesses)
    listing.walk(readers.measured(listing.first), readers, patient=True)
    ordered = [pages[number] for number in sorted(pages)]
    if notes is not None:
        notes.update(note for page in ordered for note in page.notes)
    malformed = [f"an item of the {what} cannot be read: {one.why}" for page in ordered for one in page.malformed]
    return [item for page in ordered for item in page.items], [*listing.problems, *malformed]
