"""A unit that somebody renames in the console: by its id it is the same one, and what named it is loud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, Ran, Simulator, simulating

Run = Callable[..., Ran]
OLD, NEW = "gw-001", "gateway-1"
LINE = "this pin holds nothing; if it was renamed, name its id, which stays"


@pytest.fixture
def plant(tmp_path: Path, run: Run) -> Iterator[Simulator]:
    """Six units, one of which a pin holds back by its name."""
    with simulating(units=6, settle=0.0) as one:
        pinned(one, tmp_path, OLD)
        done = run("apply", "m", "--yes", token=one.token)
        assert done.code == 0, done
        yield one


def pinned(plant: Simulator, folder: Path, unit: str) -> None:
    plant.manifest(folder / "m", f"{FLEET.rstrip()}\n  pins: {{{unit}: {{telemetry: v1.2.0}}}}\n")


def test_a_pin_by_name_is_loud_and_one_by_id_holds(run: Run, tmp_path: Path, plant: Simulator) -> None:
    (unit,) = {row["deviceId"] for row in plant.control("GET", "state")["rows"] if row["device"] == OLD}
    plant.control("POST", "rename_device", device=OLD, name=NEW)
    shown = run("plan", "m", token=plant.token, COLUMNS="200")
    (said,) = (one for one in shown.out.splitlines() if LINE in one)
    assert f"m/fleet.yaml:10:10: no unit has the id or name '{OLD}'" in said
    assert NEW in shown.out, "what it does not hold is there to be seen"
    assert run("plan", "m", "--strict", token=plant.token).code == 1
    asked = run("status", "m", token=plant.token, COLUMNS="200")
    assert "1 line of the manifest about units that are not there" in asked.out
    assert LINE in asked.out
    assert run("watch", "m", "--once", "--metrics-file", "m.prom", token=plant.token).code == 0
    assert 'reconciler_fleet_manifest_unmatched_lines{fleet="all"} 1.0\n' in (tmp_path / "m.prom").read_text()
    pinned(plant, tmp_path, unit)
    held = run("plan", "m", "--detailed-exitcode", "--strict", token=plant.token)
    assert held.code == 0, held


def test_a_difference_shows_it_as_a_rename(run: Run, tmp_path: Path, plant: Simulator) -> None:
    def recorded(name: str) -> None:
        assert run("snapshot", "m", "--out", f"{name}.json", token=plant.token).code == 0

    recorded("before")
    plant.control("POST", "rename_device", device=OLD, name=NEW)
    recorded("after")
    found = run("diff", "before.json", "after.json")
    assert found.code == 2, found
    told = [line for line in found.out.splitlines() if OLD in line or line.lstrip().startswith(("+", "-"))]
    assert told == [f"    ~ name: {OLD} → {NEW}"]
