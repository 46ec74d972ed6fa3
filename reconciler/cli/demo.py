"""`reconciler demo`: the whole story against a simulator, with the real command over real HTTP."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reconciler.errors import ReconcilerError

VARIABLE = "LOSANT_API_TOKEN"


@click.command(
    epilog="\b\nExample:\n  reconciler demo\n  reconciler demo --keep demo/      keep the manifests it writes",
)
@click.option(
    "--units", type=click.IntRange(10, 5000), default=120, show_default=True, help="Edge devices to simulate."
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Write the manifests here and keep them.")
def command(units: int, keep: Path | None) -> None:
    """See it all in half a minute: import, plan, apply, converge, drift, repair.

    Starts a simulated Losant application on this machine and runs the real commands against it over HTTP. Nothing
    outside this machine is called.
    """
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder, _simulator(units) as simulator:
        place = keep or Path(folder) / "fleet"
        place.mkdir(parents=True, exist_ok=True)
        _Story(place.resolve(), simulator).tell()
    if keep is not None:
        click.echo(f"The manifests are in {keep}; the simulator is gone.")


@contextmanager
def _simulator(units: int) -> Iterator[dict[str, str]]:
    """Run a simulator in a process of its own; give what a client needs to connect."""
    options = ["--units", str(units), "--offline", "4%", "--failing", "0%", "--settle", "1s", "--seed", "3"]
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "simulate", "losant", *options],
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

    def __init__(self, place: Path, simulator: dict[str, str]) -> None:
        self.place = place
        self.simulator = simulator
        self.step = 0

    def tell(self) -> None:
        """Run all steps; raise ReconcilerError when one does not end as it should."""
        self._say(
            "A Losant application is running",
            f"Simulated, but over real HTTP: {self.simulator['url']}. Start your own with `reconciler simulate losant`.",
        )
        self._say(
            "Write a manifest from what is running",
            "Nobody types 120 devices by hand: defaults, overrides by tag, pins.",
        )
        self._run(
            "import",
            "losant",
            "--url",
            self.simulator["url"],
            "--application",
            self.simulator["application"],
            "--out",
            self.place.name,
        )
        click.echo((self.place / "fleet.yaml").read_text())
        self._say(
            "It is valid, and plans to nothing", "`validate` is offline; `plan` reads the platform and changes nothing."
        )
        self._run("validate", self.place.name)
        self._run("plan", self.place.name, "--detailed-exitcode")
        workload, old, new = self._edit()
        self._say(
            "Change one line in git",
            f"{workload}: {old} becomes {new}. In a pull request, this is the plan that reviewers see.",
        )
        self._run("plan", self.place.name, "--detailed-exitcode", "--out", f"{self.place.name}/plan.json", expected=2)
        self._say(
            "Apply what was reviewed",
            "The saved plan is an upper bound; the calls are sent, then the fleet is watched until it settles.",
        )
        self._run("apply", self.place.name, "--plan", f"{self.place.name}/plan.json")
        self._say(
            "The fleet converged",
            "Units that are switched off are told already and take it when they return: in sync, and waiting.",
        )
        self._run("status", self.place.name)
        unit = self._break(workload, old)
        self._say(
            "Somebody clicks in the console",
            f"{unit} and two more were set back to {old} by hand. The next plan, or a running watch, shows the drift.",
        )
        self._run("explain", unit, workload, self.place.name)
        self._say("Repair", "One pass of watch corrects it, as a scheduled job would.")
        self._run("watch", self.place.name, "--once", "--mode", "apply")
        self._run("plan", self.place.name, "--detailed-exitcode")
        click.echo(
            _bold("That was it.") + " Next: `reconciler import --help`, and the README for pull requests and CI.\n"
        )

    def _say(self, title: str, text: str) -> None:
        self.step += 1
        click.echo("\n" + _bold(f"{self.step}. {title}") + f"\n   {text}\n")

    def _run(self, *args: str, expected: int = 0) -> None:
        shown = shlex.join(["reconciler", *args])
        click.echo(_bold(f"$ {shown}"))
        environment = {**os.environ, VARIABLE: self.simulator["token"]}
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *args], cwd=self.place.parent, env=environment, check=False
        )
        if done.returncode != expected:
            raise ReconcilerError(f"`{shown}` ended with {done.returncode} instead of {expected}")
        click.echo(f"   (exit {done.returncode})\n")

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._control("GET", "state")["rows"]
        return rows

    def _edit(self) -> tuple[str, str, str]:
        """Move the workload that most devices have to another version, by changing its line; say which."""
        rows = self._rows()
        counts: dict[tuple[str, str], int] = {}
        for row in rows:
            if row["desired"]:
                counts[row["flow"], row["desired"]] = counts.get((row["flow"], row["desired"]), 0) + 1
        (workload, old), _ = max(counts.items(), key=lambda item: (item[1], item[0]))
        versions = sorted({version for flow, version in counts if flow == workload} - {old})
        new = versions[-1]
        path = self.place / "fleet.yaml"
        head, found, tail = path.read_text().partition(f"    {workload}:")
        path.write_text(head + found + tail.replace(f"version: {old}", f"version: {new}", 1))
        return workload, old, new

    def _break(self, workload: str, old: str) -> str:
        """Set three devices back by hand; name one."""
        names = [row["device"] for row in self._rows() if row["flow"] == workload and row["current"] not in {None, old}]
        for name in names[:3]:
            self._control("POST", "console", {"device": name, "flow": workload, "version": old})
        return str(names[0])

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # any JSON value
        import httpx

        answer = httpx.request(method, f"{self.simulator['url']}/simulator/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()


def _bold(text: str) -> str:
    return click.style(text, bold=True)
