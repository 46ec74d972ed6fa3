"""`make bench`: every speed that is promised, as a ratio to a floor measured in the same run, alternating.

A busy machine only ever adds: most parts compare the least of several runs and say their noise, how much half of the runs
took beyond it. Above a tenth a figure says little.

Prints one JSON object. `--write` also keeps it, with machine, versions and command, in RESULTS.md beside this file.
Exits 1 when a promise is missed. `--only NAME` runs one part (repeatable).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    fleets,
    idle,
    machines,
    manifest,
    octodns,
    reading,
    readings,
    recording,
    rollout,
    split,
    startup,
    viewers,
)

PARTS = {
    "plan": reading.plans,
    "latency": reading.latency,
    "writes": reading.writes,
    "idle": idle.run,
    "rollout": rollout.run,
    "getapp": fleets.getapp,
    "memfault": fleets.memfault,
    "manifest": lambda: {"pins": manifest.run()},
    "split": lambda: {"one application in many fleets": split.run()},
    "startup": startup.run,
    "octodns": octodns.run,
    "readings": readings.run,
    "history": recording.run,
    "workers": machines.run,
    "viewers": viewers.run,
}
RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("h11", "httpx", "msgspec", "pyyaml", "click", "starlette", "uvicorn")


def main() -> int:
    """Run the parts asked for and say whether all promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    parser.add_argument("--write", action="store_true", help="keep the result in RESULTS.md")
    chosen = parser.parse_args()
    found: dict[str, Any] = {"machine": _machine(), "parts": {}}
    for name in chosen.only or PARTS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        found["parts"][name] = PARTS[name]()
        for what, one in found["parts"][name].items():  # a run that is cut short has told this much
            kept = "kept" if one["ok"] else "MISSED"
            print(f"  {what}: {one['shown']}; {one['promised']}: {kept}", file=sys.stderr, flush=True)
    found["ok"] = all(one["ok"] for part in found["parts"].values() for one in part.values())
    print(json.dumps(found, indent=2))
    if chosen.write:
        RESULTS.write_text(_page(found))
    return 0 if found["ok"] else 1


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": _cores(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _page(found: dict[str, Any]) -> str:
    machine = found["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    lines = [
        "# Benchmark results",
        "",
        f"{machine['date']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; {packages}.",
        "",
        "Command: `make bench` (`python -m tests.benchmarks --write`). Figures are of alternating runs; a ratio is to a floor",
        "measured in the same run, and noise how much half of the runs took beyond the least. What each floor is, the modules beside this file say.",
        "",
        "| what | measured | promised | kept |",
        "|---|---|---|---|",
    ]
    for part, entries in found["parts"].items():
        for name, one in entries.items():
            kept = "yes" if one["ok"] else "**no**"
            lines.append(f"| {part}: {name} | {one['shown']} | {one['promised']} | {kept} |")
    lines += ["", "```json", json.dumps(found, indent=1), "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
