"""Pushes that a git host announces, over real HTTP: only who knows the secret ends a pause, and a body once."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from reconciler.web.hook import LARGEST, REMEMBERED, PushHook
from reconciler.web.server import Server

SECRET = "hush"
JSON = "application/json"


class Hooked:
    """A served hook; `woken` counts the pauses that it ended."""

    def __init__(self, ref: str = "main") -> None:
        self.woken = 0
        self.hook = PushHook(SECRET, ref, self._wake)
        self.server: Server | None = None

    def _wake(self) -> None:
        self.woken += 1

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"{self.server.url}{self.hook.path}"

    def push(self, body: bytes, headers: dict[str, str]) -> tuple[int, int]:
        """Post a body; return the status, and how many pauses ended by it."""
        before = self.woken
        answer = httpx.post(self.url, content=body, headers={"Content-Type": JSON, **headers})
        return answer.status_code, self.woken - before


@contextmanager
def hooked(ref: str = "main") -> Iterator[Hooked]:
    one = Hooked(ref)
    one.server = Server("127.0.0.1", 0, {}, {one.hook.path: one.hook})
    try:
        yield one
    finally:
        one.server.close()


def body(ref: str = "refs/heads/main", **more: Any) -> bytes:
    return json.dumps({"ref": ref, **more}).encode()


def mac(content: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def github(content: bytes, event: str = "push", secret: str = SECRET) -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-Hub-Signature": "sha1=0000",
        "X-Hub-Signature-256": f"sha256={mac(content, secret)}",
    }


@pytest.mark.parametrize(
    "headers",
    [
        github(body()),
        {"X-GitHub-Event": "push", "X-Gitea-Event": "push", "X-Gitea-Signature": mac(body()), **github(body())},
        {"X-Forgejo-Event": "push", "X-Forgejo-Signature": mac(body())},
        {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET},
        {"X-Event-Key": "repo:push", "X-Hub-Signature": f"sha256={mac(body())}"},
    ],
    ids=["github", "gitea", "forgejo", "gitlab", "bitbucket"],
)
def test_each_host_proves_itself_in_its_way_and_a_body_is_taken_once(headers: dict[str, str]) -> None:
    with hooked() as one:
        assert one.push(body(), headers) == (202, 1)
        assert one.push(body(), headers) == (200, 0), "somebody sends again what was heard"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-GitHub-Event": "push"},
        github(body(), secret="other"),
        github(body(after="else")),
        {**github(body()), "X-Gitlab-Token": "other"},
        {"X-GitHub-Event": "push", "X-Hub-Signature": f"sha1={mac(body())}"},
        {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": ""},
        {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET[:-1]},
    ],
)
def test_whoever_does_not_know_the_secret_ends_no_pause(headers: dict[str, str]) -> None:
    with hooked() as one:
        assert one.push(body(), headers) == (401, 0)


@pytest.mark.parametrize(
    ("followed", "content", "ends"),
    [
        ("main", body("refs/heads/main"), True),
        ("main", body("refs/heads/other"), False),
        ("main", body("refs/heads/feature/main"), False),
        ("v1", body("refs/tags/v1"), True),
        ("refs/heads/main", body("refs/heads/main"), True),
        ("HEAD", body("refs/heads/trunk", repository={"default_branch": "trunk"}), True),
        ("HEAD", body("refs/heads/main", project={"default_branch": "trunk"}), False),
        ("HEAD", body("refs/heads/any"), True),
        ("main", b'{"push": {"changes": []}}', True),
    ],
)
def test_a_push_to_another_ref_is_ignored(followed: str, content: bytes, *, ends: bool) -> None:
    with hooked(followed) as one:
        assert one.push(content, github(content)) == ((202, 1) if ends else (200, 0))


def test_what_is_no_push_ends_no_pause() -> None:
    with hooked() as one:
        for event in ("ping", "issues", ""):
            assert one.push(body(), github(body(), event)) == (200, 0)
        for content in (b"[", b"\xff", b'{"ref": 7}'):
            assert one.push(content, github(content)) == (400, 0)
        form = urlencode({"payload": body().decode()}).encode()
        as_form = {**github(form), "Content-Type": "application/x-www-form-urlencoded"}
        assert one.push(form, as_form) == (202, 1)
        assert httpx.get(one.url).status_code == 405


def test_what_is_too_large_is_not_even_read() -> None:
    with hooked() as one:
        host, port = urlsplit(one.url).netloc.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(f"POST {one.hook.path} HTTP/1.1\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode())
            assert b" 413 " in client.recv(100)
        for length in ("", "Content-Length: many\r\n", "Transfer-Encoding: chunked\r\n"):
            with socket.create_connection((host, int(port)), timeout=30) as client:
                client.sendall(f"POST {one.hook.path} HTTP/1.1\r\n{length}\r\n".encode())
                assert b" 411 " in client.recv(100)
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(f"POST {one.hook.path} HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf".encode())
            client.shutdown(socket.SHUT_WR)
            assert b" 400 " in client.recv(100)
        assert one.woken == 0


def test_what_was_taken_long_ago_is_forgotten() -> None:
    one = Hooked()
    assert all(one.hook._is_new(str(number).encode()) for number in range(REMEMBERED + 1))
    assert not one.hook._is_new(b"1")
    assert one.hook._is_new(b"0")
