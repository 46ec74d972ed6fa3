"""Where a value was written: the file, line and column a person must look at."""

from collections.abc import Callable

import msgspec


class Origin(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A place in a file. `line` and `column` count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:col`, leaving out what is not known."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


NOWHERE = Origin("")

Path = tuple[str | int, ...]
"""The way to a value inside a document: keys and list positions from the document's root."""

Locate = Callable[[Path], Origin]
"""Gives the origin of the value at a path (of its nearest existing parent when the path itself is not there)."""
