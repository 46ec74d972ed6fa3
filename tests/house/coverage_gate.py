"""Hold the coverage gates: `python tests/house/coverage_gate.py`, after `coverage combine`.

Two figures a gate, both held: lines and branches together, as coverage counts them, and branches alone. Prints what is
missing where a gate is not met, and ends with 1 then. A gate that measures nothing is not met.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError


@dataclass(frozen=True)
class Gate:
    """A part of the package, and the percent (0-100) of it that tests must reach."""

    name: str
    include: str
    percent: float


GATES = (
    Gate("core", "reconciler/core/*", 100.0),
    Gate("platforms", "reconciler/platforms/*", 100.0),
    Gate("the package", "reconciler/*", 95.0),
)


def measure(coverage: Coverage, gate: Gate) -> tuple[float, float] | None:
    """Return the percent of lines and branches together, and of branches alone; None where nothing was measured."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        try:
            coverage.json_report(include=[gate.include], outfile=str(file))
        except NoDataError:
            return None
        totals = json.loads(file.read_text())["totals"]
    branches = totals["num_branches"]
    return totals["percent_covered"], 100.0 * totals["covered_branches"] / branches if branches else 100.0


def main() -> int:
    """Print one line a gate, and return 1 if any is not met."""
    coverage = Coverage(messages=False)
    coverage.load()
    missed = []
    for gate in GATES:
        measured = measure(coverage, gate)
        if measured is None:
            print(f"coverage: {gate.name}: nothing was measured")
            missed.append(gate)
            continue
        together, branches = measured
        met = min(together, branches) >= gate.percent
        word = "ok" if met else "TOO LOW"
        print(f"coverage: {gate.name}: {together:.2f} %, branches {branches:.2f} %, gate {gate.percent:g} %: {word}")
        if not met:
            missed.append(gate)
            coverage.report(include=[gate.include], show_missing=True, skip_covered=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
