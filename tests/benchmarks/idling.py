"""Passes of one watch over a fleet in which nothing changes: `python -m tests.benchmarks.idling FOLDER PASSES [full]`.

Prints one JSON object: what each pass took, the first one being full, and the requests of each; with `full` all are.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import httpx  # what every platform needs is loaded before the clock starts

from reconciler.cli import wiring
from reconciler.engine.manifests import Reloading
from reconciler.engine.recent import Recent
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.model.event import Completed, Passed
from reconciler.ports import ReadProgress, Silent
from tests.benchmarks.memory import peak


class Counted(Silent):
    """Counts requests."""

    def __init__(self) -> None:
        self.requests = 0

    def answered(self, status: int | None) -> None:
        """Take one."""
        self.requests += 1


class Steady(wiring.SystemClock):
    """A clock whose pauses end at once; it stops after so many of them."""

    left = 0

    def sleep(self, seconds: float) -> bool:
        """Do not wait."""
        self.left -= seconds >= 1.0
        return self.left < 0


def main() -> None:
    """Watch and say what passes took."""
    httpx.Client().close()
    folder, passes = Path(sys.argv[1]), int(sys.argv[2])
    clock, counted = Steady(), Counted()
    clock.left = passes - 1

    def heard(platform: str, progress: ReadProgress) -> ReadProgress:
        del platform, progress
        return counted

    watching = Watching(
        Reloading(wiring.source([folder]), lambda _: "", clock, "b"),
        lambda manifest: wiring.opener(manifest, clock, heard=heard),
        clock,
        Watched(interval=60.0, apply=True),
        run="b",
        random=lambda: 0.5,
        recent=Recent(1 if sys.argv[3:] else passes + 1, clock),
    )
    found, stands = [], Counter[str]()
    cpu = time.process_time()
    for event in watching.events():
        if isinstance(event, Passed):
            stands[event.sync] += 1
        if isinstance(event, Completed):
            used, cpu = time.process_time() - cpu, time.process_time()
            found.append({"wall": event.seconds, "cpu": used, "requests": counted.requests})
            counted.requests = 0
    print(json.dumps({"passes": found, "memory": peak(), "stands": stands}))


if __name__ == "__main__":
    main()
