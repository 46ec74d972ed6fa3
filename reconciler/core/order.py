"""Versions that declare `order: semver`: how they compare (semver.org 2.0), and ranges of them such as `>=1.4,<2`.

A leading `v` is allowed, and missing parts are zero: `v1.4` reads as 1.4.0. Build metadata does not order. A pre-release
comes before its release, so 2.0.0-rc.1 lies in `<2`. Everywhere else versions stay opaque texts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

LONGEST = 255
"""Characters of a version; a longer text is none."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v?(?P<numbers>{_NUMBER}(?:\.{_NUMBER}){{0,2}})"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_BOUND = re.compile(r"(?P<sign>>=|<=|>|<|=)\s*(?P<version>[^\s<>=]\S*)")
_SIGNS: dict[str, Callable[[Semver, Semver], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}

Identifier = tuple[bool, int, str]
"""One part of a pre-release: whether it is a text (numbers come first), the number, the text."""


class Semver(msgspec.Struct, frozen=True, order=True):
    """A semantic version; its fields stand in the order that they compare in."""

    numbers: tuple[int, ...]
    released: bool
    pre: tuple[Identifier, ...] = ()


@lru_cache(maxsize=1024)
def semver(text: str) -> Semver | None:
    """Return what a version reads as; None where it is no semantic version."""
    found = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    numbers = tuple(int(part) for part in found["numbers"].split("."))
    pre = tuple(_identifier(part) for part in (found["pre"] or "").split(".") if part)
    return Semver((*numbers, *(0,) * (3 - len(numbers))), not pre, pre)


def _identifier(part: str) -> Identifier:
    return (False, int(part), "") if part.isdigit() else (True, 0, part)


class Range(msgspec.Struct, frozen=True):
    """Bounds that a version must keep, all of them; `text` as typed."""

    text: str
    bounds: tuple[tuple[str, Semver], ...]

    def __contains__(self, version: str) -> bool:
        """Return whether a version keeps all bounds; one that is not semantic never does."""
        read = semver(version)
        return read is not None and all(_SIGNS[sign](read, bound) for sign, bound in self.bounds)


def parse_range(text: str) -> Range:
    """Return the range that a text such as `>=1.4,<2` means. Raises ValueError with words for people."""
    return Range(text, tuple(_bound(part.strip()) for part in text.split(",")))


def _bound(part: str) -> tuple[str, Semver]:
    found = _BOUND.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r} is no bound; a bound is one of >=, <=, >, <, = and a version, such as >=1.4")
    read = semver(found["version"])
    if read is None:
        raise ValueError(f"{found['version']!r} is no semantic version such as 1.4 or v1.4.0-rc.1")
    return found["sign"], read
