"""GitHub's merged pull requests, their reviews, and what the runs of a workflow kept for them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count, islice
from typing import Protocol, TypeVar

import msgspec

from reconciler.errors import NotFound, UnexpectedAnswer
from reconciler.forge.api import PAGE, Api
from reconciler.forge.reviewed import Approval, Kept, Merged
from reconciler.platforms.http import segment

PLAN = "plan.json"
"""The file that the plan workflow keeps."""
LARGEST = 512_000_000
"""Bytes of a plan, unpacked."""
COMMITS = 1_000
"""Commits of one push that are asked about."""
WRITERS = frozenset({"admin", "write"})
"""Whose approval counts, as it does for GitHub's own rules: in a public repository anybody may approve."""


R = TypeVar("R")


class _User(msgspec.Struct):
    login: str = ""


class _Ref(msgspec.Struct):
    sha: str = ""
    ref: str = ""


class _Pull(msgspec.Struct):
    number: int
    head: _Ref
    base: _Ref
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    merged_by: _User | None = None


class _Commit(msgspec.Struct):
    sha: str


class _Commits(msgspec.Struct):
    rows: list[_Commit] = msgspec.field(name="commits", default_factory=list)


class _Review(msgspec.Struct):
    state: str
    commit_id: str | None = None
    submitted_at: datetime | None = None
    user: _User | None = None


class _Permission(msgspec.Struct):
    permission: str = ""


class _Repository(msgspec.Struct):
    id: int = 0


class _Run(msgspec.Struct):
    id: int
    event: str
    path: str
    head_sha: str
    repository: _Repository
    head_repository: _Repository | None = None


class _Runs(msgspec.Struct):
    rows: list[_Run] = msgspec.field(name="workflow_runs")


class _Artifact(msgspec.Struct):
    id: int
    name: str
    created_at: datetime
    expired: bool = False


class _Artifacts(msgspec.Struct):
    rows: list[_Artifact] = msgspec.field(name="artifacts")


class _Page(Protocol[R]):
    rows: list[R]


class Runs:
    """One repository, `OWNER/NAME`, and the runs of the workflow whose file is `workflow` there."""

    def __init__(self, api: Api, repository: str, workflow: str) -> None:
        self._api = api
        self._root = f"/repos/{'/'.join(segment(part) for part in repository.split('/'))}"
        self._workflow = workflow

    def merged(self, before: str, after: str, branch: str) -> Sequence[Merged]:
        """Return the pull requests that a push to a branch merged: by a merge, squashed, rebased, or through a queue."""
        found: dict[int, Merged] = {}
        commits = self._pushed(before, after)
        for commit in commits:
            path = f"{self._root}/commits/{segment(commit)}/pulls"
            for pull in self._api.pages(path, "find the pull request of a commit", _Pull, {}):
                here = pull.base.ref == branch and pull.merge_commit_sha in commits
                if here and pull.merged_at is not None and pull.number not in found:
                    found[pull.number] = Merged(
                        str(pull.number), pull.head.sha, pull.merged_at.timestamp(), self._merger(pull.number)
                    )
        return sorted(found.values(), key=lambda one: one.at)

    def _pushed(self, before: str, after: str) -> Collection[str]:
        """Return the commits of a push; only its last where the one before it is gone."""
        path = f"{self._root}/compare/{segment(before)}...{segment(after)}"
        commits: dict[str, None] = {}
        with suppress(NotFound):
            if before.strip("0"):
                found = self._rows(path, "list the commits of the push", _Commits)
                commits = dict.fromkeys(one.sha for one in islice(found, COMMITS))
        return commits or {after: None}

    def _merger(self, number: int) -> str:
        pull = self._api.get(f"{self._root}/pulls/{number}", "read the pull request", _Pull)
        return pull.merged_by.login if pull.merged_by else ""

    def approvals(self, request: Merged) -> Collection[Approval]:
        """Return the approvals of the head by those who may write; of each the last word counts, and a remark is none."""
        path = f"{self._root}/pulls/{segment(request.number)}/reviews"
        last: dict[str, _Review] = {}
        for review in self._api.pages(path, "list the reviews", _Review, {}):
            if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"} and review.submitted_at is not None:
                last[review.user.login if review.user else ""] = review
        return [
            Approval(by, review.submitted_at.timestamp())
            for by, review in last.items()
            if review.state == "APPROVED" and review.commit_id == request.head and review.submitted_at
            if self._may_write(by)
        ]

    def _may_write(self, login: str) -> bool:
        """Return whether somebody may write to the repository; who is not known there may not."""
        with suppress(NotFound):
            path = f"{self._root}/collaborators/{segment(login)}/permission"
            return bool(login) and self._api.get(path, "ask who may write", _Permission).permission in WRITERS
        return False

    def kept(self, request: Merged, name: str) -> Iterator[Kept]:
        """Yield the plans of the workflow's own runs for the head: a fork may call its workflows and artefacts as it likes."""
        ours = re.compile(rf"reconciler-plan-{re.escape(name)}-{re.escape(request.number)}-(\d+)")
        for run in self._runs(request.head):
            path = f"{self._root}/actions/runs/{run.id}/artifacts"
            for artifact in self._rows(path, "list the artefacts of a run", _Artifacts):
                if (attempt := ours.fullmatch(artifact.name)) is not None:
                    of = f"run {run.id}, attempt {attempt[1]}"
                    yield Kept(str(artifact.id), of, artifact.created_at.timestamp(), artifact.expired)

    def _runs(self, head: str) -> Iterator[_Run]:
        path, event = f"{self._root}/actions/runs", "pull_request"
        for run in self._rows(path, "list the runs of the plan", _Runs, head_sha=head, event=event):
            own = run.head_repository is not None and run.head_repository.id == run.repository.id
            planned = run.path.partition("@")[0] == self._workflow and run.event == event
            if own and planned and run.head_sha == head:
                yield run

    def _rows(self, path: str, operation: str, kind: type[_Page[R]], **params: str) -> Iterator[R]:
        """Yield the rows of a listing that stands inside an object."""
        for page in count(1):
            rows = self._api.get(path, operation, kind, {**params, "per_page": PAGE, "page": page}).rows
            yield from rows
            if len(rows) < PAGE:
                return

    def fetch(self, kept: Kept) -> bytes:
        """Return the plan in an artefact."""
        operation = "fetch the plan"
        content = self._api.download(f"{self._root}/actions/artifacts/{segment(kept.id)}/zip", operation)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                large = archive.getinfo(PLAN).file_size > LARGEST
                plan = b"" if large else archive.read(PLAN)
        except (zipfile.BadZipFile, KeyError) as error:
            raise UnexpectedAnswer(f"the artefact of {kept.of} has no plan: {error}", operation=operation) from error
        if large:
            text = f"the plan of {kept.of} is larger than {LARGEST // 1_000_000} MB"
            raise UnexpectedAnswer(text, operation=operation)
        return plan
