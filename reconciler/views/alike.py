"""Warnings that say the same of many things: one line a kind, with how many and the first few names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.views.words import SAMPLE, count

PLACE = re.compile(r"^(?:[^\n:]+:\d+:\d+: )")
"""Where a finding is written, before what it is."""
NAME = re.compile(r"'[^']*'|\b\d[\d,.]*\b")
"""What differs between findings of one kind: names, and numbers."""


def kind(text: str) -> str:
    """Return what texts of a kind share: all but places, names and numbers."""
    return NAME.sub("", PLACE.sub("", text))


def grouped(texts: Sequence[str]) -> list[str]:
    """Return one text a kind, in the order of their first ones; of others like it their number and first few names."""
    kinds: dict[str, list[str]] = {}
    for text in texts:
        kinds.setdefault(kind(text), []).append(text)
    return [_together(some) for some in kinds.values()]


def _together(some: Sequence[str]) -> str:
    first, *others = some
    if not others:
        return first
    names = [name for other in others if (name := _name(first, other))]
    rest = f" and {len(names) - SAMPLE:,} more" if len(names) > SAMPLE else ""
    also = f" (also {', '.join(names[:SAMPLE])}{rest})" if names else ""
    return f"{len(some):,} alike: {first}{also}"


def _name(first: str, other: str) -> str:
    """Return the first name that another text of a kind has where the first one has something else."""
    pairs = zip(NAME.findall(PLACE.sub("", first)), NAME.findall(PLACE.sub("", other)), strict=True)
    return next((theirs for ours, theirs in pairs if ours != theirs), "")


def few(found: Iterable[Diagnostic]) -> tuple[list[Diagnostic], str]:
    """Return the first few findings of each kind, and in words how many others there are; empty for none."""
    seen: Counter[str] = Counter()
    shown = []
    for one in found:
        seen[one.code] += 1
        if seen[one.code] <= SAMPLE:
            shown.append(one)
    left = seen.total() - len(shown)
    return (
        shown,
        f"… and {count(left, 'more warning')} of the same kinds; `reconciler validate` lists all" if left else "",
    )
