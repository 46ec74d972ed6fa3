"""How versions spread over time → areas of a chart, one for each workload. Pure; drawn as SVG without any script."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reconciler.model.quantity import moment
from reconciler.web.shapes import CourseAnswer, CoursePoint

WIDTH, HEIGHT = 1000, 160
KINDS = 6
"""Versions that have a colour of their own; the rest is one area."""
REST = "other versions"


class Area(msgspec.Struct, frozen=True):
    """One version: the corners of its area, and how many slots report it now."""

    version: str
    points: str
    now: int


class Chart(msgspec.Struct, frozen=True):
    """One workload. `changes` says whether anything changed in all that time."""

    workload: str
    areas: tuple[Area, ...]
    whole: int
    """The most slots that reported any version at a time."""
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    """The same as a table: a time, and the number of each area."""


def charts(found: CourseAnswer) -> list[Chart]:
    """Return a chart of each workload, by name."""
    names = sorted({one.workload for point in found.points for one in point.spread})
    return [_chart(found, name) for name in names]


def _chart(found: CourseAnswer, workload: str) -> Chart:
    counts = [_counts(point, workload) for point in found.points]
    totals: dict[str, int] = {}
    for one in counts:
        for version, number in one.items():
            totals[version] = max(totals.get(version, 0), number)
    ranked = sorted(totals, key=lambda version: (-totals[version], version))
    shown, rest = sorted(ranked[:KINDS]), set(ranked[KINDS:])
    names = [*shown, *([REST] if rest else [])]
    table = [
        [*(one.get(version, 0) for version in shown), *([sum(one.get(version, 0) for version in rest)] if rest else [])]
        for one in counts
    ]
    begin, end = moment(found.since).timestamp(), moment(found.until).timestamp()
    begin = max(begin, moment(found.points[0].at).timestamp())  # what was before, nobody knows
    times = [min(max(moment(point.at).timestamp(), begin), end) for point in found.points]
    xs = [round((at - begin) * WIDTH / max(end - begin, 1.0), 1) for at in times]
    whole = max((sum(row) for row in table), default=0)
    areas = tuple(
        Area(name, _corners(xs, table, place, max(whole, 1)), table[-1][place]) for place, name in enumerate(names)
    )
    rows = tuple((point.at, tuple(row)) for point, row in zip(found.points, table, strict=True))
    return Chart(workload, areas, whole, _changes(rows))


def _counts(point: CoursePoint, workload: str) -> dict[str, int]:
    return {one.version or "nothing": one.reported for one in point.spread if one.workload == workload and one.reported}


def _corners(xs: Sequence[float], table: Sequence[Sequence[int]], place: int, whole: int) -> str:
    """Return the corners of an area: what was so at one time stays so until the next."""
    above, below = [], []
    for number, row in enumerate(table):
        low, high = sum(row[:place]), sum(row[: place + 1])
        until = xs[number + 1] if number + 1 < len(xs) else float(WIDTH)
        top, bottom = (round(HEIGHT - each * HEIGHT / whole, 1) for each in (high, low))
        above += [f"{xs[number]},{top}", f"{until},{top}"]
        below += [f"{xs[number]},{bottom}", f"{until},{bottom}"]
    return " ".join([*above, *reversed(below)])


def _changes(rows: Sequence[tuple[str, tuple[int, ...]]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the rows that differ from the one before."""
    return tuple(row for place, row in enumerate(rows) if not place or row[1] != rows[place - 1][1])
