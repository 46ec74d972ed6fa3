"""What a job writes to its summary stays below what GitHub takes of a step, 1 MiB, whatever a run says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.house.tree import ROOT

TAKEN = 1 << 20
STUB = """#!/bin/sh
awk 'BEGIN { for (i = 0; i < %d; i++) { printf "%%d ", i; for (j = 0; j < %d; j++) printf "\\303\\244"; print "" } }'
"""
"""A command that says so many lines, each of so many letters of two bytes."""


@pytest.mark.parametrize(("lines", "letters"), [(3, 20), (60_000, 20), (1_900, 600), (2, 600_000)])
def test_the_outcome_of_an_apply_is_cut_to_what_a_summary_takes(tmp_path: Path, lines: int, letters: int) -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/apply.yml").read_text())["jobs"]["apply"]
    (script,) = (step["run"] for step in job["steps"] if step.get("name") == "Apply")
    for folder in ("fleet", "result", "reviewed", "bin"):
        (tmp_path / folder).mkdir()
    (tmp_path / "reviewed/7.json").write_text("{}")
    stub = tmp_path / "bin/reconciler"
    stub.write_text(STUB % (lines, letters))
    stub.chmod(0o755)
    summary = tmp_path / "summary"
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=tmp_path / "fleet",
        env={
            "PATH": f"{stub.parent}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(summary),
            **dict.fromkeys(("FLEETS", "CONNECTIONS", "DEADLINE"), "."),
        },
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert ran.returncode == 0, "what is cut is no failure"
    shown = summary.read_bytes()
    assert len(shown) < TAKEN
    said = [line for line in shown.decode(errors="replace").splitlines() if line.startswith("    ")]
    assert said[0].startswith("    0 ä")
    assert len(said) == lines or len(shown) > 50_000
    assert shown.decode(errors="replace").rstrip().split("\n")[-1].startswith("Exit code 0: ")
