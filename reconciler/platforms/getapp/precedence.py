"""How versions are ordered: by semver, which GetApp demands of releases, confirmed (API release.dto.ts, `IsSemVer`)."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = r"(0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)

Number = tuple[int, str]
"""Digits without leading zeros, after how many they are: ordered as their values, however long (`int` bounds them)."""
Precedence = tuple[tuple[Number, ...], bool, tuple[tuple[bool, Number], ...], str]
"""Numbers, whether it is no pre-release, the parts of the pre-release, and the text itself."""


@lru_cache(maxsize=1 << 14)
def precedence(version: str) -> Precedence:
    """Return a key that orders versions; total, since devices may report others than semver: those come first."""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (), False, (), version
    numbers = tuple(_number(part) for part in found.groups()[:3])
    tail = found[4]
    parts = tuple(_part(part) for part in tail.split(".")) if tail is not None else ()
    return numbers, tail is None, parts, version


def _part(text: str) -> tuple[bool, Number]:
    """Return a key of one part of a pre-release: numbers come before words."""
    return (False, _number(text)) if text.isdecimal() else (True, (0, text))


def _number(digits: str) -> Number:
    kept = digits.lstrip("0")
    return len(kept), kept
