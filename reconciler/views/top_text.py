"""The lines of `reconciler top`: fleets, units, and what keys do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from reconciler.model.hold import HoldReason
from reconciler.model.quantity import iso
from reconciler.model.report import FleetStatus, UnitStatus
from reconciler.model.verdict import Health
from reconciler.views import rollout_text, status_text
from reconciler.views.bars import cut
from reconciler.views.line import GAP, Line, Span, columns_of, folded, line, text_of
from reconciler.views.reason_words import LABELS
from reconciler.views.words import clean

READING = "reading …"
GONE = "This is no longer there."
NO_FLEET = "No fleet matches."
NO_UNIT = "No unit matches."
FAILING = "failing only"

KEYS = {
    "fleets": ("↑↓ choose", "Enter units", "/ search", "f failing", "Tab details", "? help", "q quit"),
    "units": ("↑↓ choose", "Enter explain", "Esc back", "/ search", "f failing", "? help", "q quit"),
    "unit": ("↑↓ scroll", "Esc back", "? help", "q quit"),
    "help": ("Esc back", "q quit"),
    "search": ("type a part of a name", "Enter keep", "Esc clear"),
}
"""What keys do, by what is shown."""

HELP = (
    ("Up, Down", "choose a line, or scroll"),
    ("PageUp, PageDown", "a screen at a time"),
    ("Home, End", "the first, the last"),
    ("Enter", "the units of a fleet; of a unit why it is as it is"),
    ("Escape", "back; ends a search"),
    ("Tab", "between the fleets and what is said of the chosen one"),
    ("/", "only names that contain what you type"),
    ("f", "only what failed, is stuck or could not be read"),
    ("r", "read at once"),
    ("q, Ctrl-C", "quit"),
)

COLUMNS = ("Sync", "Health", "Ready", "", "Drift", "Moving", "Held", "Failed")
"""Behind the name of a fleet; the one without a name is a bar."""
RIGHT = frozenset({2, 4, 5, 6, 7})
SYNC, BAR = 0, 3
"""The columns that are left out where there is little room: numbers say the same."""
SHAPES: tuple[tuple[int, frozenset[int]], ...] = (
    (20, frozenset()),
    (10, frozenset()),
    (10, frozenset({SYNC})),
    (0, frozenset({SYNC, BAR})),
)
"""How long the bar is and what is left out, from much room to little."""
LEAST_NAME = 12
NAME = 16
"""Columns that a name gets before anything else is left out."""
DROPPED_LAST = 2
"""Keys at the end of the bottom line that are left out last."""


def keys(view: str, width: int) -> Line:
    """Return the bottom line of a view: what keys do, as many as there is room for."""
    found = list(KEYS[view])
    while len(found) > DROPPED_LAST and columns_of("  ".join(found)) > width:
        del found[-DROPPED_LAST - 1]
    return line(("  ".join(found), "dim"))


def title(where: Sequence[str], shown: str, status: str, width: int, *, trouble: bool = False) -> Line:
    """Return the top line: where one is, how much of it is shown, and when it was read or why not."""
    path = " · ".join(("reconciler top", *(clean(one) for one in where)))
    right = f"{shown}  {status}" if shown else status
    if columns_of(path) + GAP + columns_of(right) > width:
        path = cut(" · ".join(clean(one) for one in where) or "top", max(8, width // 3))
    right = cut(right, max(0, width - columns_of(path) - GAP))
    gap = " " * max(GAP, width - columns_of(path) - columns_of(right))
    return line((path, "bold"), gap, (right, "bold red" if trouble else "dim"))


def read_at(at: float) -> str:
    """Return when the last reading was complete."""
    return f"as of {iso(at)}"


def filtered(shown: str, sought: str, *, failing: bool) -> str:
    """Return how much is shown, and because of what not all."""
    return "  ".join([*([f"/{clean(sought)}"] if sought else []), *([FAILING] if failing else []), shown])


def position(row: int, rows: int, all_: int) -> str:
    """Return which line of how many is chosen."""
    of = f"{rows:,}" if rows == all_ else f"{rows:,} of {all_:,}"
    return f"{row + 1:,}/{of}" if rows else of


def fleets(found: Sequence[FleetStatus], held: Mapping[str, int], width: int) -> tuple[Line, list[Line]]:
    """Return the head, and a line of at most `width` columns for each fleet."""
    longest = max(len("Fleet"), *(columns_of(clean(one.fleet)) for one in found)) if found else len("Fleet")
    for bar, without in SHAPES:
        cells = [_cells(one, held.get(one.fleet, 0), bar) for one in found]
        columns = [at for at in range(len(COLUMNS)) if at not in without]
        widths = [
            max(columns_of(text) for text in (name, *(row[at][0] for row in cells))) for at, name in enumerate(COLUMNS)
        ]
        room = width - sum(widths[at] + GAP for at in columns)
        if room >= min(longest, NAME):
            break
    name = min(max(room, LEAST_NAME), longest)

    def row(first: Span, rest: Sequence[Span]) -> Line:
        spans = [_padded(first, name)]
        for at in columns:
            spans += [(" " * GAP, ""), _padded(rest[at], widths[at], right=at in RIGHT)]
        return line(*spans)

    head = row(("Fleet", "bold"), [(one, "bold") for one in COLUMNS])
    return head, [row((clean(one.fleet), "bold"), some) for one, some in zip(found, cells, strict=True)]


def _cells(one: FleetStatus, held: int, bar: int) -> list[Span]:
    failed = len(one.failed) + len(one.stuck)
    if one.error:  # no number is known
        return [
            *_spans(status_text.axes_cells(one)[1:3]),
            ("-", "dim"),
            ("-" if bar else "", "dim"),
            *[("-", "dim")] * 4,
        ]
    sync, health, ready = _spans(status_text.axes_cells(one)[1:])
    return [
        sync,
        health,
        ready,
        (_bar(one, failed, bar), health[1]),
        (f"{one.out:,}", "yellow" if one.out else "dim"),
        (f"{one.moving:,}", "cyan" if one.moving else "dim"),
        (f"{held:,}", "yellow" if held else "dim"),
        (f"{failed:,}", "bold red" if failed else "dim"),
    ]


def _spans(cells: Iterable[str | Span]) -> list[Span]:
    return [cell if isinstance(cell, tuple) else (cell, "") for cell in cells]


def _bar(one: FleetStatus, failed: int, width: int) -> str:
    """Return what is ready, failed, moving and the rest of all slots; each shows if it is any, and only all of them fills it."""
    whole = max(one.total, one.ready + failed + one.moving, 1)
    found, reached = "", 0
    for number, sign in ((one.ready, "█"), (failed, "×"), (one.moving, "▒")):
        reached += number
        found += sign * max(min(reached * width // whole, width) - len(found), 1 if number else 0)
    if reached < whole:  # what is left shows, too
        found = found[: width - 1]
    return found[:width].ljust(width, "░") if width else ""


def details(one: FleetStatus, reasons: Mapping[HoldReason, int], *, now: float, width: int) -> list[Line]:
    """Return all there is to say of a fleet: what is held and why, versions, failures, waves with their gates."""
    found = [
        line(
            ("Fleet ", "bold"),
            (clean(one.fleet), "bold cyan"),
            f" · {clean(one.platform)} · connection {clean(one.connection)}",
        )
    ]
    found += [
        line((f"{number:,} held: {LABELS[code]}", "yellow"), indent=2) for code, number in sorted(reasons.items())
    ]
    waves = rollout_text.render(one.rollouts, width)
    return [*folded(found, width), *waves, *status_text.detailed(one, now=now, width=width, numbers=True)]


UNIT_HEAD = ("Unit", "Reach", "Health", "Workloads")
REACH, HEALTH = len("disconnected"), max(len(one.value) for one in Health)
WORST = (Health.DEGRADED, Health.UNKNOWN, Health.WAITING, Health.PROGRESSING, Health.HEALTHY, Health.NONE)
"""Which health of a unit's workloads speaks for it, and which workload comes first."""


def no_unit(fleet: FleetStatus | None, width: int) -> list[Line]:
    """Return why no unit of a fleet is shown."""
    if fleet is None:
        return [line(GONE)]
    return folded([line((clean(fleet.error), "red")) if fleet.error else line(NO_UNIT)], width)


def unit_head(name: int) -> Line:
    """Return the head of a list of units, whose names take `name` columns."""
    return _unit_row([(one, "bold") for one in UNIT_HEAD], name)


def unit(one: UnitStatus, name: int) -> Line:
    """Return a unit on one line, however long: what is worst comes first."""
    slots = sorted(one.slots, key=lambda slot: (WORST.index(slot.health), slot.verdict in status_text.GOOD))
    health = slots[0].health if slots else Health.NONE
    cells: list[Span] = [
        (clean(one.key or one.unit.id), "bold"),
        (clean(one.reach), ""),
        (health.value, status_text.HEALTH_STYLES[health]),
        status_text.slots_span(msgspec.structs.replace(one, slots=tuple(slots))),
    ]
    return _unit_row(cells, name)


def _unit_row(cells: Sequence[Span], name: int) -> Line:
    widths = (name, REACH, HEALTH)
    spans = [
        part for cell, width in zip(cells, widths, strict=False) for part in (_padded(cell, width), (" " * GAP, ""))
    ]
    return line(*spans, cells[-1])


def help_lines(width: int) -> list[Line]:
    """Return what keys do, and what it is that one sees."""
    keys = [line((key.ljust(20), "bold"), words) for key, words in HELP]
    about = (
        "top reads as `status` does, and changes nothing.",
        "Drift: slots where what is assigned is not what git says. Held: changes that may not go now.",
        "Bar: █ ready, × failed or stuck, ▒ moving, ░ the rest.",
    )
    return [*folded(keys, width, 20), line(), *folded(map(line, about), width)]


def fitting(one: Line, width: int) -> Line:
    """Return a line of at most `width` columns; one that is cut ends with `…`."""
    if columns_of(text_of(one)) <= width:
        return one
    spans: list[Span] = []
    room = width
    for text, style in one:
        taken = columns_of(text)
        if taken >= room:
            return (*spans, (cut(text + "…", room) if taken == room else cut(text, room), style))
        spans.append((text, style))
        room -= taken
    return tuple(spans)


def _padded(span: Span, width: int, *, right: bool = False) -> Span:
    text, style = cut(span[0], width), span[1]
    padding = " " * (width - columns_of(text))
    return (padding + text if right else text + padding), style
