"""`reconciler watch`: keep comparing, and correcting where allowed."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.options import ALLOW_NEEDS_REASON, DURATION, Selection, concurrency_option, result_option, selection
from reconciler.cli.output import note
from reconciler.cli.printing import Lines, result_file
from reconciler.cli.recording import Recorder, RunSoFar, reporting
from reconciler.engine.run import Options
from reconciler.engine.watch import Watched, Watching
from reconciler.model.plan import LimitKind


@click.command(
    epilog="""\b
Examples:
  reconciler watch                                   compare every minute, report drift
  reconciler watch --mode apply --interval 5m        and correct it
  reconciler watch --once --mode apply --wait 10m    one complete pass, for a scheduled job

\b
Exit codes: 0 after SIGINT or SIGTERM; with --once that of the pass: 0 nothing failed, 1 something could not be read,
3 a limit forbids all changes, 4 something failed, is stale or is unknown, or a mistake in a manifest holds some slots.""",
)
@click.option(
    "--interval",
    type=DURATION,
    default="60s",
    show_default=True,
    help="Time between passes; longer after failures, with jitter.",
)
@click.option("--once", is_flag=True, help="Make one pass and exit.")
@click.option(
    "--wait",
    type=DURATION,
    default="0s",
    show_default=True,
    help="With --once and --mode apply: how long to wait for all steps of changes and for units to settle.",
)
@click.option(
    "--mode",
    type=click.Choice(["observe", "apply"]),
    default="observe",
    show_default=True,
    help="With `apply`, fleets whose own mode is `apply` are changed.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of events, one per line.",
)
@click.option(
    "--allow",
    type=click.Choice([LimitKind.NOT_ENFORCED.value]),
    help="Send for fleets with `windows` or `rollout`, which this version does not enforce; needs --reason.",
)
@click.option("--reason", metavar="TEXT", help="Why that is allowed; recorded.")
@concurrency_option
@result_option
@selection
def command(  # every option is one of the command line's
    selected: Selection,
    interval: float,
    once: bool,
    wait: float,
    mode: str,
    log_format: str,
    allow: str | None,
    reason: str | None,
    concurrency: int,
    result: Path | None,
) -> int:
    """Compare what git says with what platforms report continuously, report drift, and correct it where allowed.

    Manifests are read again in every pass; while they are invalid, the last valid ones stay in force. Limits and holds
    always apply. SIGTERM lets the running call finish and ends with 0.
    """
    if wait and not (once and mode == "apply"):
        raise click.UsageError(
            "--wait needs --once and --mode apply: a continuous watch does the rest in its next passes"
        )
    if allow and not reason:
        raise click.UsageError(ALLOW_NEEDS_REASON)
    clock = wiring.SystemClock()
    watching = Watching(
        wiring.source(selected.paths, selected.connections),
        lambda manifest: wiring.opener(manifest, clock),
        clock,
        Watched(
            interval=interval,
            once=once,
            apply=mode == "apply",
            filters=selected.filters,
            strict=selected.strict,
            options=Options(
                concurrency=concurrency, wait=wait > 0, deadline=wait, allow={allow: reason} if allow and reason else {}
            ),
        ),
        run=uuid.uuid4().hex,
        random=random.random,
        commit=lambda manifest: wiring.commit(selected.paths, manifest, warn=False),
    )
    lines = Lines(log_format)
    if mode == "observe" and log_format == "text":
        note("only comparing, nothing is sent; use --mode apply to correct drift")
    so_far = RunSoFar()
    words = "stopping after the running calls; a second time ends at once"
    with reporting(so_far), wiring.stoppable(clock, words, so_far.last_words):
        with result_file(result) as kept:
            recorder = Recorder(clock.stop, so_far, kept, lines)
            for event in watching.events():
                recorder.record(event)
        recorder.end()
    return watching.exit_code
