"""Planning 100,000 units, half of which change, as one fleet and split into more and more: the number of fleets is free."""

from __future__ import annotations

import gc
import time
from array import array
from statistics import median
from typing import Any

from reconciler.core.assemble import assemble
from reconciler.core.decide import PlanRequest, Seen, assess_reading, decide
from reconciler.model.fleet import Document, FleetSpec, Manifest, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, State
from reconciler.model.origin import Origin, Path
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.strategies import Single

UNITS, RUNS, PROMISED = 100_000, 5, 1.5
FLEETS = (1, 10, 100, 1_000)
POLLER = Workload("w1", "poller")
CATALOG = {Release("w1", "2"): ReleaseInfo(found=True)}


def run() -> dict[str, Any]:
    """Measure all in turn."""
    seconds: dict[int, list[float]] = {number: [] for number in FLEETS}
    for turn in range(RUNS + 1):
        for number in FLEETS:
            took = _planned(number)
            if turn:
                seconds[number].append(took)
    ratios = {number: median(seconds[number]) / median(seconds[1]) for number in FLEETS}
    shown = ", ".join(f"{number:,} fleets {ratios[number]:.2f}" for number in FLEETS[1:])
    return {
        "ok": ratios[FLEETS[-1]] <= PROMISED,
        "shown": f"times one fleet ({median(seconds[1]):.2f} s): {shown}",
        "promised": f"at most {PROMISED}",
        "seconds": {str(number): round(median(some), 4) for number, some in seconds.items()},
    }


def _planned(fleets: int) -> float:
    """Return how long a plan takes from the reading on, with the collector paused."""
    request, seen = _world(fleets)
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    assessed = assess_reading(request, seen, set(request.manifest.fleets), 1.0)
    plans = decide(request, {"plant": assessed.looked_up(CATALOG, Single())}, {}, 1.0)
    found = assemble(plans, now=1.0, read={}, filters="")
    took = time.perf_counter() - began
    gc.enable()
    assert sum(one.summary.changes.total for one in found.fleets) == UNITS // 2
    return took


def _world(fleets: int) -> tuple[PlanRequest, Seen]:
    units = Units.build(
        Unit(0, f"u{row:06}", f"gw-{row:06}", (("site", f"s{row * fleets // UNITS}"),), Reach.CONNECTED, 1, "2", True)
        for row in range(UNITS)
    )
    snapshot = Snapshot(
        identity="bench",
        units=units,
        workloads=(POLLER,),
        states=[EMPTY, State("1", "1"), State("2", "2")],
        columns={"w1": array("I", [1 + row % 2 for row in range(UNITS)])},
        coverage=PROVED,
        read_at=1.0,
    )
    documents = {}
    for number in range(fleets):
        spec = FleetSpec(
            connection="plant",
            units=Selector(tags={"site": f"s{number}"}),
            workloads={"poller": WorkloadSpec(version="2")},
        )
        documents[f"f{number}"] = Document(f"f{number}", spec, "f.yaml", _locate)
    manifest = Manifest(connections={}, channels={}, fleets=documents, digest="bench")
    seen = Seen(connection="plant", platform="bench", retries_itself=True, steps=False, snapshot=snapshot, done_at=0.0)
    return PlanRequest(manifest=manifest), seen


def _locate(path: Path) -> Origin:
    del path
    return Origin("f.yaml", 1, 1)
