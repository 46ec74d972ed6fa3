"""`reconciler doctor`: is everything there that a run relies on?"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from reconciler import __version__
from reconciler.cli import wiring
from reconciler.cli.options import connections_option, output_option, paths_argument, typed
from reconciler.cli.output import note
from reconciler.cli.printing import print_report
from reconciler.cli.proposals import take_over
from reconciler.engine.doctor import examine
from reconciler.errors import SettingsError
from reconciler.git.command import git
from reconciler.manifest.layout import data
from reconciler.ports import Check


@click.command(
    epilog="""\b
Examples:
  reconciler doctor                                  the manifests and connections of this folder
  reconciler doctor fleets -o json
  reconciler doctor --write                          and take over what it proposes, to be read before it is used

\b
Exit codes: 0 nothing failed (there may be warnings and unchecked items); 1 something failed.""",
)
@paths_argument
@output_option("text", "json")
@connections_option
@click.option("--write", is_flag=True, help="Put what is proposed for connections into their files; comments stay.")
def command(paths: tuple[Path, ...], output: str, connections: Path | None, write: bool) -> int:
    """Check manifests, secrets, connections, credentials, permissions and clocks, reading only.

    Also reports what could not be checked, and which facts about the platform are inferred rather than confirmed.
    """
    from reconciler.views import doctor_text

    clock = wiring.SystemClock()
    probes = [("version", _versions), ("platforms", _platforms), ("git", lambda: _git(wiring.places(paths)[0]))]
    parts = list(examine(wiring.source(paths, connections), probes, lambda manifest: wiring.opener(manifest, clock)))
    shown = [(part.name, tuple(map(_copyable, part.checks))) for part in parts]
    print_report(shown, output, doctor_text.encode, doctor_text.render)
    if not write and any(check.proposal for part in parts for check in part.checks):
        again = typed(paths, connections).command("doctor", "--write")
        note(f"put what is proposed into the Connections, and read it there, with: {again}")
    if write:
        lines = take_over(wiring.source(paths, connections).load(), parts)
        note(*(lines or ["nothing to write: nothing is proposed"]))
    return int(any(part.failed for part in parts))


def _copyable(check: Check) -> Check:
    """Return a check whose proposal stands in its hint, as it is to be written."""
    return msgspec.structs.replace(check, hint=data(check.proposal)) if check.proposal else check


def _versions() -> Iterator[Check]:
    python = platform.python_version()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("httpx", "msgspec", "pyyaml"))
    yield Check("version", "ok", f"reconciler {__version__}, Python {python} ({sys.platform}), {libraries}")


def _platforms() -> Iterator[Check]:
    """Yield which platforms there are, and each that cannot be used."""
    found = wiring.plugins()
    usable = []
    for name in found:
        try:
            usable.append(found[name].title)
        except SettingsError as error:
            yield Check("platforms", "failed", str(error), error.hint)
    yield Check("platforms", "ok", ", ".join(usable))


def _git(place: Path) -> Iterator[Check]:
    folder = place if place.is_dir() else place.parent
    answer = git(folder, "version")
    if answer.problem:
        hint = "install git; without it --base is not available, and explain shows no authors"
        yield Check("git", "warning", answer.problem, hint)
        return
    yield Check("git", "ok", answer.output.decode(errors="replace").strip())
    repository = wiring.repository([place])
    head = repository.head()
    if not head and (why := repository.trouble()):
        yield Check("repository", "warning", f"git refuses it, so plans name no commit: {why}")
    elif not head:
        yield Check("repository", "warning", f"{folder} is not in a git repository with a commit: plans name no commit")
    else:
        yield Check("repository", "ok", f"at commit {head[:12]}")
