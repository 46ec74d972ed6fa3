"""Many machines: passes as jobs in a real PostgreSQL, workers as processes that are stopped and killed, simulated platforms.

What was done is read from the simulators' own record of calls, never from what workers say.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.postgres import Postgres

Run = Callable[..., Ran]
Process = subprocess.Popen[str]

FLEET = """
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: {name}}}
spec:
  connection: {name}
  units: {{all: true}}
  limits: {{replace: 100%, release: 100%, remove: 100%, minimum: 100}}
  workloads: {{{workloads}}}
  mode: apply
"""
NEW = "telemetry: {version: v1.4.0}"
QUICK = ("--takeover", "1s")


class Plants:
    """Several applications, each a connection with a fleet of its name: each a group."""

    def __init__(self, folder: Path, simulators: Mapping[str, Simulator], workloads: str) -> None:
        self.simulators = simulators
        self.folder = folder / "m"
        self.folder.mkdir()
        self.ask(workloads)

    def ask(self, workloads: str) -> None:
        """Ask for these workloads everywhere."""
        texts = []
        for name, plant in self.simulators.items():
            spec = {"application": plant.application, "url": plant.url, "token": {"env": f"TOKEN_{name.upper()}"}}
            head = {"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": name}}
            texts.append(json.dumps({**head, "spec": {"losant": spec}}))
            texts.append(FLEET.format(name=name, workloads=workloads))
        whole = self.folder / "all.yaml.new"
        whole.write_text("\n---\n".join(texts))
        whole.rename(self.folder / "all.yaml")

    @property
    def env(self) -> dict[str, str]:
        """Return the secrets."""
        return {f"TOKEN_{name.upper()}": plant.token for name, plant in self.simulators.items()}

    def took_effect(self, name: str) -> Counter[tuple[str, str, str | None]]:
        """Return how often each (device, workload, version) was sent by a call that took effect."""
        found: Counter[tuple[str, str, str | None]] = Counter()
        for one in self.simulators[name].writes:
            if one["status"] in {0, 201, 202} and one["fault"] not in {"429", "500", "reset"}:
                found.update((unit, one["body"]["flowId"], one["body"]["version"]) for unit in one["body"]["deviceIds"])
        return found

    def twice(self) -> list[tuple[str, tuple[str, str, str | None]]]:
        """Return what was done more than once."""
        return [(name, key) for name in self.simulators for key, times in self.took_effect(name).items() if times > 1]

    def settled(self, versions: Mapping[str, str]) -> bool:
        """Return whether every gateway has these versions assigned."""
        rows = [row for plant in self.simulators.values() for row in plant.control("GET", "state")["rows"]]
        return all(row["desired"] == versions[row["flow"]] for row in rows if row["flow"] in versions)


@contextmanager
def plants(folder: Path, count: int, workloads: str = NEW, **shape: Any) -> Iterator[Plants]:
    """Serve several simulated applications."""
    with ExitStack() as stack:
        names = [f"p{number}" for number in range(count)]
        found = {name: stack.enter_context(simulating(**{"units": 6, "seed": 1, **shape})) for name in names}
        yield Plants(folder, found, workloads)


class Machines:
    """The processes of a test, by name; what each said is in a file of its name."""

    def __init__(self, folder: Path, url: str, where: Plants) -> None:
        self.folder = folder
        self.env = {**where.env, "RECONCILER_DATABASE": url}
        self.running: dict[str, Process] = {}

    def start(self, name: str, *args: str) -> Process:
        """Start a command."""
        process = started(self.folder, *args, out=self.folder / name, **self.env)
        self.running[name] = process
        return process

    def worker(self, name: str, *more: str) -> Process:
        """Start a worker that takes over quickly."""
        return self.start(name, "worker", "m", *QUICK, *more)

    def watch(self, *more: str) -> Process:
        """Start the watch that lays passes down."""
        return self.start("watch", "watch", "m", "--mode", "apply", "--interval", "1s", *more)

    def said(self, name: str) -> str:
        """Return what a process said on standard output."""
        return content(self.folder / name)

    def end(self, name: str) -> str:
        """Stop a process as a supervisor does; return what it said on standard error."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, err
        return err


@contextmanager
def machines(folder: Path, url: str, where: Plants) -> Iterator[Machines]:
    """Give what starts processes; at the end all of them are ended, and must end well where nobody killed them."""
    found = Machines(folder, url, where)
    try:
        yield found
        for name in list(found.running):
            found.end(name)
    finally:
        for process in found.running.values():
            process.kill()
            process.communicate()


@pytest.mark.parametrize(("workers", "concurrency"), [(1, "3"), (4, "1")])
def test_workers_share_the_groups_and_do_nothing_twice(
    tmp_path: Path, database: str, workers: int, concurrency: str
) -> None:
    with plants(tmp_path, 4) as found, machines(tmp_path, database, found) as run:
        for number in range(workers):
            run.worker(f"worker{number}", "--concurrency", concurrency)
        run.watch()
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "all fleets at the new version")
        assert found.twice() == []
    said = "".join(content(tmp_path / f"worker{number}") for number in range(workers))
    assert all(f"{name} ~ replace telemetry → v1.4.0" in said for name in found.simulators)


def test_a_worker_killed_in_the_middle_of_a_call_doubles_and_loses_nothing(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 3) as found, machines(tmp_path, database, found) as run:
        for plant in found.simulators.values():
            plant.control("POST", "faults", slow={"rate": 1, "on": "writes", "maximum": 1})
        victim = run.worker("victim")
        run.watch()
        until(lambda: any(found.took_effect(name) for name in found.simulators), "a call whose answer is held back")
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        del run.running["victim"]
        for name in ("second", "third"):
            run.worker(name)
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "all fleets at the new version")
        until(lambda: "gave no sign of life" in run.said("second") + run.said("third"), "the takeover")
        until(
            lambda: all(f"{one} pass 1: synced" in run.said("second") + run.said("third") for one in found.simulators),
            "a pass over every group after it",
        )
        assert found.twice() == []


def test_a_worker_that_is_stopped_lets_its_call_end_and_another_one_goes_on(tmp_path: Path, database: str) -> None:
    both = {"telemetry": "v1.4.0", "modbus-poller": "v1.4.0"}
    asked = ", ".join(f"{name}: {{version: {version}}}" for name, version in both.items())
    with plants(tmp_path, 1, asked) as found, machines(tmp_path, database, found) as run:
        (plant,) = found.simulators.values()
        plant.control("POST", "faults", slow={"rate": 1, "on": "writes", "maximum": 1})
        run.worker("first", "--log-format", "json")
        run.watch("--concurrency", "1")
        until(lambda: bool(found.took_effect("p0")), "the first of two calls, whose answer is held back")
        said = run.end("first")
        assert "stopping after the running calls" in said
        called = [json.loads(line) for line in run.said("first").splitlines() if '"called"' in line]
        assert [one["receipt"]["kind"] for one in called] == ["accepted"]
        run.worker("second")
        until(lambda: found.settled(both), "everything at its version")
        assert found.twice() == []


def test_a_worker_that_lost_its_pass_while_it_stood_still_sends_nothing_more(tmp_path: Path, database: str) -> None:
    both = {"telemetry": "v1.4.0", "modbus-poller": "v1.4.0"}
    asked = ", ".join(f"{name}: {{version: {version}}}" for name, version in both.items())
    with plants(tmp_path, 1, asked) as found, machines(tmp_path, database, found) as run:
        (plant,) = found.simulators.values()
        plant.control("POST", "faults", slow={"rate": 1, "on": "writes", "maximum": 1})
        old = run.worker("old")
        run.watch("--concurrency", "1")
        until(lambda: bool(found.took_effect("p0")), "the first of two calls, whose answer is held back")
        old.send_signal(signal.SIGSTOP)
        run.worker("new")
        until(lambda: found.settled(both), "everything at its version")
        old.send_signal(signal.SIGCONT)
        until(lambda: "another worker took it over" in run.said("old"), "that the old one knows")
        assert found.twice() == []
        (theirs,) = re.findall(r"apply (\w+) begins", run.said("old"))
        assert theirs not in run.said("new")


def test_a_worker_with_other_manifests_says_so_and_does_nothing(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 1) as found, machines(tmp_path, database, found) as run:
        (tmp_path / "m").rename(tmp_path / "theirs")
        found.folder = tmp_path / "m"
        found.folder.mkdir()
        found.ask("telemetry: {version: v1.3.0}")
        run.worker("here")
        run.start("watch", "watch", "theirs", "--mode", "apply", "--interval", "1s", "--database", database)
        until(lambda: "the pass is for manifests with the digest" in run.said("here"), "the refusal")
        assert found.simulators["p0"].writes == []
        run.start("there", "worker", "theirs", *QUICK)
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "the version of the watch")
        assert found.twice() == []


def test_the_database_may_be_gone_for_a_while(tmp_path: Path, postgres: Postgres, database: str) -> None:
    name = database.partition("@/")[2].partition("?")[0]
    with plants(tmp_path, 2) as found, machines(tmp_path, database, found) as run:
        run.worker("worker")
        run.watch()
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "the first version")
        postgres.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        postgres.disconnect(database)
        found.ask("telemetry: {version: v1.3.0}")
        until(lambda: "passes wait" in run.said("worker"), "that the worker waits")
        until(lambda: "no pass is laid down" in run.said("watch"), "that the watch waits")
        postgres.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        until(lambda: found.settled({"telemetry": "v1.3.0"}), "the second version")
        assert "passes are laid down again" in run.said("watch")
        assert found.twice() == []


def test_two_watches_lay_each_pass_down_once(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 2) as found, machines(tmp_path, database, found) as run:
        for name in ("one", "other"):
            run.start(name, "watch", "m", "--mode", "apply", "--interval", "1s")
        run.worker("worker", "--log-format", "json")

        def passes() -> Counter[str]:
            events = [json.loads(line) for line in run.said("worker").splitlines() if line.endswith("}")]
            return Counter(one["at"][:19] for one in events if one["event"] == "passed" and one["fleet"] == "p0")

        until(lambda: len(passes()) > 3, "some passes")
        assert found.settled({"telemetry": "v1.4.0"})
        assert found.twice() == []
        assert sum(passes().values()) <= len(passes()) + 2, passes()


SECRET = "hush-hush"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///x.db", "not given as a URL of PostgreSQL"),
        (f"mysql://me:{SECRET}@127.0.0.1/x", "not given as a URL of PostgreSQL"),
        (f"postgresql://me:{SECRET}%zz@127.0.0.1/x", "the URL of the database cannot be read"),
        (f"postgresql://me:{SECRET}@127.0.0.1:1/x?connect_timeout=2", "the database x on 127.0.0.1: "),
        (f"postgresql://me:{SECRET}@127.0.0.1/x?sslmode=perhaps", "sslmode"),
        ("", "not given as a URL of PostgreSQL"),
    ],
)
@pytest.mark.parametrize("args", [("worker", "m"), ("watch", "m"), ("worker", "--setup")], ids=" ".join)
def test_a_database_that_cannot_be_used_is_said_without_its_password(
    run: Run, args: tuple[str, ...], url: str, words: str
) -> None:
    ran = run(*args, "--database", url)
    assert ran.code == 1, ran
    assert words in ran.err
    assert SECRET not in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_rights_are_asked_for_before_anything_is_done(run: Run, postgres: Postgres, database: str) -> None:
    name = database.partition("@/")[2].partition("?")[0]
    postgres.execute(f"CREATE ROLE poor_{name} LOGIN")
    poor = postgres.url(name, user=f"poor_{name}")
    refused = run("worker", "--database", poor)
    assert refused.code == 1
    assert "this role may not make them" in refused.err
    assert "worker --setup" in refused.err
    assert run("worker", "--setup", "--database", database).code == 0
    again = run("worker", "--setup", "--database", database)
    assert (again.code, "are there already" in again.out) == (0, True)
    for grant in ("USAGE ON SCHEMA reconciler_jobs", "SELECT ON ALL TABLES IN SCHEMA reconciler_jobs"):
        refused = run("worker", "--database", poor)
        assert refused.code == 1
        assert "GRANT USAGE ON SCHEMA" in refused.err
        postgres.execute(f"GRANT {grant} TO poor_{name}", database=name)
    assert run("worker", "--database", poor).code == 1


def test_manifests_that_are_wrong_from_the_start_end_a_worker(run: Run, tmp_path: Path, database: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "fleet.yaml").write_text("apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: 7}\n")
    refused = run("worker", "m", "--database", database)
    assert refused.code == 1, refused
    assert "m/fleet.yaml:1:1: error" in refused.err


def test_tables_of_another_version_are_made_anew_only_when_a_person_says_so(run: Run, database: str) -> None:
    assert run("worker", "--setup", "--database", database).code == 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP FUNCTION reconciler_jobs.procrastinate_fetch_job_v2")
    refused = run("worker", "--database", database)
    assert refused.code == 1
    assert "another version of procrastinate" in refused.err
    assert "procrastinate_fetch_job_v2" in refused.err
    made = run("worker", "--setup", "--database", database)
    assert (made.code, "were made" in made.out) == (0, True)


@pytest.mark.parametrize("option", [("--wait", "1m", "--once"), ("--out", "p.json", "--once"), ("--result", "r.jsonl")])
def test_what_only_a_pass_of_its_own_can_do_does_not_go_with_a_database(run: Run, option: tuple[str, ...]) -> None:
    refused = run("watch", "m", "--mode", "apply", "--database", "postgresql://127.0.0.1/x", *option)
    assert refused.code == 64, refused
    assert "does not go with --database" in refused.err


def test_workers_follow_a_repository_as_the_watch_does(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 1) as found, machines(tmp_path, database, found) as run:
        repository = tmp_path / "fleets"
        found.folder.rename(repository)
        found.folder = repository
        for command in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "first")):
            subprocess.run(["git", *command], cwd=repository, check=True)
        follow = ("--git", f"file://{repository}", "--ref", "main", "--git-cache")
        run.start("worker", "worker", *follow, "a", *QUICK)
        run.start("watch", "watch", *follow, "b", "--mode", "apply", "--interval", "1s")
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "the first commit")
        found.ask("telemetry: {version: v1.3.0}")
        subprocess.run(["git", "commit", "-q", "-a", "-m", "second"], cwd=repository, check=True)
        until(lambda: found.settled({"telemetry": "v1.3.0"}), "the second commit")
        assert found.twice() == []
