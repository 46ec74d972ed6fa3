"""`reconciler rollout`: where versions that spread in waves stand, and what a person says of one."""

from __future__ import annotations

import uuid
from pathlib import Path

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import connections_option, file_option, output_option
from reconciler.cli.output import say
from reconciler.cli.printing import print_report
from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.engine.plan import PlanResult, plan
from reconciler.model.ruling import Command
from reconciler.ports import History

ABOUT = {
    Command.PAUSE: "Send no more of a version until it is resumed; what was sent is not recalled.",
    Command.RESUME: "Go on after a pause or a halt. Failures from before count no more.",
    Command.PROMOTE: "Take the last open wave as succeeded, so that the next one opens. Limits and windows still hold.",
    Command.ABORT: "Send no more of a version, for good: only another version in git is sent.",
}


FOR_EVER = float("inf")
"""Seconds for which this command has events kept: how long is for those to say who keep them."""


@click.group(
    "rollout",
    epilog="""\b
Examples:
  reconciler rollout status
  reconciler rollout status austin modbus-poller -o json
  reconciler rollout pause austin modbus-poller --reason "support calls from site 4"
  reconciler rollout promote austin vision --version v2.1 --reason "checked by hand"

\b
What a person says is recorded in the history, with their name and reason. Without a history that other commands read,
nobody would remember it: it is refused.""",
)
def command() -> None:
    """See how versions spread in waves, and pause, resume, promote or abort one."""


def _planned(  # which manifests, and which of their fleets
    file: tuple[Path, ...], connections: Path | None, clock: wiring.SystemClock, fleet: str, history: History
) -> PlanResult:
    """Return a plan of one fleet, or of all, whose connections are given back."""
    manifest = wiring.load(list(file), connections)
    filters = Filters(fleets=(fleet,) if fleet in manifest.fleets else ())
    request = PlanRequest(manifest=manifest, filters=filters)
    planned = plan(request, wiring.opener(manifest, clock), clock, history)
    planned.close()
    return planned


@command.command("status")
@click.argument("fleet", default="")
@click.argument("workload", default="")
@output_option("text", "json")
@file_option
@connections_option
@histories.IF_THERE
def status(  # every option is one of the command line's
    fleet: str, workload: str, output: str, file: tuple[Path, ...], connections: Path | None, history_at: str | None
) -> int:
    """Show the waves of rollouts: what of each was attempted, reports the version and failed, and why the next is closed.

    Exit codes: 0 shown, whatever it is; 1 a connection could not be read.
    """
    from reconciler.engine.rollout import rollouts
    from reconciler.views import rollout_text

    clock = wiring.SystemClock()
    with histories.read(history_at, clock) as history:
        planned = _planned(file, connections, clock, fleet, history)
    found = rollouts(planned, fleet, workload)
    print_report(found, output, rollout_text.encode, rollout_text.report)
    return int(planned.plan.errored)


def _ruling(what: Command) -> click.Command:
    @command.command(what.value, help=ABOUT[what])
    @click.argument("fleet")
    @click.argument("workload")
    @click.option("--reason", metavar="TEXT", required=True, help="Why; recorded with your name.")
    @click.option("--version", metavar="VERSION", help="Which version, where several spread.")
    @file_option
    @connections_option
    @histories.IF_THERE
    def rule(  # every option is one of the command line's
        fleet: str,
        workload: str,
        reason: str,
        version: str | None,
        file: tuple[Path, ...],
        connections: Path | None,
        history_at: str | None,
    ) -> None:
        from reconciler.engine.rollout import chosen, rollouts, ruled
        from reconciler.views import event_line
        from reconciler.views.line import text_of

        if not reason.strip():
            raise click.UsageError("--reason needs a text")
        clock = wiring.SystemClock()
        with histories.kept(history_at, clock, FOR_EVER, creates=False) as history:
            found = rollouts(_planned(file, connections, clock, fleet, history), fleet, workload)
            event = ruled(
                chosen(found, version),
                what,
                reason=reason.strip(),
                by=wiring.person(file),
                history=history,
                clock=clock,
                run=uuid.uuid4().hex,
            )
        say(text_of(event_line.render(event)))

    return rule


for one_command in Command:
    _ruling(one_command)
