"""What passes of a watch cost over fleets in which nothing changes: those that read what changed, and those of everything.

The floor of a round of many fleets reads and decodes the same pages as the round, as that of a plan does (`floor`). The
simulator keeps its pages encoded; a first watch that is not counted has it make them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.simulators.losant.generate import SITES
from reconciler.simulators.shapes import numbered
from tests.benchmarks.reading import CONCURRENCY, SIZES, _child, _least, fleet

PASSES = 4
REQUESTS, SHARE = 5, 0.03
FLEETS, ROUND = 1_000, 1.3
RUNS = 3


def run() -> dict[str, Any]:
    """Watch 1M slots of one fleet, and of a thousand."""
    with fleet(SIZES[-1], "--sites", str(FLEETS)) as (folder, simulator):
        whole = json.loads((folder / "fleet.yaml").read_text().split("\n---\n")[-1])
        _write(folder, [_steady(whole)])
        idle = [_child(simulator, "idling", str(folder), str(PASSES)) for _ in range(RUNS + 1)][1:]
        _write(folder, _split(_steady(whole)))
        rounds, floors = [], []
        for turn in range(RUNS + 1):
            floor = _child(simulator, "floor", *_address(simulator), str(CONCURRENCY))
            found = _child(simulator, "idling", str(folder), str(PASSES), "full")
            if turn:
                floors.append(floor)
                rounds.append({"memory": found["memory"], **found["passes"][-1], "stands": found["stands"]})
    return {"idle pass over 1,000,000 slots": _idle(idle), f"round of {FLEETS:,} fleets": _round(rounds, floors)}


def _idle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    full = min(one["passes"][0]["cpu"] for one in runs)
    later = [one for run in runs for one in run["passes"][1:]]
    cpu, requests = min(one["cpu"] for one in later), max(one["requests"] for one in later)
    return {
        "ok": requests <= REQUESTS and cpu / full <= SHARE,
        "shown": f"{requests} requests; {cpu / full:.2%} of a full pass ({1000 * cpu:.0f} ms of {full:.2f} s CPU)",
        "promised": f"at most {REQUESTS} requests, {SHARE:.0%}",
        "runs": runs,
    }


def _round(rounds: list[dict[str, Any]], floors: list[dict[str, Any]]) -> dict[str, Any]:
    ours, floor = _least(rounds), _least(floors)
    ratio = ours["cpu"] / floor["cpu"]
    return {
        "ok": ratio <= ROUND,
        "shown": f"{ratio:.2f} times the CPU of its reads ({floor['cpu']:.2f} s), {ours['memory'] / 1e6:.0f} MB",
        "promised": f"at most {ROUND}",
        "round": ours,
        "floor": floor,
    }


def _address(simulator: dict[str, str]) -> tuple[str, str, str]:
    return simulator["url"], simulator["application"], simulator["token"]


def _steady(document: dict[str, Any]) -> dict[str, Any]:
    """Return a fleet that asks for what devices have."""
    for workload in document["spec"]["workloads"].values():
        del workload["overrides"][1:]
    return document


def _split(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a fleet for each site."""
    sites = [numbered(SITES, number) for number in range(FLEETS)]
    return [
        {
            **document,
            "metadata": {"name": site},
            "spec": {**document["spec"], "units": {"tags": {"site": site}, "not": {"tags": {"spare": "*"}}}},
        }
        for site in sites
    ]


def _write(folder: Path, fleets: list[dict[str, Any]]) -> None:
    path = folder / "fleet.yaml"
    connection = path.read_text().split("\n---\n")[0]
    path.write_text("\n---\n".join([connection, *map(json.dumps, fleets)]))
