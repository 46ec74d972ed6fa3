"""Veto: a slot that a mistake in the manifests is about, whichever fleet made it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.case import Case
from reconciler.model.hold import Hold


def veto(case: Case) -> Iterator[Hold]:
    """Yield every mistake that is about the slot."""
    yield from case.mistakes
