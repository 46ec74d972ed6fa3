"""`reconciler apply`: carry out a plan, watch it settle, say what came of every change."""

from __future__ import annotations

import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

import click

from reconciler.cli import histories, saved_plans, wiring
from reconciler.cli.files import check_targets
from reconciler.cli.options import (
    ALLOW_NEEDS_REASON,
    DURATION,
    FILE,
    FINGERPRINT,
    Selection,
    concurrency_option,
    output_option,
    plans_among_paths,
    result_option,
    selection,
)
from reconciler.cli.output import note
from reconciler.cli.printing import applied, live, print_plan, print_report, result_file
from reconciler.cli.recording import Recorder, RunSoFar, reporting
from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.claiming import acts, claimed
from reconciler.engine.group import groups_of
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.errors import SettingsError
from reconciler.model.plan import LimitKind, PaceKind, Plan
from reconciler.model.provenance import NOT_IN_HISTORY, Provenance
from reconciler.ports import History
from reconciler.views.words import listed


@click.command(
    epilog="""\b
Examples:
  reconciler apply                                   plan, ask, apply
  reconciler apply --plan plan.json                  exactly what was reviewed, and no more (also: apply plan.json)
  reconciler apply --plan a.json --plan b.json --replan-if-subset
  reconciler apply --yes --no-wait --result run.jsonl
  reconciler apply --yes --allow remove --reason 'site closed, CHG-4711'

\b
Exit codes: 0 everything was accepted and nothing failed (units may still be waiting); 3 nothing was sent, because a limit
forbids it or everything is stale; 4 something failed, is stale, was rejected, was not tried or is unknown, a mistake in a
manifest holds some slots, or the run was interrupted before accepted changes settled; 1 an error before anything was sent.""",
)
@click.option(
    "--plan",
    "plan_files",
    type=FILE,
    metavar="FILE",
    multiple=True,
    help="Apply this reviewed plan and no more; each slot is checked against its state today.",
)
@click.option(
    "--fingerprint",
    "approved",
    type=FINGERPRINT,
    metavar="HEX",
    multiple=True,
    help="Refuse every plan but the one of this fingerprint (12 digits of it at least).",
)
@click.option(
    "--replan-if-subset",
    is_flag=True,
    help="Plan again, and apply that if it is no more than the reviewed plans (--plan, repeatable) have together.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--no-wait", is_flag=True, help="Do not wait for units to settle; report what the platform accepted.")
@click.option(
    "--deadline", type=DURATION, default="10m", show_default=True, help="How long to wait for units to settle."
)
@click.option(
    "--allow",
    type=click.Choice([*(kind.value for kind in (*LimitKind, *PaceKind)), NOT_IN_HISTORY]),
    multiple=True,
    help="Lift this limit, or `windows` or `keep` of the fleets, or the pause before what failed is sent again, once; needs --reason.",
)
@click.option("--reason", metavar="TEXT", help="Why a limit is lifted; recorded.")
@concurrency_option
@click.option("--fail-fast", is_flag=True, help="Stop at the first refused call.")
@result_option
@histories.IF_THERE
@histories.keep_option
@selection
@output_option("text", "json")
@plans_among_paths
def command(  # every option is one of the command line's
    selected: Selection,
    plan_files: tuple[Path, ...],
    approved: tuple[str, ...],
    replan_if_subset: bool,
    yes: bool,
    no_wait: bool,
    deadline: float,
    allow: tuple[str, ...],
    reason: str | None,
    concurrency: int,
    fail_fast: bool,
    result: Path | None,
    history_at: str | None,
    keep: float,
    output: str,
) -> int:
    """Carry out a plan with the fewest calls, watch units settle, and report the result of every change.

    On a terminal the plan is shown and must be confirmed; elsewhere --yes or a saved --plan is needed. A saved plan is
    an upper bound: what changed since, and what the manifests no longer ask for, is skipped and reported. It is refused
    unless what it was made from is in the history of what is checked out.
    """
    _check_usage(yes=yes, plans=len(plan_files), replan=replan_if_subset, allow=allow, reason=reason)
    reviews = saved_plans.read(plan_files, approved if plan_files else ())
    saved = reviews[0] if reviews and not replan_if_subset else None
    clock = wiring.SystemClock()
    manifest = wiring.load(selected.paths, selected.connections, strict=selected.strict)
    commit = wiring.commit(selected.paths, manifest)
    for path, one in zip(plan_files, reviews, strict=True):
        saved_plans.check(one, path, manifest, commit, selected.paths, allow, clock.now())
    lifting = dict.fromkeys(allow, reason or "")
    options = Options(concurrency=concurrency, fail_fast=fail_fast, wait=not no_wait, deadline=deadline, allow=lifting)
    request = PlanRequest(
        manifest=manifest,
        filters=selected.filters,
        strict=selected.strict,
        provenance=Provenance(commit=commit),
        by_ids=replan_if_subset,
        lifted=options.lifted,
    )
    with ExitStack() as stack:
        history = stack.enter_context(histories.kept(history_at, clock, keep, creates=False))
        planned = _planned(request, clock, history)
        stack.callback(planned.close)
        for one in reviews:
            check_targets(one, planned.plan)
        if approved and not reviews:
            saved_plans.check_approved([planned.plan], approved)
        if saved is None and planned.plan.errored and not planned.readings:
            print_plan(planned.plan, output, verbose=False, now=clock.now(), context=selected.context)
            return 1
        if yes or reviews:
            _warn(planned.plan)
        else:
            _ask(planned.plan, clock.now())
        run, more, by = uuid.uuid4().hex, reviews if replan_if_subset else (), wiring.author(selected.paths, commit)
        applying = Applying(planned, options, clock, run=run, saved=saved, reviewed=more, author=by)
        return _carry_out(applying, clock, result, output, selected)


def _carry_out(
    applying: Applying, clock: wiring.SystemClock, result: Path | None, output: str, selected: Selection
) -> int:  # one run
    from reconciler.views import apply_text

    so_far = RunSoFar()
    words = "stopping: running calls are finished, no more are sent; a second time ends at once"
    with reporting(so_far), wiring.stoppable(clock, words, so_far.last_words):
        with result_file(result) as kept, live(applying.saved or applying.planned.plan) as screen:
            recorder = Recorder(clock.stop, so_far, applying.planned.history, kept, screen)
            for event in applying.events():
                recorder.record(event)
        print_report(applied(applying), output, apply_text.encode, apply_text.render, context=selected.context)
        recorder.end()
    return applying.exit_code


def _planned(request: PlanRequest, clock: wiring.SystemClock, history: History) -> PlanResult:
    """Make today's plan; raise SettingsError where another process acts on what is to be changed."""
    opener = wiring.opener(request.manifest, clock)
    fleets = [name for name in request.manifest.fleets if request.filters.fleet(name)]
    groups = groups_of(request)
    for connection, holder in claimed(request, groups, opener, history, fleets).items():
        raise SettingsError(acts(holder, connection), hint="end it, or let it make the change")
    return plan(request, opener, clock, history, groups)


def _check_usage(*, yes: bool, plans: int, replan: bool, allow: tuple[str, ...], reason: str | None) -> None:
    if replan and not plans:
        raise click.UsageError("--replan-if-subset needs the reviewed plans: give each with --plan FILE")
    if plans > 1 and not replan:
        raise click.UsageError("several plans are applied together only with --replan-if-subset")
    if allow and not (reason or "").strip():
        raise click.UsageError(ALLOW_NEEDS_REASON)
    if not yes and not plans and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to confirm on: give --yes, or a reviewed plan with --plan FILE")


def _warn(found: Plan) -> None:
    """Say what a plan warns of that nobody was shown: one line a kind and fleet."""
    from reconciler.views import alike
    from reconciler.views.reason_words import warnings_of

    fleets: dict[str, list[str]] = {}
    for one in found.fleets:
        for text in alike.grouped(warnings_of(one)):
            fleets.setdefault(text, []).append(one.fleet)
    note(*(f"warning: {listed(names)}: {text}" for text, names in fleets.items()))


def _ask(found: Plan, now: float) -> None:
    print_plan(found, "text", verbose=False, now=now, context=None)
    if not any(fleet.changes or any(held.follows for held in fleet.held) for fleet in found.fleets):
        return
    if not click.confirm("Apply these changes?", default=False):
        raise SettingsError("not applied")
