"""`make docs`: the README's picture, a real plan of a simulated fleet as the installed command prints it.

Runs simulator, import and plan, and turns the coloured output into an SVG without anything loaded from elsewhere.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parents[2] / ".github" / "plan.svg"
WIDTH = 112
AGE = re.compile(r"\d+ s ago")
FONT_FACES = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)

FLEET = """apiVersion: reconciler/v1
kind: Fleet
metadata: {name: gateways}
spec:
  connection: plant
  units: {all: true}
  workloads:
    modbus-poller:
      version: v1.3.0
      overrides:
        - {units: {tags: {ring: canary}}, version: v1.4.0}
        - {units: {tags: {ring: early}}, version: v1.4.0}
    telemetry: {version: v1.3.0, overrides: [{units: {tags: {ring: canary}}, version: v1.4.0}]}
    vision: {units: {tags: {camera: "*"}}, version: v1.3.0}
  pins:
    gw-0017: {modbus-poller: v1.2.0}
    gw-0009: {vision: {absent: true}}
  quarantine:
    - {workload: vision, version: v1.3.0, reason: boot loop on revision B}
"""


def main() -> None:
    """Draw the picture anew."""
    PICTURE.write_text(svg(shown()))
    print(f"wrote {PICTURE.relative_to(PICTURE.parents[1])}")


def shown() -> str:
    """Return what `reconciler plan` prints on a terminal for the fleet above, with the parts that vary made plain."""
    python = [sys.executable, "-m", "reconciler"]
    simulator = subprocess.Popen(
        [*python, "simulate", "losant", "--units", "1200", "--offline", "0%", "--failing", "0%"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        first = json.loads(simulator.stdout.readline())
        spec = {"application": first["application"], "url": first["url"], "token": {"env": "LOSANT_API_TOKEN"}}
        connection = {
            "apiVersion": "reconciler/v1",
            "kind": "Connection",
            "metadata": {"name": "plant"},
            "spec": {"losant": spec},
        }
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "fleet"
            folder.mkdir()
            (folder / "connections.yaml").write_text(json.dumps(connection))
            (folder / "fleet.yaml").write_text(FLEET)
            environment = {**os.environ, "LOSANT_API_TOKEN": first["token"], "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
            environment.pop("NO_COLOR", None)
            done = subprocess.run(
                [*python, "plan", "fleet"], cwd=name, env=environment, capture_output=True, text=True, check=True
            )
    finally:
        simulator.terminate()
        simulator.wait(timeout=30)
    return AGE.sub("1 s ago", done.stdout.replace(first["url"], "https://api.losant.com"))


def svg(ansi: str) -> str:
    """Return a terminal's output as an SVG picture; equal output gives equal bytes."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(f"$ reconciler plan fleet/\n{ansi.rstrip()}"))
    drawn = console.export_svg(title="reconciler", theme=MONOKAI, unique_id="reconciler-plan")
    return FONT_FACES.sub("", drawn)


if __name__ == "__main__":
    main()
