"""The chain of a history: proving that nothing of it was changed or lost, and forgetting its oldest part.

What is forgotten leaves a checkpoint: the hash of the last event that went, so that the chain goes on from there, and those
events that still matter (`core.standing`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy import Row as SqlRow

from reconciler.core.standing import STANDING, standing
from reconciler.errors import JournalError
from reconciler.journal.database import Database
from reconciler.journal.rows import CHAINED, Row, event_of, hash_of, kind_of, slot_rows
from reconciler.journal.tables import CHECKPOINTS, EVENTS, SLOTS
from reconciler.model.event import AnyEvent
from reconciler.model.event_shape import to_builtins
from reconciler.model.quantity import iso

DAY = 86400.0

AT_ONCE = 1000
"""Rows that are held in memory."""


class Verified(msgspec.Struct, frozen=True):
    """A chain that holds: how many events it has, since when, and the last one's number and hash."""

    events: int
    since: float
    last: int
    hash: str


def verify(database: Database) -> Verified:
    """Return that every event is as it was written; raise JournalError that names the first that is not."""
    with database.reading() as on:
        begins = _newest(on)
        if begins is None or begins.seal != seal(begins.id, begins.at, begins.hash, begins.body):
            raise _broken(database, "its beginning is not as it was written")
        last, before = begins.id, begins.hash
        with closing(_rows(on)) as rows:
            for row, slots in rows:
                if row["id"] != last + 1:
                    raise _broken(database, f"event {last + 1:,} is missing")
                if row["hash"] != hash_of(row, before) or not _fits(row, slots):
                    what = f"event {row['id']:,} ({row['kind']}, {iso(row['at'])}, run {row['run'][:12]})"
                    raise _broken(database, f"{what} is not as it was written, or one before it was taken away")
                last, before = row["id"], row["hash"]
    return Verified(last - begins.id, begins.at, last, before)


def beginning(on: Connection) -> SqlRow[Any]:
    """Return where a chain begins: the last event before, and what is remembered of those before (`CHECKPOINTS`)."""
    found = _newest(on)
    if found is None:
        raise JournalError("the history has lost where it begins", hint="restore it, or give another --history")
    return found


def _newest(on: Connection) -> SqlRow[Any] | None:
    return on.execute(select(CHECKPOINTS).order_by(CHECKPOINTS.c.id.desc()).limit(1)).one_or_none()


def _broken(database: Database, what: str) -> JournalError:
    hint = "restore it, or begin a new one with --history: no plan rests on it, only limits over time, waves and halts"
    return JournalError(f"the history {database.address.name} is broken: {what}", hint=hint)


def _rows(on: Connection) -> Generator[tuple[Row, list[Row]], None, None]:
    """Yield every event with its slots, in order."""
    columns = [EVENTS.c[name] for name in (*CHAINED, "hash")]
    on = on.execution_options(yield_per=AT_ONCE)
    with (
        on.execute(select(*columns).order_by(EVENTS.c.id)) as events,
        on.execute(select(SLOTS).order_by(SLOTS.c.event, SLOTS.c.position)) as named,
    ):
        groups = groupby(map(dict, named.mappings()), key=itemgetter("event"))
        ahead = next(groups, None)
        for event in events.mappings():
            slots: list[Row] = []
            if ahead is not None and ahead[0] == event["id"]:
                slots = list(ahead[1])
                ahead = next(groups, None)
            yield dict(event), slots


def _fits(row: Row, slots: Sequence[Row]) -> bool:
    """Return whether the slots beside an event are those that it names; of kinds unknown here nobody can tell."""
    event = event_of(row["at"], row["body"])
    return event is None or [*slot_rows(row["id"], event)] == list(slots)


def seal(number: int, at: float, last: str, body: str) -> str:
    """Return what shows that a checkpoint is as it was written."""
    return sha256(msgspec.json.encode([number, at, last, body])).hexdigest()


def prune(database: Database, before: float) -> int:
    """Forget the events from before a time, in seconds since 1970, up to the first that is not; return how many."""
    with database.appending(durable=True) as on:
        begins = beginning(on)
        first = on.scalar(select(func.min(EVENTS.c.id)).where(EVENTS.c.at >= before))
        newest = on.scalar(select(func.max(EVENTS.c.id)))
        upto = newest if first is None else first - 1
        if upto is None or upto <= begins.id:
            return 0
        last = on.execute(select(EVENTS.c.hash).where(EVENTS.c.id == upto)).scalar_one()
        point = _checkpoint(upto, max(begins.at, before), last, standing(_carried(on, begins.body, upto)))
        on.execute(insert(CHECKPOINTS), [point])
        on.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.id < upto))
        on.execute(delete(SLOTS).where(SLOTS.c.event <= upto))
        return on.execute(delete(EVENTS).where(EVENTS.c.id <= upto)).rowcount


def _checkpoint(number: int, at: float, last: str, events: Sequence[AnyEvent]) -> Row:
    body = msgspec.json.encode([(one.at, to_builtins(one)) for one in events]).decode()
    return {"id": number, "at": at, "hash": last, "body": body, "seal": seal(number, at, last, body)}


def _carried(on: Connection, body: str, upto: int) -> Iterator[AnyEvent]:
    """Yield the events up to a number that may still matter: those of the checkpoint before, and those that go."""
    kinds = [kind_of(one) for one in STANDING]
    going = select(EVENTS.c.at, EVENTS.c.body).where(EVENTS.c.id <= upto, EVENTS.c.kind.in_(kinds))
    for at, text in (*carried(body), *((row.at, row.body) for row in on.execute(going.order_by(EVENTS.c.id)))):
        event = event_of(at, text)
        if event is not None:
            yield event


def carried(body: str) -> Iterator[tuple[float, str]]:
    """Yield the events of a checkpoint: when, and their JSON."""
    kept: list[tuple[float, Any]] = msgspec.json.decode(body)
    return ((at, msgspec.json.encode(one).decode()) for at, one in kept)
