"""A list of many rows in columns of numbers, small enough to stand in a page: a hundred thousand rows are a few megabytes.

Each text is there once, and texts are in the order in which people expect them (`gw-2` before `gw-10`): a page sorts rows by
comparing numbers, and looks for words once a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

SAMPLE = 200
"""Rows that stand in a page as a plain table: for paper, and where scripts do not run."""

_DIGITS = re.compile(r"([0-9]+)")


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    """Numbers of texts."""
    NUMBER = "number"
    TIME = "time"
    """Milliseconds since 1970."""
    CODE = "code"
    """Numbers that a picture is drawn from."""
    WHOLE = "whole"
    """Long texts, each by itself: nobody sorts by them, or looks for words in them."""


class Field(msgspec.Struct, frozen=True):
    """A column. `width` is its share of a row's width; 0: it is in the details of a row only. `filter`: one may choose a value."""

    key: str
    name: str
    kind: Kind = Kind.TEXT
    width: float = 0
    filter: bool = False


Value = str | int


class LongList(msgspec.Struct, frozen=True):
    """Rows in columns. `sample` are the first rows as texts, of the columns that have a width."""

    one: str
    noun: str
    """What a row is called, and what several are."""
    fields: tuple[Field, ...]
    texts: tuple[str, ...]
    values: tuple[Sequence[Value], ...]
    sample: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0

    @property
    def shown(self) -> list[Field]:
        """Return the columns that a row shows."""
        return [one for one in self.fields if one.width]

    def payload(self) -> dict[str, Any]:
        """Return what a page's script reads."""
        fields = zip(self.fields, self.values, strict=True)
        columns = [{**msgspec.structs.asdict(field), "values": _short(values)} for field, values in fields]
        return {"noun": self.noun, "one": self.one, "count": len(self), "texts": self.texts, "columns": columns}


class Builder:
    """Gathers rows; texts are already cleaned."""

    def __init__(self, one: str, fields: Sequence[Field]) -> None:
        self._one = one
        self._fields = tuple(fields)
        self._columns: list[list[Value]] = [[] for _ in fields]
        self._texts: dict[str, int] = {}
        self._sample: list[tuple[str, ...]] = []

    def add(self, *cells: Value) -> None:
        """Append a row, a cell a field."""
        texts = self._texts
        for field, column, cell in zip(self._fields, self._columns, cells, strict=True):
            column.append(texts.setdefault(str(cell), len(texts)) if field.kind is Kind.TEXT else cell)
        if len(self._sample) < SAMPLE:
            shown = zip(self._fields, cells, strict=True)
            self._sample.append(tuple(_shown(field, cell) for field, cell in shown if field.width))

    def built(self) -> LongList:
        """Return the list, its texts in their order."""
        ordered = sorted(self._texts, key=natural)
        places = {text: place for place, text in enumerate(ordered)}
        rank = [places[text] for text in self._texts]
        columns: list[Sequence[Value]] = [
            [rank[int(value)] for value in column] if field.kind is Kind.TEXT else column
            for field, column in zip(self._fields, self._columns, strict=True)
        ]
        return LongList(self._one, f"{self._one}s", self._fields, tuple(ordered), tuple(columns), tuple(self._sample))


def _short(values: Sequence[Value]) -> Sequence[Value] | int:
    """Return values, or the one number that all of them are."""
    first = values[0] if values else ""
    return first if isinstance(first, int) and values.count(first) == len(values) else values


def natural(text: str) -> tuple[list[str | int], str]:
    """Return what texts are ordered by: numbers in them as numbers, capitals like small letters."""
    parts: list[str | int] = list(_DIGITS.split(text.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts, text


def _shown(field: Field, cell: Value) -> str:
    if field.kind is Kind.TIME:
        from reconciler.model.quantity import iso

        return iso(int(cell) / 1000, "milliseconds")
    return f"{cell:,}" if isinstance(cell, int) else cell
