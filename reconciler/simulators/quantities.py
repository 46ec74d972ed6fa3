"""Rates and durations as people write them: `20%`, `0.2`, `2s`, `20ms`, `1m`.

Every function raises `ValueError` with a sentence for people.
"""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(%)?")


def rate(text: str | float) -> float:
    """A share from 0 to 1, of `20%`, `0.2` or a number."""
    match = _RATE.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{str(text)!r} is not a rate: write a share from 0 to 1, or a percentage such as 20%")
    share = float(match[1]) / (100 if match[2] else 1)
    if share > 1:
        raise ValueError(f"{str(text)!r} is more than everything: write a share from 0 to 1, or at most 100%")
    return share


def seconds(text: str | float) -> float:
    """A duration in seconds, of `20ms`, `2s`, `1m`, `1h` or a number of seconds."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{str(text)!r} is not a duration: write for example 20ms, 2s or 1m")
    return float(match[1]) * _UNITS[match[2] or "s"]
