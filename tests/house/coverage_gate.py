"""Hold the coverage gates: `python tests/house/coverage_gate.py`, after a run of the whole suite with `--cov`.

Two figures a gate, both held: lines and branches together, as coverage counts them, and branches alone. Where a gate is not
met it prints what is missing, and ends with 1. Missing data is told apart from lines that no test reaches: a gate that
measures nothing is not met, and a module of which nothing ran, not even its imports, is named by itself. That a worker lost
its data ends the run of the tests already (`tests/measured.py`).

Only tests by example count; those that draw their examples are not measured (`tests/measured.py`).
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Measured:
    """What was measured of a gate: percent of lines and branches together, of branches alone, and modules never run."""

    together: float
    branches: float
    never_run: tuple[str, ...]


def measure(coverage: Coverage, gate: Gate) -> Measured | None:
    """Return what was measured of a gate; None where nothing was."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        try:
            coverage.json_report(include=[gate.include], outfile=str(file))
        except NoDataError:
            return None
        report: dict[str, Any] = json.loads(file.read_text())
    totals, files = report["totals"], report["files"]
    if not totals["covered_lines"]:
        return None
    branches = totals["num_branches"]
    return Measured(
        totals["percent_covered"],
        100.0 * totals["covered_branches"] / branches if branches else 100.0,
        tuple(name for name, one in files.items() if one["summary"]["num_statements"] and not one["executed_lines"]),
    )


def held(coverage: Coverage, gate: Gate) -> bool:
    """Print how it stands with a gate, and return whether it is met."""
    measured = measure(coverage, gate)
    if measured is None:
        print(f"coverage: {gate.name}: NO DATA: nothing was measured; run the whole suite with `make test`")
        return False
    met = min(measured.together, measured.branches) >= gate.percent
    figures = f"{measured.together:.2f} %, branches {measured.branches:.2f} %, gate {gate.percent:g} %"
    print(f"coverage: {gate.name}: {figures}: {'ok' if met else 'TOO LOW'}")
    if not met:
        for name in measured.never_run:
            print(f"coverage: {name}: NO DATA: nothing of it ran; if it has tests, these were not measured")
        coverage.report(include=[gate.include], omit=list(measured.never_run), show_missing=True, skip_covered=True)
    return met


def main() -> int:
    """Hold every gate, and return 1 if any is not met."""
    coverage = Coverage(messages=False)
    coverage.load()
    met = [held(coverage, gate) for gate in GATES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
