"""Admission: a scope that matches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.guards.limit import Load
from reconciler.model.fleet import Document
from reconciler.model.plan import LimitKind, Violation


def admission(document: Document, loads: Sequence[Load], units: int) -> Iterator[Violation]:
    """Yield that no unit is in scope, unless the fleet says that this is meant."""
    del loads
    if units == 0 and not document.spec.allow_empty:
        yield Violation(kind=LimitKind.EMPTY_SCOPE, origin=document.locate(("spec", "units")))
