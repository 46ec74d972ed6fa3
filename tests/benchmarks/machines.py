"""Passes on many machines: how many passes a second 1, 2 and 4 workers make, of groups whose platform takes its time.

Reading waits for the platform most of the time, so more workers make more passes although all share the cores of one machine,
with the simulators and the database besides.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.conftest import LIMIT, Simulator, command, content, environment, simulating, until
from tests.postgres import Postgres, serving

GROUPS = 16
WORKERS = (1, 2, 4)
LATENCY = "150ms"
GAIN = 2.0
"""What four workers make more than one, at least."""

FLEET = """
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: {name}}}
spec:
  connection: {name}
  units: {{all: true}}
  workloads: {{telemetry: {{version: v1.4.0}}}}
"""


class World(NamedTuple):
    """What is the same for any number of workers."""

    server: Postgres
    folder: Path
    secrets: dict[str, str]


def run() -> dict[str, Any]:
    """Measure; more workers must make more passes."""
    with _world() as world:
        made = {workers: _passes(world, workers) for workers in WORKERS}
    gain = made[WORKERS[-1]] / made[WORKERS[0]]
    return {
        "passes of workers": {
            "groups": GROUPS,
            "latency": LATENCY,
            **{f"passes a second, {workers} workers": round(each, 2) for workers, each in made.items()},
            "ratio": round(gain, 2),
            "shown": f"{' / '.join(f'{each:.1f}' for each in made.values())} passes a second with 1 / 2 / 4 workers",
            "promised": f"four make at least {GAIN:g} times what one makes",
            "ok": gain >= GAIN,
        }
    }


@contextmanager
def _world() -> Iterator[World]:
    with ExitStack() as stack:
        server = stack.enter_context(serving())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-workers-")))
        plants = {
            f"p{number:02}": stack.enter_context(simulating(units=30, faults=[f"latency={LATENCY}"]))
            for number in range(GROUPS)
        }
        (folder / "all.yaml").write_text("\n---\n".join(_documents(plants)))
        secrets = {f"TOKEN_{name.upper()}": plant.token for name, plant in plants.items()}
        yield World(server, folder, environment(**secrets))


def _documents(plants: dict[str, Simulator]) -> Iterator[str]:
    for name, plant in plants.items():
        spec = {"application": plant.application, "url": plant.url, "token": {"env": f"TOKEN_{name.upper()}"}}
        head = {"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": name}}
        yield json.dumps({**head, "spec": {"losant": spec}})
        yield FLEET.format(name=name)


def _passes(world: World, workers: int) -> float:
    """Return how many passes a second so many workers make of one pass a group."""
    env = {**world.secrets, "RECONCILER_DATABASE": world.server.database()}
    with ExitStack() as stack:
        outs = [world.folder / f"{workers}-{number}.jsonl" for number in range(workers)]
        for out in outs:
            stack.enter_context(_worker(world.folder, env, out))
        once = [*command(), "watch", "all.yaml", "--once", "--log-format", "json"]
        subprocess.run(once, cwd=world.folder, env=env, check=True, capture_output=True, timeout=LIMIT)
        until(lambda: sum(content(out).count('"completed"') for out in outs) == GROUPS, "a pass of every group")
        events = [json.loads(line) for out in outs for line in content(out).splitlines()]
    ends = [one for one in events if one["event"] == "completed"]
    times = [datetime.fromisoformat(one["at"]).timestamp() for one in ends]
    began = min(at - one["seconds"] for at, one in zip(times, ends, strict=True))
    return GROUPS / (max(times) - began)


@contextmanager
def _worker(folder: Path, env: dict[str, str], out: Path) -> Iterator[None]:
    """Run a worker that is ready, until the end of the block."""
    with out.open("w") as stdout:
        process = subprocess.Popen(
            [*command(), "worker", "all.yaml", "--log-format", "json"],
            cwd=folder, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert process.stderr is not None
    process.stderr.readline()  # that it takes passes
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT)
