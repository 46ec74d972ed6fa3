"""The one way out: all that goes to standard output or standard error passes here, and nothing else writes there.

What platforms, manifests and files hold is in nearly every line. A terminal obeys escapes in it, a build server obeys
`::error::` and `##[group]`, a reader believes a line that a line break made. None of that leaves here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reconciler.views.line import Line


def clear() -> None:
    """Take away the picture of a reading: whatever is written comes after it."""
    shown = sys.modules.get("reconciler.cli.reading")  # whose command reads nothing has none
    if shown is not None:
        shown.display.finish()


def say(*lines: str, err: bool = False) -> None:
    """Write lines: each stays one line, whatever is in it, and nothing obeys it."""
    from reconciler.views.words import harmless  # here, so that help does not load it

    clear()
    click.echo("".join(f"{harmless(line)}\n" for line in lines), nl=False, err=err)


def command_runner(*lines: str) -> None:
    """Write commands for a build server, which `views.annotations` made: it obeys each of them, and nothing in them."""
    for line in lines:
        click.echo(line)


def show_cursor() -> None:
    """Show the cursor of the terminal, which a picture of progress may have hidden."""
    if sys.stderr.isatty():
        click.echo("\x1b[?25h", nl=False, err=True)


def heading(text: str, rest: str = "") -> None:
    """Write a line that begins in bold."""
    from reconciler.views.words import harmless

    clear()
    click.echo(click.style(harmless(text), bold=True) + harmless(rest))


def write_json(content: bytes) -> None:
    """Write JSON for scripts: the same values, in characters that are safe to look at."""
    from reconciler.views.words import harmless_json

    clear()
    click.echo(harmless_json(content))


def show(lines: Sequence[Line], *, err: bool = False) -> None:
    """Write styled lines: in colour where standard output is a terminal, plain elsewhere and on standard error."""
    from reconciler.views.line import plain, styled

    clear()
    if err or not _in_colour():
        click.echo(plain(lines), nl=False, err=err)
        return
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, force_terminal=True, width=width()).print(styled(lines), end="")


def width() -> int:
    """Return the columns to write for: the terminal's, or COLUMNS, or 100 when piped."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100


def _in_colour() -> bool:
    """Return whether to write colour to standard output (NO_COLOR and FORCE_COLOR are honoured)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
