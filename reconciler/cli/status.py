"""`reconciler status`: how fleets are doing, once or as it changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import DurationType, Selection, output_option, selection
from reconciler.cli.output import is_terminal
from reconciler.cli.status_printing import Appending, Drawing, print_status
from reconciler.core.decide import PlanRequest
from reconciler.engine.group import Open
from reconciler.engine.plan import plan
from reconciler.engine.status import follow, status
from reconciler.errors import ReconcilerError
from reconciler.model.verdict import Standing

WANTED = {
    Standing.FAILED: "that failed",
    Standing.WAITING: "that wait for their unit to connect, or for a person to resume them",
    Standing.OUT: "where what is assigned is not what git says",
    Standing.MOVING: "on the way to what is assigned",
    Standing.STUCK: "that should move and do not",
    Standing.UNKNOWN: "whose state the reading did not prove",
    Standing.DEGRADED: "that failed, are stuck, or are ahead of what is assigned",
}


def _standing_options(function: Callable[..., int]) -> Callable[..., int]:
    """Add an option for each; the command takes those given as `only`."""

    @wraps(function)
    def taking(**given: Any) -> int:
        only = tuple(one for one in WANTED if given.pop(one.name.lower()))
        return function(only=only, **given)

    found: Callable[..., int] = taking
    for one, words in reversed(WANTED.items()):
        help_ = f"List the slots {words}."
        found = click.option(f"--{one.value}", one.name.lower(), is_flag=True, help=help_)(found)
    return found


@click.command(
    epilog="""\b
Examples:
  reconciler status                                  one line per fleet, and what is wrong
  reconciler status --failed --stuck                 who failed, and why
  reconciler status --units --unit 'gw-01*'          one line per unit
  reconciler status --failed -o name | xargs -n1 reconciler explain
  reconciler status --watch --interval 30s           until interrupted
  reconciler status -o json | jq '.fleets[].failed'

\b
Exit codes: 0 shown, whatever the status is; 1 a connection could not be read. With --watch 0 after SIGINT or SIGTERM.""",
)
@click.option("--units", is_flag=True, help="Also show one line per unit.")
@_standing_options
@click.option(
    "-w", "--watch", is_flag=True, help="Read again and again: redraw on a terminal, else append what changed."
)
@click.option(
    "--interval",
    type=DurationType("1s"),
    default="10s",
    show_default=True,
    help="With --watch: the time between the end of a reading and the next one.",
)
@output_option("text", "wide", "name", "json")
@histories.IF_THERE
@selection
def command(
    selected: Selection,
    units: bool,
    only: tuple[Standing, ...],
    watch: bool,
    interval: float,
    output: str,
    history_at: str | None,
) -> int:
    """Show how fleets are doing: sync, health, and which units are ready, moving, waiting, failed or stuck.

    Sync says whether the versions that git asks for are assigned on the platform; health says how units are doing with
    what is assigned. A failure is shown with the platform's own text. Of several options such as --failed and --stuck
    any lists a slot, within what --fleet, --unit, --workload and --exclude leave. `-o wide` has one row a slot where slots are
    listed, `-o name` one `unit/workload` a line.
    """
    clock = wiring.SystemClock()
    listed = units or output == "name"

    def ask(quiet: bool) -> tuple[PlanRequest, Open]:
        manifest = wiring.load(selected.paths, selected.connections, strict=selected.strict, quiet=quiet)
        request = PlanRequest(manifest=manifest, filters=selected.filters, strict=selected.strict)
        return request, wiring.opener(manifest, clock)

    if not watch:
        with histories.read(history_at, clock) as history:
            planned = plan(*ask(False), clock, history)
        planned.close()
        print_status(status(planned, units=listed, only=only), output, clock.now())
        return int(planned.plan.errored)
    shown = Drawing(wide=output == "wide") if is_terminal() and output in {"text", "wide"} else Appending(output)
    try:
        with shown, histories.read(history_at, clock) as history:
            for found in follow(ask, clock, interval, history, units=listed, only=only):
                if isinstance(found, ReconcilerError):
                    shown.trouble(found, clock.now())
                else:
                    shown.show(found, clock.now())
    except KeyboardInterrupt:
        return 0
    return 0
