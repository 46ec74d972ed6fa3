"""`reconciler help`: the help of a command."""

from __future__ import annotations

import click

from reconciler.cli.output import say


@click.command(epilog="\b\nExamples:\n  reconciler help\n  reconciler help plan")
@click.argument("names", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command, as `reconciler COMMAND --help` does, or of all."""
    shown = ctx.find_root()
    for name in names:
        if not isinstance(shown.command, click.Group):
            raise click.UsageError(f"{shown.info_name} has no commands of its own", ctx)
        found, inner, _ = shown.command.resolve_command(shown, [name])
        if inner is None:
            raise click.UsageError(f"there is no command {name!r}", ctx)
        shown = click.Context(inner, info_name=found, parent=shown)
    say(*shown.get_help().split("\n"))
