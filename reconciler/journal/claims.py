"""Who acts on an application: one process a history. Whoever comes second learns who holds it.

Beside a file, that is a lock on a file of its own for each application: the system gives it back when the process ends,
however it ends. On a server, it is an advisory lock of a connection that does nothing else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Collection
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import msgspec

from reconciler.errors import JournalError
from reconciler.journal.address import Address
from reconciler.model.memory import Holder


class Claims(Protocol):
    """Keeps processes apart that share a history."""

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Take applications, all or none, until the end; return who has one of them."""
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


class FileClaims:
    """Locks of files beside a history."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, int] = {}

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Take applications, all or none, until the end; return who has one of them."""
        for target in [one for one in self._held if not self._is_there(one)]:
            os.close(self._held.pop(target))
        taken: dict[str, int] = {}
        for target in sorted(set(targets) - self._held.keys()):
            try:
                found = self._lock(target)
            except OSError as error:
                _give_back(taken)
                raise JournalError(f"cannot lock {self._file(target)}: {error.strerror}") from error
            if isinstance(found, Holder):
                _give_back(taken)
                return found
            taken[target] = found
        self._held |= taken
        return None

    def close(self) -> None:
        """Give back what was taken."""
        _give_back(self._held)

    def _is_there(self, target: str) -> bool:
        """Return whether others would meet the lock that is held: somebody may have removed its file."""
        try:
            return os.path.samestat(os.fstat(self._held[target]), self._file(target).stat())
        except FileNotFoundError:
            return False

    def _file(self, target: str) -> Path:
        return Path(f"{self._path}.{blake2b(target.encode(), digest_size=6).hexdigest()}.lock")

    def _lock(self, target: str) -> int | Holder:
        """Return the descriptor of a lock, or who has it."""
        descriptor = os.open(self._file(target), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(_me(target)), 0)
        except OSError as error:
            content = os.pread(descriptor, 10_000, 0)
            os.close(descriptor)
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            return _read(content, target)
        return descriptor


def _give_back(held: dict[str, int]) -> None:
    while held:
        os.close(held.popitem()[1])


def _me(target: str) -> Holder:
    return Holder(target=target, process=os.getpid(), host=socket.gethostname(), since=time.time())


def _read(content: bytes, target: str) -> Holder:
    """Return what a lock file says; somebody who has just taken it may not have written it yet."""
    try:
        return msgspec.json.decode(content, type=Holder)
    except msgspec.MsgspecError:
        return Holder(target=target)


class ServerClaims:
    """Advisory locks of PostgreSQL, held by a connection that does nothing else."""

    def __init__(self, address: Address, *, shared: bool = False) -> None:
        self._address = address
        self._take = f"SELECT pg_try_advisory_lock{'_shared' * shared}(%s)"
        self._give = f"SELECT pg_advisory_unlock{'_shared' * shared}(%s)"
        self._connection: Any = None
        self._held: set[str] = set()

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Take applications, all or none, until the end; return who has one of them."""
        import psycopg

        try:
            return self._claim(targets)
        except psycopg.Error as error:
            self.close()  # the server gives the locks of a lost connection to whoever asks
            text = self._address.harmless(" ".join(str(error).split()))
            raise JournalError(f"cannot lock the history {self._address.name}: {text}") from None

    def _claim(self, targets: Collection[str]) -> Holder | None:
        import psycopg

        if self._connection is None:
            name = f"reconciler {os.getpid()} {socket.gethostname()}"
            self._connection = psycopg.connect(self._address.url, autocommit=True, connect_timeout=10)
            self._connection.execute("SELECT set_config('application_name', %s, false)", [name[:63]])
        self._connection.execute("SELECT 1")  # whether what it held is held still
        taken: list[str] = []
        for target in sorted(set(targets) - self._held):
            if not self._connection.execute(self._take, [_key(target)]).fetchone()[0]:
                for one in taken:
                    self._connection.execute(self._give, [_key(one)])
                return self._holder(target)
            taken.append(target)
        self._held |= set(taken)
        return None

    def _holder(self, target: str) -> Holder:
        key = _key(target) & 0xFFFF_FFFF_FFFF_FFFF
        row = self._connection.execute(
            "SELECT a.application_name, a.client_addr::text, extract(epoch FROM a.backend_start)::float8"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = %s AND l.objid::bigint = %s",
            [key >> 32, key & 0xFFFF_FFFF],
        ).fetchone()
        if row is None:
            return Holder(target=target)
        process, _, host = row[0].removeprefix("reconciler ").partition(" ")
        return Holder(
            target=target, process=int(process) if process.isdigit() else 0, host=host or row[1] or "", since=row[2]
        )

    def close(self) -> None:
        """Give back what was taken."""
        if self._connection is not None:
            with suppress(Exception):  # a connection that is lost has no locks any more
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection = None
        self._held.clear()


def _key(target: str) -> int:
    """Return the number of an application's lock, as PostgreSQL takes it."""
    return int.from_bytes(blake2b(target.encode(), digest_size=8).digest(), "big", signed=True)


def claims_of(address: Address, *, shared: bool = False) -> Claims:
    """Return what keeps processes apart that share a history.

    Of those for whom it is `shared` several may have an application: jobs keep workers apart. Others are kept out.
    """
    return FileClaims(address.path) if address.path is not None else ServerClaims(address, shared=shared)
