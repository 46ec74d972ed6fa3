"""Two that share a history never act on one application, and the second one learns who does."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal.address import address
from reconciler.journal.claims import claims_of
from tests.postgres import Postgres
from tests.unit.journal.conftest import Opened

A, B, C = "losant:https://a/1", "losant:https://a/2", "memfault:https://b/3"


def test_the_second_one_is_told_who_acts(opened: Opened, where: str) -> None:
    first, second = opened(where), opened(where)
    assert first.claim([A, B]) is None
    assert first.claim([B, A]) is None
    holder = second.claim([A])
    assert holder is not None
    assert (holder.target, holder.process, holder.host) == (A, os.getpid(), socket.gethostname())
    assert time.time() - 60 < holder.since <= time.time()
    assert second.claim([C]) is None
    first.close()
    assert second.claim([A, B]) is None
    second.close()


def test_all_are_taken_or_none(opened: Opened, where: str) -> None:
    first, second, third = (opened(where) for _ in range(3))
    assert first.claim([B]) is None
    assert second.claim([A, B, C]) is not None
    assert third.claim([A, C]) is None
    for one in (first, second, third):
        one.close()


def test_a_lock_that_its_holder_has_not_signed_yet_is_one(tmp_path: Path) -> None:
    first, second = (claims_of(address(str(tmp_path / "history.db"))) for _ in range(2))
    assert first.claim([A]) is None
    (file,) = tmp_path.glob("history.db.*.lock")
    file.write_bytes(b"")
    holder = second.claim([A])
    assert holder is not None
    assert (holder.target, holder.process, holder.host, holder.since) == (A, 0, "", 0.0)
    first.close()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    claims = claims_of(address(str(tmp_path / "gone" / "history.db")))
    with pytest.raises(JournalError, match=r"cannot lock .*: No such file"):
        claims.claim([A])


def test_a_lost_connection_gives_its_locks_back_and_is_an_error_once(
    opened: Opened, database: str, postgres: Postgres
) -> None:
    first, second = opened(database), opened(database)
    assert first.claim([A]) is None
    postgres.disconnect(database)
    assert second.claim([A]) is None
    with pytest.raises(JournalError, match="cannot lock the history"):
        first.claim([A])
    assert first.claim([A]) is not None
    first.close()
    second.close()
