"""`reconciler snapshot`: record what platforms report, to plan offline and to compare later."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from reconciler.cli import wiring
from reconciler.cli.files import SUFFIX, make_folder, write_file
from reconciler.cli.options import connection_option, connections_option, paths_argument
from reconciler.cli.output import quiet, say
from reconciler.engine.snapshot import chosen, take
from reconciler.errors import SettingsError
from reconciler.views.words import count


@click.command(
    epilog="""\b
Examples:
  reconciler snapshot --out monday.json              the one connection of this folder
  reconciler snapshot --out readings/                every connection, one file each: readings/NAME.json
  reconciler plan --snapshot monday.json             plan against it, without calling anything
  reconciler diff monday.json tuesday.json           what changed in between

\b
A file holds one connection: names, tags and versions of units, and no secrets.""",
)
@paths_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Where to write; a folder for several connections.",
)
@connection_option
@connections_option
def command(paths: tuple[Path, ...], out: Path, connection: str | None, connections: Path | None) -> None:
    """Record what platforms report, and what their catalogues say about every version that is there or asked for."""
    clock = wiring.SystemClock()
    manifest = wiring.load(paths, connections)
    names = chosen(manifest, connection)
    targets = _targets(out, names)
    open_ = wiring.opener(manifest, clock)
    for name, target in targets.items():
        kept = take(manifest, name, open_)
        write_file(target, msgspec.json.encode(kept) + b"\n")
        found = f"{count(len(kept.units.ids), 'unit')}, {count(len(kept.workloads), 'workload')}"
        if not quiet():
            say(f"wrote {target}: {kept.identity}, {found}")
        for problem in kept.coverage.problems:
            say(f"warning: the reading is incomplete: {problem}", err=True)


def _targets(out: Path, names: list[str]) -> dict[str, Path]:
    """Return the file of each connection, making the folder where one is meant."""
    is_file = not out.is_dir() and (bool(out.suffix) or os.path.lexists(out))
    if is_file and len(names) == 1:
        return {names[0]: out}
    if is_file:
        raise SettingsError(
            f"a file holds one connection, but there are {len(names)}: {', '.join(names)}",
            hint="give a folder with --out, or choose one with --connection",
        )
    make_folder(out)
    return {name: out / f"{name}{SUFFIX}" for name in names}
