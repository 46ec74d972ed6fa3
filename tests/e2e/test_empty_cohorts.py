"""A cohort without devices: every command says so, and none counts it as a device or as a share of none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]
SECRET = {"MEMFAULT_ORG_TOKEN": "oat_simulated"}
EMPTY = "internal-testing"
FALSE = re.compile(r"\b0 (of 0\b|devices? )|of 0\b|\bconnected\b|\b1 device\b")


@pytest.fixture
def project() -> Iterator[Simulator]:
    with simulating("memfault", units=3, devices=2, workloads=1) as one:
        yield one


def wanting(project: Simulator, folder: Path, version: str, **settings: int) -> Path:
    workloads = {"main-fw": {"version": version, **({"settings": settings} if settings else {})}}
    spec = {"connection": "plant", "units": {"cohorts": [EMPTY]}, "workloads": workloads}
    fleet = {"apiVersion": "reconciler/v1", "kind": "Fleet", "metadata": {"name": "labs"}, "spec": spec}
    return project.manifest(folder, json.dumps(fleet))


@pytest.mark.parametrize("settings", [{}, {"rollout_percent": 60}])
def test_every_command_says_that_there_are_no_devices(
    project: Simulator, run: Run, tmp_path: Path, settings: dict[str, int]
) -> None:
    project.control("POST", "pull", cohort=EMPTY, version="1.4.0")
    if settings:
        project.control("POST", "activate", cohort=EMPTY, version="1.3.0", percent=20)
    wanting(project, tmp_path / "m", "1.3.0", **settings)

    def said(*command: str) -> str:
        ran = run(*command, **SECRET)
        assert ran.code == 0, ran
        assert not FALSE.search(ran.out), ran
        return ran.out

    warning = "the cohort has no devices; nothing will show whether 1.3.0 works"
    for form in ("text", "markdown"):
        plan = said("plan", "m", "-o", form)
        assert warning in plan
        assert "1 unit (no devices)" in plan
    assert warning in run("plan", "m", "-o", "json", **SECRET).json["fleets"][0]["warnings"][0]
    assert "no devices" in said("apply", "m", "--yes")
    assert "no devices" in said("explain", EMPTY, "main-fw", "m")
    assert "no devices" in said("status", "m", "--units")
    (fleet,) = run("status", "m", "-o", "json", **SECRET).json["fleets"]
    assert (fleet["devices"], fleet["ready_devices"]) == (0, 0)
    wanting(project, tmp_path / "m", "1.2.0")
    assert "no devices" in said("watch", "m", "--once", "--mode", "apply", "--wait", "1m")
