"""One issue for drift: opened, edited, closed, reopened."""

from __future__ import annotations

import re
from pathlib import Path

from tests.forge.conftest import Comment, environment, saved
from tests.forge.servers import GitHub, GitLab, Server

MARK = "<!-- reconciler drift: default -->\n"


def _state(forge: Server) -> list[tuple[str, str, str]]:
    text = "description" if isinstance(forge, GitLab) else "body"
    return [
        (
            one["title"],
            one[text].removeprefix(MARK).removeprefix(MARK.replace("default", "north")).split("\n")[0],
            one["state"].removesuffix("ed"),
        )
        for one in forge.issues
    ]


def test_one_issue_follows_what_differs(comment: Comment, forge: Server, tmp_path: Path) -> None:
    forge.open("ann", f"{MARK}mine!")
    forge.open(forge.us, "something else")
    if isinstance(forge, GitHub):
        forge.open(forge.us, f"{MARK}GitHub lists pull requests among issues", pull_request={})
    before = len(forge.issues)
    nothing, canary, removal = (saved(tmp_path, name, f"{name}.json") for name in ("nothing", "canary", "removal"))

    def turn(file: str) -> tuple[str, str, str] | None:
        ran = comment("--issue", "--plan", file)
        assert ran.code == 0, ran
        states = _state(forge)[before:]
        assert len(states) < 2
        return states[0] if states else None

    title = "Fleets and git differ"
    assert turn(nothing) is None
    assert turn(canary) == (title, "## Plan: 2 changes in 1 call (2 replace)", "open")
    found = turn(removal)
    assert found is not None
    assert found[1].startswith("## Plan: 5")
    assert turn(nothing) == (title, found[1], "clos")
    job = environment(forge, tmp_path)
    run = (
        f"https://github.test/acme/fleets/actions/runs/{job['GITHUB_RUN_ID']}"
        if isinstance(forge, GitHub)
        else job["CI_JOB_URL"]
    )
    said = f"300 slots of 1 fleet match git. [The log of the run]({run}) says more."
    assert [text for _, text in forge.remarks] == [said]
    assert turn(nothing) == (title, found[1], "clos")
    assert len(forge.remarks) == 1
    assert turn(canary) == (title, "## Plan: 2 changes in 1 call (2 replace)", "open")


def test_what_nobody_knows_opens_and_closes_nothing(comment: Comment, forge: Server, tmp_path: Path) -> None:
    unknown: tuple[list[str], ...] = (["--plan", saved(tmp_path, "incomplete")], ["--plan", "missing.json"], [])
    for args in unknown:
        ran = comment("--issue", *args)
        assert (ran.code, forge.issues) == (0, []), ran
        assert re.match("it is unknown whether fleets and git differ; no issue of (acme.fleets|42) is open", ran.out)
    forge.open(forge.us, f"{MARK}old\n")
    for args in unknown:
        ran = comment("--issue", *args)
        assert (ran.code, forge.remarks, len(forge.issues)) == (0, [], 1), ran
        assert "it is unknown whether fleets and git differ; said so in the issue" in ran.out
        ((_, first, state),) = _state(forge)
        assert state == "open"
        assert first == (
            "## No plan could be made"
            if args is not unknown[0]
            else "## Plan: no change can be sent now; 29 held; 29 slots unknown"
        )
    forge.issues[0]["state"] = "closed"
    assert comment("--issue").out.endswith("is open\n")
    assert _state(forge)[0][2] == "clos"


def test_an_issue_needs_no_request(comment: Comment, forge: Server, tmp_path: Path) -> None:
    gone = dict.fromkeys(("GITHUB_EVENT_PATH", "CI_MERGE_REQUEST_IID"), "")
    assert environment(forge, tmp_path).keys() & gone.keys()
    assert comment("--issue", "--name", "north", "--plan", saved(tmp_path, "canary"), **gone).code == 0
    assert _state(forge) == [
        ("Fleets and git differ (north)", "## Plan `north`: 2 changes in 1 call (2 replace)", "open")
    ]
    assert comment("--issue", "--label").code == 64
