"""Loading and validating a large manifest, against PyYAML's C parser composing the same text."""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from reconciler.manifest.load import Loader

PINS = 100_000
RUNS = 5
LIMIT = 1.0

HEAD = """\
apiVersion: reconciler/v1
kind: Connection
metadata: {name: plant}
spec:
  losant:
    application: 575ec8687ae143cd83dc4a97
    token: {env: LOSANT_API_TOKEN}
---
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}
  workloads:
    modbus-poller: {version: v1.4.0}
    vision: {version: v2.0.1}
  pins:
"""


def text(pins: int) -> str:
    """Return a manifest with this many pinned units."""
    lines = (
        f"    gateway-{number:06d}: {{modbus-poller: v1.3.{number % 7}, vision: 2.1{number % 10}}}\n"
        for number in range(pins)
    )
    return HEAD + "".join(lines)


def run() -> dict[str, Any]:
    """Return seconds of both (medians of alternating runs), their ratio, and whether it is within the limit."""
    content = text(PINS)
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
        file = Path(folder, "fleet.yaml")
        file.write_text(content, encoding="utf-8")
        loading, composing = [], []
        for _ in range(RUNS):
            composing.append(_seconds(lambda: list(yaml.compose_all(content, Loader=yaml.CSafeLoader))))
            loading.append(_seconds(lambda: _load(file)))
    ours, floor = median(loading), median(composing)
    return {
        "pins": PINS,
        "bytes": len(content),
        "seconds": round(ours, 3),
        "floor": round(floor, 3),
        "ratio": round(ours / floor, 3),
        "limit": LIMIT,
        "ok": ours <= LIMIT * floor,
    }


def _load(file: Path) -> None:
    """Load, validate, and ask for the places of a few values."""
    manifest = Loader([file]).load()
    fleet = manifest.fleets["all"]
    assert len(fleet.spec.pins) == PINS
    for number in (0, PINS // 2, PINS - 1):
        origin = fleet.locate(("spec", "pins", f"gateway-{number:06d}", "vision"))
        assert origin.line == HEAD.count("\n") + 1 + number
        assert origin.column > 1


def _seconds(work: Callable[[], object]) -> float:
    """Return how long something takes with the collector paused, as it is while a manifest is read."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began
    finally:
        gc.enable()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
