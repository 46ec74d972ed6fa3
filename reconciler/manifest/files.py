"""Files that manifests stand in: which there are below a folder, their text, places in it, and lines that may be shown."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISFIFO, S_ISREG

from reconciler.model.origin import Origin

LARGEST = 32 * 1024 * 1024
"""Bytes of a file at most."""

SUFFIXES = (".yaml", ".yml")


PUBLIC = frozenset({"Channel", "Fleet"})
"""Kinds whose lines may be shown. A Connection's may not: somebody might have typed a secret there."""

PUBLIC_KIND = re.compile(r"^kind:[ \t]+[\"']?(Channel|Fleet)\b", re.MULTILINE)
TELLING = re.compile(r"token|secret|passw|credential|bearer|api.?key", re.IGNORECASE)
DIVIDER = "\n---"
SELDOM = 8
"""Places that are counted out one by one; for more of them all lines are listed."""


class Unreadable(Exception):
    """A file or folder cannot be read. `code` is the finding's."""

    def __init__(self, path: Path, code: str, message: str) -> None:
        """Take what is wrong with which."""
        super().__init__(message)
        self.path = path
        self.code = code


def below(folder: Path) -> Iterator[Path | Unreadable]:
    """Yield the YAML files below a folder in sorted order, and what cannot be looked into. Hidden ones are passed over."""
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if name.endswith(SUFFIXES) and not name.startswith("."))
    for error in errors:
        yield Unreadable(Path(error.filename), "unreadable", f"cannot look into the folder: {error.strerror}")


def text_of(path: Path) -> str:
    """Return the text of a file; raise Unreadable when it is too large, is no UTF-8, or cannot be read."""
    try:
        state = path.stat()
        if not (S_ISREG(state.st_mode) or _is_piped(path, state.st_mode)):
            raise Unreadable(path, "unreadable", "this is not a regular file")
        if state.st_size > LARGEST:
            raise Unreadable(path, "too-large", f"the file has {state.st_size:,} bytes; at most {LARGEST:,} are read")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(path, "unreadable", f"cannot read the file: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Unreadable(path, "too-large", f"the file has more than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(path, "not-utf-8", f"the file is not UTF-8 text (byte {error.start})") from None


def _is_piped(path: Path, mode: int) -> bool:
    """Return whether a path is a pipe that we were started with (`/dev/stdin`, `<(…)`): only a named one waits for ever."""
    return S_ISFIFO(mode) and os.path.realpath(path).startswith(("/proc/", "/dev/fd/"))


class Text:
    """The text of one file: turns offsets into places and lines."""

    def __init__(self, file: str, text: str) -> None:
        """Take a file's name and content."""
        self.file = file
        self.text = text
        self._starts: list[int] = []
        self._asked = 0

    def _lines(self) -> list[int]:
        """Return the offsets at which lines begin."""
        if not self._starts:
            self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        return self._starts

    def place(self, offset: int) -> Origin:
        """Return file, line and column of an offset in characters."""
        if self._asked < SELDOM:
            self._asked += 1
            return Origin(self.file, self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset))
        starts = self._lines()
        line = bisect_right(starts, offset)
        return Origin(self.file, line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return a line by its number from 1, without its break."""
        starts = self._lines()
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def excerpt(self, number: int, kind: str | None = None) -> str:
        """Return a line that may be shown, or nothing. `kind` is that of the line's document, None where nobody knows."""
        line = self.line(number)
        if TELLING.search(line):
            return ""
        public = PUBLIC_KIND.search(self._section(number)) is not None if kind is None else kind in PUBLIC
        return line if public else ""

    def _section(self, number: int) -> str:
        """Return what stands between the `---` around a line."""
        start = self._lines()[number - 1]
        begin = self.text.rfind(DIVIDER, 0, start + len(DIVIDER) - 1)
        end = self.text.find(DIVIDER, start)
        return self.text[max(begin, 0) : end if end >= 0 else len(self.text)]
