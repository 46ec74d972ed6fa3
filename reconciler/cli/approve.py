"""`reconciler approve`: a person lets a watch carry out the plan that it proposed."""

from __future__ import annotations

import time
import uuid
from contextlib import closing
from pathlib import Path

import click

from reconciler.cli import histories, wiring
from reconciler.cli.files import write_file
from reconciler.cli.options import FILE, FINGERPRINT
from reconciler.cli.output import note, say
from reconciler.engine.approve import approved
from reconciler.errors import PlanMismatch, SettingsError
from reconciler.model.event import Proposed


@click.command(
    epilog="""\b
Examples:
  reconciler approve                                 what waits for a person
  reconciler approve 3f2a9c01b5d7 --out plan.json    keep the plan, to be read with `show` or put on a request with `comment`
  reconciler approve 3f2a9c01b5d7 --reason "canaries were fine"

\b
Exit codes: 0 approved, or shown; 1 there is no such proposal, or it is no longer the newest of its fleet or expired.""",
)
@click.argument("fingerprint", type=FINGERPRINT, required=False)
@click.option("--reason", metavar="TEXT", help="Why; recorded with who you are.")
@click.option("--out", type=FILE, metavar="FILE", help="Save the plan instead of approving it.")
@click.option(
    "--by", metavar="NAME", help="Who approves.  [default: the user that git knows, else that of this machine]"
)
@histories.KEPT
def command(
    fingerprint: str | None, reason: str | None, out: Path | None, by: str | None, history_at: str | None
) -> int:
    """Approve a plan that a watch proposed for a fleet of mode `propose`; without FINGERPRINT list those that wait.

    The watch carries it out in its next pass, as every saved plan: what changed since is skipped. It needs the same history.
    """
    where = histories.existing(history_at)
    proposed = _newest(where)
    if fingerprint is None:
        lines = [f"{one.plan.fingerprint}  {one.fleet}: {_words(one)}" for one in proposed]
        say(*(lines or ["no plan waits for a person"]))
        return 0
    found = _chosen(proposed, fingerprint)
    if out is not None:
        from reconciler.views import plan_json

        write_file(out, plan_json.encode(found.plan))
        return 0
    if not (reason or "").strip():
        raise click.UsageError("--reason TEXT is needed; it is recorded")
    event = approved(
        found, reason=(reason or "").strip(), by=by or wiring.person(()), at=time.time(), run=uuid.uuid4().hex
    )
    with closing(wiring.journal(where, keep=float("inf"))) as store:
        store.record(event)
    note(f"approved for {found.fleet}: {_words(found)}; the watch carries it out in its next pass")
    return 0


def _newest(where: str) -> list[Proposed]:
    from reconciler.journal.looking import Looking

    with closing(Looking(wiring.database(where, writes=False))) as looking:
        return looking.waiting()


def _chosen(proposed: list[Proposed], fingerprint: str) -> Proposed:
    for one in proposed:
        if one.plan.fingerprint.startswith(fingerprint):
            return one
    if not proposed:
        raise SettingsError(
            f"no plan with the fingerprint {fingerprint} waits", hint="the watch may have another history"
        )
    waiting = ", ".join(f"{one.plan.fingerprint} ({one.fleet})" for one in proposed)
    raise PlanMismatch(f"no plan with the fingerprint {fingerprint} waits; those that do are {waiting}")


def _words(one: Proposed) -> str:
    from reconciler.views.words import count

    fleet = one.plan.fleets[0]
    return f"{count(len(fleet.changes), 'change')}, {len(fleet.held):,} held, until {one.plan.times.expires}"
