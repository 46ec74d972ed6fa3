"""Asking a history for events: by fleet, unit, workload, kind and time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Table, and_, exists, or_, select

from reconciler.core.select import is_glob, matcher
from reconciler.journal.database import Database
from reconciler.journal.rows import column, event_of, kind_of
from reconciler.journal.store import Store
from reconciler.journal.tables import EVENTS, SLOTS
from reconciler.model.event import Called, Intended
from reconciler.model.kept import EventQuery, Kept
from reconciler.model.unit import Ref


def ask(database: Database, query: EventQuery, calls_since: float) -> Kept:
    """Return what a history has of a query, and which calls since a time had no answer. Raises JournalError."""
    statement = select(EVENTS.c.at, EVENTS.c.body).where(*conditions(query)).order_by(EVENTS.c.id.desc())
    with database.reading() as on:
        rows = on.execute(statement.limit(query.limit + 1) if query.limit else statement).all()
        named = [row.fleet for row in on.execute(select(EVENTS.c.fleet).distinct().where(*_named(query)))]
    older = bool(query.limit) and len(rows) > query.limit
    found = [event_of(row.at, row.body) for row in reversed(rows[: query.limit or None])]
    memory = Store(database).memory(dict.fromkeys(named, ""), max(query.since or 0.0, calls_since))
    return Kept(
        events=tuple(one for one in found if one is not None),
        unanswered=tuple(
            one
            for one in memory.unanswered
            if _matches(query.units, one.unit) and _matches(query.workloads, one.workload)
        ),
        older=older,
    )


def conditions(query: EventQuery) -> Iterator[ColumnElement[bool]]:
    """Yield what rows must meet."""
    yield from _named(query)
    if query.since is not None:
        yield EVENTS.c.at >= query.since
    if query.until is not None:
        yield EVENTS.c.at < query.until
    if query.kinds:
        yield EVENTS.c.kind.in_(query.kinds)
    if query.text:
        inside = msgspec.json.encode(query.text).decode()[1:-1]
        yield EVENTS.c.body.icontains(inside, autoescape=True)
    slot = [*_about(query.units, "unit", SLOTS), *_about(query.workloads, "workload", SLOTS)]
    if slot:
        own = and_(*_about(query.units, "unit", EVENTS), *_about(query.workloads, "workload", EVENTS))
        intended = EVENTS.alias()
        # the answer to a call names no slot; its intention does
        answered = exists().where(
            intended.c.run == EVENTS.c.run,
            intended.c.call == EVENTS.c.call,
            intended.c.kind == kind_of(Intended),
            SLOTS.c.event == intended.c.id,
            *slot,
        )
        named = exists().where(SLOTS.c.event == EVENTS.c.id, *slot)
        yield or_(own, named, and_(EVENTS.c.kind == kind_of(Called), answered))


def _named(query: EventQuery) -> Iterator[ColumnElement[bool]]:
    if query.fleets:
        yield or_(*(_like(EVENTS.c.fleet, glob) for glob in query.fleets))


def _about(globs: Sequence[str], kind: str, table: Table) -> Iterator[ColumnElement[bool]]:
    """Yield that a unit or a workload goes by one of these names."""
    if globs:
        yield or_(*(_like(table.c[name], glob) for glob in globs for name in (kind, f"{kind}_name")))


def _like(one: ColumnElement[str], glob: str) -> ColumnElement[bool]:
    """Return that a column equals a name or matches it as a glob; an index answers for plain ones."""
    same = one == column(glob)
    return or_(same, one.regexp_match(regex(glob))) if is_glob(glob) else same


def regex(glob: str) -> str:
    """Return a glob as a regular expression that Python and PostgreSQL read alike."""
    found, rest = "", glob
    while rest:
        members = re.match(r"\[(!?)(\]?[^\]]*)\]", rest)
        if members:
            inside = re.sub(r"([\\\[\]^])", r"\\\1", members[2])
            found += f"[{'^' if members[1] else ''}{inside}]"
            rest = rest[members.end() :]
        else:
            found += {"*": ".*", "?": "."}.get(rest[0]) or re.sub(r"([^\w\s])", r"\\\1", rest[0])
            rest = rest[1:]
    return f"^{found}$"


def _matches(globs: Sequence[str], ref: Ref) -> bool:
    return not globs or any(map(matcher(list(globs)), (ref.id, ref.name)))
