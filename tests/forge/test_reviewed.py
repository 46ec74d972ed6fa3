"""Which plan was reviewed, in general; and `reviewed` where GitHub is slow, unwilling or says something else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.forge.reviewed import Approval, Kept, Merged, NotReviewed, choose
from tests.e2e.conftest import Ran
from tests.forge.conftest import Run, saved
from tests.forge.servers import TOKEN, Fault, serving
from tests.workflows.hub import Hub

TIMES = st.integers(0, 9).map(float)
MERGED = Merged("7", "c0ffee", 10.0, "ann")
KEPT = st.lists(TIMES, max_size=5, unique=True).map(lambda all_: [Kept(str(int(at)), f"run {at:g}", at) for at in all_])
APPROVALS = st.lists(TIMES, max_size=3).map(lambda all_: [Approval("bob", at) for at in all_])


@given(APPROVALS, KEPT)
def test_no_plan_is_taken_that_an_approval_could_not_see(approvals: list[Approval], kept: list[Kept]) -> None:
    seen = [one for one in kept if any(one.at <= word.at for word in approvals or [Approval("ann", MERGED.at)])]
    if not seen:
        with pytest.raises(NotReviewed):
            choose(MERGED, approvals, kept)
        return
    found = choose(MERGED, approvals, kept)
    assert found.plan in seen
    assert found.plan.at <= found.word.at
    assert found.approved is bool(approvals)
    between = [one for one in kept if found.plan.at < one.at <= found.word.at]
    assert between == [], "the newest of them"
    earlier = [word for word in approvals if word.at < found.word.at]
    assert not [one for one in kept for word in earlier if one.at <= word.at], "the first approval that saw one decides"
    assert found.newer == sum(one.at > found.word.at for one in kept)


def test_a_plan_that_the_forge_has_deleted_is_not_replaced_by_an_older_one() -> None:
    kept = [Kept("1", "run 1", 1.0), Kept("2", "run 2", 2.0, expired=True)]
    with pytest.raises(NotReviewed, match="run 2, which was reviewed, is no longer kept"):
        choose(MERGED, [Approval("bob", 3.0)], kept)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A repository with pull request 7, merged, and one plan of it."""
    with serving(Hub) as one:
        one.started(tmp_path, {"a": "1"})
        one.push("topic", {"a": "2"})
        pull = one.open_pull(7, "topic")
        plan = tmp_path / "plan.json"
        saved(tmp_path, "canary")
        one.keep(one.run("pull_request", pull.head), "reconciler-plan-default-7-1", {"plan.json": plan.read_bytes()})
        yield one


def _reviewed(run: Run, hub: Hub, push: dict[str, Any], folder: Path, *args: str, **env: str) -> Ran:
    shutil.rmtree(folder / "reviewed", ignore_errors=True)
    event = folder / "event.json"
    event.write_text(json.dumps(push))
    job = {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "acme/fleets", "GITHUB_TOKEN": TOKEN,
        "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event), "GITHUB_REF_NAME": "main", "GITHUB_SHA": push["after"],
    }  # fmt: skip
    return run("reviewed", "--out", "reviewed", *args, **(job | env))


def test_an_approval_that_was_taken_back_is_none(run: Run, hub: Hub, tmp_path: Path) -> None:
    pull = hub.pulls["7"]
    hub.approve(pull, "bob")
    hub.approve(pull, "bob", "COMMENTED")
    hub.approve(pull, "cleo")
    hub.approve(pull, "cleo", "CHANGES_REQUESTED")
    hub.approve(pull, "dora")
    hub.approve(pull, "dora", "DISMISSED")
    push = hub.merge(pull)
    assert "approved by bob" in _reviewed(run, hub, push, tmp_path).out
    pull.reviews = [one for one in pull.reviews if one["user"]["login"] != "bob"]
    assert "not approved, but merged by ann" in _reviewed(run, hub, push, tmp_path).out


@pytest.mark.parametrize("permission", ["read", "none", None])
def test_the_approval_of_who_may_not_write_is_none(run: Run, hub: Hub, tmp_path: Path, permission: str | None) -> None:
    """In a public repository anybody may approve: an early word of a stranger would choose an older plan than the one reviewed."""
    pull, (kept,) = hub.pulls["7"], hub.artifacts
    if permission is not None:
        hub.permissions["mallory"] = permission
    hub.approve(pull, "mallory")
    hub.keep(kept.run, "reconciler-plan-default-7-2", hub.content(kept))
    hub.approve(pull, "cleo")
    said = _reviewed(run, hub, hub.merge(pull), tmp_path).out
    assert "attempt 2" in said
    assert "approved by cleo" in said
    assert "mallory" not in said


def test_it_is_found_among_many_runs_and_commits(run: Run, hub: Hub, tmp_path: Path) -> None:
    pull = hub.pulls["7"]
    for _ in range(120):
        hub.runs.insert(0, {**hub.runs[-1], "id": hub.number()})
    for number in range(110):
        hub.git("commit", "-q", "--allow-empty", "-m", f"{number}")
    hub.git("push", "-q", "origin", "HEAD:topic")
    hub.git("fetch", "-q")
    hub.runs = [{**one, "head_sha": hub.tip("topic")} for one in hub.runs]
    pull.head = hub.tip("topic")
    ran = _reviewed(run, hub, hub.merge(pull), tmp_path)
    assert ran.code == 0, ran
    assert (tmp_path / "reviewed/7.json").exists()


def test_a_plan_that_was_edited_or_is_missing_is_refused(run: Run, hub: Hub, tmp_path: Path) -> None:
    push = hub.merge(hub.pulls["7"])
    (kept,) = hub.artifacts
    plan = hub.content(kept)["plan.json"]
    for files, said in (
        ({"other.txt": b""}, "has no plan"),
        ({"plan.json": plan.replace(b"v1.4.0", b"v1.5.0")}, "edited"),
    ):
        hub.artifacts.clear()
        hub.keep(kept.run, kept.name, files)
        hub.artifacts[0].created_at = kept.created_at
        ran = _reviewed(run, hub, push, tmp_path)
        assert ran.code == 1, ran
        assert said in ran.err


@pytest.mark.parametrize(
    ("method", "ends", "status", "says"),
    [
        ("GET", "/pulls", 403, "pull-requests: read"),
        ("GET", "/runs", 404, "give the job its permissions"),
        ("GET", "/zip", 410, "410"),
    ],
)
def test_what_is_not_permitted_is_said_with_what_to_do(
    run: Run, hub: Hub, tmp_path: Path, method: str, ends: str, status: int, says: str
) -> None:
    push = hub.merge(hub.pulls["7"])
    hub.faults = [Fault(method, ends, status, {"message": "no"}, times=9)]
    ran = _reviewed(run, hub, push, tmp_path)
    assert ran.code == 1, ran
    assert says in ran.err


def test_outside_a_job_of_a_push_the_commit_is_named(run: Run, hub: Hub, tmp_path: Path) -> None:
    push = hub.merge(hub.pulls["7"])
    nothing = {"GITHUB_EVENT_NAME": "", "GITHUB_SHA": "", "GITHUB_REF_NAME": ""}
    ran = _reviewed(run, hub, push, tmp_path, **nothing)
    assert (ran.code, "--commit" in ran.err) == (1, True), ran
    named = _reviewed(run, hub, push, tmp_path, "--commit", push["after"], "--branch", "main", **nothing)
    assert named.code == 0, named
    assert _reviewed(run, hub, push, tmp_path, **nothing, GITHUB_ACTIONS="").code == 64


def test_one_that_nobody_reviewed_among_several_is_said(run: Run, hub: Hub, tmp_path: Path) -> None:
    hub.push("other", {"b": "1"})
    other = hub.open_pull(8, "other")
    ran = _reviewed(run, hub, hub.merge(hub.pulls["7"], other), tmp_path)
    assert ran.code == 0, ran
    assert "pull request 7: plan " in ran.out
    assert "warning: not applied: pull request 8: no plan is kept" in ran.err


def test_what_is_there_already_is_not_mixed_with_what_was_reviewed(run: Run, hub: Hub, tmp_path: Path) -> None:
    push = hub.merge(hub.pulls["7"])
    assert _reviewed(run, hub, push, tmp_path).code == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other/6.json").write_text("{}")
    ran = _reviewed(run, hub, push, tmp_path, "--out", "other")
    assert (ran.code, "not empty" in ran.err) == (1, True), ran
