"""What every act of the demo does: say what comes, run a command as a person would type it, ask and change the simulator."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.cli.output import heading, say, width
from reconciler.errors import ReconcilerError
from reconciler.plugin import Slot, Story
from reconciler.plugin.simulation import Announcement

OTHERS = ("GIT_", "RECONCILER_HISTORY")
"""How variables begin that belong to repositories and histories of whoever looks on."""


class Narrator:
    """One platform's fleet: its manifests are in `place`, and in `aside` what commands keep elsewhere."""

    def __init__(self, platform: str, story: Story, place: Path, aside: Path, simulator: Announcement) -> None:
        self.platform = platform
        self.story = story
        self.place = place
        self.aside = aside
        self.simulator = simulator
        self._step = 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
        places = {f"XDG_{name}_HOME": str(aside / name.lower()) for name in ("STATE", "CACHE")}
        self.env = {**kept, **places, **story.secrets(simulator)}

    def say(self, title: str, text: str) -> None:
        """Begin a step."""
        self._step += 1
        say("")
        heading(f"{self._step}. {title}")
        say(*textwrap.wrap(text, width(), initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False), "")

    def export(self, values: Mapping[str, str]) -> None:
        """Set variables for the commands from here on."""
        self.env |= values
        for name, value in values.items():
            heading(f"$ export {name}={shlex.quote(value)}")
        say("")

    def run(self, *args: str, expected: int = 0) -> None:
        """Run our command beside the manifests; raise ReconcilerError when it ends otherwise than expected."""
        self._run("reconciler", args, [sys.executable, "-m", "reconciler"], expected)
        say(f"   (exit {expected})", "")

    def git(self, *args: str, shown: bool = True) -> None:
        """Run git there."""
        self._run("git", args, ["git"], 0, shown=shown)
        if shown:
            say("")

    def _run(
        self, name: str, args: Sequence[str], program: Sequence[str], expected: int, *, shown: bool = True
    ) -> None:
        command = shlex.join([name, *args])
        if shown:
            heading(f"$ {command}")
        done = subprocess.run([*program, *args], cwd=self.place.parent, env=self.env, check=False)
        if done.returncode != expected:
            raise ReconcilerError(f"`{command}` ended with {done.returncode} instead of {expected}")

    def show(self, name: str) -> None:
        """Show a manifest."""
        say(*(self.place / name).read_text().split("\n"))

    def edit(self, workload: str, old: str, new: str, more: str = "") -> None:
        """Change a workload's version in the fleet, by changing its line; add `more` at its end."""
        path = self.place / "fleet.yaml"
        head, found, tail = path.read_text().partition(f"    {workload}:")
        path.write_text(head + found + tail.replace(f"version: {old}", f"version: {new}", 1) + more)

    def slots(self) -> list[Slot]:
        """Return all slots, as the simulator has them."""
        return [self.story.slot(row) for row in self.control("GET", "state")["rows"]]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # any JSON value
        """Ask the simulator, or have something happen there."""
        import httpx

        answer = httpx.request(method, f"{self.simulator['url']}/simulator/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()
