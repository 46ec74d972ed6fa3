"""Markdown that foreign text cannot break out of, and documents that never exceed a size.

Every foreign text stands in a code span: there GitHub makes no mention, link, image, emoji or HTML of it. What could end
the span or its table cell is handled here. Sizes are counted in UTF-8 bytes, so that no way of counting characters exceeds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from reconciler.views.words import RUNNER_COMMAND, clean, harmless

NOTICE = 160
"""Bytes kept for the line that says what a section left out."""


def code(text: str) -> str:
    """Return foreign text as a code span; `row` makes it fit a table."""
    text = RUNNER_COMMAND.sub(r"##\1\\x5b", clean(text))
    if not text.strip():
        return f"(blank, {len(text):,} spaces)" if text else "(empty)"
    runs = re.findall(r"`+", text)
    fence = "`" * (1 + max(map(len, runs), default=0))
    padding = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def fenced(text: str, limit: int) -> str:
    """Return foreign lines as a block of code of at most `limit` bytes, cut at a line."""
    lines = [harmless(line) for line in text.splitlines()]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    room = limit - 2 * size(fence) - NOTICE
    shown: list[str] = []
    for line in lines:
        room -= size(line) + 1
        if room < 0:
            break
        shown.append(line)
    left = len(lines) - len(shown)
    return "\n".join([f"{fence}text", *shown, fence, *([f"_{left:,} more lines._"] if left else []), ""])


def size(text: str) -> int:
    """Return how much of a limit a text takes."""
    return len(text.encode())


def row(cells: Iterable[str]) -> str:
    """Return one table row; cells are Markdown already.

    A `|` in a cell is escaped as tables want it; after a backslash, where renderers disagree, it becomes `¦`.
    """
    fitting = (cell.replace("\\|", "\\¦").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(fitting)} |\n"


def table_head(columns: Sequence[str]) -> str:
    """Return the head of a table; a column whose name ends in `:` is aligned to the right."""
    return row(name.removesuffix(":") for name in columns) + row(
        "---:" if name.endswith(":") else "---" for name in columns
    )


class Section(msgspec.Struct):
    """A part of a document whose rows may be left out from the end. Lower `rank` is kept longer when space is short.

    A row comes with how many things it stands for; `noun` says what these are, in the plural, and `total` how many there
    are, so that rows need not be made to be counted. `decisive`: where not all of it fits, nothing less important is shown.
    """

    noun: str
    rank: int
    head: str
    rows: Iterator[tuple[str, int]]
    total: int
    tail: str = "\n"
    decisive: bool = False
    shown: list[str] = []
    left: int = -1
    """How many things are left out; -1 before it was filled."""
    waiting: list[tuple[str, int]] = []
    """The row that did not fit."""

    def fill(self, room: int) -> int:
        """Take as many further rows as fit and return the bytes used."""
        self.left = self.total if self.left < 0 else self.left
        frame = used = 0 if self.shown else size(self.head) + size(self.tail) + NOTICE
        for text, number in chain(self.waiting, self.rows):
            if used + size(text) > room:
                self.waiting = [(text, number)]
                break
            used += size(text)
            self.shown.append(text)
            self.left -= number
        else:
            self.waiting = []
        return used if used > frame else 0

    def text(self) -> str:
        """Return the section as far as it fits; empty when it does not fit at all."""
        if not self.shown:
            return ""
        notice = f"\n_{self.left:,} more of {self.total:,} {self.noun} left out here._\n" if self.left else ""
        return f"{self.head}{''.join(self.shown)}{notice}{self.tail}"


def folded_away(summary: str, columns: Sequence[str]) -> tuple[str, str]:
    """Return head and tail of a table that readers open by a click. `summary` must be our own words."""
    return f"<details>\n<summary>{summary}</summary>\n\n{table_head(columns)}", "\n</details>\n\n"


def fitted(top: str, sections: Iterable[Section], bottom: str, limit: int, whole: str) -> str:
    """Return the whole document in at most `limit` bytes, hence characters; what was left out is said at its end.

    Sections stand in the order of their importance. Of what the decisive ones leave, each takes half at first, so that a
    long one hides no other. `whole` says where all of it is.
    """
    ordered = sorted(sections, key=lambda one: one.rank)
    worst = _left_out([(one.noun, one.total, one.total) for one in ordered], limit, whole)
    room = limit - size(top) - size(bottom) - size(worst)
    for section in ordered:
        room -= section.fill(room if section.decisive else room // 2)
        if section.decisive and section.left:
            room = 0
    for section in ordered:
        room -= section.fill(room)
    ending = _left_out([(one.noun, one.left, one.total) for one in ordered], limit, whole)
    return top + "".join(section.text() for section in ordered) + ending + bottom


def _left_out(counts: Iterable[tuple[str, int, int]], limit: int, whole: str) -> str:
    parts = [f"{left:,} of {total:,} {noun}" for noun, left, total in counts if left]
    return f"**Left out** to stay within {limit:,} characters: {', '.join(parts)}. {whole}\n\n" if parts else ""
