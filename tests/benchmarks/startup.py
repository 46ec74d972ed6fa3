"""Whole commands against the imports that they cannot do without, alternating."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

from tests.benchmarks import reading
from tests.benchmarks.processes import Command, alternating, compiled, process

RUNS = 15
HELP, PLAN = 1.5, 2.0


def run() -> dict[str, Any]:
    """Measure `--help`, and a plan of 100 slots against a warm simulator."""
    python = sys.executable
    with compiled(os.environ) as environment:
        shown = _pair([python, "-m", "reconciler", "--help"], [python, "-c", "import click"], environment, HELP)
    with reading.fleet(100) as (folder, simulator), compiled(reading.environment(simulator)) as environment:
        plan = [python, "-m", "reconciler", "plan", str(folder)]
        needed = [python, "-c", "import click, yaml, msgspec, h11, ssl, importlib.metadata"]
        planned = _pair(plan, needed, environment, PLAN)
    return {"reconciler --help": shown, "a plan of 100 slots": planned}


def _pair(command: Command, floor: Command, environment: dict[str, str], promised: float) -> dict[str, Any]:
    ours, least = alternating(RUNS, partial(process, command, environment), partial(process, floor, environment))
    ratio = ours.cpu / least.cpu
    return {
        "ok": ratio <= promised,
        "shown": f"{ratio:.2f} times its CPU time ({ours.wall * 1000:.0f} ms, noise {ours.noise:.0%})",
        "promised": f"at most {promised}",
        "ours": ours._asdict(),
        "floor": least._asdict(),
    }
