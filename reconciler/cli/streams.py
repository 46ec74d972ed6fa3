"""Standard output and error as they are: closed, full, of any encoding. What cannot be written there is said once."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

FALLBACK = "reconciler-plain"
PLAIN = str.maketrans(
    {"→": "->", "↔": "<->", "…": "...", "·": "-", "─": "-", "━": "-", "│": "|", "¦": "|", "└": "`", "├": "|"}
)
"""What stands for the signs of our own views where an encoding does not have them. Of names nothing is lost: `\\xe9`."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        sign = error.object[error.start].translate(PLAIN)
        if sign.isascii():
            return sign, error.start + 1
    return codecs.backslashreplace_errors(error)


codecs.register_error(FALLBACK, _plain)


class _Stream:
    """A stream whose failures are errors of ours, which click lets pass, or, if it is forgiving, nobody's.

    ASCII has a name of ours: click takes it for a mistake, and would write UTF-8.
    """

    def __init__(self, stream: Any, *, forgiving: bool) -> None:
        self._stream = stream
        self._forgiving = forgiving

    @property
    def encoding(self) -> str | None:
        """Return the encoding, as far as click should know it."""
        name: str | None = self._stream.encoding
        return "reconciler-ascii" if name and codecs.lookup(name).name == "ascii" else name

    def write(self, text: str | bytes) -> int:
        with self._failing():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._failing():
            self._stream.flush()

    @property
    def buffer(self) -> _Stream:
        """Return what takes bytes."""
        return _Stream(self._stream.buffer, forgiving=self._forgiving)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._forgiving:
                from reconciler.errors import JournalError  # here, so that help does not load it

                raise JournalError(f"cannot write to standard output: {error.strerror}") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def prepared() -> Iterator[None]:
    """Let both streams write what their encodings do not have in other characters; one that was closed takes nothing.

    Where standard error accepts nothing, the command continues without it.
    """
    before = sys.stdout, sys.stderr
    out, err = _prepared(1, sys.stdout), _prepared(2, sys.stderr)
    sys.stdout = cast("TextIO", _Stream(out, forgiving=False))
    sys.stderr = cast("TextIO", _Stream(err, forgiving=True))
    try:
        yield
    finally:
        _let_go(out)
        _let_go(err)
        sys.stdout, sys.stderr = before


def _prepared(number: int, stream: TextIO | None) -> TextIO:
    if stream is None:
        nowhere = os.open(os.devnull, os.O_RDONLY)
        if nowhere != number:  # so that no file of ours gets its number
            os.dup2(nowhere, number)
            os.close(nowhere)
        stream = open(number, "w", closefd=False)  # noqa: SIM115 - it refuses whatever is written to it
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=FALLBACK)
    return stream


def _let_go(stream: TextIO) -> None:
    """Discard what is left in a buffer: Python would try to write it again at exit, and print an error."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
