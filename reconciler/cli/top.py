"""`reconciler top`: fleets, rollouts and units on a whole terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from threading import Event

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import DurationType, Selection, selection
from reconciler.cli.output import clear
from reconciler.cli.stopping import on_signals
from reconciler.core.decide import PlanRequest
from reconciler.engine.group import Open
from reconciler.engine.overview import Overview, overviews
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.report import Explanation

PATIENCE = 5.0
"""Seconds for which a reading that is cut off is waited for."""
TURN = 0.25
"""Seconds after which a wait looks whether the command ends."""


@click.command(
    epilog="""\b
Examples:
  reconciler top                                     all fleets, read every 10 seconds
  reconciler top --interval 1m --fleet austin fleets
  reconciler top --history postgresql://fleet@db/fleet   with what a watch elsewhere remembers

\b
Keys: arrows, Enter (the units of a fleet; why a unit is as it is), Escape, / search, f failing only, r read now, ? help,
q quit. Exit codes: 0 after q, Ctrl-C or SIGTERM; 1 the first reading was not possible; 64 this is no terminal."""
)
@click.option(
    "--interval",
    type=DurationType("1s"),
    default="10s",
    show_default=True,
    help="The time between the end of a reading and the next one.",
)
@histories.IF_THERE
@selection
def command(selected: Selection, interval: float, history_at: str | None) -> int:
    """Look through fleets, their rollouts, failures and units on a full screen, as they change. It sends nothing.

    It reads platforms as `status --watch` does, with the same history; Enter on a unit says what `explain` says.
    """
    _check_terminal()
    try:
        from reconciler.screen.app import Top
    except ImportError as error:
        raise SettingsError(f"top cannot run here: {error}", hint="install fleet-reconciler[top]") from error
    clock, again = wiring.SystemClock(), Event()
    wiring.load(
        selected.paths, selected.connections, strict=selected.strict
    )  # what is wrong is said without the screen
    repository = wiring.repository(selected.paths)

    def ask() -> tuple[PlanRequest, Open]:
        manifest = wiring.load(selected.paths, selected.connections, strict=selected.strict, quiet=True)
        request = PlanRequest(manifest=manifest, filters=selected.filters, strict=selected.strict)
        return request, wiring.opener(manifest, clock)

    def wait() -> bool:
        until = clock.monotonic() + interval
        while not clock.stopping() and clock.monotonic() < until and not again.wait(TURN):
            pass
        again.clear()
        return clock.stopping()

    def look() -> Iterator[Overview | ReconcilerError]:
        with histories.read(history_at, clock) as history:
            yield from overviews(ask, wait, clock, history)

    def explain(found: Overview, unit: str) -> Explanation:
        return found.explained(unit, repository)

    clear(for_good=True)  # a picture of the readings would be drawn over the screen
    top = Top(look, explain, again.set)
    with on_signals(lambda _: top.leave()):
        top.run(mouse=False)
    clock.stop()
    top.reader.join(PATIENCE)
    if top.error is not None and not top.left:
        raise top.error
    return 0


def _check_terminal() -> None:
    """Raise where there is nothing to draw on."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.UsageError("top needs a terminal for input and output; `reconciler status` writes anywhere")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("this terminal cannot move its cursor (TERM); use `reconciler status --watch`")
