"""From an import to the first apply: no dead end, whatever the platform; what is not known is proposed, read and taken over."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli import wiring
from reconciler.plugin import Slot
from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]
PLATFORMS = ("losant", "getapp", "memfault")


def imported(run: Run, simulator: Simulator, platform: str, *more: str) -> dict[str, str]:
    """Import a simulator's application into the folder `f`; return the environment that its commands need."""
    story = wiring.simulator(platform).story
    assert story is not None
    env = story.secrets(simulator.said)
    ran = run("import", platform, *story.connect(simulator.said), "--out", "f", *more, **env)
    assert ran.code == 0, ran
    return env


def slots(simulator: Simulator, platform: str) -> list[Slot]:
    story = wiring.simulator(platform).story
    assert story is not None
    return [story.slot(row) for row in simulator.control("GET", "state")["rows"]]


def newer(simulator: Simulator, platform: str, path: Path) -> str:
    """Let the manifest ask for a later version that other units have already; return that version."""
    counts = Counter((slot.workload, slot.assigned) for slot in slots(simulator, platform) if slot.assigned)
    for (workload, old), _ in counts.most_common():
        later = sorted(version for name, version in counts if name == workload and version and old and version > old)
        if later and old:
            head, found, tail = path.read_text().partition(f"    {workload}:")
            path.write_text(head + found + tail.replace(f"version: {old}", f"version: {later[-1]}", 1))
            return later[-1]
    raise AssertionError("every unit has the newest version")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_import_validate_plan_apply(run: Run, tmp_path: Path, platform: str) -> None:
    with simulating(platform, units=12, settle=0.0) as simulator:
        env = imported(run, simulator, platform)
        assert run("validate", "f", "--strict").code == 0
        first = run("plan", "f", "--detailed-exitcode", **env)
        assert first.code == 0, first
        version = newer(simulator, platform, tmp_path / "f/fleet.yaml")
        said = run("doctor", "f", "--connections", "f", **env).err
        next_command = "with: reconciler doctor f --connections f --write\n"
        assert said.endswith(next_command) if platform == "getapp" else "--write" not in said
        assert run("doctor", "f", "--write", **env).code == 0
        assert run("validate", "f", "--strict").code == 0
        planned = run("plan", "f", "-o", "json", **env).json["fleets"][0]
        assert planned["changes"]
        assert {reason["code"] for held in planned["held"] for reason in held["reasons"]} == set(), planned["held"]
        ran = run("watch", "f", "--once", "--mode", "apply", "--wait", "5m", **env)
        assert ran.code == 0, ran
        assert sum(slot.assigned == version for slot in slots(simulator, platform)) >= len(planned["changes"])
        assert run("plan", "f", "--detailed-exitcode", **env).code == 0


def test_the_calls_that_an_agent_describes_stand_there_as_a_comment(run: Run, tmp_path: Path) -> None:
    with simulating("getapp", units=8) as simulator:
        env = imported(run, simulator, "getapp")
        path = tmp_path / "f/connections.yaml"
        before = path.read_text()
        assert "# Which call carries out each step?" in before
        assert "routes" not in yaml.safe_load(before)["spec"]["getapp"]
        newer(simulator, "getapp", tmp_path / "f/fleet.yaml")
        held = run("plan", "f", "-o", "json", **env).json["fleets"][0]
        assert {reason["code"] for one in held["held"] for reason in one["reasons"]} == {"route-unverified"}
        told = run("doctor", "f", **env)
        assert path.read_text() == before, "nothing is written unless a person asks for it"
        ran = run("doctor", "f", "--write", **env)
        assert (
            ran.code,
            "wrote routes (push, deliver, cancel, delete, deploy) into f/connections.yaml" in ran.err,
        ) == (0, True), ran
        after = yaml.safe_load(path.read_text())["spec"]["getapp"]
        assert after["routes"]["deliver"]["body"]["action"] == "DeliveryStart"
        proposed = re.split(r"\n  (?:ok|warning|not checked)", told.out[told.out.index("routes:\n") :])[0]
        assert yaml.safe_load(_dedented(proposed)) == {"routes": after["routes"]}, "what it proposes is YAML"
        assert "# Which call carries out each step?" in path.read_text(), "comments stay"
        again = run("doctor", "f", "--write", **env)
        assert "nothing is proposed" in again.err


def _dedented(text: str) -> str:
    """Return a piece of manifest without the column that it was shown in."""
    lines = [line for line in text.splitlines() if line.strip()]
    pad = len(lines[1]) - len(lines[1].lstrip()) - 2
    return "\n".join([lines[0].lstrip(), *(line[pad:] for line in lines[1:])])


def test_an_agent_that_describes_nothing_is_asked_about(run: Run, tmp_path: Path) -> None:
    with simulating("getapp", units=4, variants=["swagger=off"]) as simulator:
        env = imported(run, simulator, "getapp")
        assert "Nothing is proposed here" in (tmp_path / "f/connections.yaml").read_text().replace("\n    # ", " ")
        ran = run("doctor", "f", "--write", **env)
        assert "nothing to write" in ran.err


def test_two_answers_to_one_question_are_not_chosen_from(run: Run, tmp_path: Path) -> None:
    with simulating("getapp", units=4) as simulator:
        env = imported(run, simulator, "getapp", "--topology", "agent", "--api", "v2")
        path = tmp_path / "f/connections.yaml"
        before = path.read_text()
        ran = run("doctor", "f", "--write", **env)
        assert ran.code == 1, ran
        assert "two different proposals for routes.deliver: nothing was written" in ran.err
        assert path.read_text() == before


@pytest.mark.parametrize("form", ["shared", "json", "flow"])
def test_a_connection_in_another_form_is_written_or_left(run: Run, tmp_path: Path, form: str) -> None:
    with simulating("getapp", units=4) as simulator:
        env = imported(run, simulator, "getapp")
        path = tmp_path / "f/connections.yaml"
        document: dict[str, Any] = yaml.safe_load(path.read_text())
        agent = document["spec"]["getapp"]["agent"]
        head = "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: getapp}\n"
        path.write_text(
            {
                "shared": f"{head}spec: {{getapp: &a {{agent: '{agent}'}}}}\n---\n{head.replace('getapp', 'b')}spec: [*a]\n",
                "json": json.dumps(document),
                "flow": f"{head}spec: {{getapp: {{agent: '{agent}'}}}}  # here\n",
            }[form]
        )
        before = path.read_text()
        ran = run("doctor", "f", "--write", **env)
        if form == "shared":
            assert (ran.code, path.read_text()) == (1, before), ran
        else:
            assert ran.code == 0, ran
            assert "routes" in yaml.safe_load(path.read_text())["spec"]["getapp"]
            assert run("validate", "f").code == 0
        if form == "json":
            json.loads(path.read_text())


def test_what_cannot_be_written_is_left_as_it_was(run: Run, tmp_path: Path) -> None:
    with simulating("getapp", units=4) as simulator:
        env = imported(run, simulator, "getapp")
        text = (tmp_path / "f/connections.yaml").read_text()
        (tmp_path / "c").mkdir()
        (tmp_path / "c/connections.yaml").write_text(text)
        (tmp_path / "f/connections.yaml").unlink()
        ran = run("doctor", "f", "--connections", "c", "--write", **env)
        assert ran.code == 0, ran
        assert "routes (push" in ran.err, "it goes where the connection stands"
        assert "into c/connections.yaml" in ran.err


@pytest.mark.parametrize("platform", PLATFORMS)
def test_pins_are_written_by_id_with_the_name_beside(run: Run, tmp_path: Path, platform: str) -> None:
    with simulating(platform, units=30, settle=0.0) as simulator:
        imported(run, simulator, platform)
        text = (tmp_path / "f/fleet.yaml").read_text()
        pins = yaml.safe_load(text)["spec"].get("pins", {})
        names = {slot.unit: slot.name for slot in slots(simulator, platform)}
        for unit in pins:
            assert unit in names, "an id"
            assert names[unit] == unit or any(
                unit in line and line.endswith(f"# {names[unit]}") for line in text.splitlines()
            )
