"""Servers whose answers never end: every command ends, says why, and asks no more than pages can show."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, content, simulating, started, until

Run = Callable[..., Ran]
WORKLOADS = {
    "losant": "telemetry: {version: v1.4.0}",
    "getapp": "radio: {version: 1.4.0}",
    "memfault": "radio-fw: {version: 2.4.0}",
}
ENDLESS = {"drip": "did not answer in time", "endless": "larger than 1 MB", "bomb": "larger than 1 MB"}


@pytest.fixture(params=WORKLOADS)
def world(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with simulating(request.param, units=8) as simulator:
        yield simulator


def _secrets(simulator: Simulator) -> dict[str, str]:
    token = simulator.said.get("token", "")
    return {"LOSANT_API_TOKEN": token, "MEMFAULT_ORG_TOKEN": token}


def _manifest(simulator: Simulator, folder: Path, **requests: Any) -> None:
    fleet = FLEET.replace(WORKLOADS["losant"], WORKLOADS[simulator.said["platform"]]) + "  mode: apply\n"
    kind = {"topology": "agent"} if simulator.said["platform"] == "getapp" else {}
    simulator.manifest(folder / "m", fleet, requests=requests, **kind)


def _ran(run: Run, simulator: Simulator, *args: str) -> Ran:
    ran = run(*args, **_secrets(simulator))
    assert "Traceback" not in ran.err, ran
    return ran


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ENDLESS)
def test_a_plan_ends_and_says_why(fault: str, world: Simulator, run: Run, tmp_path: Path) -> None:
    _manifest(world, tmp_path, timeout="500ms" if fault == "drip" else "1m", max_megabytes=1)
    world.control("POST", "faults", **{fault: {"rate": 1, "on": "reads"}})
    ran = _ran(run, world, "plan", "m")
    assert ran.code == 1, ran
    assert ENDLESS[fault] in ran.out + ran.err, ran


@pytest.mark.parametrize("fault", ENDLESS)
def test_a_write_whose_answer_never_ends_is_read_back(fault: str, world: Simulator, run: Run, tmp_path: Path) -> None:
    _manifest(world, tmp_path, timeout="1s" if fault == "drip" else "1m", max_megabytes=1)
    world.control("POST", "faults", **{fault: {"rate": 1, "on": "writes"}})
    ran = _ran(run, world, "apply", "m", "--yes", "--deadline", "10s", "-o", "json")
    assert ran.code in {0, 4}, ran
    assert {one["result"] for one in ran.json["outcomes"]} <= {"done", "still waiting", "unknown"}, ran
    assert world.writes


@pytest.mark.usefixtures("impatient")
def test_a_total_that_no_page_shows_is_not_believed_for_ever(world: Simulator, run: Run, tmp_path: Path) -> None:
    _manifest(world, tmp_path)
    assert _ran(run, world, "plan", "m").code == 0
    well = len(world.control("GET", "calls")["reads"])
    world.control("POST", "faults", totals={"rate": 1, "on": "listings"})
    ran = _ran(run, world, "plan", "m")
    asked = len(world.control("GET", "calls")["reads"]) - well
    assert asked <= 20 * well, ran
    assert "Reading incomplete" in ran.out or world.said["platform"] == "getapp", ran


def test_a_stop_ends_a_watch_within_a_call(world: Simulator, tmp_path: Path) -> None:
    _manifest(world, tmp_path, timeout="10m")  # longer than LIMIT
    world.control("POST", "faults", drip={"rate": 1, "on": "reads"})
    watch = started(tmp_path, "watch", "m", "--mode", "apply", out=tmp_path / "out", **_secrets(world))
    until(lambda: bool(world.control("GET", "calls")["reads"]), "a read")
    watch.send_signal(signal.SIGTERM)
    _, err = watch.communicate(timeout=LIMIT)
    assert watch.returncode == 0, content(tmp_path / "out") + err
    assert "Traceback" not in err
