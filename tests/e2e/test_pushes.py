"""A push reaches a fleet at once: the web hook of a git host ends the pause of a watch, here and on many machines."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, simulating, started, until
from tests.e2e.repositories import WHO, Clone, repository

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    with simulating(units=6, settle=0.1) as one:
        yield one


@contextmanager
def hooked(origin: Clone, *more: str, **env: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a watch that looks once an hour; give the address of its hook."""
    where = ("--git", f"file://{origin.top}", "--ref", "main", "--path", "fleets", "--git-cache", "cache")
    how = ("--mode", "apply", "--interval", "1h", "--listen", "0", "--hook-secret", "HOOK")
    env = {"HOOK": "hush", "LOSANT_API_TOKEN": origin.simulator.token, **WHO, **env}
    process = started(origin.top.parent, "watch", *where, *how, *more, out=origin.top.parent / "out", **env)
    try:
        assert process.stderr is not None
        found = None
        while found is None:
            line = process.stderr.readline()
            assert line, "it ended"
            found = re.search(r"pushes are taken at (\S+)", line)
        yield found[1], process
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err


def push(origin: Clone, url: str, old: str, new: str) -> None:
    """Commit a version, and announce it as GitHub does."""
    origin.edit(f"modbus-poller: {old}", f"modbus-poller: {new}")
    body = json.dumps({"ref": "refs/heads/main", "after": origin.commit(f"to {new}")}).encode()
    signature = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": "application/json",
    }
    assert httpx.post(url, content=body, headers=headers).text == "the next pass begins now\n"


def test_a_push_reaches_the_fleet_long_before_the_next_pass_is_due(tmp_path: Path, plant: Simulator, run: Run) -> None:
    origin = repository(tmp_path / "origin", plant, run)
    with hooked(origin) as (url, process):
        until(lambda: "pass 1" in (tmp_path / "out").read_text(), "the first pass")
        assert httpx.post(url, content=b"{}").status_code == 401
        push(origin, url, "v1.3.0", "v1.4.0")
        until(lambda: origin.holds("v1.4.0") == 6, "the version that was pushed")
        assert httpx.get(url.replace("/hooks/git", "/readyz")).status_code == 200
        origin.edit("modbus-poller: v1.4.0", "modbus-poller: v1.3.0")
        origin.commit("back, and nobody announces it")
        process.send_signal(signal.SIGHUP)
        until(lambda: origin.holds("v1.3.0") == 6, "the version after SIGHUP")


def test_a_push_reaches_the_workers_of_many_machines(tmp_path: Path, plant: Simulator, run: Run, database: str) -> None:
    origin = repository(tmp_path / "origin", plant, run)
    where = ("--git", f"file://{origin.top}", "--ref", "main", "--path", "fleets", "--git-cache", "other")
    env = {"RECONCILER_DATABASE": database, "LOSANT_API_TOKEN": plant.token, **WHO}
    worker = started(tmp_path, "worker", *where, out=tmp_path / "worker", **env)
    try:
        with hooked(origin, RECONCILER_DATABASE=database) as (url, process):
            until(lambda: "pass 1" in (tmp_path / "worker").read_text(), "the first pass")
            push(origin, url, "v1.3.0", "v1.4.0")
            until(lambda: origin.holds("v1.4.0") == 6, "the version that was pushed")
            origin.edit("modbus-poller: v1.4.0", "modbus-poller: v1.3.0")
            origin.commit("back, and nobody announces it")
            process.send_signal(signal.SIGHUP)
            until(lambda: origin.holds("v1.3.0") == 6, "the version after SIGHUP")
            worker.send_signal(signal.SIGHUP)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, err = worker.communicate(timeout=LIMIT)
    assert worker.returncode == 0, err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--hook-secret", "HOOK"), 64, "--hook-secret needs --git URL and --listen"),
        (("--git", "x", "--hook-secret", "HOOK"), 64, "--hook-secret needs --git URL and --listen"),
        (
            ("--git", "x", "--listen", "0", "--hook-secret", "HOOK"),
            1,
            "the environment variable HOOK is empty or not set",
        ),
    ],
)
def test_a_hook_without_what_it_needs_is_refused(run: Run, options: tuple[str, ...], code: int, words: str) -> None:
    refused = run("watch", *options)
    assert (refused.code, words in refused.err) == (code, True), refused
