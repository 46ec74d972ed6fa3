"""A forge, and what `reconciler comment` says to it, in the environment of its CI."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.core.digest import sealed
from reconciler.model.plan import Plan
from reconciler.views import plan_json
from tests.e2e.conftest import Ran, impatient, installed, run
from tests.forge.servers import TOKEN, GitHub, GitLab, Server, serving
from tests.golden import plans

__all__ = ["impatient", "installed", "run"]

HEAD = "c0ffee00" * 5
Run = Callable[..., Ran]
Comment = Callable[..., Ran]


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub) as one:
        yield one


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with serving(GitLab) as one:
        yield one


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Server:
    """Either of them."""
    found: Server = request.getfixturevalue(request.param)
    return found


def environment(forge: Server, folder: Path) -> dict[str, str]:
    """Return what the forge's CI tells a job about request 7."""
    if isinstance(forge, GitLab):
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{forge.url}/api/v4",
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
            "CI_COMMIT_SHA": "0" * 40,
            "CI_JOB_URL": "https://gitlab.test/acme/fleets/-/jobs/9",
            "GITLAB_TOKEN": TOKEN,
        }
    event = folder / "event.json"
    event.write_text(json.dumps({"number": 7, "pull_request": {"number": 7, "head": {"sha": HEAD}}}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "acme/fleets",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_RUN_ID": "9",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_TOKEN": TOKEN,
    }


@pytest.fixture
def comment(run: Callable[..., Ran], forge: Server, tmp_path: Path) -> Comment:
    """Return what runs `reconciler comment` in a job of the forge."""

    def call(*args: str, **env: str) -> Ran:
        option = "--gitlab" if isinstance(forge, GitLab) else "--github"
        return run("comment", option, *args, **(environment(forge, tmp_path) | env))

    return call


def saved(folder: Path, name: str | Plan, file: str = "plan.json") -> str:
    """Save one of the golden plans, or another, as `plan --out` does, and return the name of its file."""
    found = plans.SAMPLES[name]() if isinstance(name, str) else name
    (folder / file).write_bytes(plan_json.encode(sealed(found)))
    return file
