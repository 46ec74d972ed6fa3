"""Where a command runs and what it is about: read from the variables of the CI system, or given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from reconciler.errors import SettingsError
from reconciler.forge.api import Api, Header
from reconciler.forge.forge import Forge
from reconciler.forge.github import HEADERS, GitHub
from reconciler.forge.gitlab import GitLab
from reconciler.ports import Clock

GITHUB_API = "https://api.github.com"
ADDRESS = re.compile(r"https?://[^\s()<>\[\]\\`]+")
PERMISSION = "give the job `permissions: pull-requests: write`"
FORKS = "a pull request from a fork gets a token that can only read"
RENAMED = "the repository was renamed: use its new name with --repository"
GITHUB_HINTS = {
    301: RENAMED,
    308: RENAMED,
    401: "the token is not accepted: set GITHUB_TOKEN to ${{ github.token }}",
    403: f"{PERMISSION} (`issues: write` for --issue); {FORKS}, and a locked conversation takes nothing",
    404: f"check the repository and the number; where the token may not read them, {PERMISSION}",
    410: "comments or issues are switched off for this repository",
}
SCOPE = "set GITLAB_TOKEN to a token with the scope `api` and at least the role Reporter"
GITLAB_HINTS = {
    301: RENAMED,
    401: f"the token is not accepted (CI_JOB_TOKEN may not comment): {SCOPE}",
    403: f"the token does not suffice (CI_JOB_TOKEN may not comment): {SCOPE}",
    404: f"check the project and the number; where the token may not read them, {SCOPE}",
}


READ_HINTS = {
    401: GITHUB_HINTS[401],
    403: "give the job `permissions: contents: read, pull-requests: read, actions: read`",
    404: "check the repository and the commit; where the token may not read them, give the job its permissions",
}


class Push(msgspec.Struct, frozen=True):
    """What was pushed to a branch, as far as the job knows: the commit before it, and its last one."""

    repository: str
    before: str
    after: str
    branch: str


class Review(msgspec.Struct, frozen=True):
    """What is written about; what nobody knows is empty.

    `request` is the number of the pull or merge request, `head` its own newest commit, `run` the pipeline's address.
    """

    repository: str
    request: str = ""
    head: str = ""
    run: str = ""


def github_review(environ: Mapping[str, str]) -> Review:
    """Return what a job of GitHub Actions is about."""
    repository, run = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    request = _of(event, "pull_request")
    merged = re.match(r"refs/pull/(\d+)/", environ.get("GITHUB_REF", ""))
    number = request.get("number") or _of(event, "issue").get("number") or (merged[1] if merged else "")
    # the commit of such a job is none of the request's: it is the request merged into its base
    head = _of(request, "head").get("sha") or ("" if merged else environ.get("GITHUB_SHA", ""))
    at = f"{server}/{repository}/actions/runs/{run}" if run else ""
    return Review(repository, str(number), str(head), _address(at))


def github_push(environ: Mapping[str, str]) -> Push:
    """Return what a job of GitHub Actions on a push is about; a job that was started otherwise knows one commit."""
    pushed = environ.get("GITHUB_EVENT_NAME") == "push"
    event = _event(environ.get("GITHUB_EVENT_PATH", "")) if pushed else {}
    after = event.get("after") or environ.get("GITHUB_SHA", "")
    branch = environ.get("GITHUB_REF_NAME", "")
    return Push(environ.get("GITHUB_REPOSITORY", ""), str(event.get("before") or ""), str(after), branch)


def gitlab_review(environ: Mapping[str, str]) -> Review:
    """Return what a job of GitLab CI is about."""
    head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "")
    run = environ.get("CI_JOB_URL") or environ.get("CI_PIPELINE_URL", "")
    return Review(environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_IID", ""), head, _address(run))


def review_of(environ: Mapping[str, str]) -> Review:
    """Return what the job is about that runs here; nothing where it is none."""
    read = REVIEWS.get(kind(environ))
    return Review("") if read is None else read(environ)


def _of(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _address(text: str) -> str:
    """Return an address that can stand in a link, else nothing."""
    return text if ADDRESS.fullmatch(text) else ""


def _event(path: str) -> dict[str, Any]:
    """Return the event that started the job; nothing where it cannot be read."""
    try:
        found = msgspec.json.decode(Path(path).read_bytes()) if path else {}
    except (OSError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def github(repository: str, environ: Mapping[str, str], clock: Clock, seconds: float) -> tuple[Forge, Api]:
    """Return GitHub as a job reaches it."""
    api = github_api(repository, environ, clock, seconds, GITHUB_HINTS)
    elsewhere = {**environ, "GITHUB_API_URL": _graphql(environ)}
    return GitHub(api, repository, github_api(repository, elsewhere, clock, seconds, GITHUB_HINTS)), api


def _graphql(environ: Mapping[str, str]) -> str:
    """Return the address of GraphQL, which on a server of one's own is beside that of the API and not below it."""
    url = environ.get("GITHUB_API_URL") or GITHUB_API
    return environ.get("GITHUB_GRAPHQL_URL") or f"{url.rstrip('/').removesuffix('/v3')}/graphql"


def github_api(
    repository: str, environ: Mapping[str, str], clock: Clock, seconds: float, hints: Mapping[int, str]
) -> Api:
    """Return GitHub's API; `hints` say what to do about a refused request."""
    url = environ.get("GITHUB_API_URL") or GITHUB_API
    token = _token(environ, ("GITHUB_TOKEN", "GH_TOKEN"), "GITHUB_TOKEN: ${{ github.token }} in the step's env")
    api = Api(
        "GitHub",
        url,
        Header("Authorization", token, "Bearer "),
        clock,
        seconds=seconds,
        variable="GITHUB_API_URL",
        hints=hints,
        headers=HEADERS,
        environ=environ,
    )
    if repository.count("/") != 1:
        raise SettingsError("there is no repository", hint="set GITHUB_REPOSITORY, or use --repository OWNER/NAME")
    return api


def gitlab(project: str, environ: Mapping[str, str], clock: Clock, seconds: float) -> tuple[Forge, Api]:
    """Return GitLab as a job reaches it."""
    url = environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    token = _token(environ, ("GITLAB_TOKEN", "CI_JOB_TOKEN"), "GITLAB_TOKEN as a masked variable of the project")
    name = "PRIVATE-TOKEN" if environ.get("GITLAB_TOKEN") else "JOB-TOKEN"
    api = Api(
        "GitLab",
        url,
        Header(name, token),
        clock,
        seconds=seconds,
        variable="CI_API_V4_URL",
        hints=GITLAB_HINTS,
        environ=environ,
    )
    if not project:
        raise SettingsError("there is no project", hint="set CI_PROJECT_ID, or use --repository GROUP/NAME")
    return GitLab(api, project), api


def _token(environ: Mapping[str, str], names: tuple[str, ...], hint: str) -> str:
    found = next((environ[name] for name in names if environ.get(name, "").strip()), "")
    if not found:
        raise SettingsError(f"there is no token: {' and '.join(names)} are not set", hint=f"set {hint}")
    return found


OPENERS = {"github": github, "gitlab": gitlab}
REVIEWS = {"github": github_review, "gitlab": gitlab_review}


def kind(environ: Mapping[str, str]) -> str:
    """Return which forge's CI this runs in; empty where it is none."""
    return "github" if environ.get("GITHUB_ACTIONS") else "gitlab" if environ.get("GITLAB_CI") else ""
