"""On a terminal: apply asks, progress is shown while calling and settling."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Simulator, command, environment, simulating

NOTHING: Mapping[str, str] = {}


def on_a_terminal(
    folder: Path,
    simulator: Simulator,
    *args: str,
    answer: str = "",
    width: int = 80,
    interrupt: str = "",
    env: Mapping[str, str] = NOTHING,
) -> tuple[int, str]:
    """Run a command on a terminal of its own, answer its question, return exit code and everything shown.

    Once it shows what matches `interrupt`, Ctrl-C is typed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    kept = {name: value for name, value in environment().items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [*command(), *args],
        cwd=folder,
        env={**kept, "LOSANT_API_TOKEN": simulator.token, "TERM": "xterm-256color", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - only its own process gets Ctrl-C
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
        if interrupt and re.search(interrupt, shown):
            interrupt = ""
            os.write(ours, b"\x03")
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
        assert process.returncode == events[-1]["exit_code"] == 4, "nobody saw them settle"


def test_apply_asks_first_and_shows_progress(tmp_path: Path) -> None:
    with simulating(units=30, settle=1.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        code, shown = on_a_terminal(tmp_path, simulator, "apply", "m", answer="n")
        assert code == 1, shown
        assert simulator.writes == []
        code, shown = on_a_terminal(tmp_path, simulator, "apply", "m", answer="y")
        assert code == 0, shown
        assert "Plan:" in shown
        assert "\x1b[" in shown
        assert "Applied" in shown
        code, shown = on_a_terminal(tmp_path, simulator, "apply", "m", answer="y")
        assert code == 0, shown
        assert "[y/N]" not in shown, "nothing to ask about"


def test_ctrl_c_while_units_settle_says_so_and_is_no_success(tmp_path: Path) -> None:
    with simulating(units=30, settle=3600.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        code, shown = on_a_terminal(tmp_path, simulator, "apply", "m", "--yes", interrupt="28 moving")
    assert code == 4, shown
    assert re.search("Not all applied: .*28 still waiting; 1 call", shown), shown
    assert "The run was interrupted before it saw every accepted change settle." in shown


# --- while reading --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulator]:
    """A platform whose answers take their time."""
    with simulating(units=6000, workloads=1, faults=["latency=400ms"]) as one:
        yield one


def left(shown: str) -> list[str]:
    """Return the lines that a terminal shows in the end: what was drawn over is gone."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", shown):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part[0] == "\x1b":
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return lines


@pytest.mark.parametrize("width", [60, 80, 200])
def test_reading_shows_how_far_it_is_and_leaves_nothing_behind(tmp_path: Path, slow: Simulator, width: int) -> None:
    slow.manifest(tmp_path / "m", FLEET.replace("telemetry", "modbus-poller"))
    code, shown = on_a_terminal(tmp_path, slow, "status", "m", width=width)
    assert code == 0, shown
    assert re.search(r"plant: [1-6],0\d\d of 6,0\d\d (devices|edge deployments)", shown), shown
    assert "pages" in shown
    drawn = re.findall(r"[━─]* ?plant: [^\r\n\x1b]*", shown)
    assert drawn
    assert max(map(len, drawn)) < width, "a line that wraps cannot be drawn over"
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is back"
    assert not [line for line in left(shown) if line.startswith(("━", "─", "plant: "))]


@pytest.mark.parametrize("width", [40, 60])
def test_a_warning_is_broken_at_spaces_and_not_where_the_terminal_ends(tmp_path: Path, width: int) -> None:
    names = [f"gateway-number-{number}-of-the-plant" for number in range(3)]
    fleet = FLEET.replace("{all: true}", f"{{names: [gw-000, {', '.join(names)}]}}")
    with simulating(units=2) as simulator:
        simulator.manifest(tmp_path / "m", fleet)
        code, shown = on_a_terminal(tmp_path, simulator, "apply", "m", "--yes", width=width)
    assert code == 0, shown
    lines = shown.replace("\r", "").split("\n")
    (first,) = (number for number, one in enumerate(lines) if one.startswith("warning: all: "))
    said = [lines[first], *takewhile(lambda one: one.startswith(" "), lines[first + 1 :])]
    assert len(said) > 1
    assert all(len(one) <= width for one in said)
    assert all(any(name in one for one in said) for name in names)


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("CI", "true")])
def test_where_nothing_can_be_drawn_nothing_is(tmp_path: Path, slow: Simulator, name: str, value: str) -> None:
    slow.manifest(tmp_path / "m", FLEET.replace("telemetry", "modbus-poller"))
    code, shown = on_a_terminal(tmp_path, slow, "status", "m", env={name: value})
    assert code == 0, shown
    assert "plant: " not in shown
    assert "\x1b[?25l" not in shown


def test_ctrl_c_while_reading_leaves_a_clean_terminal(tmp_path: Path, slow: Simulator) -> None:
    slow.manifest(tmp_path / "m", FLEET.replace("telemetry", "modbus-poller"))
    code, shown = on_a_terminal(tmp_path, slow, "plan", "m", interrupt="plant: ")
    assert code == 128 + signal.SIGINT, shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is back"
    assert [line for line in left(shown) if line] in (
        ["interrupted; nothing more was sent"],
        ["^C", "interrupted; nothing more was sent"],
    )


def test_a_status_that_is_watched_is_drawn_over(tmp_path: Path) -> None:
    with simulating(units=4, settle=0.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        words = ("status", "m", "--watch", "--interval", "1s")
        code, shown = on_a_terminal(tmp_path, simulator, *words, interrupt="(?s)Ready.*Ready")
    assert code == 0, shown
    assert sum("Ready" in line for line in left(shown)) == 1, "the earlier lines are taken away"
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is back"


def test_an_apply_without_a_terminal_says_what_it_does_and_how_far_it_is(tmp_path: Path) -> None:
    with simulating(units=30, settle=3600.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        done = subprocess.run(
            [*command(), "apply", "m", "--yes", "--deadline", "8s", "-o", "json"],
            cwd=tmp_path,
            env=environment(LOSANT_API_TOKEN=simulator.token),
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        assert json.loads(done.stdout)["outcomes"]
        assert "Plan: 28 changes in 1 call (28 replace).\n  all: 28 replace\n" in done.stderr
        assert "losant.release for 28 slots: accepted" in done.stderr
        assert done.stderr.count("settling: 28 moving") == 1, "nothing changed"
