"""`reconciler version`: which version this is."""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.cli.output import say


@click.command()
def command() -> None:
    """Show the version of reconciler, as `reconciler --version` does."""
    say(f"reconciler {__version__}")
