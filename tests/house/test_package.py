"""What is shipped: dependencies, version, and a wheel that works in an empty environment."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import reconciler
from tests.house.tree import ROOT, modules, texts, tracked

IMPORTED_AS = {"pyyaml": "yaml", "prometheus-client": "prometheus_client"}
SCHEMAS = {"manifest.v1.schema.json", "plan.v1.schema.json", "snapshot.v1.schema.json", "event.v1.schema.json"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0].lower()


def _imported(*, testing: bool) -> set[str]:
    found = set()
    for module in modules():
        if module.path.startswith("reconciler/testing/") is not testing:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"reconciler"}


DATA = {"tzdata"}
"""What brings files along that the standard library reads."""
OPTIONAL = ("notify", "postgres", "simulators", "top", "web")
"""Extras whose packages ours imports when they are needed."""


def test_dependencies_are_what_is_imported() -> None:
    server = {IMPORTED_AS.get(_name(item), _name(item)) for extra in OPTIONAL for item in EXTRAS[extra]}
    declared = {IMPORTED_AS.get(_name(item), _name(item)) for item in PROJECT["dependencies"]} - DATA
    assert _imported(testing=False) == declared | server
    extra = {_name(item) for item in EXTRAS["testing"]}
    assert _imported(testing=True) - declared - server == extra


def test_the_changelog_speaks_of_this_version() -> None:
    changelog = texts()["CHANGELOG.md"]
    headings = re.findall(r"^## \[([^\]]+)\]", changelog, flags=re.MULTILINE)
    assert headings, "no section"
    assert headings[0] in {"Unreleased", reconciler.__version__}
    released = [heading for heading in headings if heading != "Unreleased"]
    assert not released or released[0] == reconciler.__version__


@pytest.mark.slow
def test_the_wheel_carries_schemas_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        for schema in SCHEMAS:
            assert archive.read(f"reconciler/schemas/{schema}") == (ROOT / "schemas" / schema).read_bytes()
    assert "reconciler/py.typed" in inside
    assert {name for name in tracked() if name.startswith("reconciler/web/assets/")} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    assert {module.path for module in modules()} <= inside
    assert {name.split("/")[0] for name in inside} == {"reconciler", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}


@pytest.mark.slow
def test_the_wheel_runs_the_demo_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")
    bin_ = tmp_path / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(bin_ / "python"), "install", "--quiet", "--no-compile"]
    for what in (
        ["--require-hashes", "-r", str(ROOT / ".github/constraints.txt")],
        ["-c", str(ROOT / ".github/constraints-dev.txt"), f"{wheel}[simulators,testing]"],
    ):
        installed = subprocess.run([*pip, *what], capture_output=True, text=True, check=False)
        assert installed.returncode == 0, installed.stdout + installed.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON"))}
    for command in (["--version"], ["demo"]):
        ran = subprocess.run(
            [str(bin_ / "reconciler"), *command],
            cwd=empty, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "rollout of vision v1.3.0 is halted" in ran.stdout + ran.stderr, "the last act is missing"
    assert "rollback/losant-vision-v1.3.0: made" in ran.stdout
    assert list(empty.iterdir()) == [], "the demo left something behind"
