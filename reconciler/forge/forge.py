"""What a forge can do for a review. GitHub's pull request and GitLab's merge request are both called request here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

import msgspec


class Comment(msgspec.Struct, frozen=True):
    """One comment on a request. `author` is the login of who wrote it."""

    id: str
    author: str
    body: str


class Issue(msgspec.Struct, frozen=True):
    """One issue. `number` is what people call it by."""

    number: str
    author: str
    title: str
    body: str
    open: bool


class Forge(Protocol):
    """One repository of one forge. Methods raise PlatformError; they wait for rate limits themselves."""

    @property
    def limit(self) -> int:
        """Return how many characters a comment or an issue may have."""
        ...

    def login(self) -> str:
        """Return who we are there, as `author` gives it."""
        ...

    def comments(self, request: str) -> Iterator[Comment]:
        """Yield the comments on a request, oldest first."""
        ...

    def add_comment(self, request: str, body: str) -> str:
        """Comment on a request and return the address of the comment."""
        ...

    def edit_comment(self, request: str, comment: str, body: str) -> str:
        """Give a comment another text and return its address."""
        ...

    def delete_comment(self, request: str, comment: str) -> None:
        """Delete a comment."""
        ...

    def labels(self, request: str) -> Collection[str]:
        """Return the labels of a request."""
        ...

    def add_label(self, request: str, label: str) -> None:
        """Add one label to a request; the forge makes one that it does not have yet."""
        ...

    def remove_label(self, request: str, label: str) -> None:
        """Remove one label from a request."""
        ...

    def issues(self, author: str) -> Iterator[Issue]:
        """Yield the issues of an author, open and closed, those that changed last first."""
        ...

    def open_issue(self, title: str, body: str) -> str:
        """Open an issue and return its address."""
        ...

    def edit_issue(self, issue: Issue, title: str, body: str, *, opened: bool) -> str:
        """Give an issue another text, open or close it, and return its address."""
        ...

    def comment_on_issue(self, issue: str, body: str) -> None:
        """Comment on an issue."""
        ...
