"""`import` of a million slots, and `diff` of two snapshots of them, as whole processes against `plan` in the same run."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import reading
from tests.benchmarks.processes import Figures, alternating, compiled, process

RUNS = 3
TIMES = 1.5
DIFFERENT = 2
"""The exit code of `diff` that says so."""


def run() -> dict[str, Any]:
    """Measure all three in turn."""
    size = reading.SIZES[-1]
    with (
        reading.fleet(size) as (manifests, simulator),
        compiled(reading.environment(simulator)) as environment,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        command = [sys.executable, "-m", "reconciler"]
        monday, tuesday = folder / "monday.json", folder / "tuesday.json"
        process([*command, "snapshot", str(manifests), "--out", str(monday)], environment)
        _a_day_later(monday, tuesday)
        taken = [*command, "import", "--from", str(manifests), "--out", str(folder / "imported"), "--force"]
        plan, imported, diff = alternating(
            RUNS,
            partial(process, [*command, "plan", str(manifests)], environment),
            partial(process, taken, environment),
            partial(process, [*command, "diff", str(monday), str(tuesday)], environment, DIFFERENT),
        )
    return {f"import of {size:,} slots": _held(imported, plan), f"diff of {size:,} slots": _held(diff, plan)}


def _a_day_later(one: Path, other: Path) -> None:
    """Write a snapshot in which a tenth of the units have another version of one workload."""
    kept = json.loads(one.read_text())
    column = next(iter(kept["columns"].values()))
    for row in range(0, len(column), 10):
        column[row] = 1 + column[row] % (len(kept["states"]) - 1)
    other.write_text(json.dumps(kept))


def _held(found: Figures, plan: Figures) -> dict[str, Any]:
    wall, cpu = found.wall / plan.wall, found.cpu / plan.cpu
    return {
        "ok": max(wall, cpu) <= TIMES,
        "shown": f"{wall:.2f} times the plan's wall, {cpu:.2f} times its CPU time; {found.wall:.1f} s, noise {found.noise:.0%}",
        "promised": f"at most {TIMES}",
        "found": found._asdict(),
        "plan": plan._asdict(),
    }
