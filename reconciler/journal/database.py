"""A connection to the database of a history: SQLite or PostgreSQL, its schema brought up to date, its errors in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from reconciler.errors import JournalError, SettingsError
from reconciler.journal import schema, troubles
from reconciler.journal.address import Address

BUSY = 5.0
"""Seconds to wait for another process that writes."""


class Database:
    """The database of a history. One thread at a time; raises JournalError that says what is the matter, and where."""

    def __init__(self, address: Address, *, writes: bool) -> None:
        """Take where it is, and whether it is to be written to. Nothing is opened yet."""
        self.address = address
        self.writes = writes
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        """Device and number of the file that is open."""
        self.times_opened = 0

    def opened(self) -> Self:
        """Return this, connected, with its schema up to date."""
        with self._in_words("open"):
            self._open()
        return self

    def close(self) -> None:
        """Give the connection back."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of everything."""
        with self._in_words("read"), self._open().begin() as connection:
            yield connection

    @contextmanager
    def appending(self, *, durable: bool) -> Iterator[Connection]:
        """Give a connection that alone appends; what it did is there when the block has ended, or not at all.

        With `durable` it is there after the machine lost its power as well.
        """
        with self._in_words("write"):
            engine = self._open()
            with engine.connect() as connection:
                if self.address.path:
                    level = "FULL" if durable else "NORMAL"
                    _raw(connection).execute(f"PRAGMA synchronous={level}")
                with connection.begin():
                    if not self.address.path:
                        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({schema.CHAIN})")
                    yield connection

    def _open(self) -> Engine:
        if self._engine is not None and self._file != _identity(self.address.path):
            self.close()
            raise JournalError(
                f"the history {self.address.name} was moved away or replaced while it was open",
                hint="restart with it to go on with it; otherwise the one that is there now is used, or a new one",
            )
        if self._engine is None:
            engine = _file(self.address.path, writes=self.writes) if self.address.path else _server(self.address.url)
            try:
                schema.bring_up_to_date(engine, self.address, writes=self.writes)
            except BaseException:
                engine.dispose()
                raise
            self._engine, self._file = engine, _identity(self.address.path)
            self.times_opened += 1
        return self._engine

    @contextmanager
    def _in_words(self, doing: str) -> Iterator[None]:
        """Raise what goes wrong with a database as what people can act on."""
        try:
            yield
        except SQLAlchemyError as error:
            raise troubles.error(doing, self.address, getattr(error, "orig", None) or error) from None
        except (OSError, sqlite3.Error) as error:
            raise troubles.error(doing, self.address, error) from None


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Return device and number of a file; None for none."""
    if path is None:
        return None
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _file(path: Path, *, writes: bool) -> Engine:
    """Return an engine with one connection to a file; there need be none yet where it is to be written to."""

    def connect() -> sqlite3.Connection:
        found = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rwc' if writes else 'ro'}{_frozen(path) if not writes else ''}",
            uri=True,
            timeout=BUSY,
            isolation_level=None,  # transactions begin where we say
            check_same_thread=False,
        )
        if writes:
            found.execute("PRAGMA journal_mode=WAL")
        return found

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    words = "BEGIN IMMEDIATE" if writes else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(words))
    return engine


def _frozen(path: Path) -> str:
    """Return how a file is opened that nobody writes to, in a folder in which nothing can be created."""
    return "" if os.access(path.parent, os.W_OK) or Path(f"{path}-wal").exists() else "&immutable=1"


def _server(url: str) -> Engine:
    """Return an engine for a PostgreSQL server."""
    try:
        import psycopg
    except ImportError as error:
        hint = "install fleet-reconciler[postgres]"
        raise SettingsError(
            f"a history in PostgreSQL needs psycopg, which cannot be loaded: {error}", hint=hint
        ) from None

    def connect() -> Any:
        return psycopg.connect(
            url,
            connect_timeout=10,
            application_name=f"reconciler {os.getpid()}",
            options=f"-c lock_timeout={int(BUSY * 1000)}",
        )

    return create_engine("postgresql+psycopg://", creator=connect, pool_size=1, max_overflow=2, pool_pre_ping=True)
