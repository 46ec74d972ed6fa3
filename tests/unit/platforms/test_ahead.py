"""Requests that go out before their answer is wanted: what they cost when all goes well, and when it does not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import Rejected, Unauthorized, Unreachable
from reconciler.platforms.credentials import NoCredentials
from reconciler.platforms.http import Client
from tests.unit.platforms.test_transport import OK, Hurried, answering, clients, request_of, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


def read(client: Client, page: int, then: int | None = None) -> bytes:
    more = None if then is None else {"page": then}
    return client.read("/x", "read x", bytes, {"page": page}, more)


def test_the_next_page_is_asked_for_while_this_one_is_decoded() -> None:
    asked = threading.Event()

    def handle(connection: socket.socket) -> None:
        assert b"page=1 " in request_of(connection)
        connection.sendall(HEAD + b"one")
        assert b"page=2 " in request_of(connection)
        asked.set()
        connection.sendall(HEAD + b"two")

    def decode(content: bytes) -> bytes:
        assert asked.wait(10)
        return bytes(content)

    with serving(handle) as (url, connections), clients(url, concurrency=1) as client:
        assert client.read("/x", "read x", decode, {"page": 1}, {"page": 2}) == b"one"
        assert read(client, 2) == b"two"
        assert len(connections) == 1


@pytest.mark.parametrize("concurrency", [1, 4])
def test_what_was_asked_for_in_vain_is_given_up_and_its_answer_taken_for_no_other(concurrency: int) -> None:
    with (
        serving(answering(HEAD + b"one", HEAD + b"two"), answering(HEAD + b"six", HEAD + b"ten"), answering(OK)) as (
            url,
            connections,
        ),
        clients(url, concurrency=concurrency) as client,
    ):
        assert read(client, 1, then=2) == b"one"
        assert read(client, 6, then=7) == b"six"
        assert client.send("/x", "write x", {}, time.monotonic() + 60).content == b"{}"
        assert len(connections) == 3


def test_threads_take_what_they_asked_for_themselves_and_nobody_waits_for_what_another_asked_ahead() -> None:
    def elsewhere(act: Callable[[], bytes]) -> bytes:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(act).result(10)

    last = HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")  # so that nobody takes the connection again
    pages = answering(HEAD + b"one", HEAD + b"two"), answering(last + b"six"), answering(HEAD + b"two")
    with serving(*pages) as (url, connections), clients(url, concurrency=2) as client:
        assert read(client, 1, then=2) == b"one"
        assert elsewhere(lambda: read(client, 2)) == b"six"
        assert read(client, 2) == b"two"
        assert len(connections) == 2
    with serving(*pages) as (url, connections), clients(url, concurrency=1) as client:
        assert read(client, 1, then=2) == b"one"
        assert elsewhere(lambda: read(client, 6)) == b"six"
        assert read(client, 2) == b"two"
        assert len(connections) == 3


def test_a_call_that_was_over_before_its_answer_was_wanted_is_made_again() -> None:
    class Late(Hurried):
        late = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.late

    clock = Late()
    with (
        serving(answering(HEAD + b"one", HEAD + b"two"), answering(HEAD + b"new")) as (url, _),
        clients(url, clock=clock) as client,
    ):
        assert read(client, 1, then=2) == b"one"
        clock.late = 60.0
        assert read(client, 2) == b"new"


def test_what_became_of_a_request_is_told_to_who_wants_its_answer() -> None:
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"

    def gone(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(HEAD + b"one")
        request_of(connection)

    with serving(answering(HEAD + b"one", refusal)) as (url, _), clients(url, concurrency=1) as client:
        assert read(client, 1, then=2) == b"one"
        with pytest.raises(Rejected, match="read x: the platform answered 400"):
            read(client, 2)
    with serving(gone, answering(OK)) as (url, _), clients(url, concurrency=1) as client:
        assert read(client, 1, then=2) == b"one"
        with pytest.raises(Unreachable, match="broke off"):
            read(client, 2)
        assert read(client, 2) == b"{}"


def test_where_nothing_can_be_asked_ahead_it_is_asked_when_it_is_wanted() -> None:
    class Once(NoCredentials):
        calls = 0

        def headers(self, deadline: float | None) -> dict[str, str]:
            self.calls += 1
            if self.calls == 2:
                raise Unauthorized("no token yet", operation="token")
            return super().headers(deadline)

    with serving(answering(HEAD + b"one", HEAD + b"two")) as (url, _):
        client = Client(url, Once(), platform="losant", clock=Hurried(), environ={}, concurrency=1)
        assert read(client, 1, then=2) == b"one"
        assert read(client, 2) == b"two"
        client.close()


def test_a_client_that_is_closed_forgets_what_it_asked_for() -> None:
    with (
        serving(answering(HEAD + b"one", HEAD + b"two"), answering(HEAD + b"new")) as (url, connections),
        clients(url, concurrency=1) as client,
    ):
        assert read(client, 1, then=2) == b"one"
        client.close()
        assert read(client, 2) == b"new"
        assert len(connections) == 2
