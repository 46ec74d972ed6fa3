"""The README's page on operating: its lines, in their order, do what it says, from the halt to the fleet that went back."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.e2e.repositories import WHO, Clone, connection

Run = Callable[..., Ran]

README = Path(__file__).parents[2] / "README.md"
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: austin}
spec:
  connection: plant
  units: {all: true}
  workloads:
    modbus-poller: {version: v1.3.0}
  rollout:
    waves: [{units: {names: [gw-000]}}, 100%]
    failure: {percent: 50%, minimum: 1}
"""
HERE = {"fleets": "clone/fleets", "https://git.example.com/fleets.git": "origin", "9464": "0"}
"""What the words of the page are in this test."""
NOTIFY = "targets:\n  - name: nobody\n    webhook: {url: {env: HOOK}, key: {env: HOOK}}\n"


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    with simulating(units=4, settle=0.1) as one:
        yield one


def lines() -> list[list[str]]:
    """Return the command lines of the page, but those about many machines, which have a test of their own."""
    page = README.read_text().partition("## Operate it\n")[2].partition("### Many machines\n")[0]
    return [shlex.split(line[2:], comments=True)[1:] for line in page.splitlines() if line.startswith("$ reconciler ")]


def test_the_page_leads_from_the_halt_to_a_fleet_that_went_back(run: Run, plant: Simulator, tmp_path: Path) -> None:
    env = {**WHO, "RECONCILER_HISTORY": "h.db", "HOOK": "http://127.0.0.1:9/hook"}
    origin = Clone(tmp_path / "origin", plant, run)
    origin.top.mkdir()
    origin.git("init", "-q", "-b", "main")
    origin.write("fleets/connections.yaml", connection(plant))
    origin.write("fleets/fleet.yaml", FLEET)
    origin.commit("what runs")
    settled = origin.call("apply", "--yes", "--deadline", "60s", paths=("fleets",), **env)
    assert settled.code == 0, settled
    plant.control("POST", "set_failing", device="gw-000", failing=True)
    origin.edit("v1.3.0", "v1.4.0", "fleets/fleet.yaml")
    origin.commit("v1.4.0")
    origin.clone("clone")
    (tmp_path / "notify.yaml").write_text(NOTIFY)

    said = tmp_path / "said"
    watch, *others = ([HERE.get(word, word) for word in words] for words in lines())
    at = watch.index("--git-token")  # which is for https
    path = watch.index("--path") + 1
    words = [*watch[:path], "fleets", *watch[path + 1 : at], *watch[at + 2 :], "--git-cache", "cache"]
    process = started(tmp_path, *words, out=said, LOSANT_API_TOKEN=plant.token, **env)

    def woken_until(true: Callable[[], bool], what: str) -> None:
        """Have passes begin at once, as the page says, until something is true."""

        def woken() -> bool:
            process.send_signal(signal.SIGHUP)
            return true()

        until(woken, what)

    try:
        until(lambda: "manifests in force" in content(said), "manifests in force")
        woken_until(lambda: "rollout of modbus-poller v1.4.0 is halted" in content(said), "the halt")
        found = {" ".join(words[:2]): run(*words, token=plant.token, **env) for words in others}
        assert {ran.code for ran in found.values()} == {0}, found
        assert "failed on gw-000" in found["rollout status"].out
        assert "is halted: 1 of 1 device failed" in found["history austin"].out
        assert "failed to start" in found["explain gw-000"].out
        assert "resume rollout of modbus-poller v1.4.0: power cut" in found["rollout resume"].out
        origin.git("merge", "-q", "rollback/austin-modbus-poller-v1.4.0")
        woken_until(lambda: origin.holds("v1.3.0") == 4, "the fleet that went back")
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
