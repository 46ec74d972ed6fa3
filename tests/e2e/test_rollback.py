"""`rollback` in real repositories: one commit on a branch, nothing else touched, and the fleet follows once it is merged."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.cli.following import Following
from reconciler.cli.stopping import SystemClock
from reconciler.cli.taking_back import OfFiles, OfRemote
from reconciler.errors import ReconcilerError
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Ref
from tests.e2e.conftest import Ran, Simulator, simulating
from tests.e2e.git_host import serving
from tests.e2e.repositories import CHANNEL, WHO, Clone, connection, repository

Run = Callable[..., Ran]

FLEET = """\
# one of ours
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: all}
spec:
  connection: plant
  units: {all: true}   # everybody
  workloads:
    modbus-poller:
      version: v1.3.0  # what runs
      overrides:
        - {units: {names: [gw-001]}, version: v1.3.0}  # the canary
  # that is all
"""
OTHER = FLEET.replace("name: all", "name: other").replace("v1.3.0", "{channel: stable}")


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    with simulating(units=4, settle=0.1) as one:
        yield one


@pytest.fixture
def main(tmp_path: Path, plant: Simulator, run: Run) -> Clone:
    """A repository with a fleet, and what runs."""
    made = Clone(tmp_path / "main", plant, run)
    made.top.mkdir()
    made.git("init", "-q", "-b", "main")
    made.write("fleets/connections.yaml", connection(plant))
    made.write("fleets/channels.yaml", CHANNEL)
    made.write("fleets/fleet.yaml", FLEET)
    made.commit("what runs")
    return made


def back(main: Clone, *arguments: str, **env: str) -> Ran:
    return main.run("rollback", *arguments, "-f", f"{main.top.name}/fleets", **{**WHO, **env})


def shown(main: Clone, branch: str, file: str = "fleets/fleet.yaml") -> str:
    return main.git("show", f"{branch}:{file}")


def test_the_last_change_is_taken_back_on_a_branch_and_nothing_else_is_touched(main: Clone) -> None:
    main.edit("[gw-001]}, version: v1.3.0", "[gw-001]}, version: v1.5.0", "fleets/fleet.yaml")
    head = main.commit("the canary gets v1.5.0")
    main.edit("# everybody", "# uncommitted", "fleets/fleet.yaml")
    main.write("fleets/new.yaml", "a: 1")
    main.git("add", "fleets/new.yaml")
    before = (main.git("status", "--porcelain"), main.git("stash", "list"), (main.top / ".git/index").read_bytes())
    ran = back(main, "all", "--reason", "boot loop: rev B")
    assert ran.code == 0, ran
    branch = "rollback/all-modbus-poller-v1.5.0"
    assert f"warning: it starts from the commit {head[:12]}; what is not committed yet is not in it" in ran.err
    assert f"branch {branch}: made" in ran.out
    assert "main/fleets" not in ran.out
    after = (main.git("status", "--porcelain"), main.git("stash", "list"), (main.top / ".git/index").read_bytes())
    assert before == after
    assert main.git("rev-parse", "HEAD") == head
    assert main.git("rev-parse", f"{branch}^") == head
    assert main.git("log", "-1", "--format=%an|%B", branch).startswith(
        "Ada|Roll modbus-poller v1.5.0 back to v1.3.0 in the fleet all\n\nboot loop: rev B"
    )
    assert shown(main, branch) == FLEET.rstrip("\n").replace(
        "  # that is all",
        '  quarantine:\n    - {workload: modbus-poller, version: v1.5.0, reason: "boot loop: rev B"}\n  # that is all',
    )
    again = back(main, "all", "--reason", "boot loop: rev B")
    assert (again.code, f"branch {branch}: was there already" in again.out) == (0, True), again
    other = back(main, "all", "--reason", "another")
    assert (other.code, "--branch NAME" in other.err) == (1, True), other
    assert back(main, "all", "--reason", "another", "--branch", "mine").code == 0


def test_a_version_of_a_channel_leaves_the_channel_to_the_others(main: Clone) -> None:
    main.write("fleets/other.yaml", OTHER)
    main.write("fleets/third.yaml", OTHER.replace("name: other", "name: third"))
    main.edit("units: {all: true}", "units: {names: [gw-002]}", "fleets/other.yaml")
    main.edit("units: {all: true}", "units: {names: [gw-003]}", "fleets/third.yaml")
    main.commit("others")
    main.edit("modbus-poller: v1.3.0", "modbus-poller: v1.5.0")
    main.commit("stable is v1.5.0")
    ran = back(main, "other", "modbus-poller", "--reason", "bad", "--until", "2031-02-03")
    assert ran.code == 0, ran
    assert "it no longer follows the channel stable" in ran.out
    assert "1 other fleet (third) still asks for v1.5.0" in ran.out
    made = shown(main, "rollback/other-modbus-poller-v1.5.0", "fleets/other.yaml")
    assert made.count("version: v1.3.0") == 2
    assert 'until: "2031-02-03"' in made
    assert main.git("diff", "--name-only", "main", "rollback/other-modbus-poller-v1.5.0") == "fleets/other.yaml"


def test_what_requires_the_version_is_named(main: Clone) -> None:
    main.edit("v1.3.0  # what runs", "v1.5.0  # what runs", "fleets/fleet.yaml")
    main.edit(
        "  # that is all",
        "    vision:\n      version: v2.0.0\n      requires: {modbus-poller: '>=1.5'}",
        "fleets/fleet.yaml",
    )
    main.edit("      overrides:", "      order: semver\n      overrides:", "fleets/fleet.yaml")
    main.commit("vision needs v1.5.0")
    ran = back(main, "all", "modbus-poller", "--from", "v1.5.0", "--to", "v1.3.0", "--reason", "bad")
    assert ran.code == 0, ran
    assert "vision of the fleet all requires modbus-poller >=1.5, which v1.3.0 is not" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("none", "--reason", "x"), 1, "no fleet 'none'; it has all"),
        (("all", "none", "--reason", "x"), 1, "no workload 'none'; it has modbus-poller"),
        (("all", "--reason", " "), 64, "--reason is empty"),
        (("all",), 64, "--reason"),
        (("all", "--reason", "x"), 1, "no earlier version"),
        (("all", "--reason", "x", "--from", "v9"), 1, "does not ask for v9"),
        (("all", "--reason", "x", "--to", "v1.3.0"), 1, "is the one that is taken back"),
        (("all", "--reason", "x", "--to", "v1", "--until", "soon"), 1, "until"),
        (("all", "--reason", "x", "--to", "v1", "--branch", "a..b"), 1, "not the name of a branch"),
        (("all", "--reason", "x", "--to", "v1", "--push"), 1, "no remote to push to"),
    ],
)
def test_what_cannot_be_done_says_why_and_makes_nothing(
    main: Clone, arguments: tuple[str, ...], code: int, words: str
) -> None:
    refused = back(main, *arguments)
    assert (refused.code, words in refused.err) == (code, True), refused
    if "--push" not in arguments:
        assert main.git("branch", "--format=%(refname:short)") == "main"


def test_outside_of_git_there_is_nothing_to_commit_to(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET)
    refused = run("rollback", "all", "--reason", "x", "-f", "m")
    assert (refused.code, "not in a git repository" in refused.err) == (1, True), refused


def test_a_branch_that_is_pushed_and_merged_brings_the_fleet_back(tmp_path: Path, plant: Simulator, run: Run) -> None:
    origin = repository(tmp_path / "origin", plant, run)
    work = origin.clone("work")
    work.edit("modbus-poller: v1.3.0", "modbus-poller: v1.4.0")
    work.commit("to v1.4.0")
    work.git("push", "-q", "origin", "HEAD:refs/heads/next")
    origin.git("merge", "-q", "next")
    watch = ("watch", "--git", f"file://{origin.top}", "--path", "fleets", "--git-cache", "cache", "--once", "--mode")
    how = {"token": plant.token, **WHO}
    assert run(*watch, "apply", "--wait", "1m", **how).code == 0
    assert origin.holds("v1.4.0") == 4
    pushed = back(work, "all", "--reason", "bad", "--push")
    assert (pushed.code, "pushed to origin" in pushed.out) == (0, True), pushed
    assert origin.holds("v1.4.0") == 4, "nothing is assigned by it"
    origin.git("merge", "-q", "rollback/all-modbus-poller-v1.4.0")
    assert run(*watch, "apply", "--wait", "1m", **how).code == 0
    assert origin.holds("v1.3.0") == 4
    origin.edit("version: v1.3.0", "version: v1.4.0", "fleets/fleet.yaml")
    origin.commit("again")
    held = run(*watch, "apply", "--wait", "1m", **how)
    assert (held.code, origin.holds("v1.3.0")) == (0, 4), "it is in quarantine"


# --- of a watch that halted -----------------------------------------------------------------------------------------

ROLLOUT = RolloutId("all", "w-1", "v1.4.0")


class Answers:
    """Gives its answers one after the other, whatever the question."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def __call__(self, _: str) -> str:
        return self.answers.pop(0)


def test_a_halted_rollout_becomes_a_branch_of_the_repository_elsewhere(
    tmp_path: Path, plant: Simulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = repository(tmp_path / "origin", plant, run)
    origin.edit("modbus-poller: v1.3.0", "modbus-poller: v1.4.0")
    head = origin.commit("to v1.4.0")
    origin.git("config", "http.receivepack", "true")
    for name, value in {**WHO, "GIT_TOKEN": "t0ken"}.items():
        if "AUTHOR" not in name and "COMMITTER" not in name:
            monkeypatch.setenv(name, value)
    with serving(tmp_path, "t0ken") as host:
        url = f"{host.url}/origin/.git"
        source = Following(url, "main", ("fleets",), tmp_path / "cache", "GIT_TOKEN", None).source(None, SystemClock())
        source.fetch()
        rollbacks = OfRemote(source, None)
        host.down = True
        with pytest.raises(ReconcilerError, match="503"):
            rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "3 of 4 failed")
        host.down = False
        made = rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "3 of 4 failed")
        assert (made.to, made.branch, made.pushed, made.new) == (
            "v1.3.0",
            "rollback/all-modbus-poller-v1.4.0",
            True,
            True,
        )
        assert origin.git("rev-parse", f"{made.branch}^") == head
        assert origin.git("log", "-1", "--format=%an", made.branch) == "reconciler"
        assert "reason: 3 of 4 failed" in shown(origin, made.branch)
        again = rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "4 of 4 failed")
        assert (again.new, again.commit) == (False, made.commit)
        other = Following(url, "main", ("fleets",), tmp_path / "other", "GIT_TOKEN", None).source(None, SystemClock())
        other.fetch()
        monkeypatch.setattr(other.clone, "branch", Answers("", made.commit))
        raced = OfRemote(other, None).take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "another reason")
        assert (raced.new, raced.commit) == (False, made.commit), "another process was faster"
        assert origin.git("rev-parse", made.branch) == made.commit
        with pytest.raises(ReconcilerError, match="does not ask for v9"):
            rollbacks.take_back(RolloutId("all", "w-1", "v9"), Ref("w-1", "modbus-poller"), "x")


def test_a_halted_rollout_becomes_a_branch_of_the_repository_here(main: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    main.edit("v1.3.0  # what runs", "v1.4.0  # what runs", "fleets/fleet.yaml")
    main.commit("to v1.4.0")
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    rollbacks = OfFiles([main.top / "fleets"], None)
    made = rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "3 of 4 failed")
    assert (made.to, made.pushed, made.new) == ("v1.3.0", False, True)
    assert "quarantine" in shown(main, made.branch)
    assert not rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "3 of 4 failed").new
    main.git("merge", "-q", made.branch)
    main.write("fleets/fleet.yaml", FLEET.replace("v1.3.0  # what runs", "v1.4.0  # what runs"))
    main.commit("v1.4.0 once more, without the quarantine")
    second = rollbacks.take_back(ROLLOUT, Ref("w-1", "modbus-poller"), "2 of 4 failed")
    assert (second.branch, second.new) == (f"{made.branch}-2", True), (
        "to merge the first one again would change nothing"
    )


WAVES = """\
  rollout:
    waves: [{units: {names: [gw-000, gw-001]}}, 100%]
    success: 100%
    failure: {percent: 50%, minimum: 2}
    on_failure: rollback
  mode: apply
"""


def test_a_watch_tries_until_the_branch_is_there_and_says_once_that_it_could_not(tmp_path: Path, run: Run) -> None:
    """The host takes no push, then is away, then main moves. Each pass is a process of its own that knows the history alone."""
    with simulating(units=8, settle=0.1) as plant, serving(tmp_path, "t0ken") as host:
        origin = repository(tmp_path / "origin", plant, run)
        origin.write("fleets/fleet.yaml", (origin.top / "fleets/fleet.yaml").read_text() + WAVES)
        origin.commit("waves")
        origin.git("config", "http.receivepack", "true")
        origin.write(".git/hooks/pre-receive", "#!/bin/sh\necho no branches today >&2\nexit 1\n")
        (origin.top / ".git/hooks/pre-receive").chmod(0o755)
        where = ("--git", f"{host.url}/origin/.git", "--ref", "main", "--path", "fleets", "--git-token", "T")
        env = {"token": plant.token, "T": "t0ken", **WHO}

        def passes(cache: str = "cache") -> str:
            """Make one pass; return what it says."""
            how = ("--once", "--mode", "apply", "--wait", "1m", "--history", "h.db", "--git-cache", cache)
            return run("watch", *where, *how, **env).out

        for number in range(2):
            plant.control("POST", "set_failing", device=f"gw-00{number}", failing=True)
        origin.edit("modbus-poller: v1.3.0", "modbus-poller: v1.4.0")
        origin.commit("to v1.4.0")
        said = [passes() for _ in range(3)]
        assert "v1.4.0 is halted: 2 of 2 devices failed" in "".join(said)
        (refused,) = [line for one in said for line in one.splitlines() if "not rolled back in git" in line]
        assert "no branches today" in refused, refused
        assert "it is tried again in 1 min" in refused
        (origin.top / ".git/hooks/pre-receive").unlink()
        assert "rolled back" not in passes(), "its pause is not over"
        origin.edit("units: {all: true}", "units: {all: true}  # all", "fleets/fleet.yaml")
        origin.commit("main moves")
        branch = "rollback/all-modbus-poller-v1.4.0"
        database = sqlite3.connect(tmp_path / "h.db")
        database.execute("UPDATE history_events SET at = at - 60 WHERE kind = 'rollbackfailed'")
        database.commit()
        database.close()
        assert f"the branch {branch}, pushed to the repository" in passes("another")
        made = origin.git("rev-parse", branch)
        assert origin.git("rev-parse", f"{branch}^") == origin.git("rev-parse", "main"), (
            "it begins where main is by now"
        )
        assert branch not in passes() + passes("another"), "once for all processes"
        assert origin.git("rev-parse", branch) == made
        shown_by = run("history", "--history", "h.db").out
        assert shown_by.count(f"the branch {branch}") == 1


def test_without_a_version_named_it_goes_back_to_what_every_unit_ran_by_the_history(tmp_path: Path, run: Run) -> None:
    with simulating(units=4, settle=0.1, offline=0, failing=0) as plant:
        origin = repository(tmp_path / "origin", plant, run)
        fleet = (origin.top / "fleets/fleet.yaml").read_text() + WAVES.replace(
            "failure: {percent: 50%, minimum: 2}", ""
        )
        origin.write("fleets/fleet.yaml", fleet)
        origin.commit("waves")
        watch = ("--once", "--mode", "apply", "--wait", "1m", "--history", "h.db")
        before = "v1.3.0"
        for version in ("v1.4.0", "v9.9.9", "v1.5.0"):
            origin.edit(f"modbus-poller: {before}", f"modbus-poller: {version}")
            origin.commit(f"to {version}")
            for _ in range(2 if version != "v1.5.0" else 0):
                assert origin.call("watch", *watch).code in {0, 4}
            before = version
        how = ("all", "--reason", "bad")
        known = run("rollback", *how, "-f", "origin/fleets", "--history", "h.db", token=plant.token, **WHO)
        assert known.code == 0, known
        assert "modbus-poller v1.5.0 is taken back" in known.out
        assert "  v1.4.0: the last version that every reachable unit reported, by the history (20" in known.out
        plain = run("rollback", *how, "-f", "origin/fleets", "--branch", "b", token=plant.token, **WHO)
        assert "  v1.4.0: what git asked for before; the history does not know how it did" in plain.out
        assert "  v9.9.9 is passed over: the platform does not have it" in plain.out
        unread = run("rollback", *how, "-f", "origin/fleets", "--branch", "c", **WHO)
        assert "warning: it is not known which versions of modbus-poller the platform has: " in unread.err
        assert "  v9.9.9: what git asked for before" in unread.out
        (tmp_path / "other.db").write_text("no database")
        refused = run("rollback", *how, "-f", "origin/fleets", "--history", "other.db", token=plant.token, **WHO)
        assert (refused.code, "other.db" in refused.err) == (1, True), refused


def test_a_commit_is_signed_where_git_signs(main: Clone) -> None:
    key = main.top.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key), "commit.gpgSign": "true"}.items():
        main.git("config", name, value)
    assert back(main, "all", "--reason", "x", "--to", "v1.2.0").code == 0
    assert "SSH SIGNATURE" in main.git("cat-file", "commit", "rollback/all-modbus-poller-v1.3.0")
