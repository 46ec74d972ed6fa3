"""The only module that writes to standard output and standard error.

What platforms, manifests and files hold is in nearly every line. A terminal obeys escapes in it, a build server obeys
`::error::` and `##[group]`, a reader believes a line that a line break made. None of that leaves here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self, TextIO

import click

if TYPE_CHECKING:
    from types import TracebackType

    from reconciler.views.line import Line


QUIET = "reconciler.quiet"
"""Where click's context keeps that `--quiet` was given."""


def clear(*, for_good: bool = False) -> None:
    """Take away the picture of a reading: whatever is written comes after it. `for_good`: further readings have none."""
    shown = sys.modules.get("reconciler.cli.reading")  # whose command reads nothing has none
    if shown is not None:
        shown.display.finish(for_good=for_good)


def say(*lines: str, err: bool = False) -> None:
    """Write lines: each stays one line, whatever is in it, and nothing obeys it."""
    from reconciler.views.words import harmless  # here, so that help does not load it

    clear()
    click.echo("".join(f"{harmless(line)}\n" for line in lines), nl=False, err=err)


def note(*lines: str) -> None:
    """Write lines to standard error that nobody misses who asked for quiet: warnings, what was done, what to do next."""
    if not quiet():
        say(*(_folded(lines) if sys.stderr.isatty() else lines), err=True)


def _folded(lines: Sequence[str]) -> list[str]:
    """Return sentences broken at spaces: a terminal would break them anywhere, in names as well.

    What is moved in stays as it is: excerpts of files, with what points into them, and hints to be copied.
    """
    from reconciler.views.line import fold, line, text_of

    room = width(sys.stderr)
    pieces = ([line(one)] if one.startswith(" ") else fold(line(one), room) for one in lines)
    return [text_of(one) for some in pieces for one in some]


def quiet() -> bool:
    """Return whether only results and errors are wanted."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def command_runner(*lines: str) -> None:
    """Write commands for a build server, which `views.annotations` made: it obeys each of them, and nothing in them."""
    clear()
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
    click.echo(click.style(harmless(text), bold=True) + harmless(rest), color=None if _in_colour() else False)


def write_json(content: bytes) -> None:
    """Write JSON for scripts: the same values, in characters that are safe to look at."""
    from reconciler.views.words import harmless_json

    clear()
    click.echo(harmless_json(content))


def write_csv(text: str) -> None:
    """Write a table whose cells are cleaned: commas and quotes stay where they are."""
    say(*text.splitlines())


def write_html(page: str) -> None:
    """Write a page, whose texts are cleaned: its style and scripts are named by their hashes, so nothing in it may change."""
    say(*page.rstrip("\n").split("\n"))


def write_yaml(content: bytes) -> None:
    """Write the values of a JSON document as YAML."""
    from msgspec.json import decode

    from reconciler.manifest.layout import data

    say(*data(decode(content)).splitlines())


def show(lines: Sequence[Line], *, err: bool = False) -> None:
    """Write styled lines: in colour where standard output is a terminal, plain elsewhere and on standard error."""
    from reconciler.views.line import plain, styled

    clear()
    if err or not _in_colour():
        click.echo(plain(lines), nl=False, err=err)
        return
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, force_terminal=True, width=width()).print(styled(lines), end="")


class Screen:
    """Draws lines over those that it drew before, on a terminal, between `with` and its end; the last ones stay."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(highlight=False, no_color=not _in_colour())
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="ellipsis", redirect_stdout=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def draw(self, lines: Sequence[Line]) -> None:
        """Show lines in place of the last ones. From the first ones on, a reading has no picture of its own."""
        from reconciler.views.line import styled

        clear(for_good=True)
        self._live.start()
        self._live.update(styled(lines), refresh=True)


def is_terminal() -> bool:
    """Return whether standard output is a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def width(stream: TextIO | None = None) -> int:
    """Return the columns to write for: those of the terminal (of standard output, or of `stream`), or COLUMNS, or 100 when piped."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns
    except (OSError, ValueError):
        return 100


def _in_colour() -> bool:
    """Return whether to write colour to standard output (NO_COLOR and FORCE_COLOR are honoured)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal()
