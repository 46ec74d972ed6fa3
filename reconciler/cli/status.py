"""`reconciler status`: how fleets are doing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.options import (
    connections_option,
    filter_options,
    filters_of,
    output_option,
    paths_argument,
    strict_option,
)
from reconciler.cli.printing import show
from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import plan
from reconciler.engine.status import status


@click.command(
    epilog="""\b
Examples:
  reconciler status                                  a line a fleet, and what is wrong
  reconciler status --units --unit 'gw-01*'          a line a unit
  reconciler status -o json | jq '.fleets[].failed'

\b
Exit codes: 0 told (however bad it is); 1 a connection could not be read.""",
)
@paths_argument
@click.option("--units", is_flag=True, help="One line a unit besides.")
@output_option("text", "json")
@connections_option
@filter_options
@strict_option
def command(
    paths: tuple[Path, ...],
    units: bool,
    output: str,
    connections: Path | None,
    fleet: tuple[str, ...],
    unit: tuple[str, ...],
    workload: tuple[str, ...],
    exclude: tuple[str, ...],
    strict: bool,
) -> int:
    """Say how fleets are doing: sync, health, who is ready, moves, waits, failed or is stuck.

    Sync says whether the platform was told what git says; health how units are doing with what they were told. A
    failure is shown with the platform's own text.
    """
    from reconciler.views import status_text

    clock = wiring.SystemClock()
    manifest = wiring.load(paths, connections)
    request = PlanRequest(manifest=manifest, filters=filters_of(fleet, unit, workload, exclude), strict=strict)
    planned = plan(request, wiring.opener(manifest, clock), clock)
    planned.close()
    found = status(planned, units=units)
    if output == "json":
        click.echo(status_text.encode(found))
    else:
        show(status_text.render(found, now=clock.now(), width=wiring.width()))
    return int(planned.plan.errored)
