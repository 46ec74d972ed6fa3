"""Cron expressions of five fields: whether one means anything."""

from __future__ import annotations

import re

STEP = re.compile(r"[0-9]{1,4}")

FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of the week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


def problem(text: str) -> str:
    """Return what is wrong with a cron expression, or nothing."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        return f"a cron expression has five fields (minute, hour, day, month, weekday), not {len(parts)}"
    for part, (name, low, high, names) in zip(parts, FIELDS, strict=True):
        for item in part.split(","):
            if not _item(item, low, high, names):
                return f"{item!r} is not a valid {name} ({low} to {high})"
    return ""


def _item(item: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = item.partition("/")
    if slash and (STEP.fullmatch(step) is None or int(step) == 0):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    numbers = [_number(first, names, low), _number(last, names, low)] if dash else [_number(first, names, low)]
    if any(number is None or not low <= number <= high for number in numbers):
        return False
    return not dash or (numbers[0] or 0) <= (numbers[1] or 0)


def _number(text: str, names: tuple[str, ...], low: int) -> int | None:
    if STEP.fullmatch(text):
        return int(text)
    return names.index(text.lower()) + low if text.lower() in names else None
