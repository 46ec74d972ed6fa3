"""The history that is kept: appends events, and remembers by folding those that are there (`core.remember`).

What is about to be sent, and what decides about later runs, is on the disk before `record` returns. The rest is gathered and
written together, at the latest before anything is waited for. What could not be written stays here, in its order, and is
written with the next event: a disk that was full or a server that was away leaves no gap.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from threading import RLock

import msgspec
from sqlalchemy import Connection, Table, func, insert, or_, select

from reconciler.core.remember import REMEMBERED, Remembering
from reconciler.core.standing import STANDING
from reconciler.errors import JournalError
from reconciler.journal.chain import DAY, beginning, carried, prune
from reconciler.journal.claims import claims_of
from reconciler.journal.database import Database
from reconciler.journal.rows import Row, chained, column, event_of, kind_of, row_of, slot_rows
from reconciler.journal.tables import EVENTS, FLEETS, SLOTS
from reconciler.model.event import (
    AnyEvent,
    Completed,
    Differing,
    Drifted,
    Event,
    Intended,
    Note,
    Passed,
    Settled,
    Settling,
    Started,
)
from reconciler.model.memory import Holder, Memory

DURABLE = (Intended, *STANDING)
"""Events that are on the disk before anything that rests on them happens."""

GATHERED = (Settled, Differing, Drifted, Note, Passed)
"""Events that may wait for others."""

MOST = 2000
"""Events that are gathered at most."""


class Store:
    """Keeps events in a database. Threads may share one."""

    def __init__(self, database: Database, keep: float = float("inf"), *, shared: bool = False) -> None:
        """Take where they are kept, and for how many seconds; `shared` as `claims_of` takes it."""
        self._database = database
        self._claims = claims_of(database.address, shared=shared)
        self._keep = keep
        self._pruned = float("-inf")
        self._lock = RLock()
        self._writer = uuid.uuid4().hex
        self._number = 0
        self._pending: list[tuple[int, AnyEvent]] = []
        self._doubtful = False
        """Whether nobody knows if the last events were written."""
        self._opened = database.times_opened
        """How often it had been opened when it was last read or written."""
        self._fold: Remembering | None = None
        self._loaded = float("inf")
        """Since when what went is in the fold, in seconds since 1970."""
        self._folded = 0
        """The id of the last event that is in the fold."""
        self._targets: dict[str, str] = {}
        """The application of each fleet, as far as it was asked for; it never changes."""
        self._stood: dict[str, Passed] = {}
        self._quiet = True
        """Whether nothing of the pass that goes on is worth keeping."""

    # --- writing ----------------------------------------------------------------------------------------------------

    def record(self, event: AnyEvent) -> None:
        """Append one event; raise JournalError when it cannot be kept."""
        with self._lock:
            if self._is_news(event):
                self._number += 1
                self._pending.append((self._number, event))
            if not isinstance(event, GATHERED) or len(self._pending) >= MOST:
                self._write()
            if isinstance(event, Started | Completed) and event.at - self._pruned > DAY:
                self._pruned = event.at
                with suppress(JournalError):  # what is too much can stay for a day
                    prune(self._database, event.at - self._keep)

    def _is_news(self, event: AnyEvent) -> bool:
        """Return whether an event says what those before it do not: a pass that found nothing new says nothing."""
        if isinstance(event, Settling):
            return False
        if isinstance(event, Passed):
            before = self._stood.get(event.fleet)
            self._stood[event.fleet] = event
            if before is not None and not event.outcomes and _as_if_of(event, before) == before:
                return False
        elif isinstance(event, Completed):
            quiet, self._quiet = self._quiet, True
            return not quiet
        self._quiet = False
        return True

    def _write(self) -> None:
        """Write what is gathered, all of it or nothing."""
        if not self._pending:
            return
        try:
            with self._database.appending(durable=any(isinstance(one, DURABLE) for _, one in self._pending)) as on:
                self._look()
                self._forget_written(on)
                last, before = tail(on)
                rows = chained([row_of(one, self._writer, number) for number, one in self._pending], last, before)
                slots = (slot_rows(row["id"], event) for row, (_, event) in zip(rows, self._pending, strict=True))
                _insert(on, EVENTS, rows)
                _insert(on, SLOTS, [one for some in slots for one in some])
        except JournalError:
            self._doubtful = True
            raise
        if self._fold is not None and self._folded == last:
            for _, event in self._pending:
                self._fold.record(event)
            self._folded = last + len(rows)
        self._pending.clear()

    def _look(self) -> None:
        """Forget what was known of a history in whose place there may be another one."""
        if self._opened != self._database.times_opened:
            self._opened, self._fold, self._folded = self._database.times_opened, None, 0
            self._targets.clear()
            self._stood.clear()

    def _forget_written(self, on: Connection) -> None:
        """Forget what was written after all: a connection can break when the work is done, and before it is said."""
        if self._doubtful:
            written = on.scalar(select(func.max(EVENTS.c.number)).where(EVENTS.c.writer == self._writer)) or 0
            self._pending = [one for one in self._pending if one[0] > written]
            self._doubtful = False

    def flush(self) -> None:
        """Write what is gathered; raise JournalError when it cannot be kept."""
        with self._lock:
            self._write()

    def close(self) -> None:
        """Write what is gathered, and end; raise JournalError when it cannot be kept."""
        with self._lock:
            try:
                if self._database.writes:
                    self._write()
            finally:
                self._claims.close()
                self._database.close()

    def abandon(self) -> None:
        """Write what is gathered as far as that can be done, and end: something else went wrong before."""
        with suppress(JournalError):
            self.close()

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Take applications for this process, all or none, until it ends; return who else acts on one of them."""
        with self._lock:
            return self._claims.claim(targets)

    # --- remembering ------------------------------------------------------------------------------------------------

    def memory(self, fleets: Mapping[str, str], since: float) -> Memory:
        """Return what is remembered of fleets, what went since then included.

        Raises JournalError when it cannot be read or written, and where the fleet that it has of a name is of another
        application.
        """
        with self._lock:
            if self._database.writes:
                self._write()
            with self._database.reading() as on:
                self._look()
                fold = self._read(on, since)
            self._check_targets({fleet: target for fleet, target in fleets.items() if target})
            return fold.memory(fleets, since)

    def _read(self, on: Connection, since: float) -> Remembering:
        """Fold what was written since the last time; everything, where what went must be known from further back."""
        begin = self._folded
        if self._fold is None or since < self._loaded:
            begins = beginning(on)
            self._fold, self._loaded, self._folded = Remembering(begins.at, durable=True), since, begins.id
            for at, text in carried(begins.body):
                self._take(at, text)
            kinds = [kind_of(one) for one in REMEMBERED if one is not Settled]
            young = EVENTS.c.kind.in_(kinds), EVENTS.c.at >= since
            begin = on.scalar(select(func.min(EVENTS.c.id)).where(*young)) or sys.maxsize
        rows = on.execute(
            select(EVENTS.c.at, EVENTS.c.body, EVENTS.c.kind)
            .where(
                EVENTS.c.id > self._folded,
                EVENTS.c.kind.in_([kind_of(one) for one in REMEMBERED]),
                or_(EVENTS.c.id >= begin, EVENTS.c.kind.in_([kind_of(one) for one in STANDING])),
            )
            .order_by(EVENTS.c.id)
        )
        results = kind_of(Settled)
        for at, body, kind in rows:
            if kind != results or self._fold.doubts:  # most results are of calls that were answered: not even decoded
                self._take(at, body)
        self._folded, _ = tail(on)
        return self._fold

    def _take(self, at: float, body: str) -> None:
        event = event_of(at, body)
        if event is not None and self._fold is not None:
            self._fold.record(event)

    def _check_targets(self, fleets: Mapping[str, str]) -> None:
        """Raise JournalError where a fleet is of another application than the one that the history has of this name."""
        known = self._targets
        if not known.keys() >= {column(name) for name in fleets}:
            with self._database.reading() as on:
                known.update((row.fleet, row.target) for row in on.execute(select(FLEETS)))
        for fleet, target in fleets.items():
            if known.get(column(fleet), target) != target:
                raise JournalError(
                    f"the history {self._database.address.name} is of another fleet {fleet!r}: "
                    f"there it is of {known[column(fleet)]}, here of {target}",
                    hint="give each its own with --history",
                )
        new = {column(name): target for name, target in fleets.items() if column(name) not in known}
        if new and self._database.writes:
            with self._database.appending(durable=False) as on:
                on.execute(insert(FLEETS), [{"fleet": name, "target": target} for name, target in new.items()])
            known.update(new)


def _insert(on: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert many rows, with nothing done to each: our values are what both drivers take."""
    if rows:
        compiled = insert(table).compile(dialect=on.dialect)
        names = compiled.positiontup  # None where parameters go by their names
        on.exec_driver_sql(str(compiled), [*map(itemgetter(*names), rows)] if names else [*rows])


def _as_if_of(event: Passed, before: Passed) -> Event:
    """Return the end of a pass as if it were that of another."""
    return msgspec.structs.replace(
        event,
        at=before.at,
        run=before.run,
        number=before.number,
        outcomes=before.outcomes,
        read_at=before.read_at,
        full_at=before.full_at,
    )


def tail(on: Connection) -> tuple[int, str]:
    """Return id and hash of the last event, or of where the chain begins."""
    last = select(EVENTS.c.id, EVENTS.c.hash).order_by(EVENTS.c.id.desc()).limit(1)
    found = on.execute(last).one_or_none() or beginning(on)
    return found.id, found.hash
