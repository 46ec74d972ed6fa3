"""A git host says that something was pushed: `POST /hooks/git`. It only ends the pause before the next pass, which fetches.

GitHub signs the body with HMAC-SHA256 (`X-Hub-Signature-256: sha256=HEX`), Gitea and Forgejo as well (`X-Gitea-Signature`,
`X-Forgejo-Signature`: HEX), Bitbucket too (`X-Hub-Signature: sha256=HEX`). GitLab sends the secret itself (`X-Gitlab-Token`).
None of them signs a time, so a body that was taken once is not taken again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterator
from email.message import Message
from http import HTTPStatus
from threading import Lock
from urllib.parse import parse_qs

import msgspec

from reconciler.web.server import Answer, Request

PATH = "/hooks/git"
LARGEST = 8 * 1024**2
"""Bytes of a body: the event of a push lists up to some thousand commits."""
REMEMBERED = 4096
"""Bodies that are not taken again."""

SIGNATURES = ("X-Hub-Signature-256", "X-Gitea-Signature", "X-Forgejo-Signature", "X-Gogs-Signature", "X-Hub-Signature")
GITLAB = "X-Gitlab-Token"
EVENTS = ("X-GitHub-Event", "X-Gitlab-Event", "X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event", "X-Event-Key")
PUSHES = frozenset({"push", "Push Hook", "Tag Push Hook", "repo:push", "create", "delete"})
"""What hosts call the event that a ref has another commit now, or is new, or is gone."""


class _Repository(msgspec.Struct):
    default_branch: str = ""


class _Push(msgspec.Struct):
    """What is used of a push."""

    ref: str = ""
    """As `refs/heads/main`; empty where the host says it otherwise."""
    repository: _Repository | None = None
    project: _Repository | None = None

    @property
    def default(self) -> str:
        """Return the default branch, where the host names it."""
        found = [one.default_branch for one in (self.repository, self.project) if one is not None]
        return next(filter(None, found), "")


class PushHook:
    """Takes pushes to the ref that is followed. `woken` is called for each."""

    path = PATH
    largest = LARGEST

    def __init__(self, secret: str, ref: str, woken: Callable[[], None]) -> None:
        self._secret = secret.encode()
        self._ref = ref
        self._woken = woken
        self._taken: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        headers, body = request.headers, request.body
        if not self._is_genuine(headers, body):
            return _answer(HTTPStatus.UNAUTHORIZED, "the signature is missing or wrong")
        event = next((headers[name] for name in EVENTS if name in headers), "")
        if event == "ping":
            return _answer(HTTPStatus.OK, "the signature is right")
        if event not in PUSHES:
            return _answer(HTTPStatus.OK, "ignored: not a push")
        try:
            push = msgspec.json.decode(_json(headers, body), type=_Push)
        except (msgspec.MsgspecError, UnicodeError):
            return _answer(HTTPStatus.BAD_REQUEST, "the body is not the JSON of a push")
        if not self._is_followed(push):
            return _answer(HTTPStatus.OK, "ignored: another ref is followed")
        if not self._is_new(body):
            return _answer(HTTPStatus.OK, "ignored: it was taken before")
        self._woken()
        return _answer(HTTPStatus.ACCEPTED, "the next pass begins now")

    def _is_genuine(self, headers: Message, body: bytes) -> bool:
        """Return whether somebody sent it who knows the secret; each signature that is there must be right."""
        right = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        given = [headers[name] for name in SIGNATURES if name in headers]
        signed = [one.rpartition("=")[2] for one in given if not one.startswith("sha1=")]
        matches = [hmac.compare_digest(one.encode(errors="replace"), right.encode()) for one in signed]
        if GITLAB in headers:
            matches.append(hmac.compare_digest(headers[GITLAB].encode(errors="replace"), self._secret))
        return bool(matches) and all(matches)

    def _is_followed(self, push: _Push) -> bool:
        """Return whether a push is to the ref that is followed; where the host does not say that, it may be."""
        if not push.ref:
            return True
        followed = push.default if self._ref == "HEAD" else self._ref
        return not followed or push.ref in set(_full(followed))

    def _is_new(self, body: bytes) -> bool:
        digest = hashlib.sha256(body).digest()
        with self._lock:
            if digest in self._taken:
                return False
            self._taken[digest] = None
            if len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)
        return True


def _full(ref: str) -> Iterator[str]:
    """Yield how a ref is written, and how it may be meant."""
    yield ref
    if not ref.startswith("refs/"):
        yield f"refs/heads/{ref}"
        yield f"refs/tags/{ref}"


def _json(headers: Message, body: bytes) -> bytes:
    """Return the JSON of a body: GitHub and Gitea may be set up to send it as a field of a form."""
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return body
    return parse_qs(body.decode()).get("payload", [""])[0].encode()


def _answer(status: HTTPStatus, words: str) -> Answer:
    return Answer(f"{words}\n".encode(), status)
