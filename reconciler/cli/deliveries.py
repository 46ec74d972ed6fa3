"""`reconciler deliveries`: how servers get on that make releases ready for units to fetch."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.options import connection_option, connections_option, output_option
from reconciler.cli.printing import print_report
from reconciler.engine.listing import deliveries
from reconciler.engine.snapshot import chosen


@click.command(
    epilog="""\b
Examples:
  reconciler deliveries --manifests fleets         what the manifests ask for: only listed, since asking may start it
  reconciler deliveries --manifests fleets --probe also asks the server
  reconciler deliveries 12.vision@2.0.1 --probe
  reconciler deliveries --manifests fleets -o json

\b
Catalog ids are what `reconciler releases` shows. Exit codes: 0 shown; 1 a connection could not be asked (the rest is
shown).""",
)
@click.argument("catalog_ids", nargs=-1, metavar="[CATALOG_ID]...")
@click.option(
    "-f",
    "--manifests",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where the manifests are (repeatable).  [default: the current folder]",
)
@connection_option
@click.option("--probe", is_flag=True, help="Ask even where the request may start a preparation.")
@connections_option
@output_option("text", "json")
def command(
    catalog_ids: tuple[str, ...],
    manifests: tuple[Path, ...],
    connection: str | None,
    probe: bool,
    connections: Path | None,
    output: str,
) -> int:
    """Show the preparation of releases: progress, size, files with their hashes, errors.

    Only platforms with a server that makes releases ready for devices have preparations; others are named. Without
    CATALOG_ID, the command is about the releases that the manifests ask for. Without --probe, releases are only listed: the
    request itself could start their preparation.
    """
    from reconciler.views import deliveries_text

    for one in catalog_ids:
        if Path(one).is_dir():
            raise click.UsageError(f"{one} is a folder: give manifests with --manifests; arguments are catalog ids")
    manifest = wiring.load(manifests, connections)
    opened = wiring.opener(manifest, wiring.SystemClock())
    found = deliveries(manifest, chosen(manifest, connection), catalog_ids, opened, probe=probe)
    print_report(found, output, deliveries_text.encode, deliveries_text.render)
    return int(any(one.error for one in found))
