"""Pages of listings, encoded once.

A listing is an ordered selection of deployment rows or devices. Its pages are kept as bytes until a write changes them,
so that a benchmark measures its client. Where order and members cannot depend on what a row holds (sorted by id, no
filter on versions), a changed row costs only its own page.
"""

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

CEILING = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """A page number (from 0) and how many items a page has."""

    page: int
    per_page: int


@dataclass(slots=True)
class Listing:
    """Members in order, and the pages encoded so far: by size, then by number."""

    members: Sequence[int]
    steady: bool
    pages: dict[int, dict[int, bytes]] = field(default_factory=dict)

    def forget(self, member: int) -> None:
        """Drop the pages that show this member of a steady listing."""
        position = bisect_left(self.members, member)
        if position == len(self.members) or self.members[position] != member:
            return
        for per_page, pages in self.pages.items():
            pages.pop(position // per_page, None)


class Listings:
    """All listings asked for lately; the application says what changed, and what that makes wrong is forgotten."""

    def __init__(self) -> None:
        self._rows: dict[Hashable, Listing] = {}
        self._devices: dict[Hashable, Listing] = {}

    def rows(self, key: Hashable, select: Callable[[], Sequence[int]], *, steady: bool) -> Listing:
        """The listing of deployment rows under this key, selected where it is not at hand."""
        return _kept(self._rows, key, select, steady=steady)

    def devices(self, key: Hashable, select: Callable[[], Sequence[int]]) -> Listing:
        """The listing of devices under this key, selected where it is not at hand."""
        return _kept(self._devices, key, select, steady=False)

    def row_changed(self, row: int) -> None:
        """Forget what showed or ordered this row by its values."""
        for key, listing in list(self._rows.items()):
            if listing.steady:
                listing.forget(row)
            else:
                del self._rows[key]

    def rows_reshaped(self) -> None:
        """Forget every listing of rows."""
        self._rows.clear()

    def devices_changed(self) -> None:
        """Forget every listing of devices."""
        self._devices.clear()


def page_bytes(listing: Listing, window: Window, about: Mapping[str, Any], payload: Callable[[int], object]) -> bytes:
    """One page of a listing as JSON; `about` are the collection's own fields."""
    pages = listing.pages.setdefault(window.per_page, {})
    encoded = pages.get(window.page)
    if encoded is None:
        start = window.page * window.per_page
        items = [payload(member) for member in listing.members[start : start + window.per_page]]
        encoded = pages[window.page] = collection(items, len(listing.members), about)
    return encoded


def collection(items: list[object], total: int, about: Mapping[str, Any]) -> bytes:
    """A collection as JSON: its items, how many they are, how many there are in all, and its own fields."""
    return msgspec.json.encode({"items": items, "count": len(items), "totalCount": total, **about})


def _kept(
    kept: dict[Hashable, Listing], key: Hashable, select: Callable[[], Sequence[int]], *, steady: bool
) -> Listing:
    listing = kept.get(key)
    if listing is None:
        if len(kept) >= 64:
            kept.pop(next(iter(kept)))
        listing = kept[key] = Listing(select(), steady)
    return listing
