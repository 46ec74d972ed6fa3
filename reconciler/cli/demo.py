"""`reconciler demo`: the whole story against a simulator, with the real command over real HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from reconciler.cli import demo_rollout, wiring
from reconciler.cli.files import make_folder
from reconciler.cli.narrator import Narrator
from reconciler.cli.output import heading, say
from reconciler.errors import ReconcilerError
from reconciler.plugin import Story
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
    """See it all in half a minute: import, plan, apply, converge, drift, repair, and a rollout that halts and is taken back.

    Starts a simulated platform on this machine and runs the real commands against it over HTTP. Nothing outside this
    machine is called.
    """
    narrators: list[Narrator] = []
    with ExitStack() as stack:
        aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-demo-")))
        for name, story in stories().items():
            if platform not in {name, ALL}:
                continue
            wiring.require_simulators(name)
            folder = keep / name if keep is not None and platform == ALL else keep
            simulator = stack.enter_context(_simulator(name, story.simulator(units)))
            place = folder or aside / name / "fleet"
            make_folder(place)
            narrators.append(Narrator(name, story, place.resolve(), aside / name, simulator))
            _Demo(narrators[-1]).run()
        for narrator in narrators:
            if narrator.story.bad is not None:
                demo_rollout.run(narrator, narrator.story.bad, aside / narrator.platform / "repository")
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
    """The story of one platform, one step after another."""

    def __init__(self, narrator: Narrator) -> None:
        self.narrator = narrator
        self.story = narrator.story
        self.folder = narrator.place.name

    def run(self) -> None:
        """Run all steps; raise ReconcilerError when one does not end as it should."""
        self._begin()
        workload, old, new = self._edit()
        self.narrator.say(
            "Change one line in git",
            f"{workload}: {old} becomes {new}. In a pull request, this is the plan that reviewers see.{self.story.note}",
        )
        saved = f"{self.folder}/plan.json"
        self.narrator.run("plan", self.folder, "--detailed-exitcode", "--out", saved, expected=2)
        self.narrator.say(
            "Apply what was reviewed",
            "The saved plan is an upper bound; the calls are sent, then the fleet is watched until it settles.",
        )
        self.narrator.run("apply", self.folder, "--plan", saved)
        self.narrator.say(
            "The fleet converged",
            "In sync: the platform has what git says. Waiting: a unit is not connected, and takes it when it reconnects.",
        )
        self.narrator.run("status", self.folder)
        self._drift(workload, old, new)

    def _begin(self) -> None:
        """Import what runs, and plan it to nothing."""
        begin, run = self.narrator.say, self.narrator.run
        platform, simulator = self.narrator.platform, self.narrator.simulator
        begin(
            self.story.title,
            f"Simulated, but over real HTTP: {simulator['url']}. Start your own with `reconciler simulate {platform}`.",
        )
        begin(
            "Write a manifest from what is running",
            f"{len({slot.unit for slot in self.narrator.slots()})} {self.story.units} fit in a few lines: "
            "the most common version, overrides by tag, pins.",
        )
        run("import", platform, *self.story.connect(simulator), "--out", self.folder)
        self.narrator.show("fleet.yaml")
        if self.story.proposal is not None:
            begin(self.story.proposal.title, self.story.proposal.text)
            run("doctor", self.folder, "--write")
            self.narrator.show("connections.yaml")
        begin(
            "It is valid, and the plan is empty",
            "`validate` is offline; `plan` reads the platform and changes nothing.",
        )
        run("validate", self.folder)
        run("plan", self.folder, "--detailed-exitcode")

    def _drift(self, workload: str, old: str, new: str) -> None:
        """Let somebody meddle, show it, and repair it."""
        slots = [slot for slot in self.narrator.slots() if (slot.workload, slot.assigned) == (workload, new)][:CLICKED]
        for slot in slots:
            for verb, values in self.story.click(slot, old):
                self.narrator.control("POST", verb, values)
        more = f" and {len(slots) - 1} more were" if len(slots) > 1 else " was"
        self.narrator.say(
            "Somebody clicks in the console",
            f"{slots[0].name}{more} set back to {old} by hand. The next plan, or a running watch, shows the drift.",
        )
        self.narrator.run("explain", slots[0].unit, workload, self.folder)
        self.narrator.say("Repair", "One pass of watch corrects it, as a scheduled job would, and waits until it has.")
        self.narrator.run("watch", self.folder, "--once", "--mode", "apply", "--wait", "5m")
        self.narrator.run("plan", self.folder, "--detailed-exitcode")

    def _edit(self) -> tuple[str, str, str]:
        """Move the workload that most units have to a later version that others have, by changing its line; say which."""
        counts = Counter((slot.workload, slot.assigned) for slot in self.narrator.slots() if slot.assigned)
        for (workload, old), _ in counts.most_common():
            later = sorted(
                version for name, version in counts if name == workload and version and old and version > old
            )
            if later and old:
                self.narrator.edit(workload, old, later[-1])
                return workload, old, later[-1]
        raise ReconcilerError("every unit has the newest version already", hint="simulate more units")
