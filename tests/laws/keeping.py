"""Histories of a month: one in this process, which loses nothing, and one in a file, which a killed process leaves as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import msgspec

from reconciler.core.remember import Remembering
from reconciler.errors import JournalError
from reconciler.journal.address import address
from reconciler.journal.chain import verify
from reconciler.journal.database import Database
from reconciler.journal.store import Store
from reconciler.ports import History

FULL = """
CREATE TRIGGER full BEFORE INSERT ON history_events BEGIN SELECT raise(ABORT, 'database or disk is full'); END
"""


class Kept:
    """A history in this process, of which nothing is ever lost but all of it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.lose()

    def opened(self) -> History:
        """Return it as a new process has it."""
        return self.history

    def killed(self) -> None:
        """Let the process that has it open be gone, with what it did not write yet: every event was taken in at once."""

    def left(self) -> None:
        """Let the process that came last end as it should."""

    def lose(self) -> None:
        """Let all of it be gone."""
        self.history = Remembering(self.now(), durable=True)

    def fill(self, full: bool) -> None:
        """Let its disk be full, or have room again."""

    def intended(self) -> set[tuple[str, str | None]] | None:
        """Return the units and versions that calls were recorded for; None where that cannot be told from outside."""
        return None

    def close(self) -> None:
        """End it; raise JournalError where what is kept is not as it was written."""


class File(Kept):
    """A history in a file. What a killed process had gathered is lost, and its locks are given back."""

    empty = Path()
    """One with nothing in it, made once: to bring a new one up to date takes longer than a month does."""
    numbers = count()

    def __init__(self, now: Callable[[], float]) -> None:
        self.path = self.empty.with_name(f"history-{next(self.numbers)}.db")
        self.open: list[tuple[Store, Database]] = []
        super().__init__(now)

    def opened(self) -> History:
        database = Database(address(str(self.path)), writes=True).opened()
        self.open.append((Store(database), database))
        return self.open[-1][0]

    def killed(self) -> None:
        while self.open:
            store, database = self.open.pop()
            store._claims.close()
            database.close()

    def left(self) -> None:
        store, database = self.open.pop()
        with suppress(JournalError):
            store.close()
        database.close()

    def lose(self) -> None:
        self.killed()
        self._remove()
        shutil.copy(self.empty, self.path)
        self.full, self.seen = False, 0
        self.known: set[tuple[str, str | None]] = set()

    def fill(self, full: bool) -> None:
        if full != self.full:
            self.full = full
            with closing(sqlite3.connect(self.path)) as database:
                database.execute(FULL if full else "DROP TRIGGER full")

    def intended(self) -> set[tuple[str, str | None]] | None:
        with closing(sqlite3.connect(self.path)) as database:
            rows = database.execute(
                "SELECT id, body FROM history_events WHERE id > ? AND kind = 'intended' ORDER BY id", [self.seen]
            )
            for number, body in rows.fetchall():
                self.seen = number
                slots = msgspec.json.decode(body)["slots"]
                self.known |= {(one["unit"]["id"], one.get("to")) for one in slots}
        return self.known

    def close(self) -> None:
        self.killed()
        with closing(Database(address(str(self.path)), writes=False).opened()) as database:
            verify(database)
        self._remove()

    def _remove(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()
