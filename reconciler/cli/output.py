"""The one way out: all that goes to standard output or standard error passes here, and nothing else writes there.

What platforms, manifests and files hold is in nearly every line. A terminal obeys escapes in it, a build server obeys
`::error::` and `##[group]`, a reader believes a line that a line break made. None of that leaves here.
"""

from __future__ import annotations

import click


def say(*lines: str, err: bool = False) -> None:
    """Write lines: each stays one line, whatever is in it, and nothing obeys it."""
    from reconciler.views.words import harmless  # here, so that help does not load it

    click.echo("".join(f"{harmless(line)}\n" for line in lines), nl=False, err=err)


def heading(text: str, rest: str = "") -> None:
    """Write a line that begins in bold."""
    from reconciler.views.words import harmless

    click.echo(click.style(harmless(text), bold=True) + harmless(rest))


def write_json(content: bytes) -> None:
    """Write JSON for scripts: the same values, in characters that are safe to look at."""
    from reconciler.views.words import harmless_json

    click.echo(harmless_json(content))


def write_coloured(lines: object) -> None:
    """Write rich's text, which a view made of harmless lines, to a terminal."""
    from rich.console import Console

    from reconciler.cli import wiring

    Console(highlight=False, soft_wrap=True, force_terminal=True, width=wiring.width()).print(lines, end="")
