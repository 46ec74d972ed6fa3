"""The way to a platform under httpx: every wait for the network is in one place, and ends with its call.

A timeout bounds a single wait; a server that sends a byte now and then passes all of them. httpcore, which httpx sends
by, takes a backend that opens and reads connections, and hands it what a request names as its timeouts. Ours are given
the `Call`: whoever connects, shakes hands, sends or reads looks at it again and again. TLS is spoken over the same
connections, from memory, so that it waits nowhere else.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

import httpcore
import httpx

from reconciler.platforms.environment import proxy_of, tls_context
from reconciler.ports import Clock

T = TypeVar("T")

CALL = "reconciler.call"
"""The extension of a request that holds its `Call`."""
PART = 100_000
"""Bytes read at once, whatever httpcore asks for: each part costs it some work, and larger ones new memory each time."""
RECORD = 16_384
"""Bytes of a record of TLS at most."""
TICK = 0.1
"""Seconds between two looks at a call that waits."""

Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Costs nothing to make, other than what is the system's best for many."""

LATE, STOPPED = "late", "stopped"


class Call:
    """One request: the time it may take, and whether a stop of the run ends it.

    `until` is in monotonic seconds of the clock. A write is not ended by a stop: its answer is worth waiting for.
    """

    def __init__(self, clock: Clock, until: float, *, stoppable: bool) -> None:
        self._clock = clock
        self._until = until
        self._stoppable = stoppable
        self.sent = False
        """Whether any of the request may have reached the server."""

    @property
    def left(self) -> float:
        """Return how many seconds are left."""
        return self._until - self._clock.monotonic()

    def ended(self) -> str:
        """Return why the call is over: `LATE`, `STOPPED`, or nothing while it may go on."""
        if self._stoppable and self._clock.stopping():
            return STOPPED
        return LATE if self.left <= 0 else ""

    def trace(self, step: str, info: Mapping[str, Any]) -> None:
        """Hear from httpcore what it does."""
        if step != "http11.send_request_headers.started":
            return
        if info["request"].method == b"CONNECT":
            _bracketed(info["request"])
        else:
            self.sent = True

    def wait(self) -> float:
        """Return how many seconds to wait before the next look; raise ReadTimeout when the call is over."""
        left = self.left
        if left <= 0 or self.ended():
            raise httpcore.ReadTimeout("no answer in time")
        return min(left, TICK)


def _bracketed(request: httpcore.Request) -> None:
    """Put brackets around an address of IPv6 that a proxy is asked for; httpcore puts none."""
    host, _, port = request.url.target.rpartition(b":")
    if b":" in host:
        request.url.target = target = b"[%b]:%b" % (host, port)
        request.headers = [(name, target if name.lower() == b"host" else value) for name, value in request.headers]


class _Line(httpcore.NetworkStream):
    """A connection whose waits end with the call that waits. What httpcore calls a timeout is that call."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        del max_bytes
        return self._waiting(timeout, lambda: self._sock.recv(PART))

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        left = memoryview(buffer)
        while left:
            left = left[self._waiting(timeout, lambda: self._some_sent(left), httpcore.WriteError) :]  # noqa: B023 - now

    def _some_sent(self, content: memoryview) -> int:
        return self._sock.send(content)

    def _waiting(self, call: Call, act: Callable[[], T], failure: type[Exception] = httpcore.ReadError) -> T:
        """Do it as soon as it can be done. httpcore takes a WriteError for the server's: it may have answered already."""
        event = selectors.EVENT_WRITE if failure is httpcore.WriteError else selectors.EVENT_READ
        while True:
            seconds = call.wait()
            try:
                return act()
            except BlockingIOError:
                _is_ready(self._sock, event, seconds)
            except OSError as error:
                raise failure(str(error)) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: Any = None
    ) -> httpcore.NetworkStream:
        return _Tls(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """Tell httpcore whether a connection that nobody uses has something to read: then its server closed it."""
        return _is_ready(self._sock, selectors.EVENT_READ, 0) if info == "is_readable" else None


class _Tls(_Line):
    """TLS over a line, be it TLS itself: a proxy may be spoken to so."""

    def __init__(self, line: _Line, context: ssl.SSLContext, name: str | None, call: Call) -> None:
        self._line = line
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._came, self._goes, server_hostname=name)
            self._waiting(call, self._tls.do_handshake)
        except BaseException:
            self.close()
            raise

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        del max_bytes
        try:
            return self._waiting(timeout, self._records)
        except httpcore.ReadError as error:
            if isinstance(error.__cause__, ssl.SSLEOFError):  # many servers close without a word
                return b""
            raise

    def _records(self) -> bytes:
        """Read what came as one part: httpcore's work for a record is more than that of opening it."""
        found = more = self._tls.read(RECORD)
        while more and self._came.pending:
            try:
                more = self._tls.read(RECORD)
            except ssl.SSLWantReadError:
                break
            found += more
        return found

    def _some_sent(self, content: memoryview) -> int:
        return self._tls.write(content)

    def _waiting(self, call: Call, act: Callable[[], T], failure: type[Exception] = httpcore.ReadError) -> T:
        while True:
            wants = False
            try:
                done = act()
            except ssl.SSLWantReadError:
                wants = True
            except (ssl.SSLError, ValueError) as error:
                raise failure(str(error)) from error
            self._line.write(self._goes.read(), call)
            if not wants:
                return done
            if part := self._line.read(PART, call):
                self._came.write(part)
            else:
                self._came.write_eof()

    def close(self) -> None:
        self._line.close()

    def get_extra_info(self, info: str) -> Any:
        return self._tls if info == "ssl_object" else self._line.get_extra_info(info)


class _Lines(httpcore.NetworkBackend):
    """Opens connections, within the time of the call."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Any = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect. Only a thread can ask for a name and be left alone; half of the time is left for a second address."""
        del local_address, socket_options
        call: Call = timeout
        opened: Future[socket.socket] = Future()

        def open_() -> None:
            try:
                sock = socket.create_connection((host, port), max(TICK, call.left / 2))
            except Exception as error:  # noqa: BLE001 - told to who waits
                with suppress(InvalidStateError):
                    opened.set_exception(error)
                return
            try:
                opened.set_result(sock)
            except InvalidStateError:  # nobody waits any more
                sock.close()

        threading.Thread(target=open_, daemon=True).start()
        try:
            while not opened.done():
                wait([opened], call.wait())
            sock = opened.result()
        except (OSError, UnicodeError) as error:  # a name that no IDNA can be fails with the latter
            raise httpcore.ConnectError(str(error)) from error
        finally:
            opened.cancel()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Line(sock)


def _is_ready(sock: socket.socket, event: int, seconds: float) -> bool:
    with Selector() as selector:
        selector.register(sock, event)
        return bool(selector.select(seconds))


class _Connection(httpx.HTTPTransport):
    """One connection, opened when it is needed and again when it was closed: a pool of httpcore's that holds one."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        call: Call = request.extensions[CALL]
        request.extensions |= {"trace": call.trace, "timeout": dict.fromkeys(("connect", "read", "write"), call)}
        try:
            return super().handle_request(request)
        except httpx.TransportError as error:
            if call.sent:
                raise
            raise httpx.ConnectError(str(error)) from error


class _Body(httpx.SyncByteStream):
    """A body whose connection is given back when it is closed."""

    def __init__(self, stream: httpx.SyncByteStream, give_back: Callable[[], None]) -> None:
        self._stream = stream
        self._give_back = give_back

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        self._stream.close()
        self._give_back()


class Network(httpx.BaseTransport):
    """Connections to one origin, as many as are used at a time. Safe to use from several threads.

    httpcore asks the system about each idle connection of a pool while it holds the pool's lock, and threads that decode
    keep it waiting then. So nobody shares a pool.
    """

    def __init__(self, url: httpx.URL, environ: Mapping[str, str]) -> None:
        """Take the origin and what says how to reach it. Raises SettingsError for a variable that cannot be meant."""
        options: dict[str, Any] = {"max_connections": 1, "network_backend": _Lines()}
        self._new: Callable[[], httpcore.ConnectionPool] = partial(httpcore.ConnectionPool, **options)
        self._idle: deque[_Connection] = deque()
        self._opened: list[_Connection] = []
        if url.scheme == "http":  # it goes to loopback or bears no secret: no proxy is asked, no certificate loaded
            return
        context = tls_context(environ)
        proxy = proxy_of(url.host, url.port or 443, environ)
        if proxy is None:
            self._new = partial(self._new, ssl_context=context)
        else:
            own = context if proxy.url.startswith("https:") else None
            options |= {"ssl_context": context, "proxy_ssl_context": own}
            self._new = partial(httpcore.HTTPProxy, proxy.url, proxy_auth=proxy.user, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, which bears its `CALL`, and return its answer, whose body is read as it is asked for."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _Connection(self._new())
            self._opened.append(connection)
        give_back = partial(self._idle.append, connection)
        try:
            response = connection.handle_request(request)
        except BaseException:
            give_back()
            raise
        response.stream = _Body(cast("httpx.SyncByteStream", response.stream), give_back)
        return response

    def close(self) -> None:
        """Close all connections; they are opened anew where they are needed."""
        for connection in self._opened:
            connection.close()
