"""Findings beside their lines: what GitHub's runner and GitLab read, in real repositories."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, Simulator
from tests.forge.conftest import saved

Run = Callable[..., Ran]

HOSTILE = "100%0A::error::pwned\\n::warning file=x::,:\\r##[error]x"
FLEET = f"""\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: austin}}
spec:
  connection: plant
  units: {{all: true}}
  "{HOSTILE}": 1
  workloads: {{poller: {{version: ~}}}}
"""
LIFTS = "lifts the limit remove legacy-agent"
COMMAND = re.compile(r"::(error|warning) ((?:\w+=[^,:\r\n]*,?)*)::([^\r\n]*)")


def commands(out: str) -> list[tuple[str, dict[str, str], str]]:
    """Read what the runner would, which takes escapes back in this order."""

    def data(text: str) -> str:
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    found = []
    for line in out.splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        pairs = (pair.partition("=") for pair in match[2].split(","))
        properties = {name: data(text.replace("%3A", ":").replace("%2C", ",")) for name, _, text in pairs}
        found.append((match[1], properties, data(match[3])))
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a broken fleet in a folder of an odd name."""
    folder = tmp_path / "work" / "a,b: 50%"
    folder.mkdir(parents=True)
    (folder / "fleet.yaml").write_text(FLEET)
    subprocess.run(["git", "init", "-q", str(tmp_path / "work")], check=True)
    return folder


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_manifest_errors_are_annotations_with_paths_from_the_top(run: Run, repository: Path, command: str) -> None:
    found = run("validate", "work", "-o", "json").json["findings"]
    ran = run(command, "work/a,b: 50%", "-o", "github")
    assert ran.code == 1, ran
    assert [(kind, at) for kind, at, _ in commands(ran.out)] == [
        (
            one["severity"],
            {
                "file": "a,b: 50%/fleet.yaml",
                "line": str(one["origin"]["line"]),
                "col": str(one["origin"]["column"]),
                "title": one["code"],
            },
        )
        for one in found
    ]
    (hostile,) = (text for *_, text in commands(ran.out) if "100%" in text)
    assert hostile.startswith("unknown key '100%0A::error::pwned")
    assert "##[" not in ran.out
    report = run(command, "work/a,b: 50%", "-o", "gitlab")
    assert report.code == 1, report
    assert [(one["location"], one["severity"], one["check_name"]) for one in report.json] == [
        ({"path": "a,b: 50%/fleet.yaml", "lines": {"begin": one["origin"]["line"]}}, "critical", one["code"])
        for one in found
    ]
    assert len({one["fingerprint"] for one in report.json}) == len(found)


def test_outside_git_paths_stay_as_they_were_typed(run: Run, tmp_path: Path, repository: Path) -> None:
    (repository / "fleet.yaml").rename(tmp_path / "fleet.yaml")
    assert {at["file"] for _, at, _ in commands(run("validate", "fleet.yaml", "-o", "github").out)} == {"fleet.yaml"}


def test_warnings_are_warnings_and_errors_where_they_are_asked_to_be(
    run: Run, plant: Simulator, tmp_path: Path
) -> None:
    text = FLEET.replace(f'  "{HOSTILE}": 1\n', "").replace("~", "v1").replace("{all: true}", "{names: ['!gw']}")
    folder = plant.manifest(tmp_path / "m", text)
    for options, severity, code, name in (((), "warning", 0, "minor"), (("--strict",), "error", 1, "critical")):
        ran = run("validate", str(folder), "-o", "github", *options)
        assert (ran.code, [kind for kind, *_ in commands(ran.out)]) == (code, [severity]), ran
        report = run("validate", str(folder), "-o", "gitlab", *options)
        assert (report.code, [one["severity"] for one in report.json]) == (code, [name]), report


def test_what_a_plan_finds_stands_on_its_lines(run: Run, tmp_path: Path) -> None:
    ran = run("show", saved(tmp_path, "review"), "-o", "github")
    broken = "fleet austin: would remove legacy-agent on 20 of 100 assigned; remove is limited to 10% (10)"
    assert [(kind, at.get("file"), at.get("line"), text) for kind, at, text in commands(ran.out)] == [
        ("error", "fleets/austin.yaml", "31", f"{broken}; no change of the fleet is applied"),
        ("warning", "fleets/austin.yaml", "31", "fleet austin: limit remove: 5% → 10%"),
        ("warning", "fleets/boston.yaml", "18", f"fleet boston: allow: {LIFTS}: nothing → until 2026-12-05"),
        ("warning", None, None, "fleet boston: quarantine vision v1.9.0: without an end → nothing"),
    ]
    errored = run("show", saved(tmp_path, "errored"), "-o", "gitlab")
    assert any("could not be read" in one["description"] for one in json.loads(errored.out))
