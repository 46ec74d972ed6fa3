"""The transport over real sockets: answers whole, connections kept, and every way a connection can go wrong."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from reconciler.platforms.transport import PART, STREAMED, Direct

Handler = Callable[[socket.socket], object]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def request_of(connection: socket.socket) -> bytes:
    """Return one request, read whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(*handlers: Handler) -> Iterator[tuple[str, list[int]]]:
    """Serve one connection per handler, in their order; gives the URL and the count of connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    connections: list[int] = []

    def serve() -> None:
        for handler in handlers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(1)
            with connection:
                handler(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    finally:
        listener.close()
        thread.join(10)


def answering(*answers: bytes) -> Handler:
    """Answer requests of one connection, then close it."""

    def handle(connection: socket.socket) -> None:
        for answer in answers:
            if not request_of(connection):
                return
            connection.sendall(answer)

    return handle


@contextmanager
def clients(timeout: float = 5.0) -> Iterator[httpx.Client]:
    with httpx.Client(transport=Direct(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), timeout=timeout) as client:
        yield client


def test_answers_come_whole_and_connections_are_kept() -> None:
    with serving(answering(OK, OK, OK)) as (url, connections), clients() as client:
        for _ in range(3):
            answer = client.get(url, params={"a": "b c"}, headers={"X-Mine": "1"})
            assert (answer.status_code, answer.json()) == (200, {})
        assert len(connections) == 1


def test_a_body_goes_out_and_packed_or_chunked_ones_come_in() -> None:
    packed = gzip.compress(b'{"n": 1}')
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(request_of(connection))
        head = b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed))

    with serving(handle) as (url, _), clients() as client:
        answer = client.post(f"{url}/a%2Fb?x=1", content=b'{"a": 1}')
    assert (answer.status_code, answer.json()) == (201, {"n": 1})
    assert seen[0].startswith(b"POST /a%2Fb?x=1 HTTP/1.1\r\n")
    assert seen[0].endswith(b'\r\n\r\n{"a": 1}')
    assert seen[0].lower().count(b"\r\nhost:") == seen[0].lower().count(b"\r\naccept-encoding:") == 1


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    with serving(answering(OK), answering(closing), answering(OK)) as (url, connections), clients() as client:
        for count in (1, 2, 3):
            assert client.get(url).json() == {}
            assert len(connections) == count
            _wait_for_close(client)


def _wait_for_close(client: httpx.Client) -> None:
    transport = client._transport
    assert isinstance(transport, Direct)
    for connection in transport._idle:
        connection.sock.settimeout(5)
        assert connection.sock.recv(1, socket.MSG_PEEK) == b""


def _cut(connection: socket.socket) -> None:
    request_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    ("handler", "failure", "text"),
    [
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), httpx.RemoteProtocolError, "after 2 bytes"),
        (answering(b"gibberish\r\n\r\n"), httpx.RemoteProtocolError, "gibberish"),
        (_cut, httpx.ReadError, "reset"),
        (request_of, httpx.RemoteProtocolError, "closed connection"),
    ],
)
def test_connections_that_break_off(handler: Handler, failure: type[Exception], text: str) -> None:
    with serving(handler) as (url, _), clients() as client, pytest.raises(failure, match=text):
        client.get(url)


# --- part by part ---------------------------------------------------------------------------------------------------


def streamed(client: httpx.Client, url: str) -> Iterator[bytes]:
    """Yield the parts of a body as they come."""
    request = client.build_request("GET", url, extensions={"timeout": httpx.Timeout(5.0).as_dict(), STREAMED: True})
    answer = client.send(request, stream=True)
    try:
        yield from answer.iter_bytes()
    finally:
        answer.close()


def test_parts_come_before_the_body_ends_and_the_connection_is_kept() -> None:
    rest = threading.Event()

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PART + 3) + b"x" * PART)
        assert rest.wait(10)
        connection.sendall(b"end")
        request_of(connection)
        connection.sendall(OK)

    with serving(handle) as (url, connections), clients() as client:
        parts = streamed(client, url)
        assert len(next(parts)) == PART
        rest.set()
        assert b"".join(parts) == b"end"
        assert client.get(url).json() == {}
        assert len(connections) == 1


def test_packed_and_chunked_parts_and_a_body_without_length() -> None:
    packed = gzip.compress(b"y" * 10)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"z" * 10
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(chunked, empty, endless), answering(OK)) as (url, connections), clients() as client:
        assert b"".join(streamed(client, url)) == b"y" * 10
        assert list(streamed(client, url)) == []
        assert b"".join(streamed(client, url)) == b"z" * 10
        assert client.get(url).json() == {}
        assert len(connections) == 2


def test_a_body_that_is_not_read_to_its_end_costs_its_connection() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * PART) + b"x" * 2 * PART
    with serving(answering(body), answering(OK)) as (url, connections), clients() as client:
        parts = streamed(client, url)
        next(parts)
        assert isinstance(parts, Generator)
        parts.close()
        assert client.get(url).json() == {}
        assert len(connections) == 2


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (3 * PART) + b"x" * (PART + 7), f"after {PART + 7} bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n9\r\nyy", "after 4 bytes"),
    ],
)
def test_bodies_that_end_early(answer: bytes, text: str) -> None:
    with serving(answering(answer)) as (url, _), clients() as client, pytest.raises(httpx.RemoteProtocolError) as told:
        list(streamed(client, url))
    assert text in str(told.value)


def test_silence_ends_in_time() -> None:
    done = threading.Event()
    try:
        with serving(lambda _: done.wait(10)) as (url, _), clients(timeout=0.05) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.get(url)
            done.set()
    finally:
        done.set()


def test_nobody_there_and_no_such_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with clients() as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.1:{port}")


def test_a_server_without_tls_fails_as_tls() -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(handle) as (url, _), clients() as client, pytest.raises(httpx.ConnectError) as caught:
        client.get(url.replace("http:", "https:"))
    assert isinstance(caught.value.__cause__, ssl.SSLError)


@pytest.mark.parametrize(
    ("at", "error", "failure"),
    [
        ("connect", TimeoutError("late"), httpx.ConnectTimeout),
        ("request", TimeoutError("late"), httpx.WriteTimeout),
        ("request", BrokenPipeError("broken pipe"), httpx.WriteError),
    ],
)
def test_failures_while_connecting_and_sending(
    at: str, error: Exception, failure: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with serving(answering(OK)) as (url, _), clients() as client:
        monkeypatch.setattr(f"http.client.HTTPConnection.{at}", fail)
        with pytest.raises(failure):
            client.get(url)
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))).close()
