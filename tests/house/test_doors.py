"""The doors: finding a Python, the targets of make, and what CI calls."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, texts

SH = shutil.which("sh") or "/bin/sh"
SPOKEN = {"README.md", ".github/CONTRIBUTING.md", ".ci/run"}


def _find(path: Path, *named: str) -> subprocess.CompletedProcess[str]:
    command = [SH, str(ROOT / ".github/find-python"), *named]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def _python(folder: Path, name: str, version: str, *, new: bool = True, whole: bool = True) -> None:
    """Put a stand-in for a Python there: it knows its version, whether it is new enough, and whether venv is there."""
    file = folder / name
    file.write_text(
        f'#!{SH}\ncase "$2" in\n*python_version*) echo {version} ;;\n'
        f"*version_info*) exit {0 if new else 1} ;;\n*venv*) exit {0 if whole else 1} ;;\nesac\n"
    )
    file.chmod(0o755)


def test_the_newest_that_does_is_found(tmp_path: Path) -> None:
    _python(tmp_path, "python3", "3.9.2", new=False)
    _python(tmp_path, "python3.14", "3.14.0", whole=False)
    _python(tmp_path, "python3.12", "3.12.1")
    _python(tmp_path, "python3.11", "3.11.0")
    found = _find(tmp_path)
    assert (found.returncode, found.stdout) == (0, "python3.12\n")


def test_the_one_named_is_taken(tmp_path: Path) -> None:
    _python(tmp_path, "python3", "3.13.0")
    _python(tmp_path, "mine 3", "3.11.0")
    assert _find(tmp_path, "mine 3").stdout == "mine 3\n"
    assert _find(tmp_path, "").stdout == "python3\n"


def test_a_real_one_is_taken(tmp_path: Path) -> None:
    assert _find(tmp_path, sys.executable).stdout == f"{sys.executable}\n"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Found: none."),
        ({"new": False}, "python3 (3.9.2)"),
        ({"whole": False}, "python3-venv"),
    ],
    ids=["none", "too old", "no venv"],
)
def test_none_is_said_clearly(tmp_path: Path, given: dict[str, bool], says: str) -> None:
    if given:
        _python(tmp_path, "python3", "3.9.2", **given)
    found = _find(tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert "needs Python 3.11 or later" in found.stderr
    assert says in found.stderr


def test_help_lists_every_door() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", texts()["Makefile"], flags=re.MULTILINE)
    assert phony
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in helped.splitlines() if line.startswith("  make ")} == set(phony[1].split())


def test_every_door_that_is_spoken_of_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", texts()["Makefile"], flags=re.MULTILINE))
    spoken = {
        door
        for name in SPOKEN
        for door in re.findall(r"(?:`|^\$ |exec )make ([a-z]+)", texts()[name], flags=re.MULTILINE)
    }
    assert spoken
    assert spoken <= targets


@pytest.mark.parametrize("code", [0, 1])
def test_ci_is_make_test_and_tells_its_end(tmp_path: Path, code: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo 3 passed; read line && exit 9; exit {code}\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ran = subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode != 0) is (code != 0)
    assert ran.stdout.startswith("3 passed")


def test_checks_are_the_same_for_people_and_for_ci() -> None:
    makefile = texts()["Makefile"]
    check = makefile[makefile.index("\ncheck:") : makefile.index("\nformat:")]
    for tool in (
        "ruff format --check",
        "ruff check",
        "mypy",
        "lint-imports",
        "check-jsonschema",
        "zizmor --offline",
        "hadolint",
    ):
        assert tool in check
    checks = re.findall(r"^(check-\w+):", makefile, flags=re.MULTILINE)
    assert re.findall(r"^CHECKS = (.*)$", makefile, flags=re.MULTILINE) == [" ".join(checks)]
    for door in ("check", "test"):
        (recipe,) = re.findall(rf"^{door}: \$\(READY\).*\n(.*)$", makefile, flags=re.MULTILINE)
        assert recipe.startswith("\t+@$(TOGETHER) ")
        assert recipe.endswith(" $(CHECKS)")
    assert "bash .ci/run" in texts()[".github/workflows/ci.yml"]
