"""A plant: fleets in a repository on GitHub, a platform, and the workflows between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Simulator, simulating
from tests.forge.servers import serving
from tests.workflows.forked import forking
from tests.workflows.hub import Hub, Pull
from tests.workflows.runner import Event, Job, Runner

FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: austin}}
spec:
  connection: plant
  units: {{all: true}}
  workloads:
    modbus-poller: {{version: {poller}}}
    # two lines between them,
    # so that git merges changes of both

    telemetry: {{version: {telemetry}}}
"""


def fleet(poller: str = "v1.3.0", telemetry: str = "v1.3.0") -> dict[str, str]:
    """Return the fleet's file with these versions."""
    return {"fleets/austin.yaml": FLEET.format(poller=poller, telemetry=telemetry)}


@dataclass
class Plant:
    """What a story is told with."""

    hub: Hub
    simulator: Simulator
    runner: Runner

    def change(self, number: int, base: str = "main", start: str = "origin/main", **versions: str) -> Pull:
        """Open a pull request that wants these versions."""
        branch = f"topic-{number}"
        self.hub.push(branch, fleet(**versions), start)
        return self.hub.open_pull(number, branch, base)

    def change_telemetry(self, number: int, version: str) -> Pull:
        """Open a pull request that touches other lines than `change` does, so that both can be merged."""
        branch = f"topic-{number}"
        text = self.hub.git("show", "origin/main:fleets/austin.yaml")
        old = text.replace("telemetry: {version: v1.3.0}", f"telemetry: {{version: {version}}}")
        self.hub.push(branch, {"fleets/austin.yaml": f"{old}\n"})
        return self.hub.open_pull(number, branch)

    def pin(self, number: int, unit: str, version: str) -> Pull:
        """Open a pull request that pins one unit's modbus-poller, in lines of its own."""
        branch = f"topic-{number}"
        text = self.hub.git("show", "origin/main:fleets/austin.yaml")
        self.hub.push(branch, {"fleets/austin.yaml": f"{text}\n  pins:\n    {unit}: {{modbus-poller: {version}}}\n"})
        return self.hub.open_pull(number, branch)

    def plan_queue(self, pull: Pull) -> dict[str, Job]:
        """Run the plan of the commit that a merge queue made."""
        made = self.hub.merge_ref(pull)
        branch = f"gh-readonly-queue/main/pr-{pull.number}-{self.hub.tip()}"
        self.hub.git("push", "-q", "origin", f"{made}:refs/heads/{branch}")
        payload = {"merge_group": {"head_sha": made, "base_sha": self.hub.tip(), "base_ref": "refs/heads/main"}}
        event = Event("merge_group", payload, made, f"refs/heads/{branch}")
        run = self.hub.run("merge_group", made)
        return self.runner.run("plan.yml", event, run=run, fleets="fleets", connections="connections")

    def plan(self, pull: Pull, *, run: int | None = None, attempt: int = 1, fork: bool = False) -> dict[str, Job]:
        """Run the plan of a pull request."""
        merge = self.hub.merge_ref(pull)
        payload = {
            "number": pull.number, "pull_request": {
                "number": pull.number, "base": {"ref": pull.base},
                "head": {"sha": pull.head, "repo": {"full_name": "mallory/fleets" if fork else "acme/fleets"}},
            },
        }  # fmt: skip
        event = Event("pull_request", payload, merge, f"refs/pull/{pull.number}/merge")
        run = run or self.hub.run("pull_request", pull.head, repository=666 if fork else 1)
        return self.runner.run("plan.yml", event, run=run, attempt=attempt, fleets="fleets", connections="connections")

    def apply(self, push: dict[str, Any]) -> Job:
        """Run what follows a push to the main branch; again for an old push, when it is the job that is run again."""
        event = Event("push", push, push["after"], push["ref"])
        run = self.hub.run("push", push["after"], path=".github/workflows/apply.yml")
        found = self.runner.run(
            "apply.yml", event, run=run, connection="plant", fleets="fleets", connections="connections"
        )
        return found["apply"]

    def reconcile(self, **inputs: Any) -> dict[str, Job]:
        """Run a pass."""
        event = Event("schedule", {}, self.hub.tip(), "refs/heads/main")
        run = self.hub.run("schedule", self.hub.tip(), path=".github/workflows/reconcile.yml")
        given = {"connection": "plant", "fleets": "fleets", "connections": "connections", **inputs}
        return self.runner.run("reconcile.yml", event, run=run, **given)

    def runs(self, flow: str) -> set[str]:
        """Return which versions of a workflow the devices are assigned."""
        return {row["desired"] for row in self.simulator.control("GET", "state")["rows"] if row["flow"] == flow}

    def assigned(self, flow: str, device: str) -> str:
        """Return which version of a workflow one device is assigned."""
        rows = self.simulator.control("GET", "state")["rows"]
        (found,) = (row["desired"] for row in rows if (row["flow"], row["device"]) == (flow, device))
        return found

    @property
    def writes(self) -> int:
        """Return how many calls changed something."""
        return len(self.simulator.control("GET", "calls")["writes"])


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """A folder with the command, which starts at once."""
    with forking() as folder:
        yield folder


@pytest.fixture
def plant(tmp_path: Path, programs: Path) -> Iterator[Plant]:
    """Twenty devices, in sync with git."""
    with simulating(units=20, settle=0.0) as simulator, serving(Hub) as hub:
        for row in simulator.control("GET", "state")["rows"]:
            if row["desired"] == "v1.4.0":
                simulator.control("POST", "console", device=row["device"], flow=row["flow"], version="v1.3.0")
        connection = {
            "apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": "plant"},
            "spec": {"losant": {
                "application": simulator.application, "url": simulator.url, "token": {"env": "LOSANT_API_TOKEN"},
            }},
        }  # fmt: skip
        hub.started(tmp_path, {"connections/plant.yaml": json.dumps(connection), **fleet()})
        secrets = {"LOSANT_API_TOKEN": simulator.token}
        yield Plant(hub, simulator, Runner(hub, tmp_path / "runner", programs, secrets))
