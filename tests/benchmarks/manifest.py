"""Loading a manifest of 100,000 pins, with the place of every value, against PyYAML's C parser composing its text."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from reconciler.manifest.load import Loader
from reconciler.platforms.registry import installed

PINS, RUNS, PROMISED = 100_000, 7, 1.0

HEAD = """apiVersion: reconciler/v1
kind: Connection
metadata: {name: plant}
spec: {losant: {application: 575ec8687ae143cd83dc4a97, token: {env: LOSANT_API_TOKEN}}}
---
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}
  workloads:
    modbus-poller: {version: v1.3.0}
    vision: {version: v2.0.1}
  pins:
"""


def run() -> dict[str, Any]:
    """Measure both sides in turn; each gets the collector paused while it builds its values."""
    text = HEAD + "".join(
        f"    gw-{number:06d}: {{modbus-poller: v1.3.{number % 7}, vision: v2.0.{number % 5}}}\n"
        for number in range(PINS)
    )
    ours, floors = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text(text)
        for turn in range(RUNS + 1):
            pair = _composed(text), _loaded(path)
            if turn:
                floors.append(pair[0])
                ours.append(pair[1])
    ratio = median(ours) / median(floors)
    return {
        "ok": ratio <= PROMISED,
        "shown": f"{ratio:.2f} times composing ({median(ours):.2f} s, {len(text) / 1e6:.1f} MB)",
        "promised": f"at most {PROMISED}",
        "seconds": round(median(ours), 4),
        "floor": round(median(floors), 4),
    }


def _composed(text: str) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        nodes = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        elapsed = time.perf_counter() - began
        assert nodes
        return elapsed
    finally:
        gc.enable()


def _loaded(path: Path) -> float:
    gc.collect()
    began = time.perf_counter()
    fleet = Loader([path], installed()).load().fleets["all"]
    fleet.locate(("spec", "pins", f"gw-{PINS - 1:06d}", "modbus-poller"))
    return time.perf_counter() - began
