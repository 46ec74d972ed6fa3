"""`reconciler show`: one reading of a saved plan, every form."""

from __future__ import annotations

import time
from pathlib import Path

import click

from reconciler.cli.files import read_plan
from reconciler.cli.options import output_option, verbose_option
from reconciler.cli.printing import print_plan


@click.command(
    epilog="\b\nExample:\n  reconciler plan --out plan.json\n  reconciler show plan.json -o markdown > comment.md",
)
@click.argument("plan_file", type=click.Path(path_type=Path), metavar="PLAN.JSON")
@output_option("text", "markdown", "json")
@verbose_option
def command(plan_file: Path, output: str, verbose: bool) -> None:
    """Show a saved plan as text, Markdown or JSON.

    All forms show the same file: apply does what the reviewer reads, and no more.
    """
    print_plan(read_plan(plan_file), output, verbose=verbose, now=time.time(), saved=plan_file)
