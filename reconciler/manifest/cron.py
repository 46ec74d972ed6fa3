"""Cron expressions of five fields: whether one means anything, and what does not. cronsim reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)


def problem(text: str) -> str:
    """Return what is wrong with a cron expression, or nothing."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        return f"a cron expression has five fields (minute, hour, day, month, weekday), not {len(parts)}"
    for position, (part, (name, low, high)) in enumerate(zip(parts, FIELDS, strict=True)):
        for item in part.split(","):
            alone = ["*"] * len(FIELDS)
            alone[position] = item
            if not _reads(alone):
                return f"{item!r} is not a valid {name} ({low} to {high})"
    return "" if _reads(parts) else f"{text!r} never comes: none of its months has such a day"


def _reads(parts: Sequence[str]) -> bool:
    from cronsim import CronSim, CronSimError  # windows are rare

    try:
        CronSim(" ".join(parts), datetime(1, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):  # the latter of numbers with thousands of digits
        return False
    return True
