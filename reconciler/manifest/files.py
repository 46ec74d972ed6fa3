"""Files that manifests stand in: which there are below a folder, and their text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

LARGEST = 32 * 1024 * 1024
"""Bytes of a file at most."""

SUFFIXES = (".yaml", ".yml")


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
        if not S_ISREG(state.st_mode) and path.suffix in SUFFIXES:
            raise Unreadable(path, "unreadable", "this is no file that can be read")
        if state.st_size > LARGEST:
            raise Unreadable(path, "too-large", f"the file has {state.st_size:,} bytes; at most {LARGEST:,} are read")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(path, "unreadable", f"cannot read the file: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Unreadable(path, "too-large", f"there is more to read than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(path, "not-utf-8", f"the file is not UTF-8 text (byte {error.start})") from None
