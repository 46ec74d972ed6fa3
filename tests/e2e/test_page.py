"""The page through the installed commands: `watch --listen` on which people act, and `serve` on which they look."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.cli import paging
from reconciler.cli.committing import writes
from reconciler.cli.following import Place
from reconciler.cli.operating import Operating, Operation
from reconciler.cli.page_options import Address
from reconciler.cli.taking_back import OfFiles
from reconciler.core.remember import Remembering
from reconciler.engine.manifests import Fixed
from reconciler.engine.wake import Wake
from reconciler.model.fleet import Manifest
from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.e2e.repositories import WHO, Clone, repository
from tests.e2e.test_operating import watching
from tests.unit.engine.memory import Clock
from tests.unit.web.served import OPERATOR, VIEWER, bearer, enter, proof_of

Run = Callable[..., Ran]
TOKENS = {"VIEW": VIEWER, "ACT": OPERATOR}
WHO_MAY = ("--token-viewer", "env:VIEW", "--token-operator", "env:ACT")
ROLLOUT = """
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}
  workloads:
    telemetry: {version: v1.4.0}
  limits: {replace: 100%}
  rollout: {waves: [10%, 100%], soak: 10m}
"""


@contextmanager
def serving(folder: Path, *args: str, **env: str) -> Iterator[str]:
    """Run the installed `serve` on a free port until the end of the block; give its address."""
    process: subprocess.Popen[str] = started(folder, "serve", "--listen", "0", *args, out=folder / "served", **env)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err


def get(url: str, path: str, token: str = VIEWER) -> Any:  # any JSON value
    return httpx.get(f"{url}/api/v1{path}", headers=bearer(token)).json()


def act(url: str, path: str, token: str = OPERATOR, **body: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1{path}", json=body, headers=bearer(token))


def standings(url: str) -> dict[str, int]:
    fleets = get(url, "/overview")["fleets"]
    return fleets[0]["standings"] if fleets else {}


def test_people_follow_a_rollout_and_act_on_it(tmp_path: Path) -> None:
    with simulating(units=40) as plant:
        plant.manifest(tmp_path / "m", ROLLOUT)
        env = {"LOSANT_API_TOKEN": plant.token, **TOKENS}
        history = ("--history", "h.db")
        with watching(tmp_path, "--mode", "apply", *history, *WHO_MAY, **env) as watch:
            until(lambda: get(watch.url, "/overview")["fleets"], "the first pass")
            until(lambda: get(watch.url, "/fleets/all")["rollouts"][0]["waves"][0]["reporting"] > 0, "the first wave")
            fleet = get(watch.url, "/fleets/all")
            assert fleet["rollouts"][0]["waves"][1]["state"] == "closed"
            moved = plant.holds("v1.4.0", "telemetry")
            assert act(watch.url, "/fleets/all/rollouts", VIEWER, workload="telemetry", command="promote", reason="x").status_code == 403  # fmt: skip
            done = act(watch.url, "/fleets/all/rollouts", workload="telemetry", command="promote", reason="looks well")
            assert done.status_code == 200, done.text
            until(lambda: plant.holds("v1.4.0", "telemetry") > moved, "the next wave, which a person opened")
            until(lambda: "looks well" in content(tmp_path / "out"), "the watch says who did it")
            with httpx.Client(base_url=watch.url) as ann:
                assert enter(ann, name="Ann").status_code == 303
                form = {"csrf": proof_of(ann.get("/fleets/all")), "reason": "site audit", "until": "2030-01-01"}
                page = ann.post("/fleets/all/suspension", data=form).text
            assert "+  suspend:" in page, page
            assert "suspend" not in content(tmp_path / "m" / "fleet.yaml"), "nothing is written into a work tree"
            assert "VIEW" not in content(tmp_path / "out")
            until(lambda: "asked to suspend the fleet: site audit" in content(tmp_path / "out"), "that is said, too")
            (ruled,) = (one for one in watch.events() if one["event"] == "ruled")
            assert ruled["ruling"]["by"] == "operator token"
        with serving(tmp_path, *history, *WHO_MAY, **env) as url:
            overview = get(url, "/overview")
            assert (overview["source"], overview["fleets"][0]["fleet"]) == ("history", "all")
            assert [one["event"]["event"] for one in get(url, "/history?kind=ruled")["events"]] == ["ruled"], "once"
            assert [one["event"]["by"] for one in get(url, "/history?kind=acted")["events"]] == ["Ann"]
            versions = {one["version"] for point in get(url, "/fleets/all/course")["points"] for one in point["spread"]}
            assert "v1.4.0" in versions
            assert act(url, "/passes", reason="x").status_code == 403
            page = httpx.get(f"{url}/history?kind=ruled", headers=bearer(VIEWER)).text
            assert "looks well" in page


def test_a_history_that_grows_is_followed(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", ROLLOUT.replace("v1.4.0", "v1.3.0"))
    once = ("watch", "m", "--once", "--history", "h.db")
    assert run(*once, token=plant.token).code == 0
    with serving(tmp_path, "--history", "h.db") as url:
        before = httpx.get(f"{url}/api/v1/overview").json()
        assert run(*once, token=plant.token).code == 0
        until(
            lambda: httpx.get(f"{url}/api/v1/overview").json()["generation"] > before["generation"], "the second pass"
        )


def test_a_suspension_is_a_branch_where_a_repository_is_followed(run: Run, tmp_path: Path, plant: Simulator) -> None:
    origin: Clone = repository(tmp_path / "origin", plant, run)
    head = origin.git("rev-parse", "HEAD")
    follow = ("--git", f"file://{origin.top}", "--path", "fleets", "--git-cache", "cache", "--history", "h.db")
    process = started(tmp_path, "watch", *follow, "--listen", "0", "--interval", "1h", *WHO_MAY, out=tmp_path / "out", LOSANT_API_TOKEN=plant.token, **TOKENS, **WHO)  # fmt: skip
    try:
        assert process.stderr is not None
        url = ""
        while not url:
            line = process.stderr.readline()
            assert line, "it ended"
            url = found[0] if (found := re.findall(r"http://\S+", line)) else ""
        until(lambda: get(url, "/overview")["fleets"], "the first pass")
        done = act(url, "/fleets/all/suspension", reason="fire at site 4").json()
        assert done["branch"].startswith("suspend/all-"), done
        said = origin.git("log", "-1", "--format=%P%n%B", done["branch"])
        assert said.startswith(f"{head}\nSuspend the fleet all\n\nfire at site 4")
        assert "  suspend:\n    reason: fire at site 4" in origin.git("show", f"{done['branch']}:fleets/fleet.yaml")
        body = {"workload": "modbus-poller", "version": "v1.3.0", "reason": "boot loop", "until": "2030-01-01"}
        done = act(url, "/fleets/all/quarantine", **body).json()
        assert "v1.3.0" in done["lines"]
        assert done["branch"].startswith("quarantine/all-modbus-poller-v1.3.0-")
        again = act(url, "/fleets/all/suspension", reason="fire at site 4")
        assert (again.status_code, "is there already" in again.text) == (409, True)
        assert origin.git("rev-parse", "HEAD") == head
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--token-viewer", "secret-itself-0123"), 64, "given by reference: env:NAME or file:PATH"),
        (("--token-viewer", "env:SHORT"), 1, "fewer than 16 characters"),
        (("--token-viewer", "env:NOT_SET"), 1, "the environment variable NOT_SET is not set"),
        (("--token-viewer", "env:ACT", "--token-operator", "env:ACT"), 1, "the same token"),
        (("--proxy-operator", "ann"), 1, "name it with --trust-proxy ADDRESS"),
        (("--trust-proxy", "everybody"), 64, "is no address such as 10.0.0.5"),
    ],
)
@pytest.mark.parametrize("command", [("watch", "m", "--listen", "0"), ("serve", "--listen", "0", "--history", "h.db")])
def test_who_may_is_checked_before_anything_is_served(
    run: Run, tmp_path: Path, command: tuple[str, ...], options: tuple[str, ...], code: int, words: str
) -> None:
    refused = run(*command, *options, SHORT="secret", **TOKENS)
    assert (refused.code, words in " ".join(refused.err.split())) == (code, True), refused
    assert "secret" not in refused.err


def test_a_page_needs_somebody_who_may_look_and_a_history(run: Run, tmp_path: Path) -> None:
    refused = run("serve", "--listen", "0.0.0.0:0", "--history", "h.db")
    assert (refused.code, "somebody who may look" in refused.err) == (1, True), refused
    refused = run("serve", "--listen", "0", "--history", "h.db")
    assert (refused.code, "there is no history at h.db" in refused.err) == (1, True), refused
    refused = run("watch", "m", "--token-viewer", "env:VIEW", **TOKENS)
    assert (refused.code, "needs --listen" in refused.err) == (64, True), refused


def test_without_what_a_page_needs_it_is_said_and_the_rest_is_served(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paging, "NEEDED", ("no_such_package",))
    refused = run("serve", "--listen", "0", "--history", "h.db")
    words = "a page cannot be served here: no_such_package not installed\nhint: install fleet-reconciler[web]"
    assert (refused.code, words in refused.err) == (1, True), refused
    clock = Clock()
    place = Place(Fixed(Manifest({}, {}, {}, ""), "", moved=False), OfFiles([tmp_path], None))
    asked = Operation(listen=Address("127.0.0.1", 0))
    setting = paging.Setting(place.manifests, None, writes(place), None, "observe", Wake())
    with closing(Operating(asked, clock, 60.0, Remembering(0.0, durable=False), wait=1.0, setting=setting)):
        said = capfd.readouterr().err
        assert "the page is not served here: it needs fleet-reconciler[web] (no_such_package not installed)" in said
        url = re.search(r"http://\S+", said)
        assert url is not None
        assert httpx.get(f"{url[0]}/metrics").status_code == 200
        assert httpx.get(url[0]).status_code == 404
