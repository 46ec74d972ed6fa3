"""Saved plans and git: what was merged, in whichever way, goes; what was reverted, replaced or never merged does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating
from tests.e2e.repositories import Clone, repository

Run = Callable[..., Ran]
UNITS = 30


@pytest.fixture
def plant() -> Iterator[Simulator]:
    with simulating(units=UNITS) as one:
        yield one


@pytest.fixture
def main(tmp_path: Path, plant: Simulator, run: Run) -> Clone:
    return repository(tmp_path / "work", plant, run)


def requested(main: Clone, branch: str = "request", new: str = "v1.4.0", old: str = "v1.3.0") -> str:
    """Make a request that moves the channel, plan it, and go back to main; return its head."""
    main.git("checkout", "-q", "-b", branch)
    main.edit(old, new)
    head = main.commit(f"{branch}: to {new}")
    planned = main.plan(branch, "--base", "main")
    assert planned.code == 0, planned
    main.git("checkout", "-q", "main")
    return head


def merged(main: Clone) -> None:
    main.git("merge", "-q", "--no-ff", "request", "-m", "merged")


def squashed(main: Clone) -> None:
    main.git("merge", "-q", "--squash", "request")
    main.commit("squashed")


def rebased(main: Clone) -> None:
    main.git("cherry-pick", "main..request")


def elsewhere(main: Clone) -> None:
    """Somebody else's change comes to main first: in another file, and in the one that the request changes, too."""
    main.write("fleets/README.md", "about\n")
    main.edit("metadata: {name: stable}", "# promoted by the release team\nmetadata: {name: stable}")
    main.commit("others")


@pytest.mark.parametrize("moved", [False, True], ids=["at once", "after others"])
@pytest.mark.parametrize("merge", [merged, squashed, rebased])
def test_a_reviewed_request_goes_however_it_was_merged(
    main: Clone, merge: Callable[[Clone], None], moved: bool
) -> None:
    requested(main)
    if moved:
        elsewhere(main)
    merge(main)
    applied = main.apply("request")
    assert applied.code == 0, applied
    assert main.holds("v1.4.0") == UNITS


def test_a_plan_of_the_trial_merge_is_of_what_was_merged(main: Clone) -> None:
    """As on GitHub: planned is a commit that merges request and base, which nobody keeps."""
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("to v1.4.0")
    main.git("checkout", "-q", "main")
    elsewhere(main)
    main.git("checkout", "-q", "--detach", "main")
    main.git("merge", "-q", "--no-ff", "request", "-m", "trial")
    assert main.plan("request", "--base", "main").code == 0
    main.git("checkout", "-q", "main")
    squashed(main)
    applied = main.apply("request")
    assert applied.code == 0, applied
    assert main.holds("v1.4.0") == UNITS


def test_several_commits_that_were_rebased_are_found_each(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.2.0")
    main.commit("down")
    main.edit("v1.2.0", "v1.4.0")
    main.commit("and up")
    assert main.plan("request", "--base", "main").code == 0
    main.git("checkout", "-q", "main")
    elsewhere(main)
    rebased(main)
    assert main.apply("request").code == 0
    assert main.holds("v1.4.0") == UNITS


def test_a_plan_without_a_base_goes_where_the_manifests_are_the_same(main: Clone) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.4.0")
    main.commit("to v1.4.0")
    assert main.plan("request").code == 0
    main.git("checkout", "-q", "main")
    squashed(main)
    assert main.apply("request").code == 0
    assert main.holds("v1.4.0") == UNITS


def test_a_revert_is_not_undone_by_the_old_plan(main: Clone) -> None:
    requested(main)
    squashed(main)
    assert main.apply("request").code == 0
    main.git("revert", "--no-edit", "HEAD")
    assert main.plan("revert", "--base", "HEAD^").code == 0
    assert main.apply("revert").code == 0
    assert main.holds("v1.3.0") == UNITS
    again = main.apply("request")
    assert again.code == 3, again
    assert "the manifests now ask for v1.3.0 here" in again.out
    assert main.holds("v1.3.0") == UNITS


def test_an_old_job_that_runs_again_is_told_to_check_out_the_tip(main: Clone) -> None:
    """Its checkout is of the commit that it first ran for, where the manifests still say what was reverted since."""
    requested(main)
    squashed(main)
    job = main.clone("job")
    assert job.apply("request").code == 0
    main.git("revert", "--no-edit", "HEAD")
    main.call("apply", "--yes", "--allow", "replace", "--reason", "test")
    job.git("fetch", "-q")
    for where in ("main", "--detach"):
        job.git("checkout", "-q", where)
        again = job.apply("request")
        assert again.code == 1, again
        assert "is an older one of origin/main, where the manifests changed since" in again.err
        assert main.holds("v1.3.0") == UNITS
    job.git("checkout", "-q", "origin/main")
    assert job.apply("request").code == 3, "the tip no longer asks for it"


def test_the_branch_of_a_request_does_not_make_its_old_commit_the_one_that_is_meant(main: Clone) -> None:
    """Merged by fast-forward, reverted, and its branch still there: it names the commit that the old job checks out."""
    head = requested(main)
    main.git("merge", "-q", "--ff-only", "request")
    main.git("revert", "--no-edit", "HEAD")
    job = main.clone("job")
    job.git("checkout", "-q", head)
    again = job.apply("request")
    assert again.code == 1, again
    assert "is an older one of origin/main, where the manifests changed since" in again.err
    assert main.holds("v1.4.0") == 0


@pytest.mark.parametrize("planned", [("--base", "main"), ()], ids=["with a base", "without"])
def test_what_was_never_merged_is_refused(main: Clone, planned: tuple[str, ...]) -> None:
    main.git("checkout", "-q", "-b", "request")
    main.edit("v1.3.0", "v1.4.0")
    head = main.commit("to v1.4.0")
    assert main.plan("request", *planned).code == 0
    main.git("checkout", "-q", "main")
    refused = main.apply("request")
    assert refused.code == 1, refused
    assert f"commit {head[:12]}, which is not in the history of what is checked out" in refused.err
    assert "--allow not-in-history --reason TEXT" in refused.err
    assert ("squashed or rebased" in refused.err) is not bool(planned)
    assert main.holds("v1.3.0") == UNITS


def test_a_head_that_was_replaced_is_refused_and_the_new_one_goes(main: Clone) -> None:
    requested(main)
    main.git("checkout", "-q", "request")
    main.edit("v1.4.0", "v1.2.0")
    main.git("commit", "-q", "-a", "--amend", "-m", "down after all")
    assert main.plan("amended", "--base", "main").code == 0
    main.git("checkout", "-q", "main")
    squashed(main)
    refused = main.apply("request")
    assert refused.code == 1, refused
    assert main.holds("v1.3.0") == UNITS
    assert main.apply("amended").code == 0
    assert main.holds("v1.2.0") == UNITS


def test_who_lifts_it_is_recorded_and_the_tip_still_decides(main: Clone) -> None:
    requested(main)
    lifted = main.apply(
        "request",
        options=("--allow", "not-in-history", "--reason", "CHG-4711", "-o", "json", "--result", "run.jsonl"),
    )
    assert lifted.code == 3, lifted
    assert "applied since --allow not-in-history was given" in lifted.err
    assert lifted.json["allowed"] == [["not-in-history", "CHG-4711"]]
    assert {one["result"] for one in lifted.json["outcomes"]} == {"stale"}
    started = json.loads((main.top.parent / "run.jsonl").read_text().splitlines()[0])
    assert started["allowed"] == [["not-in-history", "CHG-4711"]]


def test_a_shallow_clone_says_how_to_fetch_what_it_lacks(main: Clone) -> None:
    requested(main)
    merged(main)
    main.write("fleets/README.md", "about\n")
    main.edit("v1.4.0", "v1.4.0 # the newest")
    main.commit("others")
    job = main.clone("job", "--depth=1")
    # a comment makes no other manifests: so that they are, one of them says more
    job.edit("units: {all: true}", "units: {all: true}\n  limits: {replace: 100%}", "fleets/fleet.yaml")
    job.commit("ours")
    refused = job.apply("request")
    assert refused.code == 1, refused
    assert "this clone is shallow" in refused.err
    assert "git fetch --unshallow origin" in refused.err
    job.git("fetch", "-q", "--unshallow", "origin")
    assert job.apply("request").code == 0
    assert main.holds("v1.4.0") == UNITS


@pytest.mark.parametrize("depth", [("--depth=1",), ()])
def test_a_checkout_of_one_commit_and_no_branch_cannot_show_a_revert(main: Clone, depth: tuple[str, ...]) -> None:
    """What `actions/checkout` with a commit as its `ref` makes."""
    requested(main)
    merged(main)
    old = main.git("rev-parse", "HEAD")
    main.git("revert", "--no-edit", "-m", "1", "HEAD")
    job = Clone(main.top.parent / "job", main.simulator, main.run)
    job.top.mkdir()
    job.git("init", "-q")
    job.git("remote", "add", "origin", f"file://{main.top}")
    job.git("-c", "uploadpack.allowAnySHA1InWant=true", "fetch", "-q", *depth, "origin", old)
    job.git("checkout", "-q", old)
    refused = job.apply("request")
    assert refused.code == 1, refused
    assert "this clone cannot show whether the commit checked out" in refused.err
    assert f"git fetch {'--unshallow ' if depth else ''}origin" in refused.err
    assert main.holds("v1.4.0") == 0
    lifted = job.apply("request", options=("--allow", "not-in-history", "--reason", "CHG-4711"))
    assert lifted.code == 0, lifted
    job.git("fetch", "-q", *(("--unshallow",) if depth else ()), "origin")
    refused = job.apply("request")
    assert refused.code == 1, refused
    assert "is an older one of origin/" in refused.err


def test_a_checkout_of_a_tag_alone_was_meant(main: Clone) -> None:
    requested(main)
    merged(main)
    main.git("tag", "released")
    job = main.clone("job", "--depth=1", "--branch=released")
    applied = job.apply("request")
    assert applied.code == 0, applied


def test_edited_manifests_are_of_no_commit(main: Clone) -> None:
    requested(main)
    squashed(main)
    main.edit("v1.4.0", "v1.2.0")
    refused = main.apply("request")
    assert refused.code == 1, refused
    assert "the manifests here differ from the commit checked out" in refused.err
    assert main.plan("mine").code == 0
    assert main.apply("mine").code == 0, "the very manifests that it was made from"
    assert main.holds("v1.2.0") == UNITS
    main.edit("v1.2.0", "v1.1.0")
    main.commit("v1.1.0")
    refused = main.apply("mine")
    assert refused.code == 1, refused
    assert "manifests that were in no commit" in refused.err


def test_a_plan_from_outside_git_and_manifests_outside_git(main: Clone, plant: Simulator, run: Run) -> None:
    loose = main.top.parent / "loose"
    loose.mkdir()
    for file in (main.top / "fleets").iterdir():
        (loose / file.name).write_text(file.read_text())
    copied = Clone(loose, plant, run)
    copied.edit("v1.3.0", "v1.4.0", "channels.yaml")
    assert copied.plan("loose", paths=(".",)).code == 0
    refused = main.apply("loose")
    assert refused.code == 1, refused
    assert "the plan names no commit" in refused.err
    requested(main)
    copied.edit("v1.4.0", "v1.2.0", "channels.yaml")
    refused = copied.apply("request", paths=(".",))
    assert refused.code == 1, refused
    assert "the manifests here are in no git repository" in refused.err
    copied.edit("v1.2.0", "v1.1.0", "channels.yaml")
    assert copied.apply("loose", paths=(".",)).code == 3, (
        "nothing speaks of commits; the manifests ask for another version"
    )


def test_a_request_that_changes_no_manifest_goes(main: Clone, plant: Simulator) -> None:
    flow = "modbus-poller"
    device = plant.control("GET", "state")["rows"][0]["device"]
    plant.control("POST", "console", device=device, flow=flow, version="v1.1.0")
    main.git("checkout", "-q", "-b", "request")
    main.write("fleets/README.md", "about\n")
    main.commit("words")
    assert main.plan("request", "--base", "main").code == 0
    main.git("checkout", "-q", "main")
    squashed(main)
    main.edit("units: {all: true}", "units: {all: true}\n  limits: {replace: 100%}", "fleets/fleet.yaml")
    main.commit("a limit")
    applied = main.apply("request")
    assert applied.code == 0, applied
    assert main.holds("v1.3.0") == UNITS


def fingerprint(name: str, folder: Path) -> str:
    found: Any = json.loads((folder / f"{name}.json").read_text())["fingerprint"]
    return str(found)


def test_approval_binds_to_the_fingerprint(main: Clone, plant: Simulator) -> None:
    folder = main.top.parent
    requested(main)
    approved = fingerprint("request", folder)
    main.git("checkout", "-q", "request")
    assert main.plan("again", "--base", "main").code == 0
    assert fingerprint("again", folder) == approved, "the time of planning does not matter"
    assert approved in main.call("plan", "--base", "main").out
    assert approved in main.call("plan", "--base", "main", "-o", "markdown").out
    plant.control("POST", "console", device="gw-007", flow="modbus-poller", version="v1.2.0")
    assert main.plan("grown", "--base", "main").code == 0
    assert fingerprint("grown", folder) != approved
    main.git("checkout", "-q", "main")
    squashed(main)
    refused = main.apply("grown", options=("--fingerprint", approved))
    assert refused.code == 1, refused
    assert f"approved is {approved}" in refused.err
    assert main.apply("request", options=("--fingerprint", "a" * 12)).code == 1
    assert main.apply("request", options=("--fingerprint", approved[:5])).code == 64
    assert main.holds("v1.4.0") == 0
    applied = main.apply("request", options=("--fingerprint", approved[:12], "-o", "json"))
    assert applied.json["fingerprint"] == approved
    assert main.holds("v1.4.0") == UNITS - 1


def test_a_queue_plans_again_where_that_is_no_more(main: Clone) -> None:
    """Two requests are stacked and merged together: each plan alone would end in "stale" or lack what the other brings."""
    requested(main, "lower", "v1.2.0")
    main.git("checkout", "-q", "lower")
    main.git("checkout", "-q", "-b", "upper")
    main.edit(
        "units: {all: true}", "units: {all: true}\n  pins: {gw-003: {modbus-poller: v1.4.0}}", "fleets/fleet.yaml"
    )
    main.commit("a pin")
    assert main.plan("upper", "--base", "lower").code == 0
    main.git("checkout", "-q", "main")
    main.git("merge", "-q", "--ff-only", "upper")
    more = main.apply("lower", options=("--replan-if-subset",))
    assert more.code == 3, more
    assert "gw-003" in more.out
    assert "v1.4.0" in more.out
    assert main.holds("v1.3.0") == UNITS, "nothing was sent"
    applied = main.apply("lower", "upper", options=("--replan-if-subset", "-o", "json"))
    assert applied.code == 0, applied
    assert sorted(applied.json["reviewed"]) == sorted(fingerprint(one, main.top.parent) for one in ("lower", "upper"))
    assert main.holds("v1.2.0") == UNITS - 1
    assert main.holds("v1.4.0") == 1


def test_what_moved_since_goes_if_it_was_reviewed(main: Clone, plant: Simulator) -> None:
    requested(main)
    squashed(main)
    plant.control("POST", "console", device="gw-007", flow="modbus-poller", version="v1.2.0")
    stale = main.apply(
        "request",
        options=(
            "-o",
            "json",
        ),
    )
    assert stale.code == 4, stale
    applied = main.apply("request", options=("--replan-if-subset",))
    assert applied.code == 0, applied
    assert main.holds("v1.4.0") == UNITS


def test_plans_are_combined_only_to_plan_again(main: Clone) -> None:
    requested(main)
    assert main.apply("request", "request").code == 64
    assert main.apply(options=("--yes", "--replan-if-subset")).code == 64
