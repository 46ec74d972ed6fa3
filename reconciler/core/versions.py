"""How versions are ordered, wherever anything orders them; everywhere else they stay opaque texts.

- `semver` and `Range` serve workloads that declare `order: semver` (semver.org 2.0). A leading `v` is allowed, and missing
  parts are zero: `v1.4` reads as 1.4.0. Build metadata does not order. A pre-release comes before its release, so
  2.0.0-rc.1 lies in `<2`.
- `order_of` is the order of a service that falls back to natural sorting, `semver_first` of one that demands semver.
- `older` compares the versions of agents: dotted numbers.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import msgspec

LONGEST = 255
"""Characters of a version that a manifest may order; a longer text is none."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"(?P<v>v?)(?P<numbers>{_NUMBER}(?:\.{_NUMBER}){{0,2}})"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_DIGITS = re.compile(r"([0-9]+)")
_BOUND = re.compile(r"(?P<sign>>=|<=|>|<|=)\s*(?P<version>[^\s<>=]\S*)")
_SIGNS: dict[str, Callable[[Semver, Semver], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}

Number = tuple[int, str]
"""Digits without leading zeros, after how many they are: ordered by value, however long (`int` refuses thousands)."""
Identifier = tuple[bool, Number]
"""One part of a pre-release: whether it is a text (numbers come first), and what orders it among its kind."""
Key = tuple[Any, ...]


class Semver(msgspec.Struct, frozen=True, order=True):
    """The precedence of a semantic version; its fields stand in the order that they compare in."""

    numbers: tuple[Number, ...] = ()
    released: bool = False
    pre: tuple[Identifier, ...] = ()


@lru_cache(maxsize=1024)
def semver(text: str) -> Semver | None:
    """Return what a version reads as, short forms included; None where it is no semantic version."""
    found = _SEMVER.fullmatch(text) if len(text) <= LONGEST else None
    return None if found is None else _precedence(found)


def _precedence(found: re.Match[str]) -> Semver:
    numbers = [_number(part) for part in found["numbers"].split(".")]
    numbers += [_number("0")] * (3 - len(numbers))
    pre = tuple(_identifier(part) for part in (found["pre"] or "").split(".") if part)
    return Semver(tuple(numbers), not pre, pre)


def _identifier(part: str) -> Identifier:
    return (False, _number(part)) if part.isdigit() else (True, (0, part))


def _number(digits: str) -> Number:
    significant = digits.lstrip("0")
    return len(significant), significant


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
        raise ValueError(f"{part!r} is not a bound; write one of >=, <=, >, <, = and a version, such as >=1.4")
    read = semver(found["version"])
    if read is None:
        raise ValueError(f"{found['version']!r} is not a semantic version such as 1.4 or v1.4.0-rc.1")
    return found["sign"], read


@lru_cache(maxsize=1 << 14)
def _strict(version: str) -> tuple[Semver, str] | None:
    """Return precedence and build of a version in full form, without `v`; None for any other."""
    found = _SEMVER.fullmatch(version)
    if found is None or found["v"] or found["numbers"].count(".") < 2:
        return None
    return _precedence(found), found["build"] or ""


def semver_first(version: str) -> Key:
    """Return the key of a total order: semantic versions by precedence, then by text; before them all others."""
    found = _strict(version)
    return (found[0] if found is not None else Semver()), version


def order_of(versions: Iterable[str]) -> Callable[[str], Key]:
    """Return the key that sorts these versions; no two different ones have the same.

    Where all are semantic, it is by precedence, and by build as a text. Two ways of comparing do not mix: one version
    out of line makes the order a natural one, numbers by their value.
    """
    return _semantic if all(map(_strict, versions)) else _natural


def later(one: str, other: str) -> bool:
    """Return whether the first of two versions is the later one in `order_of` both."""
    key = order_of((one, other))
    return bool(key(one) > key(other))


def latest_first(versions: Iterable[str]) -> list[str]:
    """Return versions without repetitions, the latest first."""
    names = set(versions)
    return sorted(names, key=order_of(names), reverse=True)


def _semantic(version: str) -> Key:
    return _strict(version) or ()


@lru_cache(maxsize=1 << 12)
def _natural(version: str) -> Key:
    """Return texts and numbers in turn; names that are equal so, as `1.01` and `1.1`, are ordered as texts.

    A `z` at the end puts `1.0-rc` before `1.0`.
    """
    base, _, build = version.partition("+")
    parts = _DIGITS.split(f"{base}z")
    return tuple(_number(part) if place % 2 else part for place, part in enumerate(parts)), build, version


def older(agent: str, minimum: str) -> bool:
    """Return whether an agent's version is lower than the needed one; False where either is not dotted numbers."""
    if not _DOTTED.fullmatch(agent) or not _DOTTED.fullmatch(minimum):
        return False
    return _dotted(agent) < _dotted(minimum)


def _dotted(version: str) -> list[Number]:
    """Return its numbers, without zeros at the end."""
    numbers = [_number(part) for part in version.split(".")]
    while numbers and numbers[-1] == _number("0"):
        numbers.pop()
    return numbers
