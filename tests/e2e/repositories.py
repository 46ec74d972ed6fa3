"""A git repository of manifests with its origin, as people and pipelines have them, beside a simulated platform."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import CONNECTIONS, Ran, Simulator

WHO = {
    **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in (("NAME", "Ada"), ("EMAIL", "a@b"))},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip

FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}
  workloads:
    modbus-poller:
      version: {channel: stable}
"""

CHANNEL = """\
apiVersion: reconciler/v1
kind: Channel
metadata: {name: stable}
spec:
  versions:
    modbus-poller: v1.3.0
"""


@dataclass
class Clone:
    """A work tree at `top` of a test's folder, and what runs `reconciler` in that folder."""

    top: Path
    simulator: Simulator
    run: Callable[..., Ran]

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git here."""
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.top,
            env={**os.environ, **WHO},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, name: str, *options: str) -> Clone:
        """Clone this repository beside it."""
        self.git("clone", "-q", *options, f"file://{self.top}", str(self.top.parent / name))
        return Clone(self.top.parent / name, self.simulator, self.run)

    def edit(self, old: str, new: str, file: str = "fleets/channels.yaml") -> None:
        """Change a text in a manifest."""
        path = self.top / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def write(self, file: str, content: str) -> None:
        """Write a file."""
        path = self.top / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def call(self, command: str, *options: str, paths: tuple[str, ...] = ("fleets",), **env: str) -> Ran:
        """Run a command about manifests of this work tree; plans are kept in the test's folder."""
        where = [f"{self.top.name}/{path}" for path in paths]
        return self.run(command, *where, *options, token=self.simulator.token, **{**WHO, **env})

    def plan(self, name: str = "plan", *options: str, **more: Any) -> Ran:
        """Save a plan under a name."""
        return self.call("plan", "--out", f"{name}.json", *options, **more)

    def apply(self, *names: str, options: tuple[str, ...] = (), **more: Any) -> Ran:
        """Apply saved plans."""
        files = [word for name in names for word in ("--plan", f"{name}.json")]
        return self.call("apply", *files, *options, **more)

    def holds(self, version: str) -> int:
        """Return how many units are assigned a version."""
        return self.simulator.holds(version, "modbus-poller")


def repository(folder: Path, simulator: Simulator, run: Callable[..., Ran]) -> Clone:
    """Make a repository whose `main` says that every unit which has modbus-poller has v1.3.0, as it then has."""
    folder.mkdir()
    made = Clone(folder, simulator, run)
    made.git("init", "-q", "-b", "main")
    made.write("fleets/connections.yaml", connection(simulator))
    made.write("fleets/channels.yaml", CHANNEL)
    made.write("fleets/fleet.yaml", FLEET)
    made.commit("what runs")
    settled = made.call("apply", "--yes", "--allow", "replace", "--reason", "test")
    assert settled.code == 0, settled
    return made


def connection(simulator: Simulator, name: str = "plant", **more: Any) -> str:
    """Return the Connection to a simulated platform, a line a field."""
    said = {**CONNECTIONS["losant"](simulator.said), **more}
    lines = "".join(f"    {key}: {_flow(value)}\n" for key, value in said.items())
    return f"apiVersion: reconciler/v1\nkind: Connection\nmetadata: {{name: {name}}}\nspec:\n  losant:\n{lines}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(inner)}' for key, inner in value.items())}}}"
    return str(value)
