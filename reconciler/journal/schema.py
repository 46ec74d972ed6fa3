"""The schema of a history: what is empty or older is brought up to date, what is newer or foreign is refused."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select

from reconciler.errors import JournalError
from reconciler.journal.address import Address
from reconciler.journal.tables import EVENTS, HEAD, VERSIONS

CHAIN = 0x7265636F6E63696C
"""The number of PostgreSQL's advisory lock that whoever appends to the chain holds."""


class NothingKeptYet(JournalError):
    """There is a database, and nothing of a history in it."""


MIGRATIONS = Path(__file__).with_name("migrations")


def bring_up_to_date(engine: Engine, address: Address, *, writes: bool) -> None:
    """Migrate a history that is empty or older; raise JournalError where it is newer, is no history, or may not be written."""
    with engine.begin() as connection:
        found = _version(connection, address)
        if found == HEAD:
            return
        if found > HEAD:
            raise JournalError(
                f"the history {address.name} has version {found}, and this program knows versions up to {HEAD}",
                hint="upgrade reconciler, or give another --history",
            )
        if not writes and not found:
            hint = "`reconciler watch` and `apply` begin one"
            raise NothingKeptYet(f"{address.name} holds no history yet", hint=hint)
        if not writes:
            raise JournalError(
                f"the history {address.name} has version {found}, and this program reads version {HEAD}",
                hint="`reconciler watch` and `apply` bring it up to date",
            )
        _migrate(connection)


def _version(connection: Connection, address: Address) -> str:
    """Return the version of a history, nothing for an empty one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CHAIN})")  # two that begin at once migrate once
    tables = set(inspect(connection).get_table_names())
    if VERSIONS.name in tables:
        return connection.scalar(select(VERSIONS.c.version_num)) or ""
    if EVENTS.name in tables or (tables and connection.dialect.name == "sqlite"):
        raise JournalError(
            f"{address.name} is a database, but no history of reconciler", hint="give another file with --history"
        )
    return ""


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
