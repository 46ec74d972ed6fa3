"""What a watch returns, keeps and prints: drift is a result, what is alike is one line, and nothing is said twice."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, content, simulating, started, until

Run = Callable[..., Ran]

ONCE = ("watch", "m", "--once")


def _fleet(simulator: Simulator, folder: Path, version: str, more: str = "") -> None:
    simulator.manifest(folder / "m", FLEET.replace("v1.4.0", version) + more)


def test_drift_is_a_result_and_its_plan_is_kept(run: Run, tmp_path: Path) -> None:
    with simulating(units=30) as plant:
        _fleet(plant, tmp_path, "v1.3.0")
        assert run(*ONCE, "--mode", "apply", "--wait", "1m", token=plant.token).code == 0
        assert run(*ONCE, "--detailed-exitcode", token=plant.token).code == 0
        for device in ("gw-001", "gw-002"):
            plant.control("POST", "console", device=device, flow="telemetry", version="v1.1.0")
        assert run(*ONCE, token=plant.token).code == 0, "without being asked for it, drift is no failure"
        seen = run(*ONCE, "--detailed-exitcode", "--out", "plan.json", token=plant.token)
        assert seen.code == 2, seen
        shown = run("show", "plan.json", "-o", "json").json
        assert sorted(one["unit"]["name"] for one in shown["fleets"][0]["changes"]) == ["gw-001", "gw-002"]
        assert "gw-001" in run("show", "plan.json", "-o", "markdown").out
        mended = run(*ONCE, "--detailed-exitcode", "--out", "plan.json", "--mode", "apply", token=plant.token)
        assert mended.code == 0, mended
        assert run("show", "plan.json", "-o", "json").json["fleets"][0]["summary"]["changes"]["replace"] == 2


@pytest.mark.parametrize("option", [("--detailed-exitcode",), ("--out", "plan.json")])
def test_what_is_about_one_pass_needs_one(run: Run, option: tuple[str, ...]) -> None:
    refused = run("watch", "m", *option)
    assert refused.code == 64
    assert f"{option[0]} needs --once" in refused.err


@pytest.mark.parametrize("command", [("plan", "m"), ONCE])
@pytest.mark.parametrize(
    ("version", "more", "code"),
    [
        ("v1.4.0", "", 2),
        ("v9.9.9", "", 5),
        ("v1.4.0", "    no-such-workload: {version: v1}\n", 5),
        ("v1.4.0", "  limits: {replace: 1}\n", 3),
        ("v9.9.9", "  limits: {replace: 1}\n", 5),
    ],
)
def test_every_command_returns_the_same_for_what_it_found(
    run: Run, tmp_path: Path, plant: Simulator, command: tuple[str, ...], version: str, more: str, code: int
) -> None:
    _fleet(plant, tmp_path, version, more)
    found = run(*command, "--detailed-exitcode", token=plant.token)
    assert found.code == code, found


def test_a_plan_that_cannot_be_kept_stops_a_pass_before_it_sends(run: Run, tmp_path: Path) -> None:
    with simulating(units=5) as plant:
        _fleet(plant, tmp_path, "v1.4.0")
        ran = run(*ONCE, "--mode", "apply", "--out", "no/such/folder/plan.json", token=plant.token)
        assert ran.code == 1, ran
        assert "cannot write no/such/folder/plan.json" in ran.err
        assert plant.writes == []


def test_a_change_of_thousands_of_units_is_a_few_lines(run: Run, tmp_path: Path) -> None:
    with simulating(units=3000) as plant:
        _fleet(plant, tmp_path, "v1.4.0")
        told = run(*ONCE, "--mode", "apply", "--result", "all.jsonl", token=plant.token)
        assert told.code == 0, told
        assert len(told.out.splitlines()) <= 6, told
        assert "on 2,850 units (gw-0000, gw-0001, gw-0002 and 2,847 more) accepted" in told.out
        events = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
        assert sum(one["event"] == "settled" for one in events) == 2850
        _fleet(plant, tmp_path, "v1.3.0")

        def loud() -> int:
            return sum(" debug " in line for line in run(*ONCE, "-v", token=plant.token).out.splitlines())

        until(lambda: loud() == 3000, "a line for each unit, once the platform shows what was sent")


def test_a_watch_speaks_when_something_changed_and_tells_what_ended(tmp_path: Path) -> None:
    with simulating(units=40, settle=1.0) as plant:
        _fleet(plant, tmp_path, "v1.4.0")
        out = tmp_path / "out"
        env = {"LOSANT_API_TOKEN": plant.token}
        how = ("--mode", "apply", "--interval", "0.1s", "--result", "all.jsonl")
        watch = started(tmp_path, "watch", "m", *how, out=out, **env)

        def passes() -> int:
            return content(tmp_path / "all.jsonl").count('"completed"')

        until(lambda: ") done" in content(out), "what was accepted, done")
        _fleet(plant, tmp_path, "v1.3.0", "  limits: {replace: 1}\n")
        until(lambda: "blocked:" in content(out), "the limit")
        before = passes()
        until(lambda: passes() > before + 1, "more passes")
        _fleet(plant, tmp_path, "v1.3.0", "  limits: {replace: 100%}\n")
        until(lambda: "no longer blocked" in content(out), "the end of the limit")
        watch.send_signal(signal.SIGTERM)
        watch.communicate(timeout=LIMIT)
        assert watch.returncode == 0
        lines = content(out).splitlines()
        assert sum("blocked:" in line for line in lines) == 1
        assert len(lines) < 30, lines


@pytest.mark.parametrize("command", [("plan",), ("status",), ("apply", "--yes"), ("watch", "--once")], ids=" ".join)
@pytest.mark.parametrize(
    ("version", "more", "words"),
    [
        ("v9.9.9", "", "the platform has no version v9.9.9 of telemetry"),
        ("v1.4.0", "    no-such-workload: {version: v1}\n", "the platform has no workload named 'no-such-workload'"),
    ],
)
def test_with_strict_what_the_platform_does_not_have_is_an_error_at_its_line(
    run: Run, tmp_path: Path, plant: Simulator, command: tuple[str, ...], version: str, more: str, words: str
) -> None:
    _fleet(plant, tmp_path, version, more)
    name, *options = command
    refused = run(name, "m", *options, "--strict", token=plant.token)
    assert refused.code == 1, refused
    assert refused.err.count(words) == 1
    assert f"fleet.yaml:{10 if more else 9}:" in refused.err
    assert plant.writes == []
