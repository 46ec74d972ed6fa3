"""A running watch whose history gets into trouble: nothing is sent that cannot be recorded, and it goes on by itself."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, content, simulating, started, until
from tests.postgres import Postgres, name_of

Run = Callable[..., Ran]
HELD = "until it can be, nothing is sent"


@pytest.fixture(scope="module")
def site() -> Iterator[Simulator]:
    with simulating(units=4, settle=0.1) as one:
        yield one


class Watch:
    """A watch that corrects drift, with its history at `where`."""

    def __init__(self, folder: Path, site: Simulator, where: str, name: str = "out") -> None:
        site.manifest(folder / "m", FLEET)
        self.site, self.out = site, folder / name
        how = ("--mode", "apply", "--interval", "0.1s", "--history", where)
        self.process = started(folder, "watch", "m", *how, out=self.out, LOSANT_API_TOKEN=site.token)

    def says(self, words: str) -> None:
        """Wait for words."""
        until(lambda: words in self.said or self.process.poll() is not None, words)
        assert words in self.said, self.said + (self.process.stderr.read() if self.process.stderr else "")

    @property
    def said(self) -> str:
        return content(self.out)

    def drifts(self, version: str) -> None:
        """Let a person at the console assign another version."""
        self.site.control("POST", "console", device="gw-001", flow="telemetry", version=version)

    def corrected(self) -> None:
        until(lambda: self.site.holds("v1.4.0", "telemetry") == 4, "the correction")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=LIMIT)
        assert how is signal.SIGKILL or (self.process.returncode, "Traceback" in err) == (0, False), err


@contextmanager
def watching(folder: Path, site: Simulator, where: str, name: str = "out") -> Iterator[Watch]:
    watch = Watch(folder, site, where, name)
    try:
        watch.says("pass 1")
        watch.corrected()
        yield watch
    finally:
        if watch.process.poll() is None:
            watch.end()


def full(watch: Watch, history: Path) -> Callable[[], object]:
    """Let no file of the watch grow any further."""
    pid, now = watch.process.pid, resource.prlimit(watch.process.pid, resource.RLIMIT_FSIZE)
    wal = history.with_name(f"{history.name}-wal")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, now[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, now)


def gone(watch: Watch, history: Path) -> Callable[[], object]:
    """Remove the files of the history, its locks with them."""
    del watch
    for one in history.parent.glob(f"{history.name}*"):
        one.unlink()
    return lambda: None


@pytest.mark.parametrize("trouble", [full, gone])
def test_a_file_in_trouble_holds_what_would_be_sent_until_it_is_well_again(
    run: Run, tmp_path: Path, site: Simulator, trouble: Callable[[Watch, Path], Callable[[], object]]
) -> None:
    history = tmp_path / "history.db"
    with watching(tmp_path, site, str(history)) as watch:
        before = len(site.writes)
        mend = trouble(watch, history)
        watch.drifts("v1.2.0")
        watch.says(HELD if trouble is full else "was moved away or replaced while it was open")
        assert trouble is gone or len(site.writes) == before
        mend()
        watch.corrected()
    assert len(site.writes) == before + 1
    assert run("history", "--verify", RECONCILER_HISTORY=str(history)).code == 0


def test_a_server_that_is_gone_for_a_while_holds_what_would_be_sent(
    run: Run, tmp_path: Path, site: Simulator, database: str, postgres: Postgres
) -> None:
    with watching(tmp_path, site, database) as watch:
        before = len(site.writes)
        postgres.execute(f"ALTER DATABASE {name_of(database)} WITH ALLOW_CONNECTIONS false")
        postgres.disconnect(database)
        watch.drifts("v1.2.0")
        watch.says("the history")
        assert len(site.writes) == before
        postgres.execute(f"ALTER DATABASE {name_of(database)} WITH ALLOW_CONNECTIONS true")
        watch.corrected()
    assert len(site.writes) == before + 1
    assert run("history", "--verify", RECONCILER_HISTORY=database).code == 0


@pytest.mark.parametrize("kind", ["file", "server"])
def test_the_second_of_two_watches_takes_over_when_the_first_is_killed(
    tmp_path: Path, site: Simulator, kind: str, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "history.db") if kind == "file" else request.getfixturevalue("database")
    with watching(tmp_path, site, where) as first, watching(tmp_path, site, where, "second") as second:
        second.says(f"nothing is sent: process {first.process.pid} on ")
        before = len(site.writes)
        first.drifts("v1.2.0")
        first.corrected()
        first.end(signal.SIGKILL)
        second.says("nobody else acts on the connection plant any more")
        second.drifts("v1.1.0")
        second.corrected()
    assert len(site.writes) == before + 2
