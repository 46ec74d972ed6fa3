"""`reconciler explain`: why a unit has what it has, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import histories, wiring
from reconciler.cli.options import connections_option, file_option, output_option
from reconciler.cli.printing import print_report
from reconciler.core.decide import PlanRequest
from reconciler.engine.explain import explanation
from reconciler.engine.plan import plan


@click.command(
    epilog="""\b
Examples:
  reconciler explain gw-017                          all its workloads
  reconciler explain gw-017 vision                   one of them; also gw-017/vision, as `status -o name` has it
  reconciler explain 575ecf887ae143cd83dc4aa2 vision fleets/austin

\b
The workload may be left out even if PATHS are given: an existing file or folder is taken as a path.""",
)
@click.argument("unit", metavar="UNIT")
@click.argument("rest", nargs=-1, metavar="[WORKLOAD] [PATHS]...")
@output_option("text", "json")
@file_option
@connections_option
@histories.IF_THERE
def command(
    unit: str,
    rest: tuple[str, ...],
    output: str,
    file: tuple[Path, ...],
    connections: Path | None,
    history_at: str | None,
) -> None:
    """Explain why a unit has the versions it has: the deciding line and its author, overruled lines, state, next steps.

    UNIT and WORKLOAD are names or ids.
    """
    from reconciler.views import explain_text

    workload, named = _split(rest)
    paths = [*named, *file]
    clock = wiring.SystemClock()
    manifest = wiring.load(paths, connections)
    repository = wiring.repository(paths)
    request = PlanRequest(manifest=manifest, detail=unit)
    with histories.read(history_at, clock) as history:
        planned = plan(request, wiring.opener(manifest, clock), clock, history)
    planned.close()
    found = explanation(planned, manifest, repository, unit, workload)
    print_report(found, output, explain_text.encode, explain_text.render, now=clock.now())


def _split(rest: tuple[str, ...]) -> tuple[str | None, list[Path]]:
    """Return the workload, unless the first word is a file or folder that is there, and the paths."""
    if not rest or rest[0] == "-" or Path(rest[0]).exists():
        return None, [Path(path) for path in rest]
    return rest[0], [Path(path) for path in rest[1:]]
