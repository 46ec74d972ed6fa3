"""The tables of a history, as the newest migration leaves them.

An event is one row of `history_events`: its JSON (`body`, `event.v1`), and beside it the columns that are asked for. What
names several slots has them in `history_slots`. Rows are only ever appended; their ids have no gaps. `hash` covers the row
and the hash before it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

HEAD = "0001"
"""The newest migration: what this program reads and writes."""

METADATA = MetaData()

VERSIONS = Table("history_version", MetaData(), Column("version_num", String, primary_key=True))
"""Where alembic keeps which migration a history has; it makes the table itself."""

EVENTS = Table(
    "history_events",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("run", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("fleet", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("unit_name", String, nullable=False),
    Column("workload", String, nullable=False),
    Column("workload_name", String, nullable=False),
    Column("call", Integer),
    Column("writer", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String, nullable=False),
    UniqueConstraint("writer", "number"),
    Index("history_events_kind", "kind", "id"),
    Index("history_events_fleet", "fleet", "id"),
    Index("history_events_unit", "unit", "id"),
    Index("history_events_call", "run", "call"),
)

SLOTS = Table(
    "history_slots",
    METADATA,
    Column("event", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("unit", String, nullable=False),
    Column("unit_name", String, nullable=False),
    Column("workload", String, nullable=False),
    Column("workload_name", String, nullable=False),
    Index("history_slots_unit", "unit", "event"),
)

CHECKPOINTS = Table(
    "history_checkpoints",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("hash", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("seal", String, nullable=False),
)
"""Where the chain begins: up to which event it was pruned, the hash of that one, and what is remembered of those before."""

FLEETS = Table(
    "history_fleets",
    METADATA,
    Column("fleet", String, primary_key=True),
    Column("target", Text, nullable=False),
)
"""Which application the events of a fleet are about: two fleets of one name share no history."""
