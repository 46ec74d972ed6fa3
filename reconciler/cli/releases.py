"""`reconciler releases`: which versions there are, and what the platform says of them."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.options import connection_option, connections_option, output_option, paths_argument
from reconciler.cli.output import show, width
from reconciler.cli.printing import print_report
from reconciler.engine.listing import releases
from reconciler.engine.snapshot import chosen
from reconciler.model.release import ReleaseQuery


@click.command(
    epilog="""\b
Examples:
  reconciler releases                                every connection of this folder
  reconciler releases --workload vision --sort version
  reconciler releases --hardware-version mp --sort -created_date -o json

\b
Exit codes: 0 listed; 1 a connection could not be read (the rest is listed), or nothing matches the filters.""",
)
@paths_argument
@connection_option
@click.option("--workload", multiple=True, metavar="NAME", help="Only of this workload, by name or id (repeatable).")
@click.option("--version", multiple=True, metavar="V", help="Only this version (repeatable).")
@click.option("--revision", multiple=True, metavar="R", help="Only of this source revision (repeatable).")
@click.option(
    "--hardware-version", multiple=True, metavar="H", help="Only with an artifact for this hardware (repeatable)."
)
@click.option("--build-id", multiple=True, metavar="B", help="Only with this build (repeatable).")
@click.option(
    "--sort",
    multiple=True,
    metavar="FIELD",
    help="`created_date` or `version`, with `-` before it for descending (repeatable).  [default: -created_date]",
)
@connections_option
@output_option("text", "json")
def command(
    paths: tuple[Path, ...],
    connection: str | None,
    workload: tuple[str, ...],
    version: tuple[str, ...],
    revision: tuple[str, ...],
    hardware_version: tuple[str, ...],
    build_id: tuple[str, ...],
    sort: tuple[str, ...],
    connections: Path | None,
    output: str,
) -> int:
    """List the versions that platforms have: when they were created, what they need, how many devices run them.

    What a platform cannot answer (an unsupported filter, an unread page) is reported on standard error. JSON has
    everything: artifacts, hashes, dates, dependencies, what clients stored with a release.
    """
    from reconciler.views import releases_text

    query = ReleaseQuery(
        workloads=workload,
        versions=version,
        revisions=revision,
        hardware=hardware_version,
        builds=build_id,
        sort=sort,
    )
    manifest = wiring.load(paths, connections)
    opened = wiring.opener(manifest, wiring.SystemClock())
    found = releases(manifest, chosen(manifest, connection), query, opened)
    print_report(found, output, releases_text.encode, releases_text.render)
    show(releases_text.problems(found, width=width()), err=True)
    return int(any(one.error for one in found))
