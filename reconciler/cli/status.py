"""`reconciler status`: how fleets are doing."""

from __future__ import annotations

import click

from reconciler.cli import wiring
from reconciler.cli.options import Selection, output_option, selection
from reconciler.cli.printing import print_report
from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import plan
from reconciler.engine.status import status


@click.command(
    epilog="""\b
Examples:
  reconciler status                                  one line per fleet, and what is wrong
  reconciler status --units --unit 'gw-01*'          one line per unit
  reconciler status -o json | jq '.fleets[].failed'

\b
Exit codes: 0 shown, whatever the status is; 1 a connection could not be read.""",
)
@click.option("--units", is_flag=True, help="Also show one line per unit.")
@output_option("text", "json")
@selection
def command(selected: Selection, units: bool, output: str) -> int:
    """Show how fleets are doing: sync, health, and which units are ready, moving, waiting, failed or stuck.

    Sync says whether the versions that git asks for are assigned on the platform; health says how units are doing with
    what is assigned. A failure is shown with the platform's own text.
    """
    from reconciler.views import status_text

    clock = wiring.SystemClock()
    manifest = wiring.load(selected.paths, selected.connections, strict=selected.strict)
    request = PlanRequest(manifest=manifest, filters=selected.filters, strict=selected.strict)
    planned = plan(request, wiring.opener(manifest, clock), clock)
    planned.close()
    found = status(planned, units=units)
    print_report(found, output, status_text.encode, status_text.render, now=clock.now())
    return int(planned.plan.errored)
