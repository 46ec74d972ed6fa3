"""What comes of one call, and which calls are never sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.model.change import Action, Request, Verb
from reconciler.model.outcome import Receipt, ReceiptKind
from tests.unit.platforms.memfault.project import Project, change, staged


@pytest.mark.parametrize("answer", ["400", "409", "200"])
def test_twice_is_harmless(answer: str) -> None:
    project = Project(already_active=answer)
    actions = project.compiled(change("default", "1.2.0", verb=Verb.REPLACE, from_="1.3.0"))
    for _ in range(2):
        for action in actions:
            assert project.execute(action).kind is ReceiptKind.ACCEPTED
        assert project.active("default") == ["1.2.0", "1.1.0"]


WRITES = {
    "memfault.activate": change("internal-testing", "1.2.0"),
    "memfault.pull": change("internal-testing", None, verb=Verb.REMOVE, from_="1.4.0"),
    "memfault.raise": change("beta", "1.4.0", from_="1.4.0", settings=staged(80)),
}


@pytest.mark.parametrize(
    ("answer", "statuses"), [("200", (200, 204, 200)), ("201", (201, 204, 200)), ("202", (202, 202, 202))]
)
def test_a_receipt_has_the_status_that_came(answer: str, statuses: tuple[int, ...]) -> None:
    for (call, wish), status in zip(WRITES.items(), statuses, strict=True):
        project = Project(write_status=answer)
        action = next(one for one in project.compiled(wish) if one.call == call)
        before = project.world.state()
        assert project.execute(action) == Receipt(ReceiptKind.ACCEPTED, status=status)
        assert (project.world.state() == before) == (status == 202), "202 is a promise, read back like any other"
        project.manual.advance(60)
        assert project.world.state() != before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ReceiptKind.ACCEPTED),
        (b"{}", ReceiptKind.ACCEPTED),
        (b"null", ReceiptKind.ACCEPTED),
        (b'{"data":{"id":5,"rollout_percent":25}}', ReceiptKind.ACCEPTED),
        (b"<html>Sign in</html>", ReceiptKind.UNKNOWN),
        (b'{"data":', ReceiptKind.UNKNOWN),
    ],
)
@pytest.mark.parametrize("call", WRITES)
def test_what_is_done_later_need_not_say_what_became_of_it(call: str, body: bytes, kind: ReceiptKind) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    project.hooks.append(lambda request: httpx.Response(202, content=body) if request.method != "GET" else None)
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status) == (kind, 202)


@pytest.mark.parametrize(
    ("call", "kind"), [("memfault.activate", ReceiptKind.ACCEPTED), ("memfault.raise", ReceiptKind.UNKNOWN)]
)
def test_an_answer_without_content_names_no_percentage(call: str, kind: ReceiptKind) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    project.hooks.append(lambda request: httpx.Response(204) if request.method != "GET" else None)
    assert project.execute(action).kind is kind


OTHERS = [
    ("memfault.raise", {"id": 7, "rollout_percent": 80}, "deployment 7"),
    ("memfault.activate", {"id": 9, "release": {"version": "1.3.0"}, "cohort": {"slug": "internal-testing"}}, "1.3.0"),
    ("memfault.activate", {"id": 9, "release": {"version": "1.2.0"}, "cohort": {"slug": "beta"}}, "beta"),
    ("memfault.activate", {"id": 9, "release": {"version": "1.2.0"}, "cohort": {"slug": None}}, ""),
    ("memfault.activate", {"id": 9, "release": 4, "cohort": 5}, ""),
]


@pytest.mark.parametrize(("call", "data", "other"), OTHERS)
def test_an_answer_about_another_activation_proves_nothing(call: str, data: Any, other: str) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    project.hooks.append(lambda request: httpx.Response(200, json={"data": data}) if request.method != "GET" else None)
    receipt = project.execute(action)
    assert receipt.kind is (ReceiptKind.UNKNOWN if other else ReceiptKind.ACCEPTED)
    assert (f"but about {other}, which" in receipt.error) == bool(other)


def test_a_pull_may_be_answered_without_a_body() -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES["memfault.pull"]) if one.call == "memfault.pull")
    project.hooks.append(lambda request: httpx.Response(200) if request.method == "DELETE" else None)
    assert project.execute(action) == Receipt(ReceiptKind.ACCEPTED, status=200)


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
@pytest.mark.parametrize("call", WRITES)
def test_receipts_tell_the_truth(fault: str, kind: ReceiptKind, effect: bool, call: str) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
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
    {"data": {"success": False, "message": "No."}},
    {"data": {"id": 5, "rollout_percent": 80, "error": {"message": "No."}}},
    {"data": [{"error": {"message": "No."}}]},
    [{"success": False, "message": "No."}],
]


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body", REFUSALS)
@pytest.mark.parametrize("call", WRITES)
def test_a_refusal_is_one_whatever_its_status(call: str, body: Any, status: int) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    project.hooks.append(lambda request: httpx.Response(status, json=body) if request.method != "GET" else None)
    receipt = project.execute(action)
    assert (receipt.kind, receipt.status) == (ReceiptKind.REJECTED, 400 if "http_code" in str(body) else status)
    assert f"the platform answered {status}, and refuses it: " in receipt.error


@pytest.mark.parametrize(
    "stored", [{"status": "failed"}, {"error": "No."}, {"success": False}, [{"error": "No."}], 10**400]
)
@pytest.mark.parametrize("call", WRITES)
def test_what_clients_stored_with_a_deployment_refuses_nothing(call: str, stored: Any) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    number = action.request.path.rpartition("/")[2].replace("deployments", "5")
    body = {"data": {"id": int(number), "rollout_percent": 80, "status": "done", "extra_info": stored}}
    project.hooks.append(lambda request: httpx.Response(200, json=body) if request.method != "GET" else None)
    assert project.execute(action).kind is ReceiptKind.ACCEPTED


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


@pytest.mark.parametrize("body", [{"queued": True}, {"data": None}, {"data": {"task": 7}}, [5], "ok"])
@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("call", WRITES)
def test_any_other_body_is_in_the_receipt(call: str, status: int, body: Any) -> None:
    project = Project()
    action = next(one for one in project.compiled(WRITES[call]) if one.call == call)
    project.hooks.append(lambda request: httpx.Response(status, json=body) if request.method != "GET" else None)
    receipt = project.execute(action)
    told = status == 200 and call != "memfault.pull"
    assert receipt.kind is (ReceiptKind.UNKNOWN if told else ReceiptKind.ACCEPTED)
    assert json.dumps(body, separators=(",", ":")) in (receipt.error if told else receipt.answer)


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
