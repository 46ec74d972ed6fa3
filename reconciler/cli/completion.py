"""`reconciler completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click

from reconciler.cli.output import say


@click.command(
    epilog="""\b
Examples:
  source <(reconciler completion bash)               in ~/.bashrc; for zsh likewise
  reconciler completion fish > ~/.config/fish/completions/reconciler.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options and files."""
    from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

    kind = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    # the class's own source() of bash asks the bash that is installed here, which need not be the one that reads this
    script = ShellComplete.source(kind(ctx.find_root().command, {}, "reconciler", "_RECONCILER_COMPLETE"))
    say(*script.rstrip("\n").split("\n"))
