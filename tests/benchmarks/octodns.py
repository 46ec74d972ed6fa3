"""A plan of 10,000 slots as a whole process, against octoDNS's of as many records, side by side in one run.

octoDNS is installed into an environment of its own. It compares two folders of YAML of one zone, of whose records a tenth
differ, and asks nobody; ours asks a simulator over HTTP.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import reading
from tests.benchmarks.processes import alternating, compiled, process

SIZE, RUNS = 10_000, 7
SECONDS, TIMES = 0.25, 20.0
CONFIG = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./wanted, enforce_order: false}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./there, enforce_order: false, populate_should_replace: false}
zones:
  example.com.: {sources: [config], targets: [target]}
"""


def run() -> dict[str, Any]:
    """Measure both in turn."""
    with tempfile.TemporaryDirectory(prefix="reconciler-octodns-") as name:
        folder = Path(name)
        theirs = _installed(folder / "environment")
        (folder / "config.yaml").write_text(CONFIG)
        _zone(folder / "there", 1)
        _zone(folder / "wanted", 2)
        with reading.fleet(SIZE) as (manifests, simulator), compiled(reading.environment(simulator)) as environment:
            ours = [sys.executable, "-m", "reconciler", "plan", str(manifests)]
            jobs = [partial(process, ours, environment)]
            if theirs is not None:
                command = [str(theirs), "--config-file", "config.yaml"]
                jobs.append(partial(process, ["sh", "-c", f'cd "{folder}" && exec "$@"', "sh", *command], environment))
            mine, *other = alternating(RUNS, *jobs)
    times = other[0].wall / mine.wall if other else None
    beside = f"octoDNS {other[0].wall:.2f} s, {times:.0f} times as long" if other else "octoDNS could not be installed"
    return {
        f"a plan of {SIZE:,} slots as a process": {
            "ok": mine.wall <= SECONDS and (times is None or times >= TIMES),
            "shown": f"{mine.wall:.2f} s, {mine.cpu:.2f} s of CPU time, noise {mine.noise:.0%}; {beside}",
            "promised": f"at most {SECONDS} s, and a {TIMES:.0f}th of octoDNS",
            "ours": mine._asdict(),
            "octodns": other[0]._asdict() if other else None,
        }
    }


def _installed(folder: Path) -> Path | None:
    """Return octoDNS's command in an environment of its own; None where it cannot be installed."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    command = [str(programs / "python"), "-m", "pip", "install", "--quiet", "octodns"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"octoDNS is not measured: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return programs / "octodns-sync"


def _zone(folder: Path, tenth: int) -> None:
    folder.mkdir()
    records = (
        f"gw-{number:06}: {{type: A, value: 10.{tenth if number % 10 == 0 else 0}.{number // 250}.{1 + number % 250}}}\n"
        for number in range(SIZE)
    )
    (folder / "example.com.yaml").write_text("---\n" + "".join(records))
