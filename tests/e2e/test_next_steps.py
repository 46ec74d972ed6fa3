"""What commands propose to do next does what was shown, no more; and what was not done is said."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Ran, Simulator

Run = Callable[..., Ran]
WHO = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def edited(run: Run, plant: Simulator, tmp_path: Path) -> Path:
    """The shared simulator's fleet, imported and committed, with one line changed since."""
    there = ("--url", plant.url, "--application", plant.application)
    ran = run("import", "losant", *there, "--out", "fleet", token=plant.token)
    assert ran.code == 0, ran
    for words in (("init", "-q"), ("add", "fleet"), ("commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, env={"PATH": "/usr/bin:/bin", **WHO})
    change(tmp_path / "fleet", "v1.3.0", "v1.4.0")
    return tmp_path / "fleet"


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "fleet.yaml"
    head, name, tail = path.read_text().partition("modbus-poller:")
    path.write_text(head + name + tail.replace(f"version: {old}", f"version: {new}", 1))


def proposed(ran: Ran) -> list[str]:
    """Return the command that applies the plan, as a shell takes it apart."""
    (line,) = [line for line in ran.out.splitlines() if line.startswith("Apply with: ")]
    return shlex.split(line.removeprefix("Apply with: "))


def test_what_is_proposed_names_folder_and_filters(run: Run, plant: Simulator, edited: Path) -> None:
    ran = run("plan", "fleet", "--unit", "gw-00*", token=plant.token)
    assert proposed(ran) == ["reconciler", "apply", "fleet", "--unit", "gw-00*"]


def test_what_is_proposed_names_the_saved_plan(run: Run, plant: Simulator, edited: Path) -> None:
    ran = run("plan", "fleet", "--unit", "gw-00*", "--out", "one plan.json", token=plant.token)
    assert proposed(ran) == ["reconciler", "apply", "fleet", "--plan", "one plan.json"]
    assert proposed(run("show", "one plan.json")) == ["reconciler", "apply", "--plan", "one plan.json"]


def test_a_plan_of_what_is_not_committed_names_no_commit_as_its_own(run: Run, plant: Simulator, edited: Path) -> None:
    ran = run("plan", "fleet", token=plant.token)
    assert " with uncommitted changes\n" in ran.out
    change(edited, "v1.4.0", "v1.3.0")
    ran = run("plan", "fleet", token=plant.token)
    assert "  manifests   commit " in ran.out
    assert "not committed" not in ran.out


def test_a_filter_that_matches_nothing_is_no_success(run: Run, plant: Simulator, edited: Path) -> None:
    for words in (("--unit", "gv-*"), ("--workload", "modbus")):
        ran = run("plan", "fleet", *words, token=plant.token)
        assert ran.code == 1, ran
        assert f"error: {' '.join(words)} matches no " in ran.err
        assert ran.out == ""


def test_an_apply_that_holds_everything_says_so(run: Run, plant: Simulator, edited: Path) -> None:
    change(edited, "v1.4.0", "v9.9.9")
    ran = run("apply", "fleet", "--yes", token=plant.token)
    assert ran.code == 0, ran
    assert "\nNothing was sent: 38 held; 0 calls in " in ran.out, ran
    assert "See why changes are held with: reconciler plan fleet\n" in ran.out


def test_a_folder_is_no_catalog_id(run: Run, edited: Path) -> None:
    ran = run("deliveries", "fleet")
    assert ran.code == 64, ran
    assert "--manifests" in ran.err


def test_a_watch_that_only_compares_says_so(run: Run, plant: Simulator, edited: Path) -> None:
    ran = run("watch", "fleet", "--once", token=plant.token)
    assert "nothing is sent; use --mode apply to correct" in ran.err
    assert run("watch", "fleet", "--once", "--log-format", "json", token=plant.token).err == ""


def test_the_simulator_says_what_can_be_done_to_it(plant: Simulator) -> None:
    answer = httpx.post(f"{plant.url}/simulator/help")
    assert answer.status_code == 404
    assert all(verb in answer.text for verb in ("console", "set_online", "set_tags"))


def test_what_is_proposed_can_be_typed_as_it_stands(run: Run, plant: Simulator, edited: Path, tmp_path: Path) -> None:
    connections = tmp_path / "the connections"
    connections.mkdir()
    odd = tmp_path / "-fleets of Österreich's $HOME"
    edited.rename(odd)
    (one,) = [path for path in odd.iterdir() if "kind: Connection" in path.read_text()]
    one.rename(connections / one.name)
    paths = ("--connections", "the connections", "--", odd.name)
    for width in ("60", "200"):
        ran = run("plan", *paths, token=plant.token, COLUMNS=width)
        command = ran.out.replace("\\\n", "").partition("reconciler apply")[2].splitlines()[0]
        assert shlex.split(command) == [f"./{odd.name}", "--connections", "the connections"], ran
    many = [f"--unit=gw-0{number:02}*" for number in range(40)]
    ran = run("plan", *many, *paths, token=plant.token)
    command = ran.out.partition("reconciler apply")[2].replace("\\\n", "").splitlines()[0]
    assert shlex.split(command).count("--unit") == 40, "a command that is cut is none"


def test_a_plan_of_a_snapshot_is_not_offered_to_apply(run: Run, plant: Simulator, edited: Path) -> None:
    assert run("snapshot", "fleet", "--out", "s.json", token=plant.token).code == 0
    for more in ((), ("--out", "plan.json")):
        ran = run("plan", "fleet", "--snapshot", "s.json", *more)
        assert "changes in " in ran.out
        assert "reconciler apply" not in ran.out
        assert "Plan against the platform with: reconciler plan fleet\n" in ran.out
    shown = run("show", "plan.json")
    assert "reconciler apply" not in shown.out
    assert "Planned against a recorded snapshot." in shown.out


def test_apply_says_what_it_held_by_fleet_and_reason(run: Run, plant: Simulator, edited: Path) -> None:
    change(edited, "v1.4.0", "v9.9.9")
    ran = run("apply", "fleet", "--yes", token=plant.token)
    assert (
        "  held: 38  not sent\n    ! version or workload not found: modbus-poller, the platform has no version v9.9.9\n"
        in ran.out
    )
    report = run("apply", "fleet", "--yes", "-o", "json", token=plant.token).json
    assert len(report["held_changes"]) == report["held"] == 38
