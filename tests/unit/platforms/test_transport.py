"""The client over real sockets: connections kept, bodies in parts, and every way in which a server can go wrong."""

from __future__ import annotations

import gzip
import itertools
import selectors
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from reconciler.cli.wiring import SystemClock
from reconciler.errors import Rejected, UnexpectedAnswer, Unreachable
from reconciler.platforms.body import START, TooLarge, unpacked
from reconciler.platforms.credentials import NoCredentials
from reconciler.platforms.http import Client
from reconciler.platforms.line import PART, Call, Line, NoAnswer, is_ready

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
def serving(*handlers: Handler, host: str = "127.0.0.1") -> Iterator[tuple[str, list[int]]]:
    """Serve one connection per handler, in their order; gives the URL and the count of connections."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
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
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}", connections
    finally:
        with suppress(OSError):  # who waits in accept is woken by this, not by closing
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive(), "a connection was left open"


def answering(*answers: bytes) -> Handler:
    """Answer requests of one connection, then close it."""

    def handle(connection: socket.socket) -> None:
        for answer in answers:
            if not request_of(connection):
                return
            connection.sendall(answer)

    return handle


@contextmanager
def clients(url: str, timeout: float = 5.0, **options: Any) -> Iterator[Client]:
    """Give a client that waits for no retry: its clock is told to stop sleeping, not to stop."""
    clock = options.pop("clock", None) or Hurried()
    client = Client(url, NoCredentials(), platform="losant", clock=clock, timeout=timeout, environ={}, **options)
    try:
        yield client
    finally:
        client.close()


class Hurried(SystemClock):
    """The real time, with pauses that end at once and end the attempts."""

    def sleep(self, seconds: float) -> bool:
        del seconds
        return True


def whole(client: Client) -> bytes:
    return client.read("/x", "read x", bytes)


def gathered(client: Client) -> bytes:
    return client.gather("/x", "read x", b"".join)


def written(client: Client) -> bytes:
    return client.send("/x", "write x", {"a": 1}, time.monotonic() + 60.0).content


CALLS = [whole, gathered, written]


def test_answers_come_whole_and_connections_are_kept() -> None:
    with serving(answering(OK, OK, OK)) as (url, connections), clients(url) as client:
        for call in CALLS:
            assert call(client) == b"{}"
        assert len(connections) == 1


def test_a_body_goes_out_and_packed_or_chunked_ones_come_in() -> None:
    packed = gzip.compress(b'{"n": 1}')
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(request_of(connection))
        head = b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed))

    with serving(handle) as (url, _), clients(url) as client:
        answer = client.send("/a%2Fb", "write", {"a": 1}, time.monotonic() + 60)
    assert answer.content == b'{"n": 1}'
    assert seen[0].startswith(b"POST /a%2Fb HTTP/1.1\r\n")
    assert seen[0].endswith(b'\r\n\r\n{"a":1}')
    assert seen[0].lower().count(b"\r\nhost:") == seen[0].lower().count(b"\r\naccept-encoding:") == 1


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"y" * 3_000_000)),
        ("GZIP", gzip.compress(b"y" * 1_500_000) * 2),
        ("deflate", zlib.compress(b"y" * 3_000_000)),
        ("deflate", zlib.compress(b"y" * 3_000_000)[2:-4]),
        ("identity", b"y" * 3_000_000),
    ],
    ids=["gzip", "two pieces", "deflate", "bare deflate", "identity"],
)
def test_what_is_packed_comes_out_whole(encoding: str, packed: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"
    with serving(answering(answer % (encoding.encode(), len(packed), packed))) as (url, _), clients(url) as client:
        assert whole(client) == b"y" * 3_000_000


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"abc") + gzip.compress(b"") + gzip.compress(b"def")),
        ("deflate", zlib.compress(b"abcdef")),
    ],
    ids=["gzip", "deflate"],
)
def test_where_a_packed_body_is_parted_makes_no_difference(encoding: str, packed: bytes) -> None:
    for size in range(1, len(packed) + 1):
        parts = [b"", *(packed[at : at + size] for at in range(0, len(packed), size))]
        assert b"".join(unpacked(parts, encoding, 6)) == b"abcdef"
        with pytest.raises(TooLarge):
            list(unpacked(parts, encoding, 5))


@pytest.mark.parametrize(
    ("encoding", "packed", "text"),
    [
        ("gzip", gzip.compress(b"y" * 99)[:-5], "it ended early"),
        ("gzip", b"not packed", "incorrect header"),
        ("br", b"x", "it is packed as 'br', which was not asked for"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"y")), "not asked for"),
    ],
    ids=["cut", "plain", "unknown", "twice"],
)
def test_what_is_packed_wrongly_is_named(encoding: str, packed: bytes, text: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"
    with (
        serving(answering(answer % (encoding.encode(), len(packed), packed))) as (url, _),
        clients(url) as client,
        pytest.raises(UnexpectedAnswer, match="the body cannot be unpacked") as caught,
    ):
        whole(client)
    assert text in str(caught.value)
    assert caught.value.retryable


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 99\r\n\r\nno such thing",
        b"Content-Length: 13\r\nContent-Encoding: br\r\n\r\nno such thing",
        b"Content-Length: 13\r\nContent-Encoding: gzip\r\n\r\nno such thing",
        b"Transfer-Encoding: chunked\r\n\r\nd\r\nno such thing\r\nzz\r\n",
    ],
    ids=["short", "not asked for", "plain", "no chunk"],
)
def test_a_refusal_is_one_whatever_becomes_of_its_body(rest: bytes, call: Callable[[Client], bytes]) -> None:
    with (
        serving(answering(b"HTTP/1.1 409 Conflict\r\n" + rest)) as (url, _),
        clients(url) as client,
        pytest.raises(Rejected, match="the platform answered 409: no") as caught,
    ):
        call(client)
    assert caught.value.status == 409


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    closed = threading.Event()

    def once(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with serving(once, answering(closing), answering(OK)) as (url, connections), clients(url) as client:
        assert whole(client) == b"{}"
        assert closed.wait(5)
        for count in (2, 3):
            assert whole(client) == b"{}"
            assert len(connections) == count


def _cut(connection: socket.socket) -> None:
    request_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def _cut_in_a_body(connection: socket.socket) -> None:
    answering(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 20_000)(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), "received 2 bytes"),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n9\r\nyy"),
            "incomplete chunked read",
        ),
        (answering(b"gibberish\r\n\r\n"), "illegal status line"),
        (answering(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000 + b"\r\n"), "too long"),
        (answering(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n"), "too long"),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "broke off"),
        (_cut, "reset"),
        (_cut_in_a_body, "reset"),
        (request_of, "disconnected"),
    ],
    ids=[
        "short",
        "short chunk",
        "gibberish",
        "header flood",
        "long header",
        "no chunk",
        "reset",
        "reset in a body",
        "closed",
    ],
)
def test_connections_that_break_off(handler: Handler, text: str, call: Callable[[Client], bytes]) -> None:
    with (
        serving(handler) as (url, _),
        clients(url) as client,
        pytest.raises(Unreachable, match=r"the connection to http.* broke off: ") as caught,
    ):
        call(client)
    assert text in str(caught.value)
    assert caught.value.sent
    assert caught.value.retryable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["none", "a length without a body", "of no length"],
)
def test_an_answer_without_a_body_keeps_its_connection(answer: bytes) -> None:
    with serving(answering(answer, OK)) as (url, connections), clients(url) as client:
        assert client.get("/x", "read x").content == b""
        assert whole(client) == b"{}"
        assert len(connections) == 1


@pytest.mark.parametrize("size", [2, 100_000])
def test_what_comes_behind_a_body_is_no_answer_to_the_next_request(size: int) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * size)
    false = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse"

    def told(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(body + false)
        with suppress(ConnectionResetError):  # which is what closing comes to where something was left unread
            connection.recv(1)

    with serving(told, answering(OK)) as (url, connections), clients(url) as client:
        assert whole(client) == b"x" * size
        assert whole(client) == b"{}"
        assert len(connections) == 2


# --- part by part ---------------------------------------------------------------------------------------------------


def test_parts_come_before_the_body_ends_and_the_connection_is_kept() -> None:
    rest = threading.Event()

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (START + 3) + b"x" * START)
        assert rest.wait(10)
        connection.sendall(b"end")
        request_of(connection)
        connection.sendall(OK)

    def take(parts: Iterator[bytes]) -> bytes:
        assert len(next(parts)) == START
        rest.set()
        return b"".join(parts)

    with serving(handle) as (url, connections), clients(url) as client:
        assert client.gather("/x", "read x", take) == b"end"
        assert whole(client) == b"{}"
        assert len(connections) == 1


def test_a_body_that_is_not_read_to_its_end_costs_its_connection() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 * PART) + b"x" * 4 * PART
    with serving(answering(body), answering(OK)) as (url, connections), clients(url) as client:
        assert client.gather("/x", "read x", lambda parts: len(next(parts))) < 4 * PART
        assert whole(client) == b"{}"
        assert len(connections) == 2


# --- servers that never end -----------------------------------------------------------------------------------------


def dripping(head: bytes, drop: bytes = b"x", every: float = 0.02) -> Handler:
    """Send a beginning, then a drop now and then for as long as somebody reads."""

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        flow(connection, itertools.chain([head], itertools.repeat(drop)), every)

    return handle


def flow(connection: socket.socket, parts: Iterator[bytes] | itertools.chain[bytes], every: float) -> None:
    pause = threading.Event()
    try:
        for part in parts:
            connection.sendall(part)
            if every:
                pause.wait(every)
    except OSError:
        return


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side closes."""
    with suppress(OSError):
        while connection.recv(65_536):
            pass


GOOD, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "silence": silent,
    "a status line that drips": dripping(b"H"),
    "headers that drip": dripping(GOOD + b"X: "),
    "continue for ever": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body that drips": dripping(GOOD + b"Content-Length: 1000000\r\n\r\n"),
    "a body that drips until it is closed": dripping(GOOD + b"Connection: close\r\n\r\n"),
    "chunks that drip": dripping(GOOD + CHUNKED, b"1\r\nx\r\n"),
    "a chunk's length that drips": dripping(GOOD + CHUNKED, b"0"),
    "trailers that drip": dripping(GOOD + CHUNKED + b"0\r\n", b"X: y\r\n"),
    "a refusal that drips": dripping(b"HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n"),
    "a redirect that drips": dripping(b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 1000000\r\n\r\n"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("handler", ENDLESS.values(), ids=ENDLESS)
def test_a_call_ends_in_its_time_whatever_the_server_does(handler: Handler, call: Callable[[Client], bytes]) -> None:
    with serving(handler) as (url, _), clients(url, timeout=0.3) as client:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer in time") as caught:
            call(client)
        assert time.monotonic() - began < 30, "the server would go on for ever"
        assert caught.value.sent


def test_a_write_does_not_outlive_its_deadline() -> None:
    with (
        serving(ENDLESS["a body that drips"]) as (url, _),
        clients(url) as client,
        pytest.raises(Unreachable, match="did not answer in time"),
    ):
        client.write("/x", "write x", {}, bytes, time.monotonic() + 0.3)


def test_a_server_that_takes_nothing_ends_in_time() -> None:
    done = threading.Event()
    body = "x" * 50_000_000
    with serving(lambda _: done.wait(20)) as (url, _), clients(url, timeout=0.3) as client:
        with pytest.raises(Unreachable, match="did not answer in time"):
            client.write("/x", "write x", body, bytes, time.monotonic() + 60)
        done.set()


BOMB = zlib.compressobj(9, zlib.DEFLATED, 31)
ZEROS = BOMB.compress(bytes(4_000_000)) + BOMB.flush(zlib.Z_SYNC_FLUSH)
TOO_LARGE = {
    "endless": dripping(GOOD + b"Connection: close\r\n\r\n", b"x" * 65_536, 0),
    "endless chunks": dripping(GOOD + CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0),
    "a bomb": dripping(GOOD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", ZEROS, 0),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("handler", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_answer_that_is_too_large_ends_the_call(handler: Handler, call: Callable[[Client], bytes]) -> None:
    with (
        serving(handler) as (url, connections),
        clients(url, max_megabytes=2) as client,
        pytest.raises(UnexpectedAnswer, match="the answer is larger than 2 MB") as caught,
    ):
        call(client)
    assert "max_megabytes" in caught.value.hint
    assert caught.value.sent
    assert len(connections) == 1


def test_a_length_that_nobody_has_costs_nothing() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{}"
    with (
        serving(answering(body)) as (url, _),
        clients(url) as client,
        pytest.raises(Unreachable, match="received 2 bytes"),
    ):
        whole(client)


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [whole, gathered])
@pytest.mark.parametrize("handler", ENDLESS.values(), ids=ENDLESS)
def test_a_stop_ends_a_read_that_is_running(handler: Handler, call: Callable[[Client], bytes]) -> None:
    clock = Hurried()
    asked = threading.Event()

    def handle(connection: socket.socket) -> None:
        asked.set()
        handler(connection)

    def stop() -> None:
        asked.wait(5)
        clock.stop()

    with serving(handle) as (url, connections), clients(url, timeout=30, clock=clock) as client:
        threading.Thread(target=stop).start()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="the run was asked to stop"):
            call(client)
        assert time.monotonic() - began < 25, "without a stop it would be 30"
        with pytest.raises(Unreachable, match="the run was asked to stop") as caught:
            call(client)
        assert not caught.value.sent
        assert len(connections) == 1


def test_a_write_that_is_running_is_finished_after_a_stop() -> None:
    clock = Hurried()

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        clock.stop()
        threading.Event().wait(0.4)
        connection.sendall(OK)

    with serving(handle) as (url, _), clients(url, clock=clock) as client:
        assert written(client) == b"{}"


def test_who_waits_for_its_turn_waits_no_longer_than_its_call() -> None:
    entered, done = threading.Event(), threading.Event()

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        entered.set()
        done.wait(20)
        connection.sendall(OK)

    with serving(handle) as (url, _), clients(url, concurrency=1) as client:
        first = threading.Thread(target=whole, args=(client,))
        first.start()
        assert entered.wait(20)
        with pytest.raises(Unreachable, match="no time was left to send it") as caught:
            client.write("/x", "write x", {}, bytes, time.monotonic() + 0.1)
        done.set()
        first.join(20)
    assert not caught.value.sent


# --- connecting -----------------------------------------------------------------------------------------------------


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with clients(f"http://127.0.0.1:{port}") as client, pytest.raises(Unreachable, match="no connection to") as caught:
        written(client)
    assert not caught.value.sent
    assert "refused" in str(caught.value)


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with (
        clients("http://localhost:1") as client,
        pytest.raises(Unreachable, match=r"no connection to.*not known") as told,
    ):
        written(client)
    assert not told.value.sent
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with clients("http://localhost:1") as client, pytest.raises(Unreachable, match="no connection to"):
        written(client)


def test_a_connection_that_broke_before_it_was_set_up_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()  # as where the server reset it already, it takes no option of TCP
    monkeypatch.setattr(socket, "create_connection", lambda *_: one)
    with other, clients("http://localhost:1") as client, pytest.raises(Unreachable, match="no connection to") as caught:
        written(client)
    assert not caught.value.sent
    assert one.fileno() == -1


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(OK)) as (url, _):
        port = int(url.rsplit(":", 1)[1])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with clients(f"http://localhost:{port}") as client:
            assert whole(client) == b"{}"


@contextmanager
def deaf() -> Iterator[str]:
    """Give the address of a server that takes no connection: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


def test_connecting_ends_in_time_and_with_a_stop() -> None:
    with deaf() as url, clients(url, timeout=0.3) as client, pytest.raises(Unreachable) as caught:
        written(client)
    assert not caught.value.sent
    assert caught.value.retryable
    clock = Hurried()
    threading.Timer(0.2, clock.stop).start()
    with (
        deaf() as url,
        clients(url, timeout=60, clock=clock) as client,
        pytest.raises(Unreachable, match="asked to stop") as caught,
    ):
        whole(client)
    assert not caught.value.sent


def test_a_server_without_tls_fails_as_tls() -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        serving(handle) as (url, _),
        clients(url.replace("http:", "https:")) as client,
        pytest.raises(Unreachable, match=r"TLS with .* failed") as caught,
    ):
        written(client)
    assert not caught.value.sent


def test_a_connection_that_is_closed_while_tls_begins_may_come_about_later() -> None:
    with (
        serving(lambda connection: connection.recv(65536)) as (url, _),
        clients(url.replace("http:", "https:")) as client,
        pytest.raises(Unreachable, match=r"no connection to .*: the connection was closed in") as caught,
    ):
        written(client)
    assert (caught.value.sent, caught.value.retryable) == (False, True)


@pytest.mark.parametrize("handler", [dripping(b"H"), silent], ids=["drips", "silent"])
def test_shaking_hands_ends_in_time(handler: Handler) -> None:
    with (
        serving(handler) as (url, _),
        clients(url.replace("http:", "https:"), timeout=0.3) as client,
        pytest.raises(Unreachable) as caught,
    ):
        written(client)
    assert not caught.value.sent


def test_what_a_server_answers_before_it_has_all_is_read() -> None:
    refused = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    def handle(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(refused)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    def hurried(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(refused)

    for handler in (handle, hurried):
        with (
            serving(handler) as (url, _),
            clients(url) as client,
            pytest.raises(Rejected, match="the platform answered 413"),
        ):
            client.write("/x", "write x", "x" * 5_000_000, bytes, time.monotonic() + 60)


def test_who_waits_on_a_connection_that_was_closed_is_told_so() -> None:
    one, other = socket.socketpair()
    with one, other:
        line, call = Line(one), Call(SystemClock(), time.monotonic() + 5, stoppable=False)
        line.close()
        for waits in (line.is_stale, lambda: line.read(call), lambda: is_ready(one, selectors.EVENT_READ, 1)):
            with pytest.raises(NoAnswer):
                waits()


def test_a_platform_may_be_at_an_address_of_ipv6() -> None:
    with serving(answering(OK), host="::1") as (url, _), clients(url) as client:
        assert whole(client) == b"{}"
