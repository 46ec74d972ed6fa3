"""GitLab: notes on merge requests, and issues."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from reconciler.forge.api import Api
from reconciler.forge.forge import Comment, Issue
from reconciler.platforms.http import segment

LIMIT = 1_000_000
"""Characters of a note's and an issue's text."""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Written(msgspec.Struct):
    web_url: str = ""


class _Note(msgspec.Struct):
    id: int
    author: _User = _User()
    body: str | None = None


class _MergeRequest(msgspec.Struct):
    labels: list[str] = []


class _Issue(msgspec.Struct):
    iid: int
    author: _User = _User()
    title: str = ""
    description: str | None = None
    state: str = "opened"


class GitLab:
    """One project, by its id or `GROUP/NAME`."""

    limit = LIMIT

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._root = f"/projects/{segment(project)}"

    def login(self) -> str:
        """Return who the token belongs to."""
        return self._api.get("/user", "ask who we are", _User).username

    def comments(self, request: str) -> Iterator[Comment]:
        """Yield the notes on a merge request, oldest first."""
        params = {"sort": "asc", "order_by": "created_at"}
        for one in self._api.pages(f"{self._request(request)}/notes", "list the notes", _Note, params):
            yield Comment(str(one.id), one.author.username, one.body or "")

    def add_comment(self, request: str, body: str) -> str:
        """Comment on a merge request. GitLab gives notes no address."""
        self._api.send("POST", f"{self._request(request)}/notes", "write the note", {"body": body})
        return ""

    def delete_comment(self, request: str, comment: str) -> None:
        """Delete a note."""
        self._api.send("DELETE", f"{self._request(request)}/notes/{segment(comment)}", "delete the note")

    def edit_comment(self, request: str, comment: str, body: str) -> str:
        """Edit a note."""
        path = f"{self._request(request)}/notes/{segment(comment)}"
        self._api.send("PUT", path, "edit the note", {"body": body})
        return ""

    def labels(self, request: str) -> Collection[str]:
        """Return the labels of a merge request."""
        return self._api.get(self._request(request), "read the merge request", _MergeRequest).labels

    def add_label(self, request: str, label: str) -> None:
        """Add one label."""
        self._api.send("PUT", self._request(request), "add the label", {"add_labels": label})

    def remove_label(self, request: str, label: str) -> None:
        """Remove one label."""
        self._api.send("PUT", self._request(request), "remove the label", {"remove_labels": label})

    def issues(self, author: str) -> Iterator[Issue]:
        """Yield an author's issues, those that changed last first."""
        params = {"author_username": author, "order_by": "updated_at", "sort": "desc", "scope": "all"}
        for one in self._api.pages(f"{self._root}/issues", "list the issues", _Issue, params):
            opened = one.state == "opened"
            yield Issue(str(one.iid), one.author.username, one.title, one.description or "", opened)

    def open_issue(self, title: str, body: str) -> str:
        """Open an issue."""
        content = {"title": title, "description": body}
        return self._api.ask("POST", f"{self._root}/issues", "open the issue", content, _Written).web_url

    def edit_issue(self, issue: Issue, title: str, body: str, *, opened: bool) -> str:
        """Edit, reopen or close an issue."""
        content = {"title": title, "description": body}
        if opened != issue.open:
            content["state_event"] = "reopen" if opened else "close"
        return self._api.ask("PUT", self._issue(issue.number), "edit the issue", content, _Written).web_url

    def comment_on_issue(self, issue: str, body: str) -> None:
        """Comment on an issue."""
        self._api.send("POST", f"{self._issue(issue)}/notes", "write the note", {"body": body})

    def _request(self, number: str) -> str:
        return f"{self._root}/merge_requests/{segment(number)}"

    def _issue(self, number: str) -> str:
        return f"{self._root}/issues/{segment(number)}"
