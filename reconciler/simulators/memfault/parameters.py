"""Query parameters: lists repeat their key, plain or with `[]`; sorts repeat, a dash turns them round.

Confirmed: SW info (filters, sorts, pages from 1, `per_page` 100); CLI deploy.py (a sort that repeats). What is not known
is ignored (inferred).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from reconciler.simulators.memfault.refusals import malformed

T = TypeVar("T")

PER_PAGE = 100
NUMBER = re.compile(r"[0-9]{1,9}")

Keys = Mapping[str, Callable[[T], Any]]
"""What a listing can be sorted by."""


class Parameters:
    """The query of one request. Every reader raises a 400 `Refusal` on a value that does not fit."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a list; empty where it is not given."""
        return tuple(value for key, value in self.pairs if key in {name, f"{name}[]"} and value)

    def number(self, name: str, default: int) -> int:
        """A whole number from 1."""
        found = self.values(name)
        if not found:
            return default
        if not NUMBER.fullmatch(found[-1]) or int(found[-1]) < 1:
            raise malformed(f"{name} must be a number of at least 1")
        return int(found[-1])

    def moment(self, name: str) -> int | None:
        """A time in ISO 8601, as milliseconds since 1970; one without offset is UTC (inferred)."""
        found = self.values(name)
        if not found:
            return None
        try:
            # a plus sign that nobody quoted arrives as a space
            moment = datetime.fromisoformat(found[-1].replace(" ", "+"))
        except ValueError:
            raise malformed(f"{name} must be a time in ISO 8601") from None
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)

    def between(self, since: str, until: str) -> Callable[[int | None], bool]:
        """Whether a time (None: never) lies between two parameters, where they are given."""
        first, last = self.moment(since), self.moment(until)
        if first is None and last is None:
            return lambda at: True
        return lambda at: at is not None and (first is None or at >= first) and (last is None or at <= last)

    def filters(self, name: str) -> Callable[[str | None], bool]:
        """Whether a value is among those of a list; all are where it is not given."""
        wanted = frozenset(self.values(name))
        return lambda value: not wanted or value in wanted

    def any_of(self, name: str) -> Callable[[Sequence[str]], bool]:
        """Whether one of some values is among those of a list."""
        wanted = frozenset(self.values(name))
        return lambda values: not wanted or not wanted.isdisjoint(values)

    def sort(self, rows: list[T], keys: Keys[T], default: Sequence[str] = ()) -> list[T]:
        """Sort rows in place by the `sort` parameters, the last one first, so that the first one wins."""
        for text in reversed(self.values("sort") or default):
            name = text.removeprefix("-")
            if name not in keys:
                raise malformed(f"sort must be one of {', '.join(keys)}")
            rows.sort(key=keys[name], reverse=text.startswith("-"))
        return rows
