"""A watch that is operated: metrics and health over HTTP and in a file, and messages to servers of one's own."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, content, simulating, started, until
from tests.unit.notify.test_targets import KEY, Received, receiving

Run = Callable[..., Ran]


class Watch:
    """A running `reconciler watch`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.url = ""

    def metrics(self) -> dict[tuple[str, str], float]:
        """Return values by name and by the first label's value."""
        text = httpx.get(f"{self.url}/metrics").text
        return {
            (one.name.removeprefix("reconciler_"), next(iter(sorted(one.labels.items())), ("", ""))[1]): one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
        }

    def events(self) -> list[dict[str, Any]]:
        lines = content(self.folder / "all.jsonl").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def passes(self) -> int:
        return sum(one["event"] == "completed" for one in self.events())


@contextmanager
def watching(folder: Path, *args: str, **env: str) -> Iterator[Watch]:
    """Run the installed command with `--listen` on a free port until the end of the block."""
    how = ("--listen", "0", "--interval", "0.1s", "--result", "all.jsonl")
    process = started(folder, "watch", "m", *how, *args, out=folder / "out", **env)
    one = Watch(process, folder)
    try:
        assert process.stderr is not None
        while not one.url:
            line = process.stderr.readline()
            assert line, "it ended"
            one.url = found[0] if (found := re.findall(r"http://\S+", line)) else ""
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err


def _fleet(simulator: Simulator, folder: Path, version: str, more: str = "") -> None:
    simulator.manifest(folder / "m", FLEET.replace("v1.4.0", version) + more)


def test_a_watch_is_scraped_and_probed(tmp_path: Path) -> None:
    with simulating(units=30) as plant:
        _fleet(plant, tmp_path, "v1.4.0")
        with watching(tmp_path, "--mode", "apply", LOSANT_API_TOKEN=plant.token) as watch:
            until(lambda: watch.metrics().get(("fleet_ready_slots", "all")) == 30, "all units ready")
            seen = watch.metrics()
            assert seen["fleet_pending_changes", "all"] == 0
            assert seen["requests_total", "200"] > 2
            assert seen["requests_total", "202"] == seen["fleet_calls_total", "all"] >= 1, "what changed something"
            assert seen["passes_total", "failed"] == 0
            assert (httpx.get(f"{watch.url}/healthz").text, httpx.get(f"{watch.url}/readyz").text) == ("ok\n", "ok\n")
            plant.control("POST", "console", device="gw-001", flow="telemetry", version="v1.1.0")
            until(lambda: watch.metrics().get(("fleet_drifted_slots_total", "all")) == 1, "drift")
            _fleet(plant, tmp_path, "v1.4.0", "  no-such-key: 1\n")
            until(lambda: watch.metrics().get(("manifests_invalid", "")) == 1, "manifests that are not in force")
            _fleet(plant, tmp_path, "v1.4.0")
            until(lambda: watch.metrics().get(("manifests_invalid", "")) == 0, "manifests in force again")


def test_a_file_of_metrics_is_whole_and_a_pass_does_not_depend_on_it(
    run: Run, tmp_path: Path, plant: Simulator
) -> None:
    _fleet(plant, tmp_path, "v1.4.0")
    (tmp_path / "text").mkdir()
    ran = run("watch", "m", "--once", "--metrics-file", "text/reconciler.prom", token=plant.token)
    assert ran.code == 0, ran
    assert [one.name for one in (tmp_path / "text").iterdir()] == ["reconciler.prom"]
    names = {one.name for one in text_string_to_metric_families(content(tmp_path / "text" / "reconciler.prom"))}
    assert {"reconciler_fleet_info", "reconciler_last_pass_timestamp_seconds"} <= names
    refused = run("watch", "m", "--once", "--metrics-file", "no/such/folder/x.prom", token=plant.token)
    assert (refused.code, "there is no folder no/such/folder" in refused.err) == (1, True), refused
    (tmp_path / "text" / "reconciler.prom").unlink()
    (tmp_path / "text" / "reconciler.prom").mkdir()
    warned = run("watch", "m", "--once", "--metrics-file", "text/reconciler.prom", token=plant.token)
    assert (warned.code, "warning: metrics are not written" in warned.err) == (0, True), warned


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--once", "--listen", "0"), "--listen is for a continuous watch"),
        (("--listen", ":9464"), "use 0.0.0.0:9464 for all interfaces"),
        (("--listen", "::1:9464"), "is not [HOST:]PORT"),
        (("--listen", "127.0.0.1:99999"), "is not [HOST:]PORT"),
        (("--listen", "localhost:http"), "is not [HOST:]PORT"),
    ],
)
def test_where_to_listen_is_checked(run: Run, options: tuple[str, ...], words: str) -> None:
    refused = run("watch", "m", *options)
    assert (refused.code, words in refused.err) == (64, True), refused


def test_a_port_that_is_taken_is_an_error_before_anything_is_read(run: Run, tmp_path: Path, plant: Simulator) -> None:
    _fleet(plant, tmp_path, "v1.4.0")
    before = plant.control("GET", "calls")
    refused = run("watch", "m", "--listen", plant.url.removeprefix("http://"), token=plant.token)
    assert (refused.code, "cannot listen on 127.0.0.1:" in refused.err) == (1, True), refused
    assert plant.control("GET", "calls") == before


def _targets(folder: Path, received: Received, **env: str) -> dict[str, str]:
    """Write who is told: a service through apprise, and a web hook; return the environment."""
    (folder / "notify.yaml").write_text("""
targets:
  - {name: ops, apprise: {env: OPS_URL}, format: markdown, fleets: [al*]}
  - {name: hook, webhook: {url: {env: HOOK_URL}, key: {file: hook.key}}, title: "[$kind] $title"}
  - {name: nobody, apprise: {env: OPS_URL}, fleets: [nobody-*], kinds: [halt]}
""")
    (folder / "hook.key").write_text(KEY)
    return {"OPS_URL": f"json://{received.url}/ops/SECRET", "HOOK_URL": f"http://{received.url}/hook/SECRET", **env}


def _told(received: Received, path: str) -> list[str]:
    """Return the titles that a target was told."""
    return [json.loads(body)["title"] for to, _, body in list(received.requests) if to.startswith(path)]


def test_people_are_told_once_when_something_happens_and_when_it_is_over(tmp_path: Path) -> None:
    with simulating(units=30) as plant, receiving() as received:
        env = _targets(tmp_path, received, LOSANT_API_TOKEN=plant.token)
        _fleet(plant, tmp_path, "v1.4.0")
        with watching(tmp_path, "--mode", "apply", "--notify-config", "notify.yaml", **env) as watch:
            until(lambda: watch.metrics().get(("fleet_ready_slots", "all")) == 30, "all units ready")
            assert received.requests == [], "what git asks for is no news"
            for device in ("gw-001", "gw-002"):
                plant.control("POST", "console", device=device, flow="telemetry", version="v1.1.0")
            until(lambda: "Recovered: fleet all" in _told(received, "/ops"), "the end of the drift")
            _fleet(plant, tmp_path, "v1.4.0", "  suspend: {reason: audit}\n  pins: {gw-003: {telemetry: v9.9.9}}\n")
            until(lambda: "Needs a person: fleet all" in _told(received, "/ops"), "a version that is not there")
            before = watch.passes()
            until(lambda: watch.passes() > before + 2, "more passes")
        first, _, last = (
            sum(title.startswith(words) for title in _told(received, "/ops"))
            for words in ("Drift", "Recovered", "Needs")
        )
        assert 1 <= first <= 2, "two changes, seen in one pass or in two"
        assert last == 1
        assert {title.split("] ")[1] for title in _told(received, "/hook")} == set(_told(received, "/ops"))
        for to, headers, body in received.requests:
            if to.startswith("/hook"):
                signed = headers["reconciler-timestamp"].encode() + b"." + body
                mac = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
                assert headers["reconciler-signature"] == f"sha256={mac}"
        drift = next(json.loads(body) for to, _, body in received.requests if to.startswith("/ops"))
        assert re.search(r"user `65a5\w+` changed `telemetry` on ", drift["message"])
        sent = [one for one in watch.events() if one["event"] == "notified" and one["result"] == "sent"]
        assert len(sent) == len(received.requests)
        assert "SECRET" not in content(tmp_path / "all.jsonl") + content(tmp_path / "out")


def test_a_target_that_refuses_stops_nothing_and_is_said_once(tmp_path: Path) -> None:
    with simulating(units=10) as plant, receiving(404) as received:
        env = _targets(tmp_path, received, LOSANT_API_TOKEN=plant.token)
        (tmp_path / "notify.yaml").write_text(
            "targets: [{name: hook, webhook: {url: {env: HOOK_URL}, key: {file: hook.key}}, per_hour: 3}]"
        )
        _fleet(plant, tmp_path, "v9.9.9")
        with watching(tmp_path, "--notify-config", "notify.yaml", **env) as watch:
            until(lambda: watch.metrics().get(("notifications_total", "limited"), 0) >= 1, "the rest of the hour")
            assert watch.metrics()["notifications_total", "failed"] == 3
        said = [line for line in content(tmp_path / "out").splitlines() if "could not notify" in line]
        assert len(said) == 1, said
        assert "could not notify hook: Needs a person: fleet all (the server answered 404)" in said[0]
        assert "SECRET" not in content(tmp_path / "out")


def test_a_pass_by_a_timer_waits_until_its_messages_are_sent(run: Run, tmp_path: Path, plant: Simulator) -> None:
    _fleet(plant, tmp_path, "v9.9.9")
    with receiving() as received:
        env = _targets(tmp_path, received)
        ran = run("watch", "m", "--once", "--notify-config", "notify.yaml", token=plant.token, **env)
    assert ran.code == 0, ran
    assert _told(received, "/ops") == ["Needs a person: fleet all"]
    assert _told(received, "/hook") == ["[hold] Needs a person: fleet all"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("targets: [{name: ops, apprise: json://SECRET}]", "secrets are references"),
        ("targets: [{name: ops, apprise: {env: NOT_SET}}]", "the environment variable NOT_SET is not set"),
        ("targets: [{name: ops, apprise: {env: BAD}}]", "the URL of the target ops is none that apprise knows"),
        ("targets: [{name: ops, apprise: {env: OPS_URL}, body: '$pasword'}]", "there is no $pasword"),
        ("targets: [{name: ops, webhook: {url: {env: PLAIN}, key: {env: KEY}}}]", "is plain http"),
    ],
)
def test_a_file_of_targets_that_cannot_be_used_is_an_error_before_anything_is_read(
    run: Run, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "notify.yaml").write_text(text)
    env = {"BAD": "SECRET", "OPS_URL": "json://127.0.0.1:1/SECRET", "PLAIN": "http://h.example.com/SECRET", "KEY": KEY}
    refused = run("watch", "m", "--notify-config", "notify.yaml", **env)
    assert (refused.code, words in refused.err) == (1, True), refused
    assert "SECRET" not in refused.err
