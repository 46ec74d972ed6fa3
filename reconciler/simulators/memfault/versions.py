"""Which of two versions is the later one.

Semantic versions are ordered as semver says, anything else naturally, with a `z` appended so that `1.0-rc` comes before
`1.0`; what follows a `+` is compared as text (confirmed: MDX docs/platform/software-version-hardware-version.mdx).
That one version out of line makes the whole comparison a natural one is inferred.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

Key: TypeAlias = tuple[Any, ...]

SEMVER, NATURAL = "semver", "natural"

_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_DIGITS = re.compile(r"(\d+)")


def order_of(versions: Iterable[str], rule: str) -> Callable[[str], Key]:
    """The key by which these versions are sorted, under the rule `semver` (where all of them are) or `natural`."""
    if rule == SEMVER and all(_SEMVER.fullmatch(version) for version in versions):
        return semver_key
    return natural_key


@lru_cache(maxsize=1 << 14)
def semver_key(version: str) -> Key:
    """The precedence of a semantic version. Raises `ValueError` for any other."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is not a semantic version")
    major, minor, patch, before, build = match.groups()
    return (int(major), int(minor), int(patch)), _before(before), build or ""


@lru_cache(maxsize=1 << 14)
def natural_key(version: str) -> Key:
    """Text and numbers in turn, numbers by their value."""
    base, _, build = version.partition("+")
    parts = _DIGITS.split(f"{base}z")
    return tuple(int(part) if n % 2 else part for n, part in enumerate(parts)), build


def _before(text: str | None) -> Key:
    """A release comes after all that lead to it; numbers come before words."""
    if text is None:
        return (1,)
    return 0, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in text.split("."))
