"""How versions are ordered: by semver, which GetApp demands of releases, confirmed (API release.dto.ts, `IsSemVer`)."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = r"(0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)

Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...], str]
"""Numbers, whether it is no pre-release, the parts of the pre-release, and the text itself."""


@lru_cache(maxsize=1 << 14)
def precedence(version: str) -> Precedence:
    """Return a key that orders versions; total, since devices may report others than semver: those come first."""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return (), False, (), version
    numbers = tuple(int(part) for part in found.groups()[:3])
    tail = found[4]
    parts = tuple(_part(part) for part in tail.split(".")) if tail is not None else ()
    return numbers, tail is None, parts, version


def _part(text: str) -> tuple[bool, int, str]:
    """Return a key of one part of a pre-release: numbers come before words."""
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)
