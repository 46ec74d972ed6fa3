"""What pages ask of a history: events page by page, how fleets stood last, how versions spread, what waits for a person.

Each question reads what it shows and no more: a page is asked for often, and a history grows for a year.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import msgspec
from sqlalchemy import Connection, Integer, Row, Select, cast, func, select

from reconciler.journal.asking import conditions
from reconciler.journal.database import Database
from reconciler.journal.rows import column, event_of, kind_of
from reconciler.journal.tables import EVENTS
from reconciler.model.event import AnyEvent, Approved, Completed, Drifted, Halted, InForce, Met, Passed, Proposed, Ruled
from reconciler.model.kept import EventQuery

LAST: tuple[type[AnyEvent], ...] = (Passed, Completed, InForce)
"""Kinds of which the newest says how things stand: one a fleet, where they are about one."""
TURNS: tuple[type[AnyEvent], ...] = (Met, Halted, Ruled)
"""Kinds that together say how rollouts stand."""


class Found(msgspec.Struct, frozen=True):
    """Events of one page, the newest first, each with its number in the history."""

    events: tuple[tuple[int, AnyEvent], ...]
    older: bool = False


class Looking:
    """Asks a history. Threads may share it: they take turns, as they must with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = Lock()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._turn, self._database.reading() as on:
            yield on

    def last(self) -> int:
        """Return the number of the newest event; 0 for none."""
        with self._reading() as on:
            return on.scalar(select(func.max(EVENTS.c.id))) or 0

    def find(self, query: EventQuery, *, before: int | None = None) -> Found:
        """Return the newest events of a query, before one of this number. Raises JournalError."""
        found = _rows().where(*conditions(query)).order_by(EVENTS.c.id.desc())
        if before is not None:
            found = found.where(EVENTS.c.id < before)
        with self._reading() as on:
            rows = on.execute(found.limit(query.limit + 1) if query.limit else found).all()
        kept = rows[: query.limit or None]
        return Found(tuple(_events(kept)), older=len(rows) > len(kept))

    def standing(self) -> list[AnyEvent]:
        """Return the events that say how everything stood last, oldest first."""
        newest = (
            select(func.max(EVENTS.c.id))
            .where(EVENTS.c.kind.in_([kind_of(one) for one in LAST]))
            .group_by(EVENTS.c.kind, EVENTS.c.fleet)
        )
        turns = select(EVENTS.c.id).where(EVENTS.c.kind.in_([kind_of(one) for one in TURNS]))
        return self._in_order(_rows().where(EVENTS.c.id.in_(newest) | EVENTS.c.id.in_(turns)))

    def drifted(self, since: float) -> list[AnyEvent]:
        """Return the drift since a time in seconds since 1970, oldest first."""
        return self._in_order(_rows().where(EVENTS.c.kind == kind_of(Drifted), EVENTS.c.at >= since))

    def course(self, fleet: str, since: float, until: float, points: int) -> list[Passed]:
        """Return how a fleet stood from one time to another: the one before, then at most one for each of `points` spans."""
        step = max((until - since) / points, 1.0)
        mine = EVENTS.c.kind == kind_of(Passed), EVENTS.c.fleet == column(fleet)
        before = select(func.max(EVENTS.c.id)).where(*mine, EVENTS.c.at < since)
        place = (EVENTS.c.at - since) / step
        span = cast(place, Integer) if self._database.address.path else func.floor(place)  # PostgreSQL rounds in a cast
        each = select(func.max(EVENTS.c.id)).where(*mine, EVENTS.c.at >= since, EVENTS.c.at <= until).group_by(span)
        found = self._in_order(_rows().where(EVENTS.c.id.in_(before) | EVENTS.c.id.in_(each)))
        return [one for one in found if isinstance(one, Passed)]

    def waiting(self) -> list[Proposed]:
        """Return the newest proposal of each fleet, as far as nobody approved it, by the names of their fleets."""
        newest = select(func.max(EVENTS.c.id)).where(EVENTS.c.kind == kind_of(Proposed)).group_by(EVENTS.c.fleet)
        with self._reading() as on:
            proposed = _events(on.execute(_rows().where(EVENTS.c.id.in_(newest))).all())
            since = min((number for number, _ in proposed), default=0)
            later = _rows().where(EVENTS.c.kind == kind_of(Approved), EVENTS.c.id > since)
            approved = _events(on.execute(later).all())
        said = {(one.fleet, one.fingerprint) for _, one in approved if isinstance(one, Approved)}
        open_ = [one for _, one in proposed if isinstance(one, Proposed)]
        return sorted(
            (one for one in open_ if (one.fleet, one.plan.fingerprint) not in said), key=lambda one: one.fleet
        )

    def _in_order(self, found: Select[tuple[int, float, str]]) -> list[AnyEvent]:
        with self._reading() as on:
            return [one for _, one in _events(on.execute(found.order_by(EVENTS.c.id)).all())]

    def close(self) -> None:
        """Give connections back."""
        self._database.close()


def _rows() -> Select[tuple[int, float, str]]:
    return select(EVENTS.c.id, EVENTS.c.at, EVENTS.c.body)


def _events(rows: Sequence[Row[tuple[int, float, str]]]) -> list[tuple[int, AnyEvent]]:
    found = ((row.id, event_of(row.at, row.body)) for row in rows)
    return [(number, one) for number, one in found if one is not None]
