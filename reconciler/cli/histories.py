"""Which history a command keeps or reads: `--history`, or the one in the state folder of this user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli import wiring
from reconciler.cli.files import folder_of_user
from reconciler.cli.options import DurationType
from reconciler.cli.output import note
from reconciler.errors import JournalError, SettingsError
from reconciler.ports import Clock, History

F = TypeVar("F", bound=Callable[..., Any])
NONE = "none"


class HistoryType(click.ParamType[str]):
    """A file, the URL of a PostgreSQL database, or `none`. What is wrong with a URL is said without showing it."""

    name = "history"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # click's signature
        """Return it as it was given."""
        from reconciler.journal.address import address

        if value != NONE:
            try:
                address(value)
            except SettingsError as wrong:
                self.fail(wrong.advised, param, ctx)
        return str(value)


def history_option(default: str) -> Callable[[F], F]:
    """Return the option `--history`; `default` says what is without it."""
    words = f"Where events are kept: a file, or a postgresql:// URL (better by RECONCILER_HISTORY). {default}"
    return click.option("--history", "history_at", type=HistoryType(), metavar="FILE|URL|none", help=words)


def keep_option(function: F) -> F:
    """Add the option that says for how long events are kept."""
    return click.option(
        "--keep",
        type=DurationType("31d"),
        default="400d",
        show_default=True,
        help="How long the history keeps events; at least 31d, since limits look back so far.",
    )(function)


KEPT = history_option("Default: history.db in the state folder of this user.")
"""For what goes on for long."""

IF_THERE = history_option("Default: history.db in the state folder of this user, if it is there.")
"""For single runs, which may be on a machine that is gone tomorrow."""


def default_file() -> Path:
    """Return the file that a history has where none is named."""
    return folder_of_user("XDG_STATE_HOME", ".local", "state") / "history.db"


@contextmanager
def kept(given: str | None, clock: Clock, keep: float, *, creates: bool, shared: bool = False) -> Iterator[History]:
    """Give the history that a run keeps its events in. Without one, what happened is remembered until the run ends.

    Events older than `keep` seconds are forgotten. `creates` makes the default one; one that is named is made anyway.
    Raises JournalError where it cannot be used.
    """
    default = default_file()
    if given == NONE or (given is None and not creates and not default.exists()):
        yield wiring.history(clock)
        return
    try:
        if given is None:
            default.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = wiring.journal(given or str(default), keep=keep, shared=shared)
    except (JournalError, OSError) as error:
        if given is not None or default.exists():
            raise
        note(f"warning: no history is kept: {error}; name a file with --history")
        yield wiring.history(clock)
        return
    try:
        yield store
    except BaseException:
        store.abandon()
        raise
    store.close()


@contextmanager
def read(given: str | None, clock: Clock) -> Iterator[History]:
    """Give a history that is only asked. Where there is none yet, nothing is remembered."""
    where = given or str(default_file())
    if given == NONE or wiring.no_journal(where):
        yield wiring.history(clock)
        return
    from reconciler.journal.schema import NothingKeptYet

    try:
        store = wiring.journal(where)
    except NothingKeptYet:
        yield wiring.history(clock)
        return
    try:
        yield store
    finally:
        store.close()


def readable(given: str | None) -> str | None:
    """Return where the history of a run that keeps one can be read; None where it keeps none."""
    where = given or str(default_file())
    return None if given == NONE or wiring.no_journal(where) else where


def existing(given: str | None) -> str:
    """Return where a history is that was kept; raise SettingsError where there is none."""
    where = given or str(default_file())
    if given == NONE:
        raise click.UsageError("--history none keeps nothing: there is nothing to show")
    if wiring.no_journal(where):
        hint = "name it with --history; `reconciler watch` keeps one, `apply` where one is named"
        raise SettingsError(f"there is no history at {where}", hint=hint)
    return where
