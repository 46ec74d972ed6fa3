"""Findings about places in documents: made here, and shown as text and JSON for people and scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import Document
from reconciler.model.origin import Path

Findings = Iterator[Diagnostic]

WIDEST = 160
"""Characters of an excerpt at most."""


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


def diagnostics_text(diagnostics: Sequence[Diagnostic]) -> str:
    """Return findings as text: place, severity, message; the line with a caret; hint; second places."""
    return "\n".join(line for one in diagnostics for line in _lines(one))


def diagnostics_builtins(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Return findings as JSON values."""
    return [{"severity": one.severity.value, **msgspec.to_builtins(one)} for one in diagnostics]


def _lines(one: Diagnostic) -> Iterator[str]:
    place = f"{one.origin}: " if one.origin.file else ""
    yield clean(f"{place}{one.severity.value}: {one.message}")
    if one.excerpt.strip():
        yield from _excerpt(one)
    for related in one.related:
        yield clean(f"  {related.origin}: {related.message}")
    if one.hint:
        yield clean(f"  hint: {one.hint}")


def _excerpt(one: Diagnostic) -> Iterator[str]:
    number, column = str(one.origin.line), max(one.origin.column, 1)
    start = max(0, column - WIDEST // 2)
    shown = clean(one.excerpt[start : start + WIDEST])
    yield f"  {number} | {shown}"
    yield f"  {' ' * len(number)} | {' ' * (column - 1 - start)}^"


def clean(text: str) -> str:
    """Return text without control characters and bidirectional marks, each replaced by one character."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
