"""The installed command against the simulator over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

LIMIT = 120.0
"""Seconds that any one command may take."""


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # any JSON value
        """Return standard output as JSON."""
        return json.loads(self.out)

    def __str__(self) -> str:
        """Return everything, for a failed assertion."""
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def command() -> list[str]:
    """Return the installed command."""
    return [str(Path(sys.executable).with_name("reconciler"))]


def environment(**more: str) -> dict[str, str]:
    """Return a small, known environment."""
    kept = {
        key: os.environ[key]
        for key in ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
        if key in os.environ
    }
    return {**kept, "COLUMNS": "120", "PYTHONUNBUFFERED": "1", **more}


@dataclass
class Simulator:
    """A running simulator. `said` is its first line: how to connect."""

    said: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return self.said["url"]

    @property
    def application(self) -> str:
        return self.said["application"]

    @property
    def token(self) -> str:
        return self.said["token"]

    def control(self, method: str, path: str, **body: Any) -> Any:  # any JSON value
        """Use the simulator's control surface."""
        answer = httpx.request(method, f"{self.url}/simulator/{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def manifest(self, folder: Path, fleet: str, **connection: Any) -> Path:  # any YAML value
        """Write a manifest with this application as connection `plant`, and this text below it."""
        platform = self.said["platform"]
        head = {
            "apiVersion": "reconciler/v1",
            "kind": "Connection",
            "metadata": {"name": "plant"},
            "spec": {platform: {**CONNECTIONS[platform](self.said), **connection}},
        }
        folder.mkdir(exist_ok=True)
        (folder / "connections.yaml").write_text(json.dumps(head))
        (folder / "fleet.yaml").write_text(fleet)
        return folder


CONNECTIONS: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
    "losant": lambda said: {
        "application": said["application"],
        "url": said["url"],
        "token": {"env": "LOSANT_API_TOKEN"},
    },
    "getapp": lambda said: {"agent": said["url"]},
    "memfault": lambda said: {
        "organization": said["organization"],
        "project": said["project"],
        "url": said["url"],
        "token": {"env": "MEMFAULT_ORG_TOKEN"},
    },
}
"""What a Connection says to reach a simulator of a platform."""


@contextmanager
def simulating(*options: str, platform: str = "losant") -> Iterator[Simulator]:
    """Run `reconciler simulate PLATFORM` until the end of the block."""
    process = subprocess.Popen(
        [*command(), "simulate", platform, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        yield Simulator(json.loads(process.stdout.readline()), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def simulate() -> Callable[..., Any]:
    """Return the context manager that runs a simulator."""
    return simulating


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    """A simulator of 40 healthy units that this module's tests share and do not change."""
    with simulating("--units", "40", "--failing", "0%", "--offline", "0%", "--settle", "0.2s") as one:
        yield one


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs `reconciler …` in an empty folder."""

    def call(*args: str, token: str | None = None, input_: str | None = None, **env: str) -> Ran:
        if token is not None:
            env["LOSANT_API_TOKEN"] = token
        done = subprocess.run(
            [*command(), *args],
            cwd=tmp_path,
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            input=input_,
            check=False,
            stdin=None if input_ is not None else subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call
