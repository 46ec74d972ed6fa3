"""What lists of rows mean, understood once for each meaning.

The listing of a fleet is mostly repetition, yet hardly two devices tell the same bytes: each took its own seconds for a
download (`downloadDuration`, confirmed, seed 000). So a row is looked up by its bytes, a row of new bytes by the fields
that are used, and a list by its rows; only what is new to all three is worked on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.translate import Rows, Told, rows_of, told

T = TypeVar("T")

KEPT = 16_000_000
"""Bytes of rows and lists that are remembered, about; beyond, it begins anew: what never repeats is not worth keeping."""
LIST = 500
"""Bytes that a remembered list is taken for."""


class Lists(Generic[T]):
    """Gives what a list of rows is made into, the same value for lists of the same meaning, in whatever bytes."""

    def __init__(self, make: Callable[[Rows], T], *, auto: bool, kept: int = KEPT) -> None:
        """Take what is made of a meaning; `auto` says that what is downloaded installs itself, `kept` is in bytes."""
        self._make = make
        self._auto = auto
        self._kept = kept
        self._forget()

    def of(self, data: msgspec.Raw) -> T:
        """Return what a device's list is made into. Runs once a device: every operation in it counts."""
        try:
            raws = wire.items(data).items
        except msgspec.DecodeError as error:
            return self._make(Rows({}, blind=f"its releases have an unexpected shape: {clean(str(error))}"))
        if self._held > self._kept:
            self._forget()
        seen, numbers = self._seen, []
        for raw in raws:
            content = bytes(raw)
            number = seen.get(content)
            numbers.append(self._read(content) if number is None else number)
        key = tuple(numbers)
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = self._make(rows_of([self._rows[number] for number in key], auto=self._auto))
            self._held += LIST
        return found

    def _forget(self) -> None:
        self._held = 0
        self._seen: dict[bytes, int] = {}
        self._meanings: dict[bytes, int] = {}
        self._rows: list[Told] = []
        self._lists: dict[tuple[int, ...], T] = {}

    def _read(self, content: bytes) -> int:
        """Return the number of a row whose bytes are new; that of another one where they mean the same."""
        row = told(content)
        meaning = content if row.row is None else msgspec.json.encode(row.row)
        number = self._meanings.get(meaning)
        if number is None:
            number = self._meanings[meaning] = len(self._rows)
            self._rows.append(row)
            self._held += len(meaning)
        self._seen[content] = number
        self._held += len(content)
        return number
