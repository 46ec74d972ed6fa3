"""Cuts a JSON array whose bytes come in parts into arrays of whole items, so that a long one is never held whole.

No parser of our own finds the cuts: bytes up to a candidate, closed with a bracket, are decoded, and they decode if and
only if every item in them is whole; a candidate within a string or an inner list leaves something open. Items are
expected to be objects; an array of anything else, or an object around the array, is held whole and decoded at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

T = TypeVar("T")

TRIES = 4
"""Candidates decoded before more bytes are awaited, twice as many as there are: the effort stays in proportion."""
BLANKS = 64
"""Bytes in which the next item has to begin."""


def arrays(parts: Iterable[bytes], decode: Callable[[bytes], T]) -> Iterator[T]:
    """Yield what `decode` gives for arrays of whole items, in their order; together they are the array.

    `decode` raises msgspec.DecodeError for what is not whole. Raises what it raises for a body that is none.
    """
    held = bytearray()
    enough = 0
    for part in parts:
        held += part
        if len(held) < enough:
            continue
        found = _first(held, decode)
        if found is None:
            enough = 2 * len(held)
            continue
        value, end = found
        held[:end] = b"["
        enough = 0
        yield value
    yield decode(bytes(held))


def _first(held: bytearray, decode: Callable[[bytes], T]) -> tuple[T, int] | None:
    """Return what the whole items at the start give, and where the next one begins; None where no cut was found."""
    if held[:BLANKS].lstrip()[:1] != b"[":
        return None
    end, tries = len(held), 0
    while tries < TRIES:
        end = held.rfind(b"},", 0, end)
        if end < 0:
            return None
        if held[end + 2 : end + 2 + BLANKS].lstrip()[:1] == b"{":
            tries += 1
            try:
                return decode(bytes(held[: end + 1]) + b"]"), end + 2
            except msgspec.DecodeError:
                continue
    return None
