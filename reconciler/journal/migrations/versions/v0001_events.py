"""Events, their slots, where the chain begins, and which application a fleet is of."""

from __future__ import annotations

import time
from hashlib import sha256

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables; the chain begins now."""
    op.create_table(
        "history_events",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(53), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("run", "kind", "fleet")),
        *(sa.Column(name, sa.String, nullable=False) for name in ("unit", "unit_name", "workload", "workload_name")),
        sa.Column("call", sa.Integer),
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.UniqueConstraint("writer", "number"),
    )
    for name, columns in {
        "kind": ["kind", "id"],
        "fleet": ["fleet", "id"],
        "unit": ["unit", "id"],
        "call": ["run", "call"],
    }.items():
        op.create_index(f"history_events_{name}", "history_events", columns)
    op.create_table(
        "history_slots",
        sa.Column("event", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("unit", "unit_name", "workload", "workload_name")),
    )
    op.create_index("history_slots_unit", "history_slots", ["unit", "event"])
    checkpoints = op.create_table(
        "history_checkpoints",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("seal", sa.String, nullable=False),
    )
    op.create_table(
        "history_fleets",
        sa.Column("fleet", sa.String, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
    )
    begins = [0, time.time(), "0" * 64, "[]"]
    seal = sha256(msgspec.json.encode(begins)).hexdigest()
    op.bulk_insert(checkpoints, [dict(zip(("id", "at", "hash", "body", "seal"), (*begins, seal), strict=True))])
