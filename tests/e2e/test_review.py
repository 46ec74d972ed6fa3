"""What a reviewer reads of a request to 600 fleets: what can do harm is there, and first."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import Ran, simulating

Run = Callable[..., Ran]

FLEETS = 600
HEAD = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: site-{number:03}}}
spec:
  connection: plant
  units: {{names: [gw-{first:04}, gw-{second:04}]}}
"""
GIT = ("git", "-c", "user.name=ann", "-c", "user.email=ann@example.com")


def fleet(number: int, telemetry: str, limits: str = "limits: {remove: 10%}") -> str:
    head = HEAD.format(number=number, first=2 * number, second=2 * number + 1)
    return f"{head}  workloads:\n    telemetry: {{{telemetry}, order: semver}}\n  {limits}\n"


def committed(folder: Path, fleets: list[str]) -> None:
    (folder / "fleet.yaml").write_text("---\n".join(fleets))
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        subprocess.run([*GIT, *command], cwd=folder, check=True)


def headings(text: str) -> list[str]:
    return re.findall(r"^### ([^:;\n]+)", text, re.MULTILINE)


def test_of_600_fleets_what_can_do_harm_is_there_and_first(run: Run, tmp_path: Path) -> None:
    with simulating(units=2 * FLEETS) as plant:
        folder = plant.manifest(tmp_path / "fleets", "")
        committed(folder, [fleet(number, "version: v1.3.0") for number in range(FLEETS)])
        now = [fleet(number, "version: v1.4.0" if number < 400 else "version: v1.3.0") for number in range(FLEETS)]
        now[300] = fleet(300, "version: v1.1.0")
        now[598] = fleet(598, "version: v1.4.0", "limits: {replace: 40%, minimum: 0}")
        now[599] = fleet(599, "absent: true", "limits: {remove: 100%}")
        committed(folder, now)
        ran = run("plan", "fleets", "--base", "HEAD^", "--out", "plan.json", "-o", "markdown", token=plant.token)
        assert ran.code == 0, ran
        verbose = run("show", "plan.json", "-o", "markdown", "-v")
    shown = ran.out
    assert len(shown) <= 65_536
    assert headings(shown) == [
        "Loosened by these manifests",
        "Limits violated",
        "Removals",
        "Downgrades",
        "Share of the fleet",
        "Other changes",
        "Fleets",
    ]
    rows = {
        heading: [line for line in part.split("\n") if line.startswith("| `")]
        for heading, part in zip(headings(shown), shown.split("\n### ")[1:], strict=True)
    }
    assert [row.split(" | ")[:3] for row in rows["Loosened by these manifests"]] == [
        ["| `site-599`", "limit `remove`", "`10%` → `100%`"],
    ]
    assert [row.split(" | ")[0] for row in rows["Limits violated"]] == [
        "| `site-598` (blocked)",
        "| `site-599` (blocked)",
    ]
    (removal,) = rows["Removals"]
    assert removal.startswith("| `site-599` (blocked) | - remove | `telemetry` |")
    back = [row for row in rows["Downgrades"] if "`site-300`" in row]
    assert len(back) == 1
    assert "`v1.1.0` (downgrade)" in back[0]
    assert re.search(r"\| `site-000`, `site-00\d`, `site-00\d` and \d+ more \| ~ replace \| `telemetry` \|", shown)
    assert re.search(r"^\d+ more fleets have no changes\.$", shown, re.MULTILINE)
    assert "Slots: " not in shown
    assert re.search(r"`reconciler show --verbose plan.json` lists all \d{3,} slots\.", shown)
    assert len(verbose.out.encode()) <= 900_000
    assert "Slots: " in verbose.out
