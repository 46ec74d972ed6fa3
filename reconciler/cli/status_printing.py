"""A status → standard output: once in any form, drawn over on a terminal, or as what changed."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from reconciler.cli.output import Screen, is_terminal, say, show, width
from reconciler.cli.printing import print_report
from reconciler.errors import ReconcilerError
from reconciler.model.quantity import iso
from reconciler.model.report import Status
from reconciler.views import status_changes, status_rows, status_text
from reconciler.views.line import EMPTY, Line, folded, line


def print_status(found: Status, output: str, now: float) -> None:
    """Write a status once; `now` in seconds since 1970."""
    if output == "name":
        say(*status_rows.names(found))
        _say_unread(found)
    else:
        print_report(found, output, status_text.encode, _lines, now=now, wide=output == "wide")


def _lines(found: Status, *, width: int, now: float, wide: bool) -> list[Line]:
    if wide:
        return status_rows.wide(found)
    return status_text.render(found, now=now, width=width, piped=not is_terminal())


def _say_unread(found: Status) -> None:
    """Say on standard error what lists of names have no room for: of whom not all is known."""
    for one in found.fleets:
        say(*(f"warning: {one.fleet}: {why}" for why in (one.error, *one.problems) if why), err=True)


class Drawing:
    """Draws every status over the one before."""

    def __init__(self, *, wide: bool) -> None:
        self._wide = wide
        self._screen = Screen()
        self._last: list[Line] = []

    def __enter__(self) -> Self:
        self._screen.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._screen.__exit__(kind, error, trace)

    def show(self, found: Status, now: float) -> None:
        """Draw a status."""
        self._last = _lines(found, width=width(), now=now, wide=self._wide)
        self._screen.draw(self._last)

    def trouble(self, error: ReconcilerError, now: float) -> None:
        """Draw what made a reading impossible, below the last status."""
        words = line((f"{iso(now)} {error.advised}", "bold red"))
        self._screen.draw([*self._last, EMPTY, *folded([words], width())])


class Appending:
    """Writes the first status as it is, then what changed: as lines, as names that are new, or as whole documents."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._last: Status | None = None
        self._trouble = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left to do."""

    def show(self, found: Status, now: float) -> None:
        """Write a status, or what of it is new."""
        before, self._last, self._trouble = self._last, found, ""
        if before is None:
            print_status(found, self._output, now)
        elif self._output == "name":
            say(*status_changes.appeared(before, found))
        elif self._output in {"json", "yaml"}:
            if status_changes.changed(before, found):
                say(*(["---"] if self._output == "yaml" else []))
                print_status(found, self._output, now)
        else:
            show(list(status_changes.changes(before, found, at=iso(now))))
        sys.stdout.flush()

    def trouble(self, error: ReconcilerError, now: float) -> None:
        """Say what made a reading impossible, once until another one succeeds."""
        if error.advised != self._trouble:
            self._trouble = error.advised
            say(f"{iso(now)} error: {error.advised}", err=True)
