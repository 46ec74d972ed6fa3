"""What is wrong with `windows`: cron expressions, durations, time zones. Pure but for the database of time zones."""

from __future__ import annotations

from reconciler.core.names import suggestion
from reconciler.manifest import cron
from reconciler.manifest.finding import Findings, finding
from reconciler.model.fleet import Document, FleetSpec, Window
from reconciler.model.origin import Path
from reconciler.model.quantity import seconds

WINDOW = 'for three hours from 02:00, write `{allow: "0 2 * * *", duration: 3h, timezone: Europe/Berlin}`'

LONGEST = 366 * 86400.0
"""Seconds that a window may last: one that is longer would be open, or closed, for ever."""

NO_DATABASE = (
    "this machine has no database of time zones, and the Python package tzdata is not installed",
    "install tzdata, of the system or of Python",
)
"""What is the matter, and what to do."""

OF_THIS_MACHINE = frozenset({"localtime", "posixrules"})
"""Files beside the time zones that mean something else on every machine."""


def windows(document: Document) -> Findings:
    """Yield what is wrong with the windows of a fleet."""
    spec: FleetSpec = document.spec
    for position, one in enumerate(spec.windows):
        yield from _window(document, one, ("spec", "windows", position))


def _window(document: Document, one: Window, path: Path) -> Findings:
    if (one.allow is None) == (one.deny is None):
        yield finding(document, path, "window", "a window needs exactly one of `allow` and `deny`", WINDOW)
    for name in ("allow", "deny"):
        text = getattr(one, name)
        wrong = cron.problem(text) if text is not None else ""
        if wrong:
            yield finding(document, (*path, name), "cron", wrong, WINDOW)
    where: Path = (*path, "duration")
    if seconds(one.duration) <= 0:
        yield finding(document, where, "zero-duration", "a window must be longer than zero", WINDOW)
    elif seconds(one.duration) > LONGEST:
        yield finding(document, where, "long-duration", "a window lasts 366d at most")
    yield from _zone(document, one.timezone, (*path, "timezone"))


def _zone(document: Document, name: str, path: Path) -> Findings:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # slow to load, and windows are rare

    hint = "use a name such as Europe/Berlin"
    if name in OF_THIS_MACHINE:
        yield finding(document, path, "timezone", f"{name!r} is another time zone on every machine", hint)
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        near = suggestion(name, known) or suggestion(name.title(), known)
        message, hint = (f"there is no time zone {name!r}{near}", hint) if known else NO_DATABASE
        yield finding(document, path, "timezone", message, hint)
