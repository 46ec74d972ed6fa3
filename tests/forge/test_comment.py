"""`reconciler comment` against servers that behave like GitHub and GitLab."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from reconciler.cli import wiring
from reconciler.model.hold import Hold, HoldReason
from tests.forge.conftest import Comment, Run, environment, saved
from tests.forge.servers import Fault, GitHub, GitLab, Server
from tests.golden import plans

MARK = "<!-- reconciler plan: default -->\n"


def test_one_comment_is_written_and_then_edited_in_place(comment: Comment, forge: Server, tmp_path: Path) -> None:
    forge.say("ann", "looks good")
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert ran.code == 0, ran
    assert forge.bodies[0] == "looks good"
    assert forge.bodies[1].startswith(f"{MARK}## Plan: 2 changes in 1 call")
    assert comment("--plan", saved(tmp_path, "nothing")).code == 0
    assert len(forge.comments) == 2
    assert forge.bodies[1].startswith(f"{MARK}## Plan: nothing to do")


def test_it_is_found_on_a_later_page(comment: Comment, forge: Server, tmp_path: Path) -> None:
    forge.page = 3
    for number in range(8):
        forge.say("ann", f"remark {number}")
    forge.say(forge.us, f"{MARK}old")
    assert comment("--plan", saved(tmp_path, "canary")).code == 0
    assert len(forge.comments) == 9
    assert "2 changes" in forge.bodies[8]


@pytest.mark.parametrize("author", ["ann", "another-app[bot]", ""])
def test_a_foreign_comment_with_our_marker_is_left_alone(
    comment: Comment, forge: Server, tmp_path: Path, author: str
) -> None:
    forge.say(author, f"{MARK}mine!")
    assert comment("--plan", saved(tmp_path, "canary")).code == 0
    assert forge.bodies[0] == f"{MARK}mine!"
    assert forge.bodies[1].startswith(f"{MARK}## Plan")


def test_two_of_ours_become_one(comment: Comment, forge: Server, tmp_path: Path) -> None:
    for author in (forge.us, "ann", forge.us):
        forge.say(author, f"{MARK}old")
    forge.faults = [Fault("DELETE", "", 404, {"message": "Not Found"}, after=True)]  # the other run was faster
    assert comment("--plan", saved(tmp_path, "canary")).code == 0
    assert [body.removeprefix(MARK).split(":")[0] for body in forge.bodies] == ["## Plan", "old"]


def test_a_comment_that_somebody_deletes_meanwhile_is_written_anew(
    comment: Comment, forge: Server, tmp_path: Path
) -> None:
    forge.say(forge.us, f"{MARK}old")
    forge.faults = [Fault("PATCH" if isinstance(forge, GitHub) else "PUT", "", 404, {"message": "Not Found"})]
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert ran.code == 0, ran
    assert forge.bodies[-1].startswith(f"{MARK}## Plan: 2 changes")


def test_who_we_are_is_asked_in_every_way_that_a_token_allows(run: Run, github: GitHub, tmp_path: Path) -> None:
    file, job = saved(tmp_path, "canary"), environment(github, tmp_path)

    def post(us: str, **more: str) -> int:
        github.us = us
        for _ in range(2):
            ran = run("comment", "--plan", file, **{**job, **more})
            assert ran.code == 0, ran
        return [one["user"]["login"] for one in github.comments].count(us)

    github.app = False
    assert post("ann-the-robot") == 1
    github.app = True
    assert post("our-app[bot]") == 1
    enterprise = {"GITHUB_API_URL": f"{github.url}/api/v3", "GITHUB_GRAPHQL_URL": f"{github.url}/api/graphql"}
    github.prefix = "/api/v3"
    assert post("other-app[bot]", **enterprise) == 1
    assert post("third-app[bot]", GITHUB_API_URL=enterprise["GITHUB_API_URL"]) == 1
    github.viewer = False
    assert post("github-actions[bot]", **enterprise) == 1


def test_plans_of_two_names_have_a_comment_each(comment: Comment, forge: Server, tmp_path: Path) -> None:
    plan = saved(tmp_path, "canary")
    for name in ("north", "south", "north", "a --> b"):
        assert comment("--plan", plan, "--name", name).code == 0
    firsts = [body.split("\n")[0] for body in forge.bodies]
    assert firsts == [f"<!-- reconciler plan: {name} -->" for name in ("north", "south", "a --%3E b")]


def test_a_write_that_failed_without_effect_or_with_it_ends_in_one_comment(
    comment: Comment, forge: Server, tmp_path: Path, impatient: None
) -> None:
    ends = "/comments" if isinstance(forge, GitHub) else "/notes"
    forge.faults = [
        Fault("GET", ends, 502, "<html>Bad gateway</html>"),
        Fault("POST", ends, 500, {"message": "oops"}),
        Fault("POST", ends, 502, {"message": "oops"}, after=True),
    ]
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert ran.code == 0, ran
    assert len(forge.comments) == 1


def test_the_installed_command_posts(installed: Run, github: GitHub, tmp_path: Path) -> None:
    ran = installed("comment", "--plan", saved(tmp_path, "canary"), **environment(github, tmp_path))
    assert (ran.code, ran.err) == (0, ""), ran
    assert ran.out == "commented on acme/fleets 7: https://github.test/c/101\n"
    assert len(github.comments) == 1


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "validate: oops"),
        ("missing.json", "cannot read missing.json"),
        ("cut.json", "cut.json: this is not a plan: it is not readable as JSON"),
        ("edited.json", "edited.json: the plan was edited after it was made"),
    ],
)
def test_no_plan_and_a_broken_plan_are_said_with_the_errors(
    comment: Comment, forge: Server, tmp_path: Path, file: str | None, said: str
) -> None:
    whole = (tmp_path / saved(tmp_path, "canary")).read_text()
    (tmp_path / "cut.json").write_text(whole[:-40])
    (tmp_path / "edited.json").write_text(whole.replace("gw-0007", "gw-0008"))
    (tmp_path / "plan.log").write_text("validate: oops\n::error::@all ``` </details>\n")
    ran = comment("--errors", "plan.log", *(["--plan", file] if file else []))
    assert ran.code == 0, ran
    (body,) = forge.bodies
    assert body.startswith(f"{MARK}## No plan could be made\n")
    assert said in body
    assert "````text\n" in body
    assert "\n\\x3a:error::@all ``` </details>\n````\n" in body
    run = "https://github.test/acme/fleets/actions/runs/9"
    assert (run if isinstance(forge, GitHub) else "https://gitlab.test/acme/fleets/-/jobs/9") in body


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "30"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "in 40 s"}, {}],
)
def test_a_rate_limit_is_waited_for(
    comment: Comment,
    forge: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    headers: dict[str, str],
) -> None:
    waited: list[float] = []

    def sleep(clock: wiring.SystemClock, seconds: float) -> bool:
        waited.append(seconds)
        return clock.stopping()

    monkeypatch.setattr(wiring.SystemClock, "sleep", sleep)
    if "X-RateLimit-Reset" in headers:
        headers = {**headers, "X-RateLimit-Reset": str(int(time.time()) + 40)}
    limited = {"message": "You have exceeded a secondary rate limit"}
    ends = "/comments" if isinstance(forge, GitHub) else "/notes"
    forge.faults = [Fault(method, ends, status, limited, headers) for method in ("GET", "POST")]
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert ran.code == 0, ran
    assert len(forge.comments) == 1
    assert len(waited) == 2
    assert all(29 <= seconds < 75 for seconds in waited)
    assert re.fullmatch(
        r"(waiting (3\d s|1 min) before the next attempt\n|waiting 1 min \d s before the next attempt\n){2}", ran.err
    )


def test_a_rate_limit_beyond_the_deadline_is_said(comment: Comment, forge: Server, tmp_path: Path) -> None:
    ends = "/comments" if isinstance(forge, GitHub) else "/notes"
    forge.faults = [Fault("POST", ends, 429, {"message": "slow down"}, {"Retry-After": "3600"}, times=9)]
    ran = comment("--plan", saved(tmp_path, "canary"), "--timeout", "5m")
    assert ran.code == 1, ran
    assert "slow down" in ran.err
    assert (
        "it asks to wait 1 h, longer than the time left: run it again later, or give it more with --timeout" in ran.err
    )
    assert len(forge.requests) < 6


def test_a_missing_permission_is_named(comment: Comment, forge: Server, tmp_path: Path) -> None:
    forge.may_write = False
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert ran.code == 1, ran
    wanted = "`permissions: pull-requests: write`" if isinstance(forge, GitHub) else "the scope `api`"
    assert wanted in ran.err
    assert "t0k3n" not in ran.err
    assert len(forge.requests) < 6


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_or_missing_token_is_said(comment: Comment, forge: Server, tmp_path: Path, token: str) -> None:
    name = "GITHUB_TOKEN" if isinstance(forge, GitHub) else "GITLAB_TOKEN"
    ran = comment("--plan", saved(tmp_path, "canary"), **{name: token})
    assert ran.code == 1, ran
    assert f"set {name} to" in ran.err if token else "there is no token" in ran.err
    assert not forge.comments


def test_what_is_missing_of_the_job_is_named(run: Run, forge: Server, tmp_path: Path) -> None:
    job = environment(forge, tmp_path)
    for name, words in MISSING[type(forge)].items():
        left = {key: value for key, value in job.items() if key not in name.split()}
        ran = run("comment", **left)
        assert ran.code == (64 if "--github or --gitlab" in words else 1), ran
        assert words in ran.err
    assert not forge.requests


MISSING: dict[type[Server], dict[str, str]] = {
    GitHub: {
        "GITHUB_ACTIONS": "give --github or --gitlab",
        "GITHUB_EVENT_PATH": "name one with --number N",
        "GITHUB_REPOSITORY": "use --repository OWNER/NAME",
    },
    GitLab: {
        "GITLAB_CI": "give --github or --gitlab",
        "CI_MERGE_REQUEST_IID": "name one with --number N",
        "CI_PROJECT_ID": "use --repository GROUP/NAME",
    },
}


def test_an_answer_that_is_none_and_a_renamed_repository_are_told(
    comment: Comment, forge: Server, tmp_path: Path, impatient: None
) -> None:
    ends, name = ("/comments", "GITHUB_API_URL") if isinstance(forge, GitHub) else ("/notes", "CI_API_V4_URL")
    plan = saved(tmp_path, "canary")
    forge.faults = [Fault("GET", ends, 200, "<html>log in</html>", {"Content-Type": "text/html"}, times=99)]
    ran = comment("--plan", plan)
    assert (ran.code, f"hint: check {name}" in ran.err) == (1, True), ran
    forge.faults = [Fault("GET", ends, 301, {}, {"Location": "https://elsewhere.invalid/"}, times=99)]
    ran = comment("--plan", plan)
    assert (ran.code, "use its new name with --repository" in ran.err) == (1, True), ran


def test_long_errors_are_cut_to_what_the_forge_takes(comment: Comment, forge: Server, tmp_path: Path) -> None:
    (tmp_path / "plan.log").write_text("fleet.yaml:1:1: error: \U0001f4a5 ````\n" * 100_000)
    assert comment("--errors", "plan.log").code == 0
    (body,) = forge.bodies
    assert forge.limit // 5 < len(body) <= forge.limit
    assert re.search(r"\n`````\n_[\d,]+ more lines._\n$", body)


def test_a_long_plan_is_cut_to_what_the_forge_takes(comment: Comment, forge: Server, tmp_path: Path) -> None:
    moves = [plans.change(number, plans.POLLER, f"v{number}", "v1.4.0") for number in range(20_000)]
    assert comment("--plan", saved(tmp_path, plans.plan(plans.fleet(units=20_000, changes=moves)))).code == 0
    (body,) = forge.bodies
    assert len(body) <= forge.limit
    assert "Left out" in body


@pytest.mark.parametrize("issue", [False, True], ids=["a comment", "an issue"])
def test_what_takes_less_than_the_forge_says_gets_less(
    comment: Comment, forge: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, issue: bool
) -> None:
    monkeypatch.setattr(type(forge), "limit", type(forge).limit // 4)
    moves = [plans.change(number, plans.POLLER, f"v{number}", "v1.4.0") for number in range(6_000)]
    plan = saved(tmp_path, plans.plan(plans.fleet(units=6_000, changes=moves)))
    ran = comment("--plan", plan, *(["--issue"] if issue else []))
    assert ran.code == 0, ran
    (body,) = [one.get("body") or one["description"] for one in forge.issues] if issue else forge.bodies
    assert forge.limit // 2 < len(body) <= forge.limit
    assert "Left out" in body


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            {"message": "Validation Failed", "errors": [{"field": "data", "code": "unprocessable"}]},
            "data unprocessable",
        ),
        (
            {"message": "Validation Failed", "errors": [{"message": "Body is too long"}, "spam"]},
            "Body is too long; spam",
        ),
        ({"message": "no", "errors": None}, "422: no\n"),
    ],
)
def test_a_text_that_is_refused_says_why(
    comment: Comment, forge: Server, tmp_path: Path, body: dict[str, object], says: str
) -> None:
    ends = "/comments" if isinstance(forge, GitHub) else "/notes"
    forge.faults = [Fault("POST", ends, 422, body, times=2)]
    ran = comment("--plan", saved(tmp_path, "canary"))
    assert (ran.code, len(forge.comments)) == (1, 0), ran
    assert says in ran.err


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("violated", "violations"),
        ("removal", "removals"),
        ("canary", "changes"),
        ("all-held", "incomplete"),
        ("suspended", "held"),
        ("nothing", "nothing to do"),
        ("incomplete", "incomplete"),
        ("errored", "changes"),
    ],
)
def test_a_label_says_what_the_plan_comes_to(
    comment: Comment, forge: Server, tmp_path: Path, name: str, label: str
) -> None:
    forge.labels = ["bug", "reconciler: changes", "reconciler: no plan", "reconciler north: changes"]
    suspended = plans.plan(plans.fleet(held=[plans.held(1, Hold(HoldReason.SUSPENDED))]))
    file = saved(tmp_path, suspended if name == "suspended" else name)
    assert comment("--plan", file, "--label").code == 0
    assert sorted(forge.labels) == sorted(["bug", f"reconciler: {label}", "reconciler north: changes"])


def test_a_label_in_other_letters_is_ours_and_one_that_is_gone_is_no_failure(
    comment: Comment, forge: Server, tmp_path: Path
) -> None:
    forge.labels = ["Reconciler: Removals", "RECONCILER: CHANGES", "reconciler: held"]
    forge.faults = [Fault("DELETE", "held", 404, {"message": "Label does not exist"}, after=True)]
    ran = comment("--plan", saved(tmp_path, "canary"), "--label")
    assert (ran.code, forge.labels) == (0, ["RECONCILER: CHANGES"]), ran


def test_the_label_without_a_plan_and_of_a_name(comment: Comment, forge: Server) -> None:
    assert comment("--label", "--name", f"north, {'x' * 60}").code == 0
    (label,) = forge.labels
    assert label.startswith("reconciler north  xxx")
    assert label.endswith("xx: no plan")
    assert len(label) == 50
