"""An installation without the extra `simulators`: two commands say what is missing, everything else works."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.tree import ROOT

WITHOUT = """
import sys
sys.modules.update({"starlette": None, "uvicorn": None})
from reconciler.cli import main
sys.exit(main())
"""
"""What runs the command as if nothing of the extra were installed: importing it fails."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("command", [("simulate", "losant"), ("simulate", "memfault", "--port", "0"), ("demo",)])
def test_what_is_missing_is_said_in_one_line(command: tuple[str, ...]) -> None:
    ran = run(*command)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("error: the simulator of ")
    assert ran.stderr.endswith("hint: install fleet-reconciler[simulators]\n")


@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("simulate", "losant", "--help"),
        ("validate", "examples/losant"),
        ("plan", "examples/losant", "--snapshot", "examples/losant/snapshot.json"),
    ],
)
def test_everything_else_works(command: tuple[str, ...]) -> None:
    ran = run(*command)
    assert ran.returncode == 0, ran.stderr
