"""Tables with a head, for text: aligned where they fit, one block a row where they do not. Nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.views.line import GAP, Line, Span, aligned, columns_of, folded, line

Row = Sequence[str | Span]


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
