"""Standard output and error as they are: closed, full, of any encoding. What cannot be written there is said once."""

from __future__ import annotations

import codecs
import contextlib
import errno
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


class _Ascii(io.TextIOWrapper):
    """A stream of ASCII. Its encoding has a name of ours: click takes ASCII for a mistake, and would write UTF-8."""

    encoding = "reconciler-ascii"


class _Refusing(io.TextIOBase):
    """Takes nothing: it was closed before we began."""

    def write(self, text: str) -> int:
        """Refuse."""
        del text
        raise OSError(errno.EBADF, "it is closed")


class _Forgiving:
    """Standard error: where it takes nothing there is nobody left to tell, and what goes on goes on."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def prepared() -> Iterator[None]:
    """Let both streams write what their encodings do not have in other characters; one that was closed takes nothing."""
    before = sys.stdout, sys.stderr
    out, err = _prepared(1, sys.stdout), _prepared(2, sys.stderr)
    sys.stdout, sys.stderr = out, cast("TextIO", _Forgiving(err))
    try:
        yield
    finally:
        _let_go(out)
        _let_go(err)
        sys.stdout, sys.stderr = (
            now if isinstance(now, _Ascii) else old for now, old in zip((out, err), before, strict=True)
        )


def _prepared(number: int, stream: TextIO | None) -> TextIO:
    if stream is None:
        nowhere = os.open(os.devnull, os.O_RDONLY)
        if nowhere != number:  # so that no file of ours gets its number
            os.dup2(nowhere, number)
            os.close(nowhere)
        return cast("TextIO", _Refusing())
    if isinstance(stream, io.TextIOWrapper):
        if codecs.lookup(stream.encoding).name == "ascii":
            return _Ascii(stream.detach(), "ascii", FALLBACK, line_buffering=stream.isatty())
        stream.reconfigure(errors=FALLBACK)
    return stream


def _let_go(stream: TextIO) -> None:
    """Let what is left in a buffer go nowhere: Python would try to write it again at the end, and fail with words."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def say(text: str) -> None:
    """Write to standard error, if that is possible at all."""
    with contextlib.suppress(ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
