"""`reconciler comment` against servers that behave like GitHub and GitLab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forge.conftest import Comment, Run, environment, saved
from tests.forge.servers import Fault, GitHub, Server

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
