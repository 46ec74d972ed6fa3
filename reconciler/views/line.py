"""Styled lines and tables: what every text view is made of.

A line is a tuple of spans, a span a text with the name of a style (rich's words; empty for none). Views build lines from
cleaned text; `plain` and `styled` are the two ways out, and both say the same.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

from reconciler.views.words import harmless

if TYPE_CHECKING:
    from rich.text import Text

Span = tuple[str, str]
Line = tuple[Span, ...]
Row = Sequence[str | Span]

COMMAND = "bold not italic"
"""The style of a command that somebody may type: it can be pasted, on however many lines it stands."""
GOES_ON = " \\"
"""What ends a line of a command that continues on the next one."""
NARROWEST = 20
"""Columns below which nothing is folded further."""
HANG = 2
GAP = 2
KEY = 12
"""Columns that the name of a value takes."""

EMPTY: Line = ()


def line(*parts: str | Span, indent: int = 0) -> Line:
    """Return a line of these texts (unstyled) and spans, moved in by `indent` columns."""
    spans = [part if isinstance(part, tuple) else (part, "") for part in parts]
    return ((" " * indent, ""), *spans) if indent else tuple(spans)


def pair(key: str, value: str, style: str = "", *, width: int = KEY) -> Line:
    """Return a named value, the name in a column of its own."""
    return line((key.ljust(width), "dim"), (value, style), indent=2)


def text_of(one: Line) -> str:
    """Return a line's text without styles."""
    return "".join(text for text, _ in one)


NOT_ASCII = re.compile(r"[^\x00-\x7f]").findall


def columns_of(text: str) -> int:
    """Return how many terminal columns a text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return len(text) + sum(_columns(character) - 1 for character in NOT_ASCII(text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def plain(lines: Iterable[Line]) -> str:
    """Return the lines as text, each ended by a line break, without trailing spaces."""
    return "".join(f"{harmless(text_of(one).rstrip())}\n" for one in lines)


def styled(lines: Iterable[Line]) -> Text:
    """Return the lines as rich's text, for terminals; the same characters as `plain`."""
    from rich.text import Text

    whole = Text()
    for one in lines:
        text = text_of(one).rstrip()
        safe = harmless(text)
        if safe != text:  # an escape moved the characters: the spans no longer fit, and colour matters least here
            whole.append(safe)
        else:
            left = len(text)
            for part, style in one:
                whole.append(part[:left], style or None)
                left = max(0, left - len(part))
        whole.append("\n")
    return whole


def fold(one: Line, width: int, column: int | None = None) -> list[Line]:
    """Break a line that is wider than `width` columns at spaces.

    A word that has room on a line of its own stays whole, further out than the others where it must; a wider one is
    broken at a slash, so that the ids in a path stay whole. Continuations begin at `column`, or a little further in than
    the line itself. A command begins a line of its own, and continues after a backslash, as shells accept it.
    """
    width = max(width, NARROWEST)
    text = text_of(one)
    if columns_of(text) <= width:
        return [one]
    begins = len(text) - len(text.lstrip(" ")) + HANG if column is None else column
    hang = min(begins, width // 2)
    if one[-1][1] == COMMAND:
        return [*(fold(one[:-1], width, column) if one[:-1] else ()), *_command(one[-1], width, hang)]
    return _pieces([(character, style) for part, style in one for character in part], width, hang)


def _pieces(characters: list[Span], width: int, hang: int) -> list[Line]:
    found: list[Line] = []
    start = _without_room(characters, width)
    while start < len(characters):
        word = _word(characters, start)
        lead = min(hang, width - word) if found and word <= width else hang if found else 0
        end = _break(characters, start, width - lead, width)
        found.append(line(*_spans(characters[start:end]), indent=lead))
        start = end
        while start < len(characters) and characters[start][0] == " ":
            start += 1
    return found


def _without_room(characters: list[Span], width: int) -> int:
    """Return how many of the spaces before the first word have no room beside it, where that word has room by itself."""
    spaces = sum(1 for _ in takewhile(lambda span: span[0] == " ", characters))
    word = _word(characters, spaces)
    return min(spaces, max(0, spaces + word - width)) if word <= width else 0


def _command(span: Span, width: int, indent: int) -> list[Line]:
    """Return a command on lines of its own, each but the last with a backslash at its end."""
    parts = [f" {shlex.quote(word)}" for word in shlex.split(span[0])]
    lines = [parts.pop(0).strip()]
    for part in parts:
        if columns_of(f"{lines[-1]}{part}{GOES_ON}") > width - indent:
            lines[-1] += GOES_ON
            lines.append(part)
        else:
            lines[-1] += part
    pieces = (_pieces([(character, COMMAND) for character in one], width - indent, 0) for one in lines)
    return [line((" " * indent, ""), *piece) for some in pieces for piece in some]


def _break(characters: list[Span], start: int, room: int, below: int) -> int:
    """Return where the piece that begins at `start` ends: at a space, or within a word that has no room `below` either."""
    used = space = slash = 0
    begun = False
    for position in range(start, len(characters)):
        character = characters[position][0]
        used += _columns(character)
        if used > room:
            if character == " " and begun:
                return position
            if space and _word(characters, space + 1) <= below:
                return space
            return slash if slash > space else max(position, start + 1)
        if character != " ":
            begun = True
        elif begun:
            space = position
        if character == "/" and begun and position > start:
            slash = position + 1
    return len(characters)


def _word(characters: list[Span], start: int) -> int:
    """Return how many columns the word that begins at `start` takes."""
    return sum(_columns(one) for one, _ in takewhile(lambda span: span[0] != " ", characters[start:]))


def _spans(characters: Sequence[Span]) -> Iterator[Span]:
    for style, some in groupby(characters, key=lambda span: span[1]):
        yield "".join(character for character, _ in some), style


def folded(lines: Iterable[Line], width: int, column: int | None = None) -> list[Line]:
    """Fold every line that is too wide."""
    return [piece for one in lines for piece in fold(one, width, column)]


def aligned(
    rows: Sequence[Sequence[str | Span]],
    width: int,
    *,
    indent: int = 0,
    right: frozenset[int] = frozenset(),
    widest: int = 0,
) -> list[Line]:
    """Return rows as lines whose cells stand in columns, folded to `width`.

    Where the columns do not fit, cells simply follow each other. A cell much wider than its column pushes the rest of its row.
    `right` are the positions of columns that are aligned to the right, `widest` is what counts as much wider.
    """
    cells = [[part if isinstance(part, tuple) else (part, "") for part in row] for row in rows]
    widest = widest or max(12, width // 3)
    widths: list[int] = []
    for row in cells:
        for position, (text, _) in enumerate(row):
            if position == len(widths):
                widths.append(0)
            taken = columns_of(text)
            widths[position] = max(widths[position], taken if taken <= widest else 0)
    if indent + sum(widths) + GAP * max(0, len(widths) - 1) > width:
        widths = [0] * len(widths)
    return folded((_row(row, widths, indent, right) for row in cells), width)


def _row(row: Sequence[Span], widths: Sequence[int], indent: int, right: frozenset[int]) -> Line:
    spans: list[Span] = []
    for position, (text, style) in enumerate(row):
        padding = " " * max(0, widths[position] - columns_of(text))
        if position in right:
            spans += [(padding, ""), (text, style)]
        else:
            spans += [(text, style), (padding if position < len(row) - 1 else "", "")]
        if position < len(row) - 1 and (text or padding):
            spans.append((" " * GAP, ""))
    return line(*(span for span in spans if span[0]), indent=indent)


def table(
    head: Sequence[str], rows: Sequence[Row], width: int, *, indent: int = 0, right: frozenset[int] = frozenset()
) -> list[Line]:
    """Return rows under their head in at most `width` columns.

    Too wide for that, each row becomes a block: its first cell, and below it every other cell with its name.
    """
    if fits(head, rows, width - indent):
        named: list[Row] = [[(name, "bold") for name in head], *rows]
        return aligned(named, width, indent=indent, right=right, widest=width)
    return folded((one for row in rows for one in _block(head, row, indent)), width)


def fits(head: Sequence[str], rows: Sequence[Row], width: int) -> bool:
    """Return whether rows under their head stand in columns within `width`."""
    widths = [max(columns_of(_text(row[position])) for row in (head, *rows)) for position in range(len(head))]
    return sum(widths) + GAP * (len(widths) - 1) <= width


def _block(head: Sequence[str], row: Row, indent: int) -> list[Line]:
    key = max(columns_of(name) for name in head[1:])
    lines = [line(row[0], indent=indent)]
    for name, cell in zip(head[1:], row[1:], strict=True):
        if _text(cell):
            padding = " " * (key - columns_of(name) + GAP)
            lines.append(line((f"{name}{padding}", "dim"), cell, indent=indent + GAP))
    return lines


def _text(cell: str | Span) -> str:
    return cell if isinstance(cell, str) else cell[0]
