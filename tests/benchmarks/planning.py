"""One plan, measured: `python -m tests.benchmarks.planning FOLDER`; prints one JSON object.

Measures in this process, from loading the manifests to the finished plan value; the interpreter's start is not in it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import httpx  # what every platform needs is loaded before the clock starts, as in the floor

from reconciler.cli import wiring
from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import plan
from tests.benchmarks.memory import peak


def main() -> None:
    """Plan once and say what it took."""
    httpx.Client().close()
    began, cpu = time.perf_counter(), time.process_time()
    clock = wiring.SystemClock()
    manifest = wiring.load([Path(sys.argv[1])])
    planned = plan(PlanRequest(manifest=manifest), wiring.opener(manifest, clock), clock)
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    planned.close()
    fleet = planned.plan.fleets[0]
    print(
        json.dumps(
            {
                "wall": wall,
                "cpu": used,
                "memory": peak(),
                "slots": fleet.summary.slots,
                "changes": fleet.summary.changes.total,
                "calls": len(fleet.actions),
                "complete": planned.plan.complete,
                "error": fleet.error,
            }
        )
    )


if __name__ == "__main__":
    main()
