"""What `doctor` found, as text and JSON; what it could not check is said as plainly as what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from reconciler.ports import Check
from reconciler.views.line import EMPTY, Line, folded, line
from reconciler.views.words import clean, count

FORMAT = "reconciler/checks.v1"

STATUSES = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "failed": ("FAILED", "bold red"),
    "unchecked": ("not checked", "dim"),
}
KEY = 13
LONGEST_HINT = 4000
"""Characters of a hint at most: it may be a piece of manifest to copy."""

LOCAL = "this machine"
"""How the part that is no connection is called; no connection can be, for its blank."""

Connections = Sequence[tuple[str, Sequence[Check]]]
"""Checks by connection name, in order."""


def encode(connections: Connections) -> bytes:
    """Return checks as UTF-8 JSON."""
    shown = [{"connection": name, "checks": list(checks)} for name, checks in connections]
    return msgspec.json.encode({"format": FORMAT, "connections": shown})


def render(connections: Connections, *, width: int) -> list[Line]:
    """Return checks as lines of at most `width` columns."""
    if not connections:
        return [line("No connection to check.")]
    lines: list[Line] = []
    for name, checks in connections:
        head = (
            line(("This machine", "bold"))
            if name == LOCAL
            else line(("Connection ", "bold"), (clean(name), "bold cyan"))
        )
        lines += folded([head], width)
        for check in checks:
            lines += folded([_finding(check)], width, 2 + KEY)
            lines += _hint(check, width)
        lines.append(EMPTY)
    return lines + folded([_ending(connections)], width)


def _finding(check: Check) -> Line:
    words, style = STATUSES.get(check.status, (clean(check.status), "yellow"))
    return line((words.ljust(KEY), style), (clean(check.name), "bold"), f": {clean(check.message)}", indent=2)


def _hint(check: Check, width: int) -> list[Line]:
    """Return the hint of a check; what is to be copied has words longer than a line, and is not broken."""
    if not check.hint:
        return []
    if "\n" in check.hint:  # a piece of manifest
        return [line((clean(one, LONGEST_HINT), "cyan"), indent=2 + KEY) for one in check.hint.splitlines()]
    hint = line((clean(check.hint, LONGEST_HINT), "cyan"), indent=2 + KEY)
    copied = any(len(word) > width - KEY for word in check.hint.split())
    return [hint] if copied else folded([hint], width, 2 + KEY)


def _ending(connections: Connections) -> Line:
    found = Counter(check.status for _, checks in connections for check in checks)
    total = count(sum(found.values()), "check")
    bad = [
        count(found[status], words.lower()) if status == "warning" else f"{found[status]:,} {words.lower()}"
        for status, (words, _) in STATUSES.items()
        if status != "ok" and found[status]
    ]
    style = "bold red" if found["failed"] else "bold yellow" if bad else "bold green"
    return line((f"{total}: {', '.join(bad)}." if bad else f"{total}, all ok.", style))
