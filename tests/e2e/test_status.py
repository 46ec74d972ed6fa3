"""Who failed: slots by how they stand, in every form, once and as they change."""

from __future__ import annotations

import json
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, command, content, environment, simulating, started, until

Run = Callable[..., Ran]
IDLE = FLEET.replace("name: all", "name: idle").replace("telemetry: {version: v1.4.0}", "vision: {unmanaged: true}")
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
BEHIND = "gw-000"
"""The unit that nothing was sent to: it failed at what it had before."""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """Units that failed, that wait, that are ready, and one that is out of sync, beside a fleet that manages nothing."""
    folder = tmp_path_factory.mktemp("mixed")
    with simulating(units=30, failing=0.2, offline=0.2, settle=0.0) as one:
        one.manifest(folder / "m", FLEET + "---\n" + IDLE)
        env = environment(LOSANT_API_TOKEN=one.token)
        for words in (("apply", "m", "--yes", "--exclude", BEHIND),):
            subprocess.run([*command(), *words], cwd=folder, env=env, check=False, capture_output=True, timeout=LIMIT)
        yield one, folder


def listed(ran: Ran, fleet: str = "all") -> dict[str, list[str]]:
    """Return the verdicts of a status as JSON, by unit."""
    found = {one["fleet"]: one for one in ran.json["fleets"]}
    units = found[fleet]["unit_list"] if fleet in found else []
    return {unit["unit"]["name"]: [slot["verdict"] for slot in unit["slots"]] for unit in units}


def ask(run: Run, mixed: tuple[Simulator, Path], *args: str) -> Ran:
    simulator, folder = mixed
    ran = run("status", str(folder / "m"), *args, token=simulator.token)
    assert ran.code == 0, ran
    return ran


@pytest.mark.parametrize(
    ("option", "verdicts"),
    [
        ("--failed", {"failed"}),
        ("--degraded", {"failed"}),
        ("--waiting", {"waiting"}),
        ("--out-of-sync", {"differs"}),
    ],
)
def test_slots_are_found_by_how_they_stand(
    run: Run, mixed: tuple[Simulator, Path], option: str, verdicts: set[str]
) -> None:
    every = listed(ask(run, mixed, "--units", "--exclude", BEHIND, "-o", "json"))
    found = listed(ask(run, mixed, option, "--exclude", BEHIND, "-o", "json"))
    assert found == {unit: those for unit, all_ in every.items() if (those := [one for one in all_ if one in verdicts])}
    assert found or verdicts == {"differs"}
    assert BEHIND in listed(ask(run, mixed, "--out-of-sync", "-o", "json"))


@pytest.mark.parametrize("option", ["moving", "stuck", "unknown"])
def test_where_no_slot_stands_so_that_is_said(run: Run, mixed: tuple[Simulator, Path], option: str) -> None:
    assert ask(run, mixed, f"--{option}").out == f"No slot is {option}.\n"
    assert ask(run, mixed, f"--{option}", "-o", "name").out == ""
    assert ask(run, mixed, f"--{option}", "-o", "json").json["fleets"] == []


def test_several_options_find_any_of_them_within_the_filters(run: Run, mixed: tuple[Simulator, Path]) -> None:
    both = listed(ask(run, mixed, "--failed", "--waiting", "-o", "json"))
    failed, waiting = (listed(ask(run, mixed, one, "-o", "json")) for one in ("--failed", "--waiting"))
    assert both.keys() == failed.keys() | waiting.keys()
    some = min(failed.keys() - {BEHIND})
    assert listed(ask(run, mixed, "--failed", "--waiting", "--unit", some, "-o", "json")) == {some: ["failed"]}
    assert listed(ask(run, mixed, "--failed", "--exclude", some, "-o", "json")).keys() == failed.keys() - {some}
    assert ask(run, mixed, "--failed", "--fleet", "idle").out == "No slot is failed.\n"


def test_names_go_through_xargs_to_explain(run: Run, mixed: tuple[Simulator, Path]) -> None:
    names = ask(run, mixed, "--failed", "-o", "name").out.splitlines()
    assert names == [f"{unit}/telemetry" for unit in listed(ask(run, mixed, "--failed", "-o", "json"))]
    simulator, folder = mixed
    shown = subprocess.run(
        ["xargs", "-I{}", *command(), "explain", "{}", "m"],
        input="\n".join(names),
        cwd=folder,
        env=environment(LOSANT_API_TOKEN=simulator.token),
        text=True,
        capture_output=True,
        check=True,
        timeout=LIMIT,
    ).stdout
    assert re.findall(r"^telemetry on (gw-\d+) ", shown, re.MULTILINE) == [name.partition("/")[0] for name in names]


def test_wide_is_a_row_a_slot_and_never_folded(run: Run, mixed: tuple[Simulator, Path]) -> None:
    head, *rows = ask(run, mixed, "--failed", "-o", "wide").out.splitlines()
    assert head.split()[:8] == ["Unit", "Id", "Reach", "Workload", "Desired", "Assigned", "Reported", "State"]
    assert [re.split(r"  +", row)[0] for row in rows] == [*listed(ask(run, mixed, "--failed", "-o", "json"))]
    fleets = ask(run, mixed, "-o", "wide").out.splitlines()
    assert [row.split()[0] for row in fleets] == ["Fleet", "all", "idle"]


def test_yaml_says_what_json_says(run: Run, mixed: tuple[Simulator, Path]) -> None:
    said = yaml.safe_load(ask(run, mixed, "--failed", "-o", "yaml").out)
    other = ask(run, mixed, "--failed", "-o", "json").json
    for one in (said, other):
        for fleet in one["fleets"]:
            assert re.fullmatch(ISO, fleet.pop("read_at"))
            assert all(re.fullmatch(ISO, failed["since"]) for failed in fleet["failed"])
    assert said == other


def test_a_unit_is_one_line_when_piped(run: Run, mixed: tuple[Simulator, Path]) -> None:
    simulator, folder = mixed
    ran = run("status", str(folder / "m"), "--units", "--fleet", "all", token=simulator.token, COLUMNS="60")
    assert ran.code == 0, ran
    units = [line for line in ran.out.splitlines() if line.startswith("  gw-") and "connected" in line]
    assert len(units) == 30
    assert all(re.search(r"telemetry \S+.*: \w+", line) for line in units)


def test_who_could_not_be_read_is_neither_failed_nor_fine(run: Run, mixed: tuple[Simulator, Path]) -> None:
    _, folder = mixed
    ran = run("status", str(folder / "m"), "--failed", "-o", "name", token="wrong")
    assert (ran.code, ran.out) == (1, "")
    assert "warning: all: " in ran.err
    assert "could not be read" in run("status", str(folder / "m"), "--failed", token="wrong").out


def test_watching_appends_what_changed_and_ends_well_when_stopped(tmp_path: Path) -> None:
    with simulating(units=12, settle=0.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        out = tmp_path / "out"
        env = {"LOSANT_API_TOKEN": simulator.token}
        watching = started(tmp_path, "status", "m", "--watch", "--interval", "1s", "--out-of-sync", out=out, **env)
        until(lambda: "Fleet all" in content(out), "the first status")
        first = content(out)
        subprocess.run(
            [*command(), "apply", "m", "--yes"], cwd=tmp_path, env=environment(**env), check=True, capture_output=True
        )
        until(lambda: "no slot is out of sync any more" in content(out), "the change")
        watching.send_signal(signal.SIGTERM)
        _, err = watching.communicate(timeout=LIMIT)
    assert (watching.returncode, err) == (0, "")
    added = content(out).removeprefix(first).splitlines()
    assert re.fullmatch(rf"{ISO} all: no slot is out of sync any more", added[0]), added
    assert all(re.fullmatch(rf"{ISO} gw-\d+: telemetry no longer listed \(was \w+\)", line) for line in added[1:]), (
        added
    )


@pytest.mark.parametrize("form", ["json", "name"])
def test_watching_for_scripts(tmp_path: Path, form: str) -> None:
    with simulating(units=4, settle=0.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        out = tmp_path / "out"
        env = {"LOSANT_API_TOKEN": simulator.token}
        watching = started(tmp_path, "status", "m", "--watch", "--interval", "1s", "-o", form, out=out, **env)
        until(lambda: content(out).endswith("\n"), "the first status")
        lines = len(content(out).splitlines())
        subprocess.run(
            [*command(), "apply", "m", "--yes"], cwd=tmp_path, env=environment(**env), check=True, capture_output=True
        )
        until(lambda: len(content(out).splitlines()) > lines, "the change")
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=LIMIT)
    assert watching.returncode == 0
    added = content(out).splitlines()[lines:]
    if form == "json":
        assert json.loads(added[-1])["fleets"][0]["out"] == 0
    else:
        assert {shlex.split(one)[0] for one in added} <= {f"gw-{number:03}/telemetry" for number in range(4)}


def test_manifests_that_break_meanwhile_are_said_once(tmp_path: Path) -> None:
    with simulating(units=4, settle=0.0) as simulator:
        simulator.manifest(tmp_path / "m", FLEET)
        out = tmp_path / "out"
        env = {"LOSANT_API_TOKEN": simulator.token}
        watching = started(tmp_path, "status", "m", "--watch", "--interval", "1s", out=out, **env)
        until(lambda: "all" in content(out), "the first status")
        (tmp_path / "m/fleet.yaml").write_text(FLEET.replace("telemetry", "vision"))
        until(lambda: "out of sync" in content(out), "the change")
        (tmp_path / "m/fleet.yaml").write_text("x: [")
        end = time.monotonic() + LIMIT
        assert watching.stderr is not None
        assert select.select([watching.stderr], [], [], LIMIT)[0]
        line = watching.stderr.readline()
        assert time.monotonic() < end
        watching.send_signal(signal.SIGTERM)
        _, err = watching.communicate(timeout=LIMIT)
    assert re.match(rf"{ISO} error: ", line)
    assert (watching.returncode, err) == (0, "")


def test_the_first_reading_must_be_possible(run: Run) -> None:
    ran = run("status", "nowhere", "--watch")
    assert ran.code == 1
    assert "there is no file or folder nowhere" in ran.err
