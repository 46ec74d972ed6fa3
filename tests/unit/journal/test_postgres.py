"""The server that other tests use is a real one, and every test has a database of its own."""

from __future__ import annotations

import psycopg
import pytest

from tests.postgres import Postgres


def test_each_database_is_new(postgres: Postgres) -> None:
    first, second = postgres.database(), postgres.database()
    with psycopg.connect(first, autocommit=True) as one, psycopg.connect(second) as other:
        one.execute("CREATE TABLE kept (number int)")
        with pytest.raises(psycopg.errors.UndefinedTable):
            other.execute("SELECT number FROM kept")


def test_a_cut_connection_is_gone_for_good_and_a_new_one_works(postgres: Postgres, database: str) -> None:
    with psycopg.connect(database) as before:
        postgres.disconnect(database)
        with pytest.raises(psycopg.OperationalError):
            before.execute("SELECT 1")
    with psycopg.connect(database) as after:
        assert after.execute("SELECT 1").fetchone() == (1,)
