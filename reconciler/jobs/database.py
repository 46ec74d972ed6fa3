"""The database of jobs: its URL, which nobody prints; its tables, in a schema of their own; and its errors in plain words.

The tables hold nothing that cannot be lost: the next tick of a `watch` lays every pass down anew. So tables of another
version of procrastinate are not migrated but made again, once a person says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from reconciler.errors import SettingsError

if TYPE_CHECKING:
    import psycopg
    from procrastinate import App

SCHEMA = "reconciler_jobs"
"""Of the tables: whatever else uses procrastinate in the same database has tables of its own."""

PATIENCE = 10
"""Seconds that connecting, or one query, may take: a database that does not answer is gone."""

BUSY = 3
"""Seconds that a worker waits for one of its connections."""

EXTRA = "install fleet-reconciler[postgres]"

FORM = (
    "write it as postgresql://USER@HOST/DATABASE, best in RECONCILER_DATABASE; a password may be in it, or in ~/.pgpass"
)


RIGHTS = (
    f"GRANT USAGE ON SCHEMA {SCHEMA}, SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA}, and USAGE ON ALL "
    f"SEQUENCES IN SCHEMA {SCHEMA} to this role"
)


TABLES = """SELECT pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s AND relname = 'procrastinate_jobs'"""
"""Asked of the catalogue as any table is: what names mean is looked up in a cache, which knows nothing of who came first."""


class Lost(Exception):
    """The database does not answer, or refuses. The text says which database and why, without the URL."""


class Database:
    """Where jobs are. Made of a URL; raises SettingsError for one that libpq would not take."""

    def __init__(self, url: str) -> None:
        try:
            from psycopg import ProgrammingError, conninfo
        except ImportError as error:
            raise SettingsError(f"jobs in a database need psycopg: {error}", hint=EXTRA) from None
        if not re.match(r"postgres(ql)?://", url):
            raise SettingsError("the database is not given as a URL of PostgreSQL", hint=FORM)
        try:
            given = conninfo.conninfo_to_dict(url)
        except ProgrammingError:  # its text may hold the password
            raise SettingsError("the URL of the database cannot be read", hint=FORM) from None
        self.url = url
        self.name = _name(given)
        options = f"{given.get('options') or ''} -c search_path={SCHEMA} -c statement_timeout={PATIENCE}s".strip()
        limits = {"connect_timeout": PATIENCE, "tcp_user_timeout": PATIENCE * 1000, "keepalives_idle": PATIENCE}
        self.arguments: dict[str, Any] = {**limits, **given, "options": options}

    def __repr__(self) -> str:
        """Return which database it is: the URL may hold a password."""
        return f"Database({self.name})"

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Give a connection that commits each statement. Raises Lost for whatever the database does not do."""
        import psycopg

        with self.errors(), psycopg.connect(**self.arguments, autocommit=True) as found:
            yield found

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the database answers instead of doing something into Lost; where rights are missing, SettingsError."""
        import psycopg
        from procrastinate.exceptions import ConnectorException

        try:
            yield
        except (psycopg.Error, ConnectorException) as error:  # those of the pool are psycopg's, too
            if isinstance(error.__cause__ or error, psycopg.errors.InsufficientPrivilege):
                raise SettingsError(f"{self.name}: {_words(error)}", hint=RIGHTS) from None
            raise Lost(f"{self.name}: {_words(error)}") from None

    def app(self) -> App:
        """Return procrastinate on this database, not yet open."""
        from procrastinate import App, PsycopgConnector

        _hush()
        return App(connector=PsycopgConnector(kwargs=self.arguments, min_size=1, max_size=4, timeout=BUSY))

    @asynccontextmanager
    async def opened(self, app: App) -> AsyncIterator[None]:
        """Open procrastinate for the time of the block; a pool by itself would try for half a minute. Raises Lost."""
        await asyncio.to_thread(self._look)
        with self.errors():
            async with app.open_async():
                yield

    def _look(self) -> None:
        with self.connection():
            pass

    # --- tables -----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the tables where there are none. Raises SettingsError that says what a person must do."""
        with self._first() as connection:
            missing = _missing(connection)
            if missing is None:
                _made(connection, self.name)
            elif missing:
                raise SettingsError(
                    f"{self.name}: its tables for jobs are of another version of procrastinate than {_version()}, "
                    f"which needs {missing[0]}",
                    hint="stop every worker, run `reconciler worker --setup` with this version, and start them again; "
                    "what is queued is laid down anew",
                )
            else:
                _allowed(connection, self.name)

    def set_up(self) -> bool:
        """Make the tables, those of another version anew; return whether there was anything to do. Raises SettingsError."""
        with self._first() as connection:
            missing = _missing(connection)
            if missing:
                with connection.transaction():
                    connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
                missing = None
            if missing is None:
                _made(connection, self.name)
                return True
        return False

    @contextmanager
    def _first(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Give a connection to a database that was never reached before. Raises SettingsError where it cannot be."""
        try:
            with self.connection() as connection:
                yield connection
        except Lost as error:
            hint = "check the URL, and that the database runs and lets this machine in"
            raise SettingsError(str(error), hint=hint) from None


def _missing(connection: psycopg.Connection[tuple[Any, ...]]) -> list[str] | None:
    """Return the functions that procrastinate calls and the tables do not bring; None where there are no tables."""
    from procrastinate import sql

    if value(connection, TABLES, SCHEMA) is None:
        return None
    called = sorted(
        {name for text in sql.queries.values() for name in re.findall(r"procrastinate_\w+_v\d+(?=\()", text)}
    )
    there = {
        row[0]
        for row in connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = %s::regnamespace", [SCHEMA]
        ).fetchall()
    }
    return [name for name in called if name not in there]


def _made(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    """Make the tables; of several who try at once one does."""
    import psycopg
    from procrastinate import schema

    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SCHEMA])
            if _missing(connection) is not None:
                return
            if value(connection, "SELECT oid FROM pg_namespace WHERE nspname = %s", SCHEMA) is None:
                connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(schema.SchemaManager.get_schema())
    except psycopg.errors.InsufficientPrivilege as error:
        raise SettingsError(
            f"{name}: there are no tables for jobs, and this role may not make them: {_words(error)}",
            hint=f"run `reconciler worker --setup` once as a role that may, then let this one use schema {SCHEMA}, "
            "its tables and its sequences",
        ) from None


def _allowed(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    """Raise SettingsError where the tables are there and this role may not use them."""
    tables = ("procrastinate_jobs", "procrastinate_events", "procrastinate_workers", "procrastinate_periodic_defers")
    for table in tables:
        right = "SELECT has_table_privilege(%s, 'SELECT') AND has_table_privilege(%s, 'INSERT')"
        more = " AND has_table_privilege(%s, 'UPDATE') AND has_table_privilege(%s, 'DELETE')"
        if not value(connection, right + more, *[f"{SCHEMA}.{table}"] * 4):
            raise SettingsError(f"{name}: this role may not read and change the table {SCHEMA}.{table}", hint=RIGHTS)


def value(connection: psycopg.Connection[tuple[Any, ...]], query: LiteralString, *arguments: object) -> Any:
    """Return the first value that a query gives; None where it gives no row."""
    row = connection.execute(query, list(arguments)).fetchone()
    return row[0] if row else None


def _name(given: dict[str, Any]) -> str:
    """Return a database as people may see it: neither who connects, nor with what."""
    host = str(given.get("host") or "this machine")
    return f"the database {given.get('dbname') or '(default)'} on {host}"


def _words(error: BaseException) -> str:
    """Return why, in one line: libpq names host and role, never the password."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


def _version() -> str:
    from importlib.metadata import version

    return version("procrastinate")


def _hush() -> None:
    """Let procrastinate and the pool write no log: what they meet is said here, in our words."""
    from logging import NullHandler, getLogger

    for name in ("procrastinate", "psycopg.pool", "psycopg"):
        logger = getLogger(name)
        logger.propagate = False
        logger.handlers = [NullHandler()]
