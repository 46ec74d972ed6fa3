"""Histories of both kinds: a file, and a database of a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.store import Store

Opened = Callable[..., Store]


@pytest.fixture(params=["file", "server"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a new history is to be."""
    return str(tmp_path / "history.db") if request.param == "file" else request.getfixturevalue("database")


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return what opens histories, which are all closed in the end."""
    databases: list[Database] = []

    def call(where: str, *, writes: bool = True) -> Store:
        databases.append(Database(address(where), writes=writes).opened())
        return Store(databases[-1])

    yield call
    for one in databases:
        one.close()
