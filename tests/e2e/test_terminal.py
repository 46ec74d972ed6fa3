"""On a terminal: apply asks, progress is shown while calling and settling."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

from tests.e2e.conftest import LIMIT, Simulator, command, environment, simulating

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


def _on_a_terminal(folder: Path, simulator: Simulator, *args: str, answer: str) -> tuple[int, str]:
    """Run a command on a terminal of its own, answer its question, return exit code and everything shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command(), *args],
        cwd=folder,
        env={**environment(LOSANT_API_TOKEN=simulator.token), "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    shown, end, asked = "", time.monotonic() + LIMIT, False
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1.0)[0]:
            continue
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part.decode(errors="replace")
        if "[y/N]" in shown and not asked:
            asked = True
            os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    return process.wait(timeout=LIMIT), shown


def test_a_terminal_that_is_closed_stops_an_apply_cleanly(tmp_path: Path) -> None:
    with simulating(units=30, settle=3600.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*command(), "apply", "m", "--yes", "--result", "run.jsonl"],
            cwd=tmp_path,
            env={**environment(LOSANT_API_TOKEN=simulator.token), "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        end = time.monotonic() + LIMIT
        result = tmp_path / "run.jsonl"
        while not (result.exists() and '"settling"' in result.read_text()):
            assert time.monotonic() < end, "never began to settle"
            select.select([ours], [], [], 0.05)
            os.read(ours, 65_536) if select.select([ours], [], [], 0)[0] else b""
        os.close(ours)
        process.send_signal(signal.SIGHUP)  # what a closed terminal sends to what runs in it
        process.wait(timeout=LIMIT)
        events = [json.loads(line) for line in result.read_text().splitlines()]
        assert events[-1]["event"] == "finished"
        outcomes = [event["outcome"]["result"] for event in events if event["event"] == "settled"]
        assert set(outcomes) == {"still waiting"}


def test_apply_asks_first_and_shows_progress(tmp_path: Path) -> None:
    with simulating(units=30, settle=1.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        code, shown = _on_a_terminal(tmp_path, simulator, "apply", "m", answer="n")
        assert code == 1, shown
        assert simulator.control("GET", "calls")["writes"] == []
        code, shown = _on_a_terminal(tmp_path, simulator, "apply", "m", answer="y")
        assert code == 0, shown
        assert "Plan:" in shown
        assert "\x1b[" in shown
        assert "Applied" in shown
        code, shown = _on_a_terminal(tmp_path, simulator, "apply", "m", answer="y")
        assert code == 0, shown
        assert "[y/N]" not in shown, "nothing to ask about"
