"""Quantities as people write them: percentages, durations, days."""

import re
from datetime import UTC, datetime

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 and 9999 in seconds since 1970: what a date can say."""
PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


def percent(text: str) -> float:
    """Return `10%` as 10.0; raise ValueError for anything but a percentage from 0 to 100."""
    found = PERCENT.fullmatch(text)
    if found is None or float(found[1]) > 100:
        raise ValueError(f"{text!r} is not a percentage from 0% to 100%")
    return float(found[1])


def seconds(text: str) -> float:
    """Return `1h30m` as 5400.0; raise ValueError for anything but a duration."""
    if DURATION.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m, 2h or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(text))


def moment(text: str) -> datetime:
    """Return a day (its 00:00 UTC) or a date and time (UTC unless it says otherwise); raise ValueError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2026-12-01 or 2026-12-01T08:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def iso(at: float, timespec: str = "seconds") -> str:
    """Return a time in seconds since 1970 as ISO 8601 in UTC; `timespec` as Python's own."""
    found = datetime.fromtimestamp(min(max(at, EARLIEST), LATEST), UTC)
    return f"{found.replace(tzinfo=None).isoformat(timespec=timespec)}Z"
