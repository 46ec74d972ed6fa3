"""`mode: propose` and `approve` with a real history: nothing goes before a person says so, and then just that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, Ran, Simulator, simulating

Run = Callable[..., Ran]
PROPOSING = f"{FLEET}  mode: propose\n"


@pytest.fixture
def plant() -> Iterator[Simulator]:
    with simulating(units=4, settle=0.1) as one:
        yield one


def watch(run: Run, plant: Simulator, *options: str) -> Ran:
    how = ("--once", "--mode", "apply", "--wait", "1m", "--history", "history.db")
    return run("watch", "m", *how, *options, token=plant.token)


def approve(run: Run, *arguments: str) -> Ran:
    return run("approve", *arguments, "--history", "history.db")


def test_a_plan_is_carried_out_once_a_person_approved_it(run: Run, tmp_path: Path, plant: Simulator) -> None:
    none = approve(run)
    assert (none.code, "there is no history" in none.err) == (1, True), none
    plant.manifest(tmp_path / "m", PROPOSING)
    proposed = watch(run, plant)
    assert proposed.code == 0, proposed
    (said,) = (line for line in proposed.out.splitlines() if "proposed: plan" in line)
    fingerprint = said.split("proposed: plan ")[1].split(",")[0]
    assert "proposed: plan" not in watch(run, plant).out, "it is proposed once"
    listed = approve(run)
    assert listed.out.startswith(f"{fingerprint}  all: "), listed
    assert approve(run, fingerprint, "--out", "plan.json").code == 0
    assert "telemetry" in run("show", "plan.json", "-o", "markdown").out
    unreasoned = approve(run, fingerprint)
    assert (unreasoned.code, "--reason" in unreasoned.err) == (64, True), unreasoned
    unknown = approve(run, "0" * 12, "--reason", "x")
    assert (unknown.code, fingerprint in unknown.err) == (1, True), unknown
    assert plant.writes == []
    approved = approve(run, fingerprint[:12], "--reason", "canaries were fine", "--by", "ada")
    assert approved.code == 0, approved
    assert approve(run).out == "no plan waits for a person\n"
    assert approve(run, fingerprint, "--reason", "x").code == 1
    done = watch(run, plant)
    assert done.code == 0, done
    assert plant.holds("v1.4.0", "telemetry") == 4
    kept = run("history", "--history", "history.db").out
    assert f"ada approved the plan {fingerprint}: canaries were fine" in kept
    assert run("history", "--verify", "--history", "history.db").code == 0


def test_a_plan_that_is_no_longer_the_newest_cannot_be_approved(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", PROPOSING)
    watch(run, plant)
    first = approve(run).out.split()[0]
    plant.manifest(tmp_path / "m", PROPOSING.replace("v1.4.0", "v1.3.0"))
    watch(run, plant)
    second = approve(run).out.split()[0]
    assert first != second
    late = approve(run, first, "--reason", "x")
    assert (late.code, second in late.err) == (1, True), late


def test_with_mode_propose_every_fleet_waits(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET)
    asked = run("watch", "m", "--once", "--mode", "propose", "--history", "history.db", token=plant.token)
    assert "proposed: plan" in asked.out, asked
    assert plant.writes == []
