"""`reconciler show`: one reading of a saved plan, every form."""

from __future__ import annotations

import time
from pathlib import Path

import click

from reconciler.cli.annotating import ANNOTATIONS
from reconciler.cli.files import read_plan
from reconciler.cli.options import output_option, verbose_option
from reconciler.cli.printing import print_plan


@click.command(
    epilog="""\b
Examples:
  reconciler plan --out plan.json && reconciler show plan.json
  reconciler show plan.json -o env >> "$GITHUB_OUTPUT"      changes=, removals=, violations=, held=, fingerprint=
  reconciler show plan.json -o html > plan.html
  reconciler show plan.json -o markdown -v >> "$GITHUB_STEP_SUMMARY"
""",
)
@click.argument("plan_file", type=click.Path(path_type=Path), metavar="PLAN.JSON")
@output_option("text", "markdown", "html", "json", "env", *ANNOTATIONS)
@verbose_option
def command(plan_file: Path, output: str, verbose: bool) -> None:
    """Show a saved plan as text, Markdown, HTML, JSON, or its numbers for a script.

    All forms show the same file: apply does what the reviewer reads, and no more.
    """
    print_plan(read_plan(plan_file), output, verbose=verbose, now=time.time(), saved=plan_file)
