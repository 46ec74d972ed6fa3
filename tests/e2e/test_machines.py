"""Many machines: passes as jobs in a real PostgreSQL, workers as processes that are stopped and killed, simulated platforms.

What was done is read from the simulators' own record of calls, never from what workers say.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until

Run = Callable[..., Ran]
Process = subprocess.Popen[str]

FLEET = """
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: {name}}}
spec:
  connection: {name}
  units: {{all: true}}
  limits: {{replace: 100%, release: 100%, remove: 100%, minimum: 100}}
  workloads: {{{workloads}}}
  mode: apply
"""
NEW = "telemetry: {version: v1.4.0}"
QUICK = ("--takeover", "1s")


class Plants:
    """Several applications, each a connection with a fleet of its name: each a group."""

    def __init__(self, folder: Path, simulators: Mapping[str, Simulator], workloads: str) -> None:
        self.simulators = simulators
        self.folder = folder / "m"
        self.folder.mkdir()
        self.ask(workloads)

    def ask(self, workloads: str) -> None:
        """Ask for these workloads everywhere."""
        texts = []
        for name, plant in self.simulators.items():
            spec = {"application": plant.application, "url": plant.url, "token": {"env": f"TOKEN_{name.upper()}"}}
            head = {"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": name}}
            texts.append(json.dumps({**head, "spec": {"losant": spec}}))
            texts.append(FLEET.format(name=name, workloads=workloads))
        whole = self.folder / "all.yaml.new"
        whole.write_text("\n---\n".join(texts))
        whole.rename(self.folder / "all.yaml")

    @property
    def env(self) -> dict[str, str]:
        """Return the secrets."""
        return {f"TOKEN_{name.upper()}": plant.token for name, plant in self.simulators.items()}

    def took_effect(self, name: str) -> Counter[tuple[str, str, str | None]]:
        """Return how often each (device, workload, version) was sent by a call that took effect."""
        found: Counter[tuple[str, str, str | None]] = Counter()
        for one in self.simulators[name].control("GET", "calls")["writes"]:
            if one["status"] in {0, 201, 202} and one["fault"] not in {"429", "500", "reset"}:
                found.update((unit, one["body"]["flowId"], one["body"]["version"]) for unit in one["body"]["deviceIds"])
        return found

    def twice(self) -> list[tuple[str, tuple[str, str, str | None]]]:
        """Return what was done more than once."""
        return [(name, key) for name in self.simulators for key, times in self.took_effect(name).items() if times > 1]

    def settled(self, versions: Mapping[str, str]) -> bool:
        """Return whether every gateway has these versions assigned."""
        rows = [row for plant in self.simulators.values() for row in plant.control("GET", "state")["rows"]]
        return all(row["desired"] == versions[row["flow"]] for row in rows if row["flow"] in versions)


@contextmanager
def plants(folder: Path, count: int, workloads: str = NEW, **shape: Any) -> Iterator[Plants]:
    """Serve several simulated applications."""
    with ExitStack() as stack:
        names = [f"p{number}" for number in range(count)]
        found = {
            name: stack.enter_context(simulating(**{"units": 6, "seed": 1, "variants": ["write-visible=now"], **shape}))
            for name in names
        }
        yield Plants(folder, found, workloads)


class Machines:
    """The processes of a test, by name; what each said is in a file of its name."""

    def __init__(self, folder: Path, url: str, where: Plants) -> None:
        self.folder = folder
        self.env = {**where.env, "RECONCILER_DATABASE": url}
        self.running: dict[str, Process] = {}

    def start(self, name: str, *args: str) -> Process:
        """Start a command."""
        process = started(self.folder, *args, out=self.folder / name, **self.env)
        self.running[name] = process
        return process

    def worker(self, name: str, *more: str) -> Process:
        """Start a worker that takes over quickly."""
        return self.start(name, "worker", "m", *QUICK, *more)

    def watch(self, *more: str) -> Process:
        """Start the watch that lays passes down."""
        return self.start("watch", "watch", "m", "--mode", "apply", "--interval", "1s", *more)

    def said(self, name: str) -> str:
        """Return what a process said on standard output."""
        return content(self.folder / name)

    def end(self, name: str) -> str:
        """Stop a process as a supervisor does; return what it said on standard error."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, err
        return err


@contextmanager
def machines(folder: Path, url: str, where: Plants) -> Iterator[Machines]:
    """Give what starts processes; at the end all of them are ended, and must end well where nobody killed them."""
    found = Machines(folder, url, where)
    try:
        yield found
        for name in list(found.running):
            found.end(name)
    finally:
        for process in found.running.values():
            process.kill()
            process.communicate()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_share_the_groups_and_do_nothing_twice(tmp_path: Path, database: str, workers: int) -> None:
    with plants(tmp_path, 4) as found, machines(tmp_path, database, found) as run:
        for number in range(workers):
            run.worker(f"worker{number}")
        run.watch()
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "all fleets at the new version")
        assert found.twice() == []
    said = "".join(content(tmp_path / f"worker{number}") for number in range(workers))
    assert all(f"{name} ~ replace telemetry → v1.4.0" in said for name in found.simulators)
    assert "warning" not in content(tmp_path / "watch"), content(tmp_path / "watch")


def test_a_worker_killed_in_the_middle_of_a_call_doubles_and_loses_nothing(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 3) as found, machines(tmp_path, database, found) as run:
        for plant in found.simulators.values():
            plant.control("POST", "faults", slow={"rate": 1, "on": "writes", "maximum": 1})
        victim = run.worker("victim")
        run.watch()
        until(lambda: any(found.took_effect(name) for name in found.simulators), "a call whose answer is held back")
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        del run.running["victim"]
        for name in ("second", "third"):
            run.worker(name)
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "all fleets at the new version")
        until(lambda: "gave no sign of life" in run.said("second") + run.said("third"), "the takeover")
        until(
            lambda: all(f"{one} pass 1: synced" in run.said("second") + run.said("third") for one in found.simulators),
            "a pass over every group after it",
        )
        assert found.twice() == []
