"""What is written on a forge, each found again by its marker and its author, and edited in place.

All of it starts from what is there, so that it can be run again, killed anywhere, and repeated after a failure of which
nobody knows whether it took effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote

from reconciler.errors import NotFound, PlatformError, RateLimited, Rejected
from reconciler.forge.forge import Forge, Issue
from reconciler.ports import Clock

T = TypeVar("T")

ATTEMPTS = 4
PAUSE = 1.0
"""Seconds before the second attempt; each further one doubles them."""
TOO_LONG = frozenset({413, 422})
"""Statuses of a text that is too long, among other reasons."""


def marker(kind: str, name: str) -> str:
    """Return the first line of what is ours: what it is, and the name that tells several of a repository apart."""
    return f"<!-- reconciler {kind}: {quote(name, safe=' ')} -->\n"


def persistently(act: Callable[[], T], clock: Clock, ends: float) -> T:
    """Do it again from the start after a failure that may pass. Raises PlatformError."""
    attempt = 1
    while True:
        try:
            return act()
        except PlatformError as error:
            pause = PAUSE * 2 ** (attempt - 1)
            last = attempt == ATTEMPTS or not error.retryable or isinstance(error, RateLimited)
            if last or clock.monotonic() + pause > ends or clock.sleep(pause):
                raise
        attempt += 1


def fitting(write: Callable[[int], T], limit: int) -> T:
    """Write a text of at most `limit` bytes, or a quarter of them where what stands before the forge takes no more. Raises PlatformError."""
    try:
        return write(limit)
    except Rejected as error:
        if error.status not in TOO_LONG:
            raise
    return write(limit // 4)


def put_comment(forge: Forge, request: str, mark: str, text: str) -> str:
    """Write our comment on a request, or edit the one that is there; return its address.

    `text` begins with its `mark`. Somebody else's comment is left alone, whatever it begins with. A second one of ours,
    which two runs at a time may have written, is deleted: its plan is an old one.
    """
    us = forge.login()
    ours = [one for one in forge.comments(request) if one.author == us and one.body.startswith(mark.strip())]
    if not ours:
        return forge.add_comment(request, text)
    for other in ours[1:]:
        with suppress(NotFound):  # the other run deleted it, too
            forge.delete_comment(request, other.id)
    with suppress(NotFound):  # somebody deleted it since
        return forge.edit_comment(request, ours[0].id, text)
    return forge.add_comment(request, text)


def put_label(forge: Forge, request: str, label: str, ours: Collection[str]) -> None:
    """Give a request one of our labels, and take our others off. GitHub has only one spelling of a label, maybe not ours."""
    there = {one.casefold(): one for one in forge.labels(request)}
    if label.casefold() not in there:
        forge.add_label(request, label)
    for other in ours:
        if other != label and other.casefold() in there:
            with suppress(NotFound):  # somebody else took it off since
                forge.remove_label(request, there[other.casefold()])


def put_issue(forge: Forge, mark: str, title: str, text: str) -> str:
    """Open our issue, or edit and reopen the one that is there; return its address."""
    there = _issue(forge, mark)
    if there is None:
        return forge.open_issue(title, text)
    return forge.edit_issue(there, title, text, opened=True)


def edit_open_issue(forge: Forge, mark: str, text: str) -> str:
    """Edit our issue where it is open; return its address, or nothing."""
    there = _issue(forge, mark)
    if there is None or not there.open:
        return ""
    return forge.edit_issue(there, there.title, text, opened=True)


def close_issue(forge: Forge, mark: str, text: str) -> str:
    """Close our issue where it is open, and comment on why; return its address, or nothing."""
    there = _issue(forge, mark)
    if there is None or not there.open:
        return ""
    forge.comment_on_issue(there.number, text)
    return forge.edit_issue(there, there.title, there.body, opened=False)


def _issue(forge: Forge, mark: str) -> Issue | None:
    us = forge.login()
    ours = (one for one in forge.issues(us) if one.author == us and one.body.startswith(mark.strip()))
    return next(ours, None)
