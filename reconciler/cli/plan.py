"""`reconciler plan`: what apply would do, and why. Sends nothing that changes anything."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import comparing, histories, wiring
from reconciler.cli.annotating import ANNOTATIONS, print_annotations
from reconciler.cli.files import write_file
from reconciler.cli.options import FILE, LIFETIME, Selection, output_option, selection, verbose_option
from reconciler.cli.output import say
from reconciler.cli.printing import prepare, print_plan
from reconciler.core.decide import PlanRequest
from reconciler.core.detailed import detailed
from reconciler.engine.plan import plan
from reconciler.errors import ManifestError
from reconciler.model.plan import Plan
from reconciler.model.provenance import Reading


@click.command(
    epilog="""\b
Examples:
  reconciler plan                                    everything below this folder
  reconciler plan --fleet austin --unit 'gw-01*'     only some of it
  reconciler plan --base origin/main -o markdown     for a pull request
  reconciler plan -o html > plan.html                one file to look at, and to send
  reconciler plan --out plan.json && reconciler apply --plan plan.json

\b
Exit codes: 0 planned, 1 a connection could not be read. With --detailed-exitcode the first of these that is so:
1 something could not be read, or not completely; 5 a version or workload that the manifests ask for is not available
(not found, not released, not deployable, or it could not be looked up); 3 a limit is violated; 2 there are changes,
held ones included; 0 nothing to do.""",
)
@output_option("text", "json", "markdown", "html", "env", *ANNOTATIONS)
@click.option("--out", type=FILE, metavar="FILE", help="Save the plan, for show and apply.")
@click.option(
    "--expires",
    type=LIFETIME,
    default="24h",
    show_default=True,
    help="How long the saved plan can be applied, from 1s to 365d.",
)
@click.option(
    "--base", metavar="REF|DIR", help="Mark the changes that come from the manifests since this git ref or folder."
)
@click.option("--detailed-exitcode", is_flag=True, help="Return the result as the exit code; see below.")
@selection
@click.option("--snapshot", type=FILE, metavar="FILE", help="Plan offline against a recorded snapshot.")
@click.option("--probe", is_flag=True, help="Look up releases even where the request may make a server prepare one.")
@histories.IF_THERE
@verbose_option
def command(  # every option is one of the command line's
    selected: Selection,
    output: str,
    out: Path | None,
    expires: float,
    base: str | None,
    detailed_exitcode: bool,
    snapshot: Path | None,
    probe: bool,
    verbose: bool,
    history_at: str | None,
) -> int:
    """Show what apply would do, and why; changes nothing.

    Reads the manifests of PATHS (default: the current folder) and what the platforms report, and shows the difference:
    the changes, the exact calls, what is held and why, which limits are violated.
    """
    from reconciler.views import plan_json

    prepare(output)
    clock = wiring.SystemClock()
    try:
        manifest = wiring.load(selected.paths, selected.connections, strict=selected.strict)
    except ManifestError as error:
        if output not in ANNOTATIONS:
            raise
        print_annotations(error.diagnostics, output, wiring.places(selected.paths)[0])
        return error.exit_code
    open_ = wiring.opener(manifest, clock) if snapshot is None else wiring.recorded(snapshot, manifest, clock)
    where = (selected.paths, selected.connections)
    with (
        histories.read(history_at, clock) as history,
        comparing.compared(base, manifest, *where, offline=snapshot is not None) as compared,
    ):
        request = PlanRequest(
            manifest=manifest,
            base=compared.base,
            tip=compared.tip,
            filters=selected.filters,
            strict=selected.strict,
            provenance=compared.provenance,
            connections=compared.connections,
            probe=probe,
            lifetime=expires,
        )
        planned = plan(request, comparing.guarded(open_, compared.connections), clock, history)
    planned.close()
    _say_hidden(planned.plan)
    if out is not None:
        write_file(out, plan_json.encode(planned.plan))
    context = selected.context
    print_plan(planned.plan, output, verbose=verbose, now=clock.now(), saved=out, context=context, head=_head(output))
    return detailed(planned.plan) if detailed_exitcode else int(planned.plan.errored or hides(planned.plan))


def _say_hidden(found: Plan) -> None:
    for one in found.connections:
        if one.reading is Reading.HIDDEN:
            say(
                f"error: the Connection {one.connection!r} is {one.edit.value} by these manifests, and --connections hides "
                "that: this plan does not show what it would do",
                err=True,
            )


def hides(found: Plan) -> bool:
    """Return whether a changed Connection was not read, so that nobody knows what it would do."""
    return any(one.reading is not Reading.PLANNED for one in found.connections)


def _head(output: str) -> str:
    """Return the newest commit of the request that this job plans, for where people review it."""
    if output != "markdown":
        return ""
    from reconciler.forge.context import review_of

    return review_of(os.environ).head
