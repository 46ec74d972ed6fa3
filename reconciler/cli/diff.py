"""`reconciler diff`: how two plans, snapshots or manifests differ."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import output_option
from reconciler.cli.printing import show

SAME, DIFFERENT = 0, 2


@click.command(
    epilog="""\b
Examples:
  reconciler diff monday.json tuesday.json           two plans, or two snapshots
  reconciler diff fleets ../other-checkout/fleets    two manifests

\b
Exit codes: 0 the same, 2 different, 1 something could not be read.""",
)
@click.argument("left", metavar="A", type=click.Path(path_type=Path))
@click.argument("right", metavar="B", type=click.Path(path_type=Path))
@output_option("text", "json")
def command(left: Path, right: Path, output: str) -> int:
    """Say how two plans, two snapshots or two manifests differ, by the names of units, workloads and fleets.

    A and B are files written by `plan --out` or `snapshot --out`, or manifests: a file or a folder. Times are not
    compared.
    """
    from reconciler.cli import wiring
    from reconciler.cli.reading import read_thing
    from reconciler.engine.difference import comparison
    from reconciler.views import difference_text

    found = comparison((str(left), read_thing(left)), (str(right), read_thing(right)))
    if output == "json":
        click.echo(difference_text.encode(found))
    else:
        show(difference_text.render(found, width=wiring.width()))
    return DIFFERENT if found.differences else SAME
