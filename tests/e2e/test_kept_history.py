"""The history through the installed command: what a crash leaves is known and settled, trouble holds, nothing is done twice."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, bounded, command, content, simulating, started, until
from tests.postgres import Postgres

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def site() -> Iterator[Simulator]:
    """Serve a few units for all tests of this module, each of which asks for a version of its own."""
    with simulating(units=6) as one:
        yield one


@pytest.fixture(params=["file", "server"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a new history is to be."""
    return str(tmp_path / "history.db") if request.param == "file" else request.getfixturevalue("database")


@pytest.fixture
def fleet(site: Simulator, tmp_path: Path) -> Simulator:
    """Write a fleet that differs from what is assigned."""
    held = site.writes
    site.manifest(tmp_path / "m", FLEET.replace("v1.4.0", f"v1.{len(held) % 2}.0"))
    return site


def events(run: Run, where: str, *options: str) -> list[dict]:
    shown = run("history", *options, "-o", "json", RECONCILER_HISTORY=where)
    assert shown.code == 0, shown
    return shown.json["events"]


def test_what_a_crash_leaves_is_known_and_the_next_run_settles_it(
    run: Run, tmp_path: Path, fleet: Simulator, where: str
) -> None:
    fleet.control("POST", "faults", slow={"rate": 1, "on": "writes"})
    options = ("apply", "m", "--yes", "--result", "run.jsonl")
    env = {"LOSANT_API_TOKEN": fleet.token, "RECONCILER_HISTORY": where}
    applying = started(tmp_path, *options, out=tmp_path / "out", **env)
    until(lambda: "intended" in content(tmp_path / "run.jsonl"), "a call")
    os.kill(applying.pid, signal.SIGKILL)
    applying.communicate(timeout=LIMIT)
    fleet.control("POST", "faults", slow=0)
    known = run("history", RECONCILER_HISTORY=where)
    assert "Outcome unknown: 1 call" in known.out, known
    assert "until a reading shows it" in known.out
    (intended,) = events(run, where, "--kind", "intended")
    for slot in intended["slots"]:  # the call takes effect after all
        fleet.control("POST", "console", device=slot["unit"]["name"], flow="telemetry", version=slot["to"])
    again = run("apply", "m", "--yes", token=fleet.token, RECONCILER_HISTORY=where)
    assert again.code == 0, again
    (resolved,) = events(run, where, "--kind", "resolved")
    assert (resolved["of"], resolved["call"], resolved["effect"]) == (intended["run"], intended["call"], True)
    assert "Outcome unknown" not in run("history", RECONCILER_HISTORY=where).out
    assert run("history", "--verify", RECONCILER_HISTORY=where).code == 0


def test_a_second_one_on_the_same_application_is_told_who_acts(
    run: Run, tmp_path: Path, fleet: Simulator, where: str
) -> None:
    env = {"LOSANT_API_TOKEN": fleet.token, "RECONCILER_HISTORY": where}
    fleet.manifest(tmp_path / "m", FLEET + "  mode: apply\n")
    watching = started(tmp_path, "watch", "m", "--mode", "apply", "--interval", "1s", out=tmp_path / "out", **env)
    try:
        until(lambda: "synced" in content(tmp_path / "out"), "a pass")
        before = len(fleet.writes)
        fleet.control("POST", "console", device="gw-001", flow="telemetry", version="v1.2.0")
        applied = run("apply", "m", "--yes", token=fleet.token, RECONCILER_HISTORY=where)
        assert applied.code == 1, applied
        assert f"process {watching.pid} on " in applied.err
        second = run("watch", "m", "--once", "--mode", "apply", token=fleet.token, RECONCILER_HISTORY=where)
        assert second.code == 0, second
        assert f"nothing is sent: process {watching.pid} on " in second.out
        until(lambda: len(fleet.writes) > before, "the first one's correction")
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=LIMIT)
    (drifted,) = events(run, where, "--kind", "drifted")
    assert (drifted["unit"]["name"], drifted["now"], drifted["cause"]) == ("gw-001", "v1.2.0", "platform")
    assert len(fleet.writes) == before + 1


def test_nothing_is_sent_that_cannot_be_recorded(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    """The file may grow until the intention of the call is to be written, and no further."""
    env = {"LOSANT_API_TOKEN": fleet.token, "RECONCILER_HISTORY": "history.db"}
    assert run("watch", "m", "--once", token=fleet.token, RECONCILER_HISTORY="history.db").code == 0
    size, before = (tmp_path / "history.db").stat().st_size, len(fleet.writes)
    codes = []
    for room in (0, 8, 24, 41):
        done = subprocess.run(
            [*command(), "apply", "m", "--yes"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
            **bounded(max(size, 32768) + room * 1024 - 32768 if room else 4096, **env),
        )
        assert "Traceback" not in done.stderr, done
        recorded = [one for one in _rows(tmp_path / "history.db") if one == "intended"]
        assert len(fleet.writes) - before <= len(recorded), done
        codes.append(done.returncode)
        if done.returncode:
            assert "the history history.db: " in done.stderr, done
    assert codes[0] == 1
    assert run("history", "--verify", RECONCILER_HISTORY="history.db").code == 0


def _rows(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        return [kind for (kind,) in database.execute("SELECT kind FROM history_events")]


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE others (name text)")


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE history_version SET version_num = '0999'")


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def _damaged(path: Path) -> None:
    kept = path.read_bytes()
    path.write_bytes(kept[:4096] + b"\xff" * (len(kept) - 4096))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_garbage, "it is no history, and no database at all"),
        (_foreign, "is a database, but no history of reconciler"),
        (_newer, "has version 0999, and this program knows versions up to 0001"),
        (_truncated, "the file is damaged"),
        (_damaged, "the file is damaged"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
)
def test_a_history_that_cannot_be_used_is_an_error_and_nothing_is_sent(
    run: Run, tmp_path: Path, fleet: Simulator, harm: Callable[[Path], None], said: str
) -> None:
    path, before = tmp_path / "history.db", len(fleet.writes)
    if harm in {_newer, _truncated, _damaged}:
        assert run("watch", "m", "--once", token=fleet.token, RECONCILER_HISTORY=str(path)).code == 0
    harm(path)
    for words in (("apply", "m", "--yes"), ("watch", "m", "--once", "--mode", "apply"), ("plan", "m"), ("history",)):
        done = run(*words, token=fleet.token, RECONCILER_HISTORY=str(path))
        assert done.code in {1, 64}, done
        assert said in done.err, done
        assert "Traceback" not in done.err
    assert len(fleet.writes) == before


def test_a_password_is_never_said(run: Run, tmp_path: Path, fleet: Simulator) -> None:
    for url in (
        "postgresql://ann:geheim@127.0.0.1:1/history",
        "postgresql://ann:gehe/im@127.0.0.1:1/history",
        "postgresql://ann@127.0.0.1:1/history?password=geheim",
        "postgres://ann:geheim@127.0.0.1:geheim/history",
        "mysql://ann:geheim@127.0.0.1/history",
    ):
        for words in (("apply", "m", "--yes"), ("plan", "m"), ("history", "--verify")):
            done = run(*words, token=fleet.token, RECONCILER_HISTORY=url)
            assert done.code in {1, 64}, done
            assert "geheim" not in done.out + done.err, done
            assert "gehe" not in done.out + done.err, done


def test_a_server_that_gives_no_rights_says_what_to_grant(
    run: Run, fleet: Simulator, database: str, postgres: Postgres
) -> None:
    postgres.execute("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    url = database.replace("postgres@", "guest@")
    done = run("apply", "m", "--yes", token=fleet.token, RECONCILER_HISTORY=url)
    assert done.code == 1, done
    assert "permission denied" in done.err
    assert "GRANT" in done.err


def test_a_database_without_a_history_yet_remembers_nothing(run: Run, fleet: Simulator, database: str) -> None:
    here = {"RECONCILER_HISTORY": database}
    assert run("plan", "m", token=fleet.token, **here).code == 0
    assert run("status", "m", token=fleet.token, **here).code == 0
    shown = run("history", **here)
    assert shown.code == 1
    assert "holds no history yet" in shown.err


def test_a_watch_keeps_a_history_and_a_single_run_does_where_there_is_one(
    run: Run, tmp_path: Path, fleet: Simulator
) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    default = tmp_path / "state" / "reconciler" / "history.db"
    assert run("watch", "m", "--once", token=fleet.token, **state).code == 0
    missing = run("history", **state)
    assert missing.code == 1
    assert f"there is no history at {default}" in missing.err
    watching = started(tmp_path, "watch", "m", out=tmp_path / "out", LOSANT_API_TOKEN=fleet.token, **state)
    until(lambda: "pass 1" in content(tmp_path / "out"), "a pass")
    watching.send_signal(signal.SIGTERM)
    watching.communicate(timeout=LIMIT)
    assert default.parent.stat().st_mode & 0o777 == 0o700
    assert run("apply", "m", "--yes", token=fleet.token, **state).code == 0
    assert run("apply", "m", "--yes", "--history", "none", token=fleet.token, **state).code == 0
    shown = run("history", "-o", "json", **state).json["events"]
    assert [one["kind"] for one in shown if one["event"] == "started"] == ["apply"]


def test_what_happened_is_shown_filtered_verified_and_tampering_is_named(
    run: Run, tmp_path: Path, fleet: Simulator
) -> None:
    here = {"RECONCILER_HISTORY": "history.db"}
    assert run("apply", "m", "--yes", token=fleet.token, **here).code == 0
    shown = run("history", COLUMNS="80", **here)
    assert "losant.release" in shown.out
    assert all(len(line) <= 80 for line in shown.out.splitlines()), shown.out
    assert "gw-001" in run("history", "--unit", "gw-001", **here).out
    assert run("history", "--unit", "gw-9*", **here).out == "nothing recorded\n"
    assert run("history", "--until", "24h", **here).out == "nothing recorded\n"
    assert events(run, "history.db", "--since", "24h", "--limit", "2")[-1]["event"] == "finished"
    rows = list(csv.DictReader(run("history", "-o", "csv", "--unit", "gw-001", **here).out.splitlines()))
    assert {row["unit"] for row in rows if row["event"] == "settled"} == {"gw-001"}
    assert run("history", "--verify", **here).out.startswith("10 events since ")
    with sqlite3.connect(tmp_path / "history.db") as database:
        database.execute("UPDATE history_events SET body = replace(body, 'done', 'failed') WHERE id = 5")
    broken = run("history", "--verify", **here)
    assert broken.code == 1
    assert "event 5 (settled, " in broken.err
