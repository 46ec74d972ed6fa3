"""Stories of pull requests, told with the workflows' own steps."""

from __future__ import annotations

import msgspec
import pytest

from reconciler.core.digest import sealed
from reconciler.views import plan_json
from tests.workflows.conftest import Plant, fleet
from tests.workflows.hub import Artifact

pytestmark = pytest.mark.slow

MORE = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: more}
spec:
  connection: plant
  units: {names: [gw-006]}
  workloads:
    vision: {version: v1.3.0}
"""


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_a_pull_request_is_planned_approved_merged_and_applied(plant: Plant, how: str) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.hub.push("main", {"README.md": "the branch lags behind\n"})
    planned = plant.plan(pull)
    assert planned["plan"].result == "success", planned["plan"].log
    assert planned["comment"].result == "success", planned["comment"].log
    outputs = planned["plan"].outputs
    assert [outputs[key] for key in ("exit-code", "changes", "removals", "violations", "held")] == [
        "2",
        "20",
        "0",
        "0",
        "0",
    ]
    (comment,) = plant.hub.comments_on(pull)
    assert "20 changes" in comment
    assert outputs["fingerprint"] in comment
    assert outputs["fingerprint"] in planned["plan"].summary
    assert "<h1>Plan: 20 changes" in plant.hub.content(plant.hub.artifacts[-1])["plan.html"].decode()
    assert plant.hub.labels_on(pull) == ["reconciler: changes"]
    plant.hub.approve(pull)
    applied = plant.apply(plant.hub.merge(pull, how=how))
    assert applied.result == "success", applied.log
    assert plant.runs("modbus-poller") == {"v1.4.0"}
    assert f"plan {outputs['fingerprint']}" in applied.log
    assert "approved by bob" in applied.log
    assert "done: 20" in applied.summary


def test_a_plan_made_after_the_approval_is_not_what_was_approved(plant: Plant) -> None:
    """Units left the wanted version meanwhile: the re-plan of the same commits does more than anybody saw."""
    pull = plant.change(7, poller="v1.4.0")
    for row in plant.simulator.control("GET", "state")["rows"]:
        if row["flow"] == "modbus-poller" and row["device"] in {"gw-003", "gw-004"}:
            plant.simulator.control("POST", "console", device=row["device"], flow=row["flow"], version="v1.4.0")
    first = plant.plan(pull)["plan"].outputs
    plant.hub.approve(pull)
    plant.simulator.control("POST", "console", device="gw-003", flow="modbus-poller", version="v1.3.0")
    later = plant.plan(pull)["plan"].outputs
    assert (first["changes"], later["changes"]) == ("18", "19")
    applied = plant.apply(plant.hub.merge(pull))
    assert f"plan {first['fingerprint']}" in applied.log
    assert "1 newer, made since then, is not what was reviewed" in applied.log
    assert "done: 18" in applied.log
    assert plant.assigned("modbus-poller", "gw-003") == "v1.3.0", "nobody approved that"


def test_the_same_run_again_keeps_the_plan_that_was_approved(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    run = plant.hub.run("pull_request", pull.head)
    first = plant.plan(pull, run=run)["plan"].outputs["fingerprint"]
    plant.hub.approve(pull)
    plant.plan(pull, run=run, attempt=2)
    applied = plant.apply(plant.hub.merge(pull))
    assert f"plan {first} of run {run}, attempt 1" in applied.log
    assert applied.result == "success", applied.log


def test_an_old_job_that_runs_again_does_not_undo_a_revert(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    push = plant.hub.merge(pull)
    assert plant.apply(push).result == "success"
    undone = plant.change(8, poller="v1.3.0")
    assert plant.plan(undone)["plan"].outputs["changes"] == "20"
    assert plant.apply(plant.hub.merge(undone)).result == "success"
    assert plant.runs("modbus-poller") == {"v1.3.0"}
    writes = plant.writes
    again = plant.apply(push)
    assert "done" not in again.summary.partition("Exit code")[0], again.log
    assert plant.writes == writes
    assert plant.runs("modbus-poller") == {"v1.3.0"}


def test_a_job_that_waited_while_the_merge_was_reverted_does_nothing(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    waiting = plant.hub.merge(pull, how="squash")
    plant.hub.revert()
    plant.apply(waiting)
    assert plant.writes == 0


def test_a_branch_that_was_forced_back_is_not_applied(plant: Plant) -> None:
    before = plant.hub.tip()
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    waiting = plant.hub.merge(pull)
    forced = plant.hub.reset("main", before)
    assert plant.apply(waiting).result == "failure"
    assert plant.apply(forced).result == "failure"
    assert plant.writes == 0


def test_the_head_that_was_forced_is_the_one_that_counts(plant: Plant) -> None:
    """What was planned and approved was another change than what was merged."""
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    plant.hub.approve(pull)
    old = pull.head
    plant.hub.reset("topic-7", "origin/main")
    plant.hub.push("topic-7", fleet(telemetry="v1.4.0"))
    assert pull.head != old
    applied = plant.apply(plant.hub.merge(pull))
    assert applied.result == "failure"
    assert "no plan is kept for" in applied.log
    assert plant.writes == 0


def test_stacked_pull_requests_are_applied_as_they_reach_the_branch(plant: Plant) -> None:
    lower = plant.change(7, poller="v1.4.0")
    upper = plant.change(8, base="topic-7", start="origin/topic-7", poller="v1.4.0", telemetry="v1.4.0")
    plant.plan(lower)
    stacked = plant.plan(upper)["plan"]
    assert stacked.outputs["changes"] != "0", stacked.log
    plant.hub.merge(upper)
    assert lower.head == plant.hub.tip("topic-7")
    replanned = plant.plan(lower)["plan"]
    assert replanned.outputs["changes"] == "40"
    applied = plant.apply(plant.hub.merge(lower))
    assert applied.result == "success", applied.log
    assert "pull request 7" in applied.log
    assert "pull request 8" not in applied.log, "it was not merged into this branch"
    assert plant.runs("telemetry") == {"v1.4.0"}


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_a_queue_that_pushes_several_at_once_applies_all_of_them(plant: Plant, how: str) -> None:
    first, second = plant.change(7, poller="v1.4.0"), plant.change_telemetry(8, "v1.4.0")
    for pull in (first, second):
        plant.plan(pull)
        plant.hub.approve(pull)
    applied = plant.apply(plant.hub.merge(first, second, how=how))
    assert applied.result == "success", applied.log
    assert plant.runs("modbus-poller") == plant.runs("telemetry") == {"v1.4.0"}


def test_a_queue_goes_on_where_an_earlier_merge_moved_what_a_later_plan_rests_on(plant: Plant) -> None:
    first, second = plant.change(7, poller="v1.4.0"), plant.pin(8, "gw-003", "v1.2.0")
    for pull in (first, second):
        plant.plan(pull)
        plant.hub.approve(pull)
    assert plant.apply(plant.hub.merge(first)).result == "success"
    applied = plant.apply(plant.hub.merge(second))
    assert applied.result == "success", applied.log
    assert plant.runs("modbus-poller") == {"v1.4.0", "v1.2.0"}
    assert plant.assigned("modbus-poller", "gw-003") == "v1.2.0"


def test_a_queue_stops_where_there_is_more_to_do_than_was_reviewed(plant: Plant) -> None:
    first, second = plant.change(7, poller="v1.4.0"), plant.change_telemetry(8, "v1.4.0")
    for pull in (first, second):
        plant.plan(pull)
    unseen = plant.hub.push("main", {"fleets/more.yaml": MORE})
    push = plant.hub.merge(first, second)
    applied = plant.apply({**push, "before": unseen["before"]})
    assert applied.result == "failure"
    assert "What is more must be reviewed" in applied.log
    assert "vision" in applied.log
    assert plant.writes == 0


def test_a_queue_plans_its_own_commit_for_the_required_check(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    queued = plant.plan_queue(pull)
    assert queued["plan"].result == "success", queued["plan"].log
    assert queued["plan"].outputs["changes"] == "20"
    assert queued["comment"].result == "skipped"


def test_a_fork_gets_no_plan_and_its_runs_are_not_believed(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    assert plant.plan(pull, fork=True)["plan"].result == "skipped"
    forged = plant.hub.run("pull_request", pull.head, repository=666)
    plant.hub.keep(forged, "reconciler-plan-default-7-1", {"plan.json": b"{}"})
    applied = plant.apply(plant.hub.merge(pull))
    assert applied.result == "failure"
    assert "no plan is kept for" in applied.log
    assert plant.writes == 0


@pytest.mark.parametrize(
    ("event", "path", "name"),
    [
        ("push", ".github/workflows/plan.yml", "reconciler-plan-default-7-1"),
        ("pull_request", ".github/workflows/other.yml", "reconciler-plan-default-7-1"),
        ("pull_request", ".github/workflows/plan.yml", "reconciler-plan-other-7-1"),
        ("pull_request", ".github/workflows/plan.yml", "reconciler-plan-default-77-1"),
    ],
    ids=["another event", "another workflow", "another name", "another pull request"],
)
def test_what_another_run_kept_is_not_the_plan(plant: Plant, event: str, path: str, name: str) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.hub.keep(plant.hub.run(event, pull.head, path=path), name, {"plan.json": b"{}"})
    applied = plant.apply(plant.hub.merge(pull))
    assert applied.result == "failure"
    assert "no plan is kept for" in applied.log


def test_a_push_that_nobody_reviewed_is_not_applied(plant: Plant) -> None:
    applied = plant.apply(plant.hub.push("main", fleet(poller="v1.4.0")))
    assert applied.result == "failure"
    assert "nobody reviewed a plan for it" in applied.log
    assert plant.writes == 0


def test_a_plan_that_expired_is_refused(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    (kept,) = plant.hub.artifacts
    _replace(plant, kept)
    applied = plant.apply(plant.hub.merge(pull))
    assert applied.result == "failure"
    assert "expired" in applied.log
    assert plant.writes == 0


def _replace(plant: Plant, kept: Artifact) -> None:
    """Put the plan of yesterday in an artefact's place."""
    plan = plan_json.decode(plant.hub.content(kept)["plan.json"])
    times = msgspec.structs.replace(plan.times, created="2026-11-01T00:00:00Z", expires="2026-11-02T00:00:00Z")
    old = sealed(msgspec.structs.replace(plan, times=times))
    plant.hub.artifacts.remove(kept)
    plant.hub.keep(kept.run, kept.name, {"plan.json": plan_json.encode(old)})


def test_an_artefact_that_is_no_longer_kept_is_said(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    plant.hub.artifacts[0].expired = True
    applied = plant.apply(plant.hub.merge(pull))
    assert applied.result == "failure"
    assert "is no longer kept" in applied.log


def test_a_plan_that_cannot_be_made_is_said_in_the_comment_with_its_reason(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.hub.push("topic-7", {"fleets/austin.yaml": fleet()["fleets/austin.yaml"].replace("workloads", "workloadz")})
    planned = plant.plan(pull)
    assert planned["plan"].result == "failure"
    assert planned["comment"].result == "success", planned["comment"].log
    (comment,) = plant.hub.comments_on(pull)
    assert "workloadz" in comment
    assert "::error file=fleets/austin.yaml,line=" in planned["plan"].log
    assert plant.hub.labels_on(pull) == ["reconciler: no plan"]
    plant.hub.push("topic-7", fleet(poller="v1.4.0"))
    plant.plan(pull)
    (comment,) = plant.hub.comments_on(pull)
    assert "20 changes" in comment
    assert plant.hub.labels_on(pull) == ["reconciler: changes"]


def test_a_pull_request_cannot_send_the_token_elsewhere(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    evil = plant.hub.git("show", "origin/main:connections/plant.yaml").replace(plant.simulator.url, plant.hub.url)
    plant.hub.push("topic-7", {"connections/plant.yaml": evil})
    planned = plant.plan(pull)["plan"]
    assert planned.outputs["exit-code"] != "0", planned.log
    assert not [path for _, path in plant.hub.requests if path.startswith("/applications")]


def test_a_limit_that_a_request_violates_is_lifted_by_what_is_reviewed_with_it(plant: Plant) -> None:
    pull = plant.change(7)
    gone = fleet()["fleets/austin.yaml"].replace("telemetry: {version: v1.3.0}", "telemetry: {absent: true}")
    plant.hub.push("topic-7", {"fleets/austin.yaml": gone})
    planned = plant.plan(pull)
    assert (planned["plan"].result, planned["plan"].outputs["violations"]) == ("failure", "2")
    assert "::error title=Limit violated::" in planned["plan"].log
    (comment,) = plant.hub.comments_on(pull)
    assert comment.index("### Limits violated: 2") < comment.index("### Removals: 20")
    assert plant.hub.labels_on(pull) == ["reconciler: violations"]
    refused = plant.apply(plant.hub.merge(pull))
    assert (refused.result, plant.writes) == ("failure", 0)
    assert "Exit code 3" in refused.summary
    allowed = plant.change(8)
    entry = "  allow: [{limit: remove, workload: telemetry, reason: end of life, until: 2099-01-01}]\n"
    plant.hub.push("topic-8", {"fleets/austin.yaml": f"{gone}{entry}"})
    replanned = plant.plan(allowed)
    assert (replanned["plan"].result, replanned["plan"].outputs["removals"]) == ("success", "20")
    comment = plant.hub.comments_on(allowed)[0]
    assert "Loosened by these manifests: 1" in comment
    assert "end of life" in comment
    plant.hub.approve(allowed)
    applied = plant.apply(plant.hub.merge(allowed))
    assert applied.result == "success", applied.log
    assert plant.runs("telemetry") == {None}


def test_drift_is_one_issue_that_is_opened_edited_and_closed(plant: Plant) -> None:
    assert plant.reconcile()["issue"].result == "success"
    assert plant.hub.issues == []
    plant.simulator.control("POST", "console", device="gw-003", flow="modbus-poller", version="v1.2.0")
    found = plant.reconcile()
    assert (found["reconcile"].result, found["reconcile"].outputs["drift"]) == ("success", "true"), found[
        "reconcile"
    ].log
    assert "gw-003" in found["reconcile"].summary
    (issue,) = plant.hub.issues
    assert (issue["state"], "gw-003" in issue["body"]) == ("open", True)
    plant.simulator.control("POST", "console", device="gw-004", flow="modbus-poller", version="v1.2.0")
    plant.reconcile()
    assert len(plant.hub.issues) == 1
    assert "gw-004" in issue["body"]
    corrected = plant.reconcile(mode="apply")
    assert corrected["reconcile"].outputs["drift"] == "false", corrected["reconcile"].log
    assert plant.runs("modbus-poller") == {"v1.3.0"}
    assert issue["state"] == "closed"
    assert plant.reconcile(issue=False)["issue"].result == "skipped"


def test_a_pass_that_could_not_read_says_so_in_the_open_issue(plant: Plant) -> None:
    plant.simulator.control("POST", "console", device="gw-003", flow="modbus-poller", version="v1.2.0")
    plant.reconcile()
    (issue,) = plant.hub.issues
    said = dict(issue)
    plant.runner.secrets["LOSANT_API_TOKEN"] = "not-it"
    found = plant.reconcile()
    assert found["reconcile"].result == "failure"
    assert found["reconcile"].outputs["drift"] == ""
    assert {**issue, "body": ""} == {**said, "body": ""}
    assert "1 fleet could not be read" in issue["body"]
    assert "v1.2.0" not in issue["body"]


def test_what_an_earlier_job_left_on_a_runner_is_not_taken_for_ours(plant: Plant) -> None:
    pull = plant.change(7, poller="v1.4.0")
    plant.plan(pull)
    (kept,) = plant.hub.artifacts
    old = plant.hub.content(kept)["plan.json"].decode()
    plant.runner.left = {"plan/plan.json": old, "reviewed/6.json": "no plan", "result/drift.json": old}
    assert plant.apply(plant.hub.merge(pull)).result == "success"
    broken = plant.change(8)
    plant.hub.push("topic-8", {"fleets/austin.yaml": "kind: Fleat\n"})
    planned = plant.plan(broken)
    assert planned["plan"].outputs["changes"] == ""
    assert "plan.json" not in plant.hub.content(plant.hub.artifacts[-1])
    plant.runner.secrets["LOSANT_API_TOKEN"] = "not-it"
    assert plant.reconcile()["reconcile"].result == "failure"
    assert plant.hub.issues == []
