"""What comes of one call, and which calls are never sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request, Verb
from reconciler.model.outcome import ReceiptKind
from tests.unit.platforms.memfault.project import Project, change, staged


@pytest.mark.parametrize("answer", ["400", "409", "200"])
def test_twice_is_harmless(answer: str) -> None:
    project = Project(already_active=answer)
    actions = project.compiled(change("default", "1.2.0", verb=Verb.REPLACE, from_="1.3.0"))
    for _ in range(2):
        for action in actions:
            assert project.execute(action).kind is ReceiptKind.ACCEPTED
        assert project.active("default") == ["1.2.0", "1.1.0"]


@pytest.mark.parametrize("create", ["200", "201"])
def test_an_activation_is_taken_whatever_its_status(create: str) -> None:
    project = Project(create_status=create)
    (action,) = project.compiled(change("default", "1.4.0"))
    assert project.execute(action).kind is ReceiptKind.ACCEPTED


def test_one_that_waits_for_approval_is_accepted_and_then_unknown() -> None:
    project = Project(approval="pending")
    (action,) = project.compiled(change("default", "1.4.0"))
    assert project.execute(action).kind is ReceiptKind.ACCEPTED
    state = project.state("default")
    assert state.phase.value == "unknown"
    assert "awaiting_approval" in state.conditions[0].text


@pytest.mark.parametrize(
    ("fault", "kind", "effect"),
    [
        ("reset=100%@writes", ReceiptKind.UNKNOWN, False),
        ("lost=100%@writes", ReceiptKind.UNKNOWN, True),
        ("500=100%@writes", ReceiptKind.UNKNOWN, False),
        ("html=100%@writes", ReceiptKind.UNKNOWN, False),
        ("truncate=100%@writes", ReceiptKind.UNKNOWN, True),
        ("slow=100%@writes", ReceiptKind.ACCEPTED, True),
        ("429=100%@writes", ReceiptKind.REJECTED, False),
        ("429=100%@writes*2", ReceiptKind.ACCEPTED, True),
        ("expire=100%@writes", ReceiptKind.REJECTED, False),
    ],
)
@pytest.mark.parametrize("call", ["memfault.activate", "memfault.pull", "memfault.raise"])
def test_receipts_tell_the_truth(fault: str, kind: ReceiptKind, effect: bool, call: str) -> None:
    project = Project()
    wish = {
        "memfault.activate": change("internal-testing", "1.2.0"),
        "memfault.pull": change("internal-testing", None, verb=Verb.REMOVE, from_="1.4.0"),
        "memfault.raise": change("beta", "1.4.0", from_="1.4.0", settings=staged(80)),
    }[call]
    action = next(one for one in project.compiled(wish) if one.call == call)
    if call == "memfault.pull" and fault.startswith("truncate"):
        kind = ReceiptKind.ACCEPTED  # its answer is empty, there is nothing to cut off
    project.world.faults.parse([fault])
    before, asked = project.world.state(), len(project.requests)
    receipt = project.execute(action)
    assert receipt.kind is kind, receipt
    assert bool(receipt.error) == (kind is not ReceiptKind.ACCEPTED)
    if kind is ReceiptKind.UNKNOWN:
        assert len(project.requests) - asked == 1, "what may have taken effect is not repeated"
    assert (project.world.state() != before) == effect


def test_an_activation_for_a_cohort_that_is_gone_is_refused() -> None:
    project = Project()
    (action,) = project.compiled(change("beta", "1.2.0", verb=Verb.RELEASE))[:1]
    project.world.faults.parse(["gone=100%@writes"])
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, 404)


REDRAW = "with `redraw: true` in the connection"


@pytest.mark.parametrize("redraw", [True, False])
@pytest.mark.parametrize(("rewrite", "words"), [(False, "left it at 25 %"), (True, "names no percentage")])
def test_a_raise_that_does_not_show_is_unknown_however_often(redraw: bool, rewrite: bool, words: str) -> None:
    project = Project(patch_rollout="ignore", redraw=redraw)

    def without(request: httpx.Request, body: Any) -> None:
        if request.method == "PATCH" and rewrite:
            del body["data"]["rollout_percent"]

    project.rewrites.append(without)
    (action,) = project.compiled(change("beta", "1.4.0", from_="1.4.0", settings=staged(80)))
    receipts = {project.execute(action) for _ in range(4)}
    (receipt,) = receipts
    assert (receipt.kind, receipt.alternative) == (ReceiptKind.UNKNOWN, redraw)
    assert f"memfault: raise: it answered 200 and {words}" in receipt.error
    assert (REDRAW in receipt.error) is not redraw


@pytest.mark.parametrize("redraw", [True, False])
def test_a_refused_raise_says_what_can_be_done(redraw: bool) -> None:
    project = Project(patch_rollout="reject", redraw=redraw)
    (action,) = project.compiled(change("beta", "1.4.0", from_="1.4.0", settings=staged(80)))
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status, receipt.alternative) == (ReceiptKind.REJECTED, 400, redraw)
    assert "rollout_percent cannot be changed" in receipt.error
    assert ("it is pulled and activated anew" if redraw else REDRAW) in receipt.error


def test_nothing_that_a_call_came_to_changes_what_the_next_pass_decides() -> None:
    project = Project(patch_rollout="reject")
    one = change("beta", "1.4.0", from_="1.4.0", settings=staged(80))
    before = project.platform.review([one], project.observe(), {}), project.compiled(one)
    assert project.execute(before[1][0]).kind is ReceiptKind.REJECTED
    assert (project.platform.review([one], project.observe(), {}), project.compiled(one)) == before


REFUSALS: list[Any] = [
    {"error": {"code": 1000, "http_code": 400, "message": "No.", "type": "InvalidRequestError"}},
    {"error": {"message": "No."}, "data": {"id": 5}},
    {"error": "No."},
    {"success": False, "message": "No."},
    {"success": False, "data": {"id": 5, "rollout_percent": 80}},
]


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body", REFUSALS)
@pytest.mark.parametrize("call", ["POST", "PATCH", "DELETE"])
def test_a_refusal_is_one_whatever_its_status(call: str, body: Any, status: int) -> None:
    project = Project()
    wish = {
        "POST": change("internal-testing", "1.2.0"),
        "DELETE": change("internal-testing", None, verb=Verb.REMOVE, from_="1.4.0"),
        "PATCH": change("beta", "1.4.0", from_="1.4.0", settings=staged(80)),
    }[call]
    action = next(one for one in project.compiled(wish) if one.request.method == call)
    project.hooks.append(lambda request: httpx.Response(status, json=body) if request.method == call else None)
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, None)
    assert "the body is a refusal" in receipt.error


def test_a_failure_of_the_server_refuses_nothing() -> None:
    project = Project()
    body = {"error": {"http_code": 503, "message": "Try later.", "type": "ServerError"}}
    project.hooks.append(lambda request: httpx.Response(200, json=body) if request.method == "POST" else None)
    assert project.execute(project.compiled(change("default", "1.4.0"))[0]).kind is ReceiptKind.UNKNOWN


def test_already_active_is_done_even_so() -> None:
    project = Project()
    body = {"error": {"message": "Release 1.4.0 is already active", "type": "InvalidRequestError"}}
    project.hooks.append(lambda request: httpx.Response(200, json=body) if request.method == "POST" else None)
    assert project.execute(project.compiled(change("default", "1.4.0"))[0]).kind is ReceiptKind.ACCEPTED


@pytest.mark.parametrize("body", [{"queued": True}, {"data": None}, {"data": {"task": 7}}, [], "ok"])
def test_any_other_body_is_in_the_receipt(body: Any) -> None:
    project = Project()
    project.hooks.append(lambda request: httpx.Response(202, json=body) if request.method == "POST" else None)
    receipt = project.execute(project.compiled(change("default", "1.4.0"))[0])
    assert receipt.kind is ReceiptKind.UNKNOWN
    assert json.dumps(body)[1:-1].replace(" ", "") in receipt.error.replace(" ", "")


def test_a_raise_that_took_too_long_is_unknown_and_no_refusal() -> None:
    project = Project(redraw=True)
    (action,) = project.compiled(change("beta", "1.4.0", from_="1.4.0", settings=staged(80)))
    project.fails("", 408, "PATCH")
    receipt = project.execute(action)
    assert (receipt.kind, receipt.alternative) == (ReceiptKind.UNKNOWN, False)


def test_a_refused_activation_is_refused() -> None:
    project = Project(activate_empty="reject")
    (action,) = project.compiled(change("default", "main-fw-dev"))
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, 400)
    assert "no artifacts" in receipt.error


def test_a_pull_answered_with_something_is_taken_if_it_is_an_answer() -> None:
    project = Project()
    project.hooks.append(lambda request: httpx.Response(202, json={}) if request.method == "DELETE" else None)
    action = project.compiled(change("default", None, verb=Verb.REMOVE))[0]
    assert project.execute(action).kind is ReceiptKind.ACCEPTED


def test_no_time_left_sends_nothing() -> None:
    project = Project()
    (action,) = project.compiled(change("default", "1.4.0"))
    asked = len(project.requests)
    receipt = project.platform.execute(action, project.clock.monotonic() - 1)
    assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, None)
    assert receipt.error.startswith("nothing was sent")
    assert len(project.requests) == asked


P = "/api/v0/organizations/simulated/projects/fleet-1/deployments"
BODY = {"type": "normal", "release": "1.4.0", "cohort": "default"}


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        ("memfault.activate", "POST", P.replace("fleet-1", "other"), BODY),
        ("memfault.activate", "DELETE", P, BODY),
        ("memfault.activate", "POST", P, {**BODY, "cohort": ""}),
        ("memfault.activate", "POST", P, {**BODY, "release": None}),
        ("memfault.activate", "POST", P, None),
        ("memfault.activate", "POST", P, {**BODY, "rollout_percent": 5}),
        ("memfault.activate", "POST", P, {**BODY, "type": "staged_rollout"}),
        ("memfault.pull", "DELETE", P, None),
        ("memfault.pull", "DELETE", P + "/../cohorts/beta", None),
        ("memfault.raise", "PATCH", P + "/5", {"rollout_percent": 5, "status": "done"}),
        ("memfault.raise", "PATCH", P + "/5", None),
        ("memfault.remove", "DELETE", P + "/5", None),
    ],
)
def test_what_is_no_call_of_this_project_is_never_sent(call: str, method: str, path: str, body: Any) -> None:
    project = Project(1, 1)
    receipt = project.execute(Action(call=call, request=Request(method, path, body), slots=(0,)))
    assert receipt.kind is ReceiptKind.REJECTED
    assert receipt.error.startswith("not sent: ")
    assert project.requests == []
