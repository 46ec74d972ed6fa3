"""How far readings are, drawn on a terminal: one line per connection, removed when reading ends.

rich draws it, to the stream it is given (standard error). A line never wraps: what has no room is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

import msgspec

from reconciler.views.bars import bar, cut
from reconciler.views.line import columns_of
from reconciler.views.words import clean, count, duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

MOST = 6
"""Connections that are shown."""
PER_SECOND = 8
SURE = 1.0
"""Seconds after which a rate means something."""


class Stretch(msgspec.Struct, frozen=True):
    """One collection of a connection, as far as it was read; times in monotonic seconds."""

    what: str
    began: float
    first: int
    rows: int
    total: int | None
    pages: int


class Readings:
    """Takes what platforms say of their readings, by connection, and draws it between `start` and `stop`."""

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        """Take the terminal to draw on (`width` columns wide where that is known)."""
        self._stream = stream
        self._width = width
        self._now: dict[str, Stretch | None] = {}
        """Without a lock: a signal may stop the picture in the middle of a note, and must not wait for its end."""
        self._began = time.monotonic()
        self._live: Live | None = None

    def of(self, connection: str) -> Reader:
        """Return what takes the progress of one connection."""
        self._now.setdefault(connection, None)
        return Reader(self, connection)

    def start(self) -> None:
        """Begin to draw."""
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, width=self._width, highlight=False, markup=False, emoji=False)
        self._live = Live(
            self,
            console=console,
            refresh_per_second=PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def stop(self) -> None:
        """Take the picture away."""
        if self._live is not None:
            self._live.stop()

    def take(self, connection: str, what: str, rows: int, total: int | None, pages: int) -> None:
        """Note how far the reading of a connection is."""
        before = self._now.get(connection)
        if before is None or before.what != what or rows < before.rows:
            before = Stretch(what, time.monotonic(), rows, rows, total, pages)
        self._now[connection] = msgspec.structs.replace(before, rows=rows, total=total, pages=pages)

    def lines(self, width: int) -> list[str]:
        """Return a line for each connection, of at most `width` columns."""
        now = time.monotonic()
        found = list(self._now.items())
        lines = [_line(clean(name), one, now - self._began, now, width) for name, one in found[:MOST]]
        rest = f"… and {count(len(found) - MOST, 'more connection')}"
        return [*lines, cut(rest, width)] if len(found) > MOST else lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw."""
        from rich.text import Text

        for line in self.lines(options.max_width - 1):
            yield Text(line, no_wrap=True, overflow="ellipsis")


class Reader(msgspec.Struct, frozen=True):
    """Takes the progress of one connection (`ports.ReadProgress`)."""

    readings: Readings
    connection: str

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None:
        """Note it."""
        self.readings.take(self.connection, what, rows, total, pages)

    def answered(self, status: int | None) -> None:
        """Draw nothing of it."""


def _line(name: str, one: Stretch | None, waited: float, now: float, width: int) -> str:
    """Return the fullest line that has room."""
    if one is None:
        return cut(f"{name}: waiting for the first answer, {duration(waited)}", width)
    known = f"{one.rows:,} of {one.total:,}" if one.total is not None else f"{one.rows:,}"
    head = f"{name}: {known} {clean(one.what)}"
    parts = list(_rates(one, now))
    if one.pages > 1:
        parts.append(count(one.pages, "page"))
    for number in range(len(parts), -1, -1):
        text = ", ".join([head, *parts[:number]])
        if columns_of(text) <= width:
            drawn = _bar(one)
            return f"{drawn} {text}" if drawn and columns_of(text) + len(drawn) < width else text
    return cut(known, width)


def _rates(one: Stretch, now: float) -> Iterator[str]:
    """Yield the time left, and the rows a second."""
    took = now - one.began
    if took < SURE or one.rows <= one.first:
        return
    rate = (one.rows - one.first) / took
    if one.total is not None and one.total > one.rows:
        yield f"{duration(max(1, (one.total - one.rows) / rate))} left"
    yield f"{rate:,.0f}/s"


def _bar(one: Stretch) -> str:
    return bar(one.rows, one.total) if one.total else ""
