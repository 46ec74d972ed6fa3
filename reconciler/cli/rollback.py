"""`reconciler rollback`: take a version back, in git alone."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.options import connections_option, file_option
from reconciler.cli.output import note, say


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
@click.option("--to", metavar="VERSION", help="What comes in its place.  [default: what was there before]")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is in the quarantine and in the commit.")
@click.option("--until", metavar="DAY", help="The first day without the quarantine (2026-12-31).  [default: no end]")
@click.option("--branch", metavar="NAME", help="The branch.  [default: rollback/FLEET-WORKLOAD-VERSION]")
@click.option("--push", is_flag=True, help="Push the branch to the remote.")
@file_option
@connections_option
def command(
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
) -> int:
    """Take a version back: one commit on a new branch that names the version before and quarantines the bad one.

    It starts from the commit that is checked out, and touches neither the work tree nor the platform: the fleet follows
    once the branch is merged. Comments and layout of the manifest stay.
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
    backs = at.decided(wanted)
    made = at.make(wanted, backs, branch or "")
    for back in backs:
        say(*rollback_text.render(back, at.now.fleets[fleet], rollback.followers(at.now, fleet, back)))
        note(*rollback_text.warnings(rollback.unmet(at.now, fleet, back)))
    say("", *made.diff.split("\n"))
    branching = Branching(at.top)
    if push:
        branching.push(made, wiring.SystemClock().stopping, os.environ)
    say(*rollback_text.next_step(made.name, made.commit, branching.remote, new=made.new, pushed=push))
    return 0
