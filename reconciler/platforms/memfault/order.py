"""Which of several versions is the later one, as Memfault orders them.

Semantic versioning is what the service recommends; anything else is sorted naturally, with a `z` appended so that
`1.0-rc` comes before `1.0`, and what follows a `+` is compared as text, confirmed (MDX
docs/platform/software-version-hardware-version.mdx). Two ways of comparing do not mix: that one version out of line makes
the comparison of all of them a natural one is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

Key = tuple[Any, ...]

_NUMBER = r"(0|[1-9][0-9]*)"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_WORD}(?:\.{_WORD})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_DIGITS = re.compile(r"([0-9]+)")


def order_of(versions: Iterable[str]) -> Callable[[str], Key]:
    """Return the key that sorts these versions; no two different ones have the same."""
    return _semantic if all(_SEMVER.fullmatch(version) for version in versions) else _natural


def later(one: str, other: str) -> bool:
    """Return whether the first of two versions is the later one."""
    key = order_of((one, other))
    return bool(key(one) > key(other))


def latest_first(versions: Iterable[str]) -> list[str]:
    """Return versions without repetitions, the latest first."""
    names = set(versions)
    return sorted(names, key=order_of(names), reverse=True)


@lru_cache(maxsize=4096)
def _semantic(version: str) -> Key:
    """Return the precedence of semver.org section 11; versions that differ in `+build` alone are compared as text."""
    numbers, _, build = version.partition("+")
    core, dash, before = numbers.partition("-")
    words = tuple(_word(part) for part in before.split("."))
    return tuple(_number(part) for part in core.split(".")), (0, words) if dash else (1,), build


def _word(part: str) -> Key:
    return (0, *_number(part), "") if part.isdecimal() else (1, 0, "", part)


def _number(digits: str) -> tuple[int, str]:
    """Return what sorts digits by their value, however many there are: `int` refuses thousands of them."""
    significant = digits.lstrip("0")
    return len(significant), significant


@lru_cache(maxsize=4096)
def _natural(version: str) -> Key:
    """Return texts and numbers in turn, numbers by value; names that are equal so, as `1.01` and `1.1`, as texts."""
    base, _, build = version.partition("+")
    parts = _DIGITS.split(f"{base}z")
    return tuple(_number(part) if place % 2 else part for place, part in enumerate(parts)), build, version
