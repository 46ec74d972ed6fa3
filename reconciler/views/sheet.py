"""What a page of HTML shows, decided here: tiles, tables and lists of cleaned text. Templates only lay them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice

import msgspec

from reconciler.views.plan_rows import Cell, Rank, Row, Section

MOST = 300
"""Rows of a table that are shown at most; what is longer is a long list, or stands in the plan."""

GOOD, INFO, WARN, BAD, IDLE = "good", "info", "warn", "bad", ""
"""Tones; a sign or a word always stands beside one."""

NUMBER, TIME = "number", "time"
"""Kinds of columns."""

SIGNS = {
    GOOD: "\N{CHECK MARK}",
    INFO: "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}",
    WARN: "!",
    BAD: "\N{MULTIPLICATION X}",
    IDLE: "",
}

TONES = {
    Rank.VIOLATIONS: BAD,
    Rank.UNREAD: BAD,
    Rank.MISTAKES: BAD,
    Rank.CONNECTIONS: WARN,
    Rank.LOOSENED: WARN,
    Rank.LIFTED: WARN,
    Rank.REMOVALS: WARN,
    Rank.DOWNGRADES: WARN,
    Rank.PROBLEMS: WARN,
    Rank.WARNINGS: WARN,
}


class Tile(msgspec.Struct, frozen=True):
    """A number that comes first. `more` says what it is made of."""

    number: str
    name: str
    more: str = ""
    tone: str = IDLE

    @property
    def sign(self) -> str:
        """Return what says the same as the colour."""
        return SIGNS[self.tone]


class Fact(msgspec.Struct, frozen=True):
    """Something to know about the whole page, by name."""

    name: str
    text: str


class Table(msgspec.Struct, frozen=True):
    """Rows under columns, each (name, kind: `number`, `time` or empty)."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a page: a table or lines, under a title. `id` is where links lead, `rest` what is not shown."""

    id: str
    title: str
    number: str = ""
    """How many things it lists."""
    detail: str = ""
    tone: str = IDLE
    table: Table | None = None
    lines: Sequence[str] = ()
    rest: str = ""


def block(one: Section, *, several: bool) -> Block:
    """Return a section of a plan as a part of a page; `several`: fleets are named."""
    rows = chain.from_iterable(each.rows for each in one.blocks)
    shown = list(islice(rows, MOST))
    more = one.total - sum(each.number for each in shown)
    rest = f"{more:,} more {one.noun} are in the saved plan: reconciler show --verbose PLAN.JSON" if more > 0 else ""
    number, detail = _head(one.detail)
    return Block(
        id=one.rank.name.lower(),
        title=one.name,
        number=number,
        detail=detail,
        tone=TONES.get(one.rank, IDLE),
        table=table(one.columns, shown, several=several) if one.columns else None,
        lines=[] if one.columns else [_line(each.cells, several=several) for each in shown],
        rest=rest,
    )


def _head(detail: str) -> tuple[str, str]:
    """Return the number that a section's detail begins with, and what else it says."""
    number, _, rest = detail.removeprefix(": ").replace(";", ",", 1).partition(", ")
    return (number, rest) if number.replace(",", "").isdigit() else ("", detail.removeprefix(": "))


def table(columns: Iterable[str], rows: Iterable[Row], *, several: bool) -> Table:
    """Return rows under their columns, of which those that are empty everywhere are left out."""
    names = [name for name in columns if several or name != "Fleet"]
    cells = [_cells(row.cells, names) for row in rows]
    kept = [at for at in range(len(names)) if any(row[at] for row in cells)]
    return Table([head(names[at]) for at in kept], [[row[at] for at in kept] for row in cells])


def head(name: str) -> tuple[str, str]:
    """Return the head of a column; one that ends with a colon holds numbers."""
    return (name.removesuffix(":"), NUMBER if name.endswith(":") else "")


def numbers(total: int, noun: str, tone: str, more: str = "") -> Tile:
    """Return a tile whose tone counts only where there is any."""
    return Tile(f"{total:,}", noun, more, tone if total else IDLE)


def _line(cells: Sequence[Cell], *, several: bool) -> str:
    return ": ".join(cell.text for cell in cells if several or cell.column != "Fleet")


def _cells(cells: Sequence[Cell], columns: Sequence[str]) -> list[str]:
    texts: dict[str, list[str]] = {}
    for cell in cells:
        if cell.text:
            texts.setdefault(cell.column, []).append(cell.text)
    return [", ".join(texts.get(column.removesuffix(":"), ())) for column in columns]
