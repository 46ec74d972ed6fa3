"""Which of two versions is the later one, and which release a device is offered: the service's rules, as pure functions.

Semantic versions are ordered as semver says, anything else naturally, with a `z` appended so that `1.0-rc` comes before
`1.0`; what follows a `+` is compared as text (confirmed: MDX docs/platform/software-version-hardware-version.mdx).
That one version out of line makes the whole comparison a natural one is inferred.

Among the releases that are active for the device's cohort and have a payload for its hardware: a delta from the current
version; else the lowest must-pass-through version above it; else the highest full version above it (confirmed: MDX
docs/platform/ota.mdx). A full release leads downwards only where the cohort's version checking is off, a delta never
(confirmed: the same, WEB docs/best-practices/ota-downgrades). What a minimum version does is inferred (a variant).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Offer:
    """An active release; `base` is the version that a delta starts from. An empty `minimum` is none."""

    version: str
    base: str | None = None
    must_pass_through: bool = False
    minimum: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """How versions are ordered (`semver`, `natural`), and whether minimum versions and version checks count."""

    order: str = SEMVER
    minimum: bool = True
    downgrade: bool = False


def choose(current: str | None, offers: Sequence[Offer], rules: Rules) -> Offer | None:
    """What a device that runs `current` takes; None for nothing. One that says no version gets the highest.

    That an unsaid version gets the newest is confirmed (MDX docs/mcu/releases-integration-guide.mdx).
    """
    known = {offer.version for offer in offers} | {offer.minimum for offer in offers if offer.minimum}
    key = order_of(known if current is None else known | {current}, rules.order)
    full = [offer for offer in offers if offer.base is None]
    if current is None:
        return max(full, key=lambda offer: key(offer.version), default=None)
    now = key(current)
    fit = [o for o in offers if not (rules.minimum and o.minimum) or key(o.minimum) <= now]
    above = sorted((o for o in fit if key(o.version) > now), key=lambda offer: key(offer.version))
    deltas = [offer for offer in above if offer.base == current]
    if deltas:
        return deltas[-1]
    steps = [offer for offer in above if offer.base is None]
    through = [offer for offer in steps if offer.must_pass_through]
    if through:
        return through[0]
    if steps:
        return steps[-1]
    fit = [offer for offer in fit if offer.base is None]
    highest = max(fit, key=lambda offer: key(offer.version), default=None)
    return highest if rules.downgrade and highest is not None and highest.version != current else None
