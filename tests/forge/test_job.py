"""What a job is about, as its variables say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.forge.context import Review, review_of
from tests.forge.conftest import HEAD, Run, environment
from tests.forge.servers import GitHub
from tests.house.tree import ROOT

RUN = "https://github.test/acme/fleets/actions/runs/9"


@pytest.mark.parametrize(
    ("event", "changed", "found"),
    [
        (None, {}, Review("acme/fleets", "7", HEAD, RUN)),
        ({"ref": "refs/heads/main"}, {}, Review("acme/fleets", "", "0" * 40, RUN)),
        ({"issue": {"number": 8}}, {}, Review("acme/fleets", "8", "0" * 40, RUN)),
        ("{", {"GITHUB_REF": "refs/pull/9/merge"}, Review("acme/fleets", "9", "", RUN)),
        ([], {"GITHUB_REF": "refs/heads/main"}, Review("acme/fleets", "", "0" * 40, RUN)),
        ({"pull_request": "x"}, {"GITHUB_RUN_ID": ""}, Review("acme/fleets", "", "0" * 40, "")),
        (None, {"GITHUB_SERVER_URL": "https://x.test/) [a](b"}, Review("acme/fleets", "7", HEAD, "")),
        (None, {"GITHUB_SERVER_URL": ""}, Review("acme/fleets", "7", HEAD, RUN.replace("github.test", "github.com"))),
    ],
)
def test_a_job_of_github_is_about_a_request_and_its_own_newest_commit(
    github: GitHub, tmp_path: Path, event: Any, changed: dict[str, str], found: Review
) -> None:
    job = environment(github, tmp_path) | changed
    if event is not None:
        Path(job["GITHUB_EVENT_PATH"]).write_text(event if isinstance(event, str) else json.dumps(event))
    assert review_of(job) == found


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD}, Review("42", "7", HEAD)),
        ({"CI_MERGE_REQUEST_IID": "7"}, Review("42", "7", "0" * 40)),
        ({"CI_PIPELINE_URL": "https://gitlab.test/p/1"}, Review("42", "", "0" * 40, "https://gitlab.test/p/1")),
    ],
)
def test_a_job_of_gitlab(changed: dict[str, str], found: Review) -> None:
    assert review_of({"GITLAB_CI": "true", "CI_PROJECT_ID": "42", "CI_COMMIT_SHA": "0" * 40, **changed}) == found
    assert review_of(changed) == Review("")


def test_a_plan_made_for_review_names_the_commit_of_the_request(run: Run, github: GitHub, tmp_path: Path) -> None:
    example = str(ROOT / "examples/losant")
    offline = ("plan", example, "--snapshot", f"{example}/snapshot.json", "-o")
    assert f"Commit `{HEAD}`, fingerprint `" in run(*offline, "markdown", **environment(github, tmp_path)).out
    assert "Commit" not in run(*offline, "markdown").out
    assert HEAD not in run(*offline, "text", **environment(github, tmp_path)).out
