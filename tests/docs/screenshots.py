"""`make docs`: the README's pictures of the page, of a watch over a simulated fleet while a version spreads in waves.

Needs Debian's Chromium; without it nothing is drawn, and that is said.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[2] / ".github"
PICTURES: tuple[tuple[str, Literal["light", "dark"]], ...] = (("page-light.png", "light"), ("page-dark.png", "dark"))
WIDTH, HEIGHT = 1100, 800
PASSES = 3
"""Passes that the watch has made when the pictures are taken."""

MANIFEST = """apiVersion: reconciler/v1
kind: Connection
metadata: {{name: plant}}
spec: {{losant: {{application: {application}, url: "{url}", token: {{env: LOSANT_API_TOKEN}}}}}}
---
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: gateways}}
spec:
  connection: plant
  units: {{all: true}}
  mode: apply
  rollout: {{waves: [10%, 50%, 100%], success: 80%, failure: {{percent: 30%}}}}
  workloads:
    modbus-poller: v1.4.0
"""
PYTHON = (sys.executable, "-m", "reconciler")


def main() -> int:
    """Draw the pictures anew."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no pictures of the page: install Debian's package `chromium`")
        return 0
    with tempfile.TemporaryDirectory() as name, watched(Path(name)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for picture, scheme in PICTURES:
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{url}/fleets/gateways", wait_until="load")
            page.screenshot(path=FOLDER / picture)
            print(f"wrote .github/{picture}")
        browser.close()
    return 0


@contextmanager
def watched(folder: Path) -> Iterator[str]:
    """Watch a simulated fleet, and give the address of its page after a few passes."""
    options = ("--units", "400", "--settle", "5s", "--offline", "4%", "--failing", "2%")
    with started(*PYTHON, "simulate", "losant", *options) as simulator:
        assert simulator.stdout is not None
        world = json.loads(simulator.stdout.readline())
        (folder / "fleet.yaml").write_text(MANIFEST.format(**world))
        how = ("--mode", "apply", "--interval", "6s", "--history", str(folder / "history.db"), "--listen", "0")
        env = {**os.environ, "LOSANT_API_TOKEN": world["token"]}
        with started(*PYTHON, "watch", str(folder), *how, env=env) as watch:
            assert watch.stdout is not None
            assert watch.stderr is not None
            found = re.search(r"http://\S+", watch.stderr.readline())
            assert found is not None
            for line in watch.stdout:
                if f"pass {PASSES}:" in line:
                    break
            yield found[0]


@contextmanager
def started(*command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


if __name__ == "__main__":
    sys.exit(main())
