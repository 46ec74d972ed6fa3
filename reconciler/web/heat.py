"""A judged fleet → how each slot stands, one letter each: what a map of 100,000 units is drawn from. Pure.

Equal slots are judged once, so a map costs little more than walking its rows.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Judged, verdict
from reconciler.core.status import status_bucket
from reconciler.model.unit import Reach, Ref
from reconciler.model.verdict import Standing, Verdict

LETTERS = {
    Standing.FAILED: "f",
    Standing.STUCK: "s",
    Standing.UNKNOWN: "u",
    Standing.OUT: "o",
    Standing.WAITING: "w",
    Standing.MOVING: "m",
    Standing.READY: "r",
}
"""The letter of each standing, the worst first."""
NONE = "-"
"""A slot that git leaves alone, or that is not there."""

WORST = "".join(LETTERS.values())


class HeatRow(msgspec.Struct, frozen=True, kw_only=True):
    """One workload: the letter of each unit, in the order of the fleet's units."""

    workload: Ref
    cells: str


class Heat(msgspec.Struct, frozen=True, kw_only=True):
    """How every slot of a fleet stands. `letters` says what each letter means; `-` is a slot that is not managed."""

    fleet: str
    units: int
    letters: dict[str, str]
    worst: str
    """The worst letter of each unit."""
    workloads: tuple[HeatRow, ...]


def heat(one: FleetAssessment) -> Heat:
    """Return the map of a fleet."""
    rows = list(one.reach)
    columns = [(judged.column.workload.ref, _cells(one, judged)) for judged in one.judged]
    worst = _worst([cells for _, cells in columns], len(one.snapshot.units))
    return Heat(
        fleet=one.document.name,
        units=len(rows),
        letters={letter: standing.value for standing, letter in LETTERS.items()},
        worst=_picked(worst, rows),
        workloads=tuple(HeatRow(workload=ref, cells=_picked(cells, rows)) for ref, cells in columns),
    )


def totals(found: Heat) -> dict[str, int]:
    """Return how many units stand how at worst, by letter, the worst first."""
    counts = Counter(found.worst)
    return {letter: counts[letter] for letter in WORST if counts[letter]}


def _cells(one: FleetAssessment, judged: Judged) -> bytearray:
    """Return the letter of each unit of the snapshot."""
    column, units, states = judged.column, one.snapshot.units, one.snapshot.states
    cells = bytearray(NONE.encode() * len(units))
    known: dict[tuple[int, int, int], int] = {}
    numbers = column.rows.of(one.snapshot.column(column.workload.id))
    for row, number in zip(column.rows, numbers, strict=True):
        key = column.winner(row), number, units.reach[row]
        letter = known.get(key)
        if letter is None:
            state, reach = states[number], Reach(key[2])
            found = verdict(column.rule(row).value, state, reach, one.patience)
            shown = NONE if found is Verdict.UNMANAGED else LETTERS[status_bucket(found, state, reach)]
            letter = known[key] = ord(shown)
        cells[row] = letter
    return cells


def _worst(columns: list[bytearray], units: int) -> bytearray:
    """Return the worst letter of each unit over all workloads, by ranks that sort as letters do not."""
    ranked = WORST + NONE
    to_rank = bytes.maketrans(ranked.encode(), bytes(range(len(ranked))))
    to_letter = bytes.maketrans(bytes(range(len(ranked))), ranked.encode())
    if not columns:
        return bytearray(NONE.encode() * units)
    ranks = [cells.translate(to_rank) for cells in columns]
    worst = bytes(map(min, *ranks)) if len(ranks) > 1 else ranks[0]
    return bytearray(worst).translate(to_letter)


def _picked(cells: bytearray, rows: list[int]) -> str:
    return bytes(map(cells.__getitem__, rows)).decode()
