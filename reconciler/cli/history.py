"""`reconciler history`: what happened, from the events that were kept."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, get_args

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import DurationType, output_option
from reconciler.cli.output import note, say, write_csv, write_html
from reconciler.cli.printing import prepare, print_report
from reconciler.model.event import AnyEvent, Completed, Settling
from reconciler.model.kept import EventQuery

KINDS = sorted(one.__struct_config__.tag for one in get_args(AnyEvent) if one not in {Settling, Completed})
"""Kinds of events by their names in JSON, but those that only say how far something is."""


class WhenType(click.ParamType[float]):
    """A date, or how long ago; gives seconds since 1970."""

    name = "when"

    def __init__(self, least: str = "0s") -> None:
        self._ago = DurationType(least)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:  # click's signature
        """Return seconds since 1970."""
        from reconciler.model.quantity import DURATION, moment

        if isinstance(value, float):
            return value
        if DURATION.fullmatch(str(value)):
            return time.time() - self._ago.convert(value, param, ctx)
        try:
            return moment(str(value)).timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a duration such as 24h nor a date such as 2026-12-01", param, ctx)


@click.command(
    epilog="""\b
Examples:
  reconciler history                                 what happened last
  reconciler history austin --since 24h              to one fleet, since yesterday
  reconciler history --unit gw-017 --kind drifted    who changed this gateway, and when
  reconciler history --since 2026-11-01 -o csv > november.csv
  reconciler history --since 7d -o html > week.html
  reconciler history --verify
  reconciler history --prune 400d

\b
Exit codes: 0 shown; 1 the history cannot be read, or (--verify) is not as it was written.""",
)
@click.argument("fleets", nargs=-1, metavar="[FLEET]...")
@click.option("--unit", multiple=True, metavar="GLOB", help="Only about units whose name or id matches (repeatable).")
@click.option("--workload", multiple=True, metavar="NAME", help="Only about this workload (glob, repeatable).")
@click.option("--since", type=WhenType(), metavar="24h|DATE", help="Only from then on.")
@click.option("--until", type=WhenType(), metavar="24h|DATE", help="Only from before then.")
@click.option("--kind", type=click.Choice(KINDS), multiple=True, help="Only events of this kind (repeatable).")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="So many events at most, the newest ones; 0 for all.",
)
@click.option("--verify", is_flag=True, help="Check that no event was changed or lost; shows none.")
@click.option("--prune", type=WhenType("31d"), metavar="400d|DATE", help="Forget what is older; at least 31d are kept.")
@histories.KEPT
@output_option("text", "json", "csv", "html")
def command(
    fleets: tuple[str, ...],
    unit: tuple[str, ...],
    workload: tuple[str, ...],
    since: float | None,
    until: float | None,
    kind: tuple[str, ...],
    limit: int,
    verify: bool,
    prune: float | None,
    history_at: str | None,
    output: str,
) -> int:
    """Show what happened: passes that found something new, calls and what came of them, drift and its cause, rollouts.

    FLEET is a name or a glob. Events are those that watch and apply kept; `-o json` has each as event.v1 describes it.
    """
    prepare(output)
    where = histories.existing(history_at)
    if verify or prune is not None:
        _maintain(where, prune, verify=verify)
        return 0
    from reconciler.core.guards.spent import LONGEST
    from reconciler.journal.asking import ask
    from reconciler.views import history_text

    query = EventQuery(fleets=fleets, units=unit, workloads=workload, kinds=kind, since=since, until=until, limit=limit)
    with closing(wiring.database(where, writes=False)) as database:
        found = ask(database, query, time.time() - LONGEST)
    if output == "csv":
        write_csv(history_text.table(found))
    elif output == "html":
        from reconciler.web import report

        write_html(report.of_history(found))
    else:
        print_report(found, output, history_text.encode, history_text.render)
    if found.older:
        note(f"there are older events than these {len(found.events):,}; --limit 0 shows all")
    return 0


def _maintain(where: str, before: float | None, *, verify: bool) -> None:
    """Check the chain, forget the oldest events, or both in this order."""
    from reconciler.core.guards.spent import LONGEST
    from reconciler.journal import chain
    from reconciler.model.quantity import iso

    with closing(wiring.database(where, writes=before is not None)) as database:
        if verify:
            found = chain.verify(database)
            say(
                f"{found.events:,} events since {iso(found.since)}: each is as it was written",
                f"the last one is {found.last}, {found.hash}",
            )
        if before is not None:
            before = min(before, time.time() - LONGEST)
            say(f"{chain.prune(database, before):,} events from before {iso(before)} forgotten")
