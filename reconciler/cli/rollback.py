"""`reconciler rollback`: take a version back, in git alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import connections_option, file_option
from reconciler.cli.output import note, say
from reconciler.errors import JournalError
from reconciler.model.memory import NOTHING_REMEMBERED, Memory
from reconciler.ports import Clock

if TYPE_CHECKING:
    from reconciler.cli.taking_back import At
    from reconciler.core.track_record import TrackRecord
    from reconciler.model.fleet import Document

PATIENCE = 15.0
"""Seconds that a platform has to say which versions there are: whoever takes one back is in a hurry."""


@click.command(
    epilog="""\b
Examples:
  reconciler rollback austin vision --reason "boot loop on rev B"      back to the version before, on a branch
  reconciler rollback austin --reason "bad night" --push               what the last change brought, and push the branch
  reconciler rollback austin vision --from v2.0.2 --to v2.0.0 --reason "boot loop" -f fleets

\b
Exit codes: 0 the branch is there (and pushed, if asked for), 1 it is not, or could not be pushed.""",
)
@click.argument("fleet")
@click.argument("workload", required=False)
@click.option("--from", "version", metavar="VERSION", help="The version to take back.  [default: what came last]")
@click.option("--to", metavar="VERSION", help="What comes in its place.  [default: the last that worked; see above]")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is in the quarantine and in the commit.")
@click.option("--until", metavar="DAY", help="The first day without the quarantine (2026-12-31).  [default: no end]")
@click.option("--branch", metavar="NAME", help="The branch.  [default: rollback/FLEET-WORKLOAD-VERSION]")
@click.option("--push", is_flag=True, help="Push the branch to the remote.")
@file_option
@connections_option
@histories.IF_THERE
def command(  # every option is one of the command line's
    fleet: str,
    workload: str | None,
    version: str | None,
    to: str | None,
    reason: str,
    until: str | None,
    branch: str | None,
    push: bool,
    file: tuple[Path, ...],
    connections: Path | None,
    history_at: str | None,
) -> int:
    """Take a version back: one commit on a new branch that names an earlier version and quarantines the bad one.

    Without --to, the earlier version is the last one that every unit ran, by the history; else the last that met the
    success of a wave; else what git asked for before. Versions that are quarantined, whose rollout was halted, or that the
    platform does not have are passed over. It starts from the commit that is checked out, and changes neither the work
    tree nor the platform: the fleet follows once the branch is merged. Comments and layout of the manifest stay.
    """
    from reconciler.cli.taking_back import Wanted, here
    from reconciler.core import rollback
    from reconciler.git.branch import Branching
    from reconciler.views import rollback_text

    if not reason.strip():
        raise click.UsageError("--reason is empty")
    at = here(file, connections)
    wanted = Wanted(
        fleet=fleet, workload=workload or "", version=version or "", to=to, reason=reason.strip(), until=until or ""
    )
    if wiring.repository(file).changed([str(path) for path in wiring.places(file)]):
        note(f"warning: it starts from the commit {at.commit[:12]}; what is not committed yet is not in it")
    with _known(at, history_at) as known:
        backs = at.decided(wanted, known)
    made = at.make(wanted, backs, branch or "")
    for back in backs:
        say(*rollback_text.render(back, at.now.fleets[fleet], rollback.followers(at.now, fleet, back)))
        say(*rollback_text.reasons(back))
        note(*rollback_text.warnings(rollback.unmet(at.now, fleet, back)))
    say("", *made.diff.split("\n"))
    branching = Branching(at.top)
    if push:
        branching.push(made, wiring.SystemClock().stopping, os.environ)
    say(*rollback_text.next_step(made.name, made.commit, branching.remote, new=made.new, pushed=push))
    return 0


@contextmanager
def _known(at: At, history_at: str | None) -> Iterator[Callable[[Document, str], TrackRecord]]:
    """Give what is known of the versions of a fleet's workload: by the history, and by the platform where it answers in time."""
    from reconciler.core.rollback import names
    from reconciler.core.track_record import TrackRecord
    from reconciler.engine.rollback import versions_of

    clock = wiring.SystemClock()
    hurry = Timer(PATIENCE, clock.stop)
    hurry.daemon = True
    opened = wiring.opener(at.now, clock, at.files_from)

    def known(document: Document, workload: str) -> TrackRecord:
        spec = document.spec
        there, why = versions_of(opened, spec.connection, spec.workloads[workload].id or workload)
        if there is None:
            note(f"warning: it is not known which versions of {workload} the platform has: {why}")
        return TrackRecord.of(
            _remembered(document.name, history_at, clock), document.name, names(spec, workload), there
        )

    hurry.start()
    try:
        yield known
    finally:
        hurry.cancel()


def _remembered(fleet: str, history_at: str | None, clock: Clock) -> Memory:
    """Return what the history remembers of a fleet. One that nobody named is no obstacle where it cannot be read."""
    try:
        with histories.read(history_at, clock) as history:
            return history.memory({fleet: ""}, clock.now())
    except JournalError as error:
        if history_at is not None:
            raise
        note(f"warning: {error.advised}; how earlier versions did is not known")
        return NOTHING_REMEMBERED
