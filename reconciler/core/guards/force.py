"""Until when something written with `until:` is in force."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.model.quantity import moment


def in_force(until: str | None, now: float) -> bool:
    """Return whether something that lasts until a day (None: for ever) is in force; that day itself is not included."""
    return until is None or datetime.fromtimestamp(now, UTC) < moment(until)
