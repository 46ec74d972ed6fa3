"""Whole commands against the imports that they cannot do without, alternating, medians."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median
from typing import Any

from tests.benchmarks import reading

RUNS = 21
HELP, PLAN = 1.5, 2.0


def run() -> dict[str, Any]:
    """Measure `--help`, and a plan of 100 slots against a warm simulator."""
    python = sys.executable
    shown = _pair([python, "-m", "reconciler", "--help"], [python, "-c", "import click"], dict(os.environ), HELP)
    with reading.fleet(100) as (folder, simulator):
        plan = _pair(
            [python, "-m", "reconciler", "plan", str(folder)],
            [python, "-c", "import click, httpx; httpx.Client()"],
            reading.environment(simulator),
            PLAN,
        )
    return {"reconciler --help": shown, "a plan of 100 slots": plan}


def _pair(command: list[str], floor: list[str], environment: dict[str, str], promised: float) -> dict[str, Any]:
    ours, floors = [], []
    for turn in range(RUNS + 2):
        pair = _seconds(floor, environment), _seconds(command, environment)
        if turn > 1:
            floors.append(pair[0])
            ours.append(pair[1])
    ratio = median(ours) / median(floors)
    return {
        "ok": ratio <= promised,
        "shown": f"{ratio:.2f} times ({median(ours) * 1000:.0f} ms)",
        "promised": f"at most {promised}",
        "seconds": round(median(ours), 4),
        "floor": round(median(floors), 4),
    }


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - began
