"""At every width each line fits, and no name, version, id, path or place that has room on a line is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.views.line import columns_of
from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]
NAME = "edge-gateways-of-the-plant-in-austin-texas"
FLEET = f"""\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: {NAME}}}
spec:
  connection: plant
  units: {{all: true}}
  workloads:
    modbus-poller:
      version: v1.4.0
      overrides:
        - {{units: {{names: [gw-003, "gw-1*", a-unit-that-nobody-has-ever-seen-in-this-plant]}}, version: v1.3.0}}
    telemetry: {{version: v1.3.0}}
    vision: {{version: a-version-that-nobody-has-ever-built-of-this}}
  pins:
    gw-000-which-was-renamed-in-the-console: {{telemetry: v1.2.0}}
  quarantine: [{{workload: telemetry, version: v1.3.0, reason: boot loop on boards of revision-b-2024-with-the-old-flash}}]
  rollout: {{waves: [10%, 50%], failure: {{percent: 10%}}}}
"""
COMMANDS = (
    ("plan",),
    ("plan", "-v"),
    ("status",),
    ("status", "--units"),
    ("explain", "gw-003"),
    ("releases",),
    ("doctor",),
    ("rollout", "status"),
    ("validate", "--strict"),
    ("watch", "--once"),
    ("plan", "--strict"),
)
SHOWN_WHOLE = {("status", "--units"), ("watch", "--once")}
"""A line is one thing where scripts read it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    with simulating(units=40, offline=0.1, failing=0.1) as simulator:
        yield simulator, simulator.manifest(tmp_path_factory.mktemp("narrow") / "manifests-of-the-plant", FLEET)


def broken(wide: str, narrow: str) -> set[str]:
    """Return the words that stand whole where there is room for all, and only across the end of a line where there is little."""
    together = re.sub(r"\s*\n\s*", "", narrow)
    return {word for word in wide.split() if word not in narrow and word in together}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_lines_fit_and_names_stay_whole(run: Run, folder: tuple[Simulator, Path], command: tuple[str, ...]) -> None:
    simulator, where = folder
    wide = run(*command, "-f", str(where), token=simulator.token, COLUMNS="2000")
    for width in (60, 80, 200):
        narrow = run(*command, "-f", str(where), token=simulator.token, COLUMNS=f"{width}")
        assert narrow.code == wide.code
        for one, other in ((wide.out, narrow.out), (wide.err, narrow.err)):
            assert not {word for word in broken(one, other) if columns_of(word) <= width}
        if command not in SHOWN_WHOLE:
            long = [line for line in narrow.out.splitlines() if columns_of(line) > width]
            assert not long
