"""Markdown that foreign text cannot break out of, and documents that never exceed a size.

Every foreign text stands in a code span: there GitHub makes no mention, link, image, emoji or HTML of it. What could end
the span or its table cell is handled here. Sizes are counted in UTF-8 bytes, so that no way of counting characters exceeds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.views.words import RUNNER_COMMAND, clean, harmless

NOTICE = 160
"""Bytes kept for the line that says what a section left out."""

ENDING = 700
"""Bytes kept for the lines that say what the document left out."""


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
    """A part of a document whose rows may be left out from the end. Lower `rank` goes first when space is short.

    `noun` says what a row is, in the plural; `total` how many there are, so that rows need not be made to be counted.
    """

    noun: str
    rank: int
    head: str
    rows: Iterator[str]
    total: int
    tail: str = "\n"
    shown: list[str] = []

    def fill(self, room: int) -> int:
        """Take as many rows as fit and return the bytes used; 0 when not even the first does."""
        used = size(self.head) + size(self.tail) + NOTICE
        for one in self.rows:
            used += size(one)
            if used > room:
                used -= size(one)
                break
            self.shown.append(one)
        return used if self.shown else 0

    def text(self) -> str:
        """Return the section as far as it fits; empty when it does not fit at all."""
        if not self.shown:
            return ""
        left = self.total - len(self.shown)
        notice = f"\n_{left:,} more of {self.total:,} {self.noun} left out here._\n" if left else ""
        return f"{self.head}{''.join(self.shown)}{notice}{self.tail}"


def folded_away(summary: str, columns: Sequence[str]) -> tuple[str, str]:
    """Return head and tail of a table that readers open by a click. `summary` must be our own words."""
    return f"<details>\n<summary>{summary}</summary>\n\n{table_head(columns)}", "\n</details>\n\n"


def fitted(top: str, sections: Sequence[Section], bottom: str, limit: int) -> str:
    """Return the whole document in at most `limit` bytes, hence characters; what was left out is said at its end."""
    room = limit - size(top) - size(bottom) - ENDING
    for section in sorted(sections, key=lambda one: one.rank):
        room -= section.fill(room)
    return top + "".join(section.text() for section in sections) + _left_out(sections, limit) + bottom


def _left_out(sections: Sequence[Section], limit: int) -> str:
    totals: dict[str, list[int]] = {}
    for section in sections:
        found = totals.setdefault(section.noun, [0, 0])
        found[0] += section.total - len(section.shown)
        found[1] += section.total
    parts = [f"{left:,} of {total:,} {noun}" for noun, (left, total) in totals.items() if left]
    if not parts:
        return ""
    return (
        f"**Left out** to stay within {limit:,} characters: {', '.join(parts)}. "
        "The saved plan has all of it: `reconciler show --verbose plan.json`.\n\n"
    )
