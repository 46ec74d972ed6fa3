"""`reconciler demo`: the whole story against a simulator, with the real command over real HTTP."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reconciler.cli import wiring
from reconciler.cli.files import make_folder
from reconciler.cli.output import heading, say, width
from reconciler.errors import ReconcilerError
from reconciler.plugin import Slot, Story
from reconciler.plugin.simulation import Announcement

ALL = "all"

CLICKED = 3
"""Slots that somebody sets back by hand."""


def stories() -> dict[str, Story]:
    """Return the stories that can be shown, by platform; the first is the default."""
    simulators = {
        plugin.name: wiring.simulator(plugin.name) for plugin in wiring.plugins().values() if plugin.simulation
    }
    found = [(one.story.order, name, one.story) for name, one in simulators.items() if one.story is not None]
    return {name: story for _, name, story in sorted(found, key=lambda one: one[:2])}


class Demo(click.Command):
    """Offers the platforms that are installed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters; which platforms there are is asked only here."""
        names = list(stories())
        return [
            click.Option(
                ["--platform"],
                type=click.Choice([*names, ALL]),
                default=names[0],
                show_default=True,
                help="What to simulate.",
            ),
            *super().get_params(ctx),
        ]


@click.command(
    cls=Demo,
    epilog="""\b
Examples:
  reconciler demo
  reconciler demo --platform all
  reconciler demo --keep demo/                       keep the manifests it writes""",
)
@click.option("--units", type=click.IntRange(10, 5000), default=120, show_default=True, help="Devices to simulate.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Write the manifests here and keep them.")
def command(platform: str, units: int, keep: Path | None) -> None:
    """See it all in half a minute: import, plan, apply, converge, drift, repair.

    Starts a simulated platform on this machine and runs the real commands against it over HTTP. Nothing outside this
    machine is called.
    """
    for name, story in stories().items():
        if platform not in {name, ALL}:
            continue
        wiring.require_simulators(name)
        folder = keep / name if keep is not None and platform == ALL else keep
        options = story.simulator(units)
        with (
            tempfile.TemporaryDirectory(prefix="reconciler-demo-") as temporary,
            _simulator(name, options) as simulator,
        ):
            place = folder or Path(temporary) / "fleet"
            make_folder(place)
            _Demo(name, story, place.resolve(), simulator).tell()
    heading("Done.", " Next: `reconciler import --help`, and the README for pull requests and CI.")
    say("")
    if keep is not None:
        say(f"The manifests are in {keep}; the simulator is gone.")


@contextmanager
def _simulator(name: str, options: Sequence[str]) -> Iterator[Announcement]:
    """Run a simulator in a process of its own; give what a client needs to connect."""
    steady = ("--failing", "0%", "--settle", "1s", "--seed", "3")
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "simulate", name, *options, *steady],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        first = process.stdout.readline() if process.stdout is not None else ""
        if not first:
            raise ReconcilerError("the simulator did not start")
        yield json.loads(first)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


class _Demo:
    """Tells the story of one platform, one step after another."""

    def __init__(self, platform: str, story: Story, place: Path, simulator: Announcement) -> None:
        self.platform = platform
        self.story = story
        self.place = place
        self.simulator = simulator
        self.step = 0

    def tell(self) -> None:
        """Run all steps; raise ReconcilerError when one does not end as it should."""
        self._begin()
        workload, old, new = self._edit()
        self._say(
            "Change one line in git",
            f"{workload}: {old} becomes {new}. In a pull request, this is the plan that reviewers see.{self.story.note}",
        )
        saved = f"{self.place.name}/plan.json"
        self._run("plan", self.place.name, "--detailed-exitcode", "--out", saved, expected=2)
        self._say(
            "Apply what was reviewed",
            "The saved plan is an upper bound; the calls are sent, then the fleet is watched until it settles.",
        )
        self._run("apply", self.place.name, "--plan", saved)
        self._say(
            "The fleet converged",
            "In sync: the platform has what git says. Waiting: a unit is not connected, and takes it when it reconnects.",
        )
        self._run("status", self.place.name)
        self._drift(workload, old, new)

    def _begin(self) -> None:
        """Import what runs, and plan it to nothing."""
        self._say(
            self.story.title,
            f"Simulated, but over real HTTP: {self.simulator['url']}. "
            f"Start your own with `reconciler simulate {self.platform}`.",
        )
        self._say(
            "Write a manifest from what is running",
            f"{len({slot.unit for slot in self._slots()})} {self.story.units} fit in a few lines: "
            "the most common version, overrides by tag, pins.",
        )
        self._run("import", self.platform, *self.story.connect(self.simulator), "--out", self.place.name)
        say(*(self.place / "fleet.yaml").read_text().split("\n"))
        if self.story.proposal is not None:
            self._say(self.story.proposal.title, self.story.proposal.text)
            self._run("doctor", self.place.name, "--write")
            say(*(self.place / "connections.yaml").read_text().split("\n"))
        self._say(
            "It is valid, and the plan is empty",
            "`validate` is offline; `plan` reads the platform and changes nothing.",
        )
        self._run("validate", self.place.name)
        self._run("plan", self.place.name, "--detailed-exitcode")

    def _drift(self, workload: str, old: str, new: str) -> None:
        """Let somebody meddle, show it, and repair it."""
        slots = [slot for slot in self._slots() if (slot.workload, slot.assigned) == (workload, new)][:CLICKED]
        for slot in slots:
            for verb, values in self.story.click(slot, old):
                self._control("POST", verb, values)
        more = f" and {len(slots) - 1} more were" if len(slots) > 1 else " was"
        self._say(
            "Somebody clicks in the console",
            f"{slots[0].name}{more} set back to {old} by hand. The next plan, or a running watch, shows the drift.",
        )
        self._run("explain", slots[0].unit, workload, self.place.name)
        self._say("Repair", "One pass of watch corrects it, as a scheduled job would, and waits until it has.")
        self._run("watch", self.place.name, "--once", "--mode", "apply", "--wait", "5m")
        self._run("plan", self.place.name, "--detailed-exitcode")

    def _say(self, title: str, text: str) -> None:
        self.step += 1
        say("")
        heading(f"{self.step}. {title}")
        say(*textwrap.wrap(text, width(), initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False), "")

    def _run(self, *args: str, expected: int = 0) -> None:
        shown = shlex.join(["reconciler", *args])
        heading(f"$ {shown}")
        done = subprocess.run(self._command(*args), cwd=self.place.parent, env=self._environment(), check=False)
        if done.returncode != expected:
            raise ReconcilerError(f"`{shown}` ended with {done.returncode} instead of {expected}")
        say(f"   (exit {done.returncode})", "")

    def _command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "reconciler", *args]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.story.secrets(self.simulator)}

    def _slots(self) -> list[Slot]:
        return [self.story.slot(row) for row in self._control("GET", "state")["rows"]]

    def _edit(self) -> tuple[str, str, str]:
        """Move the workload that most units have to a later version that others have, by changing its line; say which."""
        counts = Counter((slot.workload, slot.assigned) for slot in self._slots() if slot.assigned)
        for (workload, old), _ in counts.most_common():
            later = sorted(
                version for name, version in counts if name == workload and version and old and version > old
            )
            if later and old:
                path = self.place / "fleet.yaml"
                head, found, tail = path.read_text().partition(f"    {workload}:")
                path.write_text(head + found + tail.replace(f"version: {old}", f"version: {later[-1]}", 1))
                return workload, old, later[-1]
        raise ReconcilerError("every unit has the newest version already", hint="simulate more units")

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # any JSON value
        import httpx

        answer = httpx.request(method, f"{self.simulator['url']}/simulator/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()
