"""Lines of a picture that is drawn over: a bar, and words that never wrap, since a line that wraps is drawn over wrongly."""

from __future__ import annotations

from reconciler.views.line import columns_of

BAR = 20
"""Columns of a bar."""


def bar(part: int, whole: int) -> str:
    """Return how much of a whole is there."""
    full = min(BAR, BAR * part // whole)
    return "━" * full + "─" * (BAR - full)


def cut(text: str, width: int) -> str:
    """Return a text of at most `width` columns."""
    if columns_of(text) <= width:
        return text
    while columns_of(text) >= width:
        text = text[:-1]
    return f"{text}…"
