"""A finding about a place in a document."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import Document
from reconciler.model.origin import Path

Findings = Iterator[Diagnostic]


def finding(
    document: Document,
    path: Path,
    code: str,
    message: str,
    hint: str = "",
    severity: Severity = Severity.ERROR,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """Return what is wrong at a path of a document: a code for machines, words for people."""
    return Diagnostic(
        code=code, message=message, origin=document.locate(path), hint=hint, severity=severity, related=related
    )
