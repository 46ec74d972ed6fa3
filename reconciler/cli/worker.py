"""`reconciler worker`: make the passes that `reconciler watch --database` lays down."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing

import click

from reconciler.cli import histories, wiring
from reconciler.cli.following import Following, following, place
from reconciler.cli.operating import Operation, operation
from reconciler.cli.options import DATABASE, DurationType, Secretive, Selection, manifests_selection
from reconciler.cli.output import note, say
from reconciler.cli.printing import Lines

FOREVER = 1e9
"""Seconds."""


class Waking:
    """What SIGHUP does to a worker."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.set = wake
        self.wanted = False


@click.command(
    epilog="""\b
Examples:
  reconciler worker --setup --database URL    make the tables, once, as a role that may
  reconciler worker fleets connections        with the URL in RECONCILER_DATABASE; start as many as you like
  reconciler worker --listen 9465 --notify-config notify.yaml

\b
Exit codes: 0 after SIGINT or SIGTERM, 1 where the database cannot be reached or used.""",
)
@click.option(
    "--database", type=DATABASE, metavar="URL", required=True, help="The PostgreSQL in which passes are jobs."
)
@click.option(
    "--setup",
    is_flag=True,
    help="Make the tables for jobs and history, those for jobs of another version anew, and exit.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Passes at a time; calls at a time are those of the watch, for each.",
)
@click.option(
    "--takeover",
    type=DurationType("1s", "1h"),
    default="30s",
    show_default=True,
    help="Time without a sign of life after which other workers take over the passes of a worker.",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of events."
)
@click.option("-v", "--verbose", is_flag=True, help="Also print each slot and call on a line, at level debug.")
@operation
@histories.keep_option
@manifests_selection
@following
def command(
    selected: Selection,
    followed: Following | None,
    operated: Operation,
    database: Secretive,
    setup: bool,
    concurrency: int,
    takeover: float,
    keep: float,
    log_format: str,
    verbose: bool,
) -> int:
    """Make passes over groups of connections, as `reconciler watch --database` lays them down.

    Every worker needs the same manifests as the watch (PATHS, or --git) and the secrets that Connections refer to. A pass is made
    by one worker at a time. Any worker may end or be killed at any time: another one makes its pass anew. SIGTERM lets
    the running calls finish. SIGHUP, where no terminal is attached, ends a wait for the database. Metrics are those of the
    passes that this worker made; messages are sent once by all workers together.
    """
    from reconciler.cli.operating_worker import OperatingWorker
    from reconciler.cli.passes import Passes
    from reconciler.jobs.database import Database
    from reconciler.jobs.worker import Worker

    found = Database(database.text)
    if setup:
        done = found.set_up()
        wiring.journal(database.text, keep=keep).close()  # which makes its own
        say(
            f"the tables for jobs and for the history {'were made in' if done else 'are there already in'} {found.name}"
        )
        return 0
    found.prepare()
    clock, run = wiring.SystemClock(), uuid.uuid4().hex
    at = place(selected, followed, clock, run, patient=False)
    with (
        histories.kept(database.text, clock, keep, creates=True, shared=True) as history,
        closing(OperatingWorker(operated, clock, history, wait=10.0)) as work,
    ):
        passes = Passes(at, lambda: Lines(log_format, verbose=verbose), history, clock, work)

        def stopped() -> None:
            clock.sleep(FOREVER)
            passes.stop()

        passes.read()
        note(f"taking passes from {found.name}")
        words = "stopping after the running calls; another worker makes these passes. A second time ends at once"
        worker = Worker(found, passes, passes.note, stopped, concurrency=concurrency, takeover=takeover, beat=work.beat)
        with wiring.stoppable(clock, words, passes.last_words, Waking(worker.wake)):
            worker.run()
    return 0
