"""Commands against simulators over real HTTP.

`run` calls the command's entry point in this process, with an environment, a folder and streams of its own: hundreds of
processes less, and what it does is measured. `installed` runs the installed command as a process of its own, for what
only a process shows: that it starts at all, signals, terminals, a kill. Simulators are served from a thread of this
process; `simulate` itself is a command like the others, and `test_installed` runs it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from reconciler.cli import main, wiring
from reconciler.core import advance
from reconciler.engine import manifests
from reconciler.platforms.http import Client

LIMIT = 300.0
"""Seconds that a command, or anything waited for, may take on a machine with other things to do; hangs alone reach it."""
LAG = 0.2
"""Seconds until a simulator shows what was written, where a platform is late."""
MUCH = 1 << 23
"""Bytes of an answer that goes on and on: more than the megabyte that is taken where that is tried, and soon made."""
BRIEF = 0.05
"""Seconds before `run` reads back for the first time, or reads manifests again: nothing here is as slow as devices, or people."""
FLEET = """
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}
  workloads:
    telemetry: {version: v1.4.0}
"""
"""The fleet where a test is about something else: one version for every unit."""


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
        for key in ("PATH", "HOME", "XDG_STATE_HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
        if key in os.environ
    }
    return {**kept, "COLUMNS": "120", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


def bounded(size: int | None, **more: str) -> dict[str, Any]:
    """Return how a process is started whose files may have `size` bytes at most: it cannot be measured, then."""
    env = environment(**more)
    if size is None:
        return {"env": env}
    kept = {key: value for key, value in env.items() if not key.startswith("COVERAGE")}
    return {"env": kept, "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}


@dataclass
class Simulator:
    """A running simulator. `said` is what it announces: how to connect."""

    said: dict[str, str]
    client: httpx.Client

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
        answer = self.client.request(method, path, json=body or None)
        answer.raise_for_status()
        return answer.json()

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The calls that would change something, as the simulator recorded them."""
        found: list[dict[str, Any]] = self.control("GET", "calls")["writes"]
        return found

    def holds(self, version: str, workload: str) -> int:
        """Return how many units are assigned a version."""
        rows = self.control("GET", "state")["rows"]
        return sum(row["flow"] == workload and row["desired"] == version for row in rows)

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
def _controlled(said: dict[str, str]) -> Iterator[Simulator]:
    with httpx.Client(base_url=f"{said['url']}/simulator/", timeout=LIMIT, verify=False) as client:
        yield Simulator(said, client)


@contextmanager
def simulating(
    platform: str = "losant", *, faults: Sequence[str] = (), variants: Sequence[str] = (), **shape: Any
) -> Iterator[Simulator]:
    """Serve a simulated platform until the end of the block: `shape` as its Shape takes it, all devices well by default."""
    simulator = import_module(f"reconciler.simulators.{platform}")
    looks = simulator.Shape(**{"failing": 0.0, "offline": 0.0, "settle": 0.2, **shape})
    troubles = simulator.Faults(looks.seed, lag_for=LAG).parse(faults)
    troubles.much = MUCH
    with (
        simulator.serve(looks, faults=troubles, variants=simulator.Variants.parse(variants)) as served,
        _controlled(served.announcement()) as one,
    ):
        yield one


@contextmanager
def simulate_command(platform: str, *options: str) -> Iterator[Simulator]:
    """Run the installed `reconciler simulate PLATFORM` until the end of the block; it must end well when told to."""
    process = subprocess.Popen(
        [*command(), "simulate", platform, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        with _controlled(json.loads(process.stdout.readline())) as one:
            yield one
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    """A simulator of 40 healthy units that this module's tests share and do not change."""
    with simulating(units=40) as one:
        yield one


def called(folder: Path, args: Sequence[str], env: Mapping[str, str]) -> Ran:
    """Call the command's entry point in this process: in a folder, with this environment, and nothing to read."""
    switch = sys.getswitchinterval()
    with ExitStack() as undone:
        out, err = (
            undone.enter_context(
                io.TextIOWrapper(
                    undone.enter_context(tempfile.TemporaryFile()), encoding="utf-8", newline="", write_through=True
                )
            )
            for _ in range(2)
        )
        undone.enter_context(contextlib.chdir(folder))
        undone.enter_context(mock.patch.dict(os.environ, env, clear=True))
        undone.enter_context(mock.patch.object(sys, "stdin", io.StringIO()))
        undone.callback(sys.setswitchinterval, switch)
        undone.enter_context(_connections_closed())
        undone.enter_context(mock.patch.object(advance, "FIRST_PAUSE", BRIEF))
        undone.enter_context(mock.patch.object(manifests, "QUIET", BRIEF))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code(args)
        for stream in (out, err):
            stream.seek(0)
        return Ran(code, out.read(), err.read())


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Close every HTTP client that was made in the block, as the end of a process does."""
    made: list[Client] = []
    init = Client.__init__

    def recorded(self: Client, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        made.append(self)

    with mock.patch.object(Client, "__init__", recorded):
        yield
    for client in made:
        client.close()


def _exit_code(args: Sequence[str]) -> int:
    try:
        main(args)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception:  # noqa: BLE001 - as Python itself ends a process, so that tests see the traceback
        traceback.print_exc()
        return 1
    return 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts take no time in `run`: for what no attempt will change."""
    monkeypatch.setattr(wiring.SystemClock, "sleep", lambda self, seconds: self.stopping())


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs `reconciler …` in an empty folder, in this process."""

    def call(*args: str, token: str | None = None, **env: str) -> Ran:
        if token is not None:
            env["LOSANT_API_TOKEN"] = token
        return called(tmp_path, args, environment(**env))

    return call


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs the installed command in an empty folder, as a process of its own."""

    def call(*args: str, token: str | None = None, **env: str) -> Ran:
        if token is not None:
            env["LOSANT_API_TOKEN"] = token
        done = subprocess.run(
            [*command(), *args],
            cwd=tmp_path,
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


def started(folder: Path, *args: str, out: Path, **env: str) -> subprocess.Popen[str]:
    """Start the installed command as a process of its own, with standard output into a file that tests can wait for."""
    with out.open("w") as stdout:
        return subprocess.Popen(
            [*command(), *args],
            cwd=folder,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true; look the less often the longer that takes, as looking costs what is waited for."""
    begun = time.monotonic()
    while not true():
        waited = time.monotonic() - begun
        assert waited < LIMIT, f"never saw {what}"
        time.sleep(min(0.02 + waited / 20, 0.2))


def content(path: Path) -> str:
    """Return what a file holds by now; nothing where it is not there yet."""
    return path.read_text() if path.exists() else ""
