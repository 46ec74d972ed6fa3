"""GitHub, GitHub Enterprise, and what speaks like them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from reconciler.errors import PlatformError
from reconciler.forge.api import Api
from reconciler.forge.forge import Comment, Issue
from reconciler.platforms.http import segment

LIMIT = 65_536
"""Characters of a comment's and an issue's text."""

BOT = "github-actions[bot]"
"""Who a job's own token is."""

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class _User(msgspec.Struct, frozen=True):
    login: str = ""


class _Label(msgspec.Struct):
    name: str


class _Written(msgspec.Struct):
    html_url: str = ""


class _Comment(msgspec.Struct):
    id: int
    user: _User | None = None
    body: str | None = None


class _Issue(msgspec.Struct):
    number: int
    user: _User | None = None
    title: str = ""
    body: str | None = None
    state: str = "open"
    pull_request: Any = None


class _Viewer(msgspec.Struct):
    viewer: _User | None = None


class _Asked(msgspec.Struct):
    data: _Viewer | None = None


class GitHub:
    """One repository, `OWNER/NAME`."""

    limit = LIMIT

    def __init__(self, api: Api, repository: str, graphql: Api) -> None:
        self._api = api
        self._root = f"/repos/{'/'.join(segment(part) for part in repository.split('/'))}"
        self._graphql = graphql

    def login(self) -> str:
        """Return who we are: an app's token cannot ask for its user, but for its viewer."""
        try:
            return self._api.get("/user", "ask who we are", _User).login
        except PlatformError as error:
            if error.status not in {403, 404}:
                raise
        try:
            found = self._graphql.ask("POST", "", "ask who we are", {"query": "{viewer{login}}"}, _Asked)
        except PlatformError as error:
            if error.status not in {403, 404}:
                raise
            return BOT
        return found.data.viewer.login if found.data and found.data.viewer else BOT

    def comments(self, request: str) -> Iterator[Comment]:
        """Yield the comments on a pull request, oldest first."""
        for one in self._api.pages(f"{self._issue(request)}/comments", "list the comments", _Comment, {}):
            yield Comment(str(one.id), one.user.login if one.user else "", one.body or "")

    def add_comment(self, request: str, body: str) -> str:
        """Comment on a pull request."""
        path = f"{self._issue(request)}/comments"
        return self._api.ask("POST", path, "write the comment", {"body": body}, _Written).html_url

    def delete_comment(self, request: str, comment: str) -> None:
        """Delete a comment."""
        del request
        self._api.send("DELETE", f"{self._root}/issues/comments/{segment(comment)}", "delete the comment")

    def edit_comment(self, request: str, comment: str, body: str) -> str:
        """Edit a comment."""
        del request
        path = f"{self._root}/issues/comments/{segment(comment)}"
        return self._api.ask("PATCH", path, "edit the comment", {"body": body}, _Written).html_url

    def labels(self, request: str) -> Collection[str]:
        """Return the labels of a pull request."""
        found = self._api.pages(f"{self._issue(request)}/labels", "list the labels", _Label, {})
        return {one.name for one in found}

    def add_label(self, request: str, label: str) -> None:
        """Add one label."""
        self._api.send("POST", f"{self._issue(request)}/labels", "add the label", {"labels": [label]})

    def remove_label(self, request: str, label: str) -> None:
        """Remove one label."""
        path = f"{self._issue(request)}/labels/{segment(label)}"
        self._api.send("DELETE", path, "remove the label")

    def issues(self, author: str) -> Iterator[Issue]:
        """Yield an author's issues, those that changed last first; GitHub lists pull requests among them."""
        params = {"state": "all", "creator": author, "sort": "updated", "direction": "desc"}
        for one in self._api.pages(f"{self._root}/issues", "list the issues", _Issue, params):
            if one.pull_request is None:
                login = one.user.login if one.user else ""
                yield Issue(str(one.number), login, one.title, one.body or "", one.state == "open")

    def open_issue(self, title: str, body: str) -> str:
        """Open an issue."""
        content = {"title": title, "body": body}
        return self._api.ask("POST", f"{self._root}/issues", "open the issue", content, _Written).html_url

    def edit_issue(self, issue: Issue, title: str, body: str, *, opened: bool) -> str:
        """Edit, reopen or close an issue."""
        content = {"title": title, "body": body, "state": "open" if opened else "closed"}
        return self._api.ask("PATCH", self._issue(issue.number), "edit the issue", content, _Written).html_url

    def comment_on_issue(self, issue: str, body: str) -> None:
        """Comment on an issue."""
        self.add_comment(issue, body)

    def _issue(self, number: str) -> str:
        return f"{self._root}/issues/{segment(number)}"
