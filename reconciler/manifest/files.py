"""Files that manifests stand in: which there are below a folder, their text, places in it, and lines that may be shown."""

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import Any

import msgspec

from reconciler.model.origin import Origin

LARGEST = 32 * 1024 * 1024
"""Bytes of a file at most."""

STANDARD_INPUT = Path("-")
"""Stands for standard input among PATHS."""

SUFFIXES = (".yaml", ".yml")
BEFORE = re.compile(r"\ufeff?(\s*(#|---|%)[^\n]*\n)*\s*")
"""What may stand before a document: blank lines, comments, marks."""
FIRST = re.compile(r"""\{|["']?(apiVersion|kind|metadata|spec)\b""", re.IGNORECASE)
"""How a manifest begins; prose that shows one begins otherwise."""
MANIFEST = re.compile(r"""^[\s{,"']*apiVersion["']?[ \t]*:[ \t]*["']?reconciler/v""", re.IGNORECASE | re.MULTILINE)
HEAD = 65_536
MOST_LOOKED_AT = 2_000
"""Files of a linked folder."""


PUBLIC = frozenset({"Channel", "Fleet"})
"""Kinds whose lines may be shown. A Connection's may not: somebody might have typed a secret there."""

PUBLIC_KIND = re.compile(r"^kind:[ \t]+[\"']?(Channel|Fleet)\b", re.MULTILINE)
SENSITIVE = re.compile(r"token|secret|passw|credential|bearer|api.?key", re.IGNORECASE)
DIVIDER = "\n---"
SELDOM = 8
"""Places that are counted out one by one; for more of them all lines are listed."""


class Unreadable(Exception):
    """A file or folder cannot be read. `code` is the finding's."""

    def __init__(self, path: Path, code: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code


class Skipped(msgspec.Struct, frozen=True):
    """A file or folder that is passed over although manifests seem to stand there."""

    path: Path
    why: str


def below(folder: Path) -> Iterator[Path | Unreadable | Skipped]:
    """Yield the YAML files below a folder in sorted order, what cannot be looked into, and manifests that are passed over.

    What is hidden is meant to be passed over.
    """
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            linked = Path(place, name)
            if linked.is_symlink() and _holds_manifests(linked, folder):
                yield Skipped(linked, "a link to a folder, which is not followed; give it in PATHS")
        for name in sorted(name for name in files if not name.startswith(".")):
            if name.endswith(SUFFIXES):
                yield Path(place, name)
            elif _is_manifest(Path(place, name)):
                yield Skipped(Path(place, name), f"its name does not end in {' or '.join(SUFFIXES)}")
    for error in errors:
        yield Unreadable(Path(error.filename), "unreadable", f"cannot look into the folder: {error.strerror}")


def _holds_manifests(linked: Path, folder: Path) -> bool:
    """Return whether a linked folder has manifests that are read nowhere else. Only the first of many files are looked at."""
    real, root = linked.resolve(), folder.resolve()
    if real.is_relative_to(root) and not any(part.startswith(".") for part in real.relative_to(root).parts):
        return False
    found = (Path(place, name) for place, _, files in os.walk(real) for name in files)
    return any(map(_is_manifest, islice(found, MOST_LOOKED_AT)))


def _is_manifest(path: Path) -> bool:
    """Return whether a file begins like a manifest; what cannot be read is none."""
    try:
        if not S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(HEAD).decode(errors="replace")
    except OSError:
        return False
    before = BEFORE.match(head)
    return before is not None and FIRST.match(head, before.end()) is not None and MANIFEST.search(head) is not None


@cache
def standard_input() -> bytes:
    """Return what stands on standard input, which can be read only once. Raises OSError."""
    stream: Any = getattr(sys.stdin, "buffer", None)
    return b"" if stream is None else stream.read(LARGEST + 1)


def text_of(path: Path) -> str:
    """Return the text of a file; raise Unreadable when it is too large, is no UTF-8, or cannot be read."""
    content = standard_input() if path == STANDARD_INPUT else _content(path)
    if len(content) > LARGEST:
        raise Unreadable(path, "too-large", f"the file has more than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(path, "not-utf-8", f"the file is not UTF-8 text (byte {error.start})") from None


def _content(path: Path) -> bytes:
    try:
        state = path.stat()
        if not S_ISREG(state.st_mode):
            raise Unreadable(path, "unreadable", "this is not a regular file, and nothing else is read")
        if state.st_size > LARGEST:
            raise Unreadable(path, "too-large", f"the file has {state.st_size:,} bytes; at most {LARGEST:,} are read")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(path, "unreadable", f"cannot read the file: {error.strerror}") from None


def called(path: Path, root: Path | None = None) -> str:
    """Return how findings call a file; one below `root` from there."""
    if root is not None and path.is_relative_to(root):
        return str(path.relative_to(root))
    return "<stdin>" if path == STANDARD_INPUT else str(path)


class Text:
    """The text of one file: turns offsets into places and lines."""

    def __init__(self, file: str, text: str) -> None:
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
        if SENSITIVE.search(line):
            return ""
        public = PUBLIC_KIND.search(self._section(number)) is not None if kind is None else kind in PUBLIC
        return line if public else ""

    def _section(self, number: int) -> str:
        """Return what stands between the `---` around a line."""
        start = self._lines()[number - 1]
        begin = self.text.rfind(DIVIDER, 0, start + len(DIVIDER) - 1)
        end = self.text.find(DIVIDER, start)
        return self.text[max(begin, 0) : end if end >= 0 else len(self.text)]
