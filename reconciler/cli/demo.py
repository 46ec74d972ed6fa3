"""`reconciler demo`: the whole story against a simulator, with the real command over real HTTP."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reconciler.cli.demo_platforms import STAGES, Announcement, Slot, Stage
from reconciler.errors import ReconcilerError
from reconciler.simulators import require_server

ALL = "all"
PROPOSAL = "routes: "
"""How `doctor` begins a proposal for a connection."""

CLICKED = 3
"""Slots that somebody sets back by hand."""


@click.command(
    epilog="""\b
Examples:
  reconciler demo
  reconciler demo --platform memfault
  reconciler demo --keep demo/                       keep the manifests it writes""",
)
@click.option(
    "--platform", type=click.Choice([*STAGES, ALL]), default="losant", show_default=True, help="What to simulate."
)
@click.option("--units", type=click.IntRange(10, 5000), default=120, show_default=True, help="Devices to simulate.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Write the manifests here and keep them.")
def command(platform: str, units: int, keep: Path | None) -> None:
    """See it all in half a minute: import, plan, apply, converge, drift, repair.

    Starts a simulated platform on this machine and runs the real commands against it over HTTP. Nothing outside this
    machine is called.
    """
    require_server()
    for name in STAGES if platform == ALL else [platform]:
        folder = keep / name if keep is not None and platform == ALL else keep
        with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as temporary, _simulator(name, units) as simulator:
            place = folder or Path(temporary) / "fleet"
            place.mkdir(parents=True, exist_ok=True)
            _Story(name, place.resolve(), simulator).tell()
    click.echo(_bold("That was it.") + " Next: `reconciler import --help`, and the README for pull requests and CI.\n")
    if keep is not None:
        click.echo(f"The manifests are in {keep}; the simulator is gone.")


@contextmanager
def _simulator(name: str, units: int) -> Iterator[Announcement]:
    """Run a simulator in a process of its own; give what a client needs to connect."""
    options = [*STAGES[name].simulator(units), "--failing", "0%", "--settle", "1s", "--seed", "3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "simulate", name, *options],
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


class _Story:
    """Tells the story, one step after another."""

    def __init__(self, platform: str, place: Path, simulator: Announcement) -> None:
        self.platform = platform
        self.stage: Stage = STAGES[platform]
        self.place = place
        self.simulator = simulator
        self.step = 0

    def tell(self) -> None:
        """Run all steps; raise ReconcilerError when one does not end as it should."""
        self._begin()
        workload, old, new = self._edit()
        self._say(
            "Change one line in git",
            f"{workload}: {old} becomes {new}. In a pull request, this is the plan that reviewers see.{self.stage.note}",
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
            "What is switched off is told already and takes it when it returns: in sync, and waiting.",
        )
        self._run("status", self.place.name)
        self._drift(workload, old, new)

    def _begin(self) -> None:
        """Import what runs, and plan it to nothing."""
        self._say(
            self.stage.title,
            f"Simulated, but over real HTTP: {self.simulator['url']}. "
            f"Start your own with `reconciler simulate {self.platform}`.",
        )
        self._say(
            "Write a manifest from what is running",
            f"Nobody types {len({slot.unit for slot in self._slots()})} {self.stage.units} by hand: "
            "defaults, overrides, pins.",
        )
        self._run("import", self.platform, *self.stage.connect(self.simulator), "--out", self.place.name)
        click.echo((self.place / "fleet.yaml").read_text())
        if self.stage.routes:
            self._say(
                "Take over the calls that the agent describes",
                "No document confirms them, so nothing is sent before somebody read them: `doctor` proposes `routes:`.",
            )
            self._take_over()
        self._say(
            "It is valid, and plans to nothing", "`validate` is offline; `plan` reads the platform and changes nothing."
        )
        self._run("validate", self.place.name)
        self._run("plan", self.place.name, "--detailed-exitcode")

    def _drift(self, workload: str, old: str, new: str) -> None:
        """Let somebody meddle, show it, and repair it."""
        slots = [slot for slot in self._slots() if (slot.workload, slot.told) == (workload, new)][:CLICKED]
        for slot in slots:
            for verb, values in self.stage.click(slot, old):
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
        click.echo("\n" + _bold(f"{self.step}. {title}") + f"\n   {text}\n")

    def _run(self, *args: str, expected: int = 0) -> None:
        shown = shlex.join(["reconciler", *args])
        click.echo(_bold(f"$ {shown}"))
        done = subprocess.run(self._command(*args), cwd=self.place.parent, env=self._environment(), check=False)
        if done.returncode != expected:
            raise ReconcilerError(f"`{shown}` ended with {done.returncode} instead of {expected}")
        click.echo(f"   (exit {done.returncode})\n")

    def _command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "reconciler", *args]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.stage.secrets(self.simulator)}

    def _take_over(self) -> None:
        """Write the calls that doctor proposes into the connection."""
        args = ("doctor", self.place.name, "-o", "json")
        click.echo(_bold(f"$ {shlex.join(['reconciler', *args])}") + "   # the proposal goes into connections.yaml:")
        answer = subprocess.run(
            self._command(*args), cwd=self.place.parent, env=self._environment(), capture_output=True, check=False
        )
        hints = [
            check["hint"]
            for connection in json.loads(answer.stdout)["connections"]
            for check in connection["checks"]
            if check["hint"].startswith(PROPOSAL)
        ]
        if not hints:
            raise ReconcilerError("doctor proposes no calls")
        path = self.place / "connections.yaml"
        path.write_text(f"{path.read_text()}    {hints[0]}\n")
        click.echo(path.read_text())

    def _slots(self) -> list[Slot]:
        return [self.stage.slot(row) for row in self._control("GET", "state")["rows"]]

    def _edit(self) -> tuple[str, str, str]:
        """Move the workload that most units have to a later version that others have, by changing its line; say which."""
        counts = Counter((slot.workload, slot.told) for slot in self._slots() if slot.told)
        for (workload, old), _ in counts.most_common():
            later = sorted(told for name, told in counts if name == workload and told and old and told > old)
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


def _bold(text: str) -> str:
    return click.style(text, bold=True)
