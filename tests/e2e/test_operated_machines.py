"""Many machines that are operated: each worker is scraped and probed, people are notified once by all of them, plans are approved."""

from __future__ import annotations

import getpass
import json
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import Ran, until
from tests.e2e.repositories import WHO
from tests.e2e.test_machines import Machines, machines, plants
from tests.unit.notify.test_targets import KEY, Received, receiving

Run = Callable[..., Ran]

LISTEN = ("--listen", "0")


def served(run: Machines, name: str) -> str:
    """Return the address at which a process serves, once it says so."""
    stderr = run.running[name].stderr
    assert stderr is not None
    while True:
        line = stderr.readline()
        assert line, "it ended"
        if found := re.search(r"served at (http://[^\s,]+)", line):
            return found[1]


def metrics(url: str) -> dict[tuple[str, str], float]:
    """Return values by name and by the fleet or result that they are of."""
    return {
        (one.name.removeprefix("reconciler_"), one.labels.get("fleet", one.labels.get("result", ""))): one.value
        for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text)
        for one in family.samples
    }


TARGETS = "targets: [{name: hook, webhook: {url: {env: HOOK_URL}, key: {env: KEY}}}]"


def titles(received: Received) -> list[str]:
    return [json.loads(body)["title"] for _, _, body in list(received.requests)]


def test_workers_and_the_watch_are_scraped_probed_and_notify_once(tmp_path: Path, database: str) -> None:
    with receiving() as received, plants(tmp_path, 2) as found, machines(tmp_path, database, found) as run:
        run.env |= {"HOOK_URL": f"http://{received.url}/hook", "KEY": KEY}
        (tmp_path / "notify.yaml").write_text(TARGETS)
        notify = ("--notify-config", "notify.yaml")
        found.ask("telemetry: {version: v9.9.9}")
        for name in ("one", "two"):
            run.worker(name, *LISTEN, *notify)
        run.watch(*LISTEN, *notify)
        workers, watch = [served(run, name) for name in ("one", "two")], served(run, "watch")
        until(lambda: len(titles(received)) >= 2, "a message about each fleet")
        until(
            lambda: sum(metrics(url).get(("passes_total", "planned"), 0) for url in workers) > 12,
            "more passes of both fleets",
        )
        assert sorted(titles(received)) == ["Needs a person: fleet p0", "Needs a person: fleet p1"], (
            "once by all workers"
        )
        of_fleets = [metrics(url) for url in workers]
        for fleet in found.simulators:
            assert any(one.get(("fleet_held_changes", fleet), 0) > 0 for one in of_fleets)
        for url in (*workers, watch):
            assert (httpx.get(f"{url}/healthz").text, httpx.get(f"{url}/readyz").text) == ("ok\n", "ok\n")
        assert any(("requests_total", "") in one for one in of_fleets)
        assert metrics(watch)["passes_total", "failed"] == 0
        run.end("one")
        run.worker("three", *LISTEN, *notify)
        (tmp_path / "m" / "wrong.yaml").write_text("kind: [")
        until(lambda: metrics(watch)["manifests_invalid", ""] == 1, "manifests that are not in force")
        until(lambda: "Failure: all fleets" in titles(received), "a message about them")
        (tmp_path / "m" / "wrong.yaml").unlink()
        until(lambda: "Recovered: all fleets" in titles(received), "their end")
        found.ask("telemetry: {version: v1.4.0}")
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "a version that is there")
        until(lambda: titles(received).count("Recovered: fleet p0") == 1, "the end of it")
        until(lambda: titles(received).count("Recovered: fleet p1") == 1, "the end of the other")
        assert Counter(titles(received)).most_common(1)[0][1] == 1, titles(received)
        assert found.twice() == []


def test_without_workers_the_watch_says_so_once_and_notifies(tmp_path: Path, database: str) -> None:
    with receiving() as received, plants(tmp_path, 1) as found, machines(tmp_path, database, found) as run:
        run.env |= {"HOOK_URL": f"http://{received.url}/hook", "KEY": KEY}
        (tmp_path / "notify.yaml").write_text(TARGETS)
        run.watch(*LISTEN, "--notify-config", "notify.yaml")
        url = served(run, "watch")
        until(lambda: "Failure: all fleets" in titles(received), "the message")
        assert run.said("watch").count("no worker gives a sign of life: passes wait") == 1
        assert metrics(url)["passes_total", "failed"] >= 1
        run.worker("one")
        until(lambda: "passes are laid down again, and made" in run.said("watch"), "the end of it")
        until(lambda: "Recovered: all fleets" in titles(received), "the message about it")


def test_workers_carry_out_a_plan_once_a_person_approved_it(tmp_path: Path, database: str, run: Run) -> None:
    with plants(tmp_path, 1) as found, machines(tmp_path, database, found) as processes:
        processes.worker("one")
        processes.start("watch", "watch", "m", "--mode", "propose", "--interval", "1s")
        until(lambda: "reconciler approve" in processes.said("one"), "the proposal")
        assert found.simulators["p0"].writes == []
        fingerprint = re.search(r"reconciler approve (\w+)", processes.said("one"))
        assert fingerprint
        said = run("approve", fingerprint[1], "--reason", "looked at it", "--history", database, **WHO)
        assert said.code == 0, said
        approved = run("history", "--history", database, "-o", "json").out
        assert f'"by":"{getpass.getuser()}"' in approved.replace(" ", ""), "without --by it is whoever runs the command"
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "what was approved")
        assert found.twice() == []


def test_a_worker_lives_through_sighup(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 1) as found, machines(tmp_path, database, found) as run:
        worker = run.worker("one", *LISTEN)
        url = served(run, "one")
        run.watch()
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "the first version")
        worker.send_signal(signal.SIGHUP)
        found.ask("telemetry: {version: v1.3.0}")
        until(lambda: found.settled({"telemetry": "v1.3.0"}), "the second version")
        assert httpx.get(f"{url}/readyz").text == "ok\n"


def test_workers_that_do_not_keep_up_are_reported(tmp_path: Path, database: str) -> None:
    with plants(tmp_path, 1) as found, machines(tmp_path, database, found) as run:
        slow = run.start("slow", "worker", "m", "--takeover", "1h")
        run.watch()
        until(lambda: found.settled({"telemetry": "v1.4.0"}), "that it works")
        slow.send_signal(signal.SIGSTOP)
        until(
            lambda: "workers do not keep up: a pass waits for more than 3 intervals" in run.said("watch"), "the warning"
        )
        slow.send_signal(signal.SIGCONT)
