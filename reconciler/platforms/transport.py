"""The way to a platform under httpx: every wait for the network is in one place, and ends with its call.

A timeout bounds a single wait; a server that sends a byte now and then passes all of them. httpcore, which httpx sends
by, takes a backend that opens and reads connections, and hands it what a request names as its timeouts. Ours are given
the `Call`: whoever connects, shakes hands, sends or reads looks at it again and again. TLS is spoken over the same
connections, from memory, so that it waits nowhere else.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import httpcore
import httpx

from reconciler.platforms.environment import proxy_of, tls_context
from reconciler.ports import Clock

T = TypeVar("T")

CALL = "reconciler.call"
"""The extension of a request that holds its `Call`."""
PART = 262_144
"""Bytes that are read at once, whatever httpcore asks for: each part costs it some work."""
TICK = 0.1
"""Seconds between two looks at a call that waits."""

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
        if step == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.sent = True

    def wait(self) -> float:
        """Return how many seconds to wait before the next look; raise ReadTimeout when the call is over."""
        left = self.left
        if left <= 0 or self.ended():
            raise httpcore.ReadTimeout("no answer in time")
        return min(left, TICK)


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
            left = left[self._waiting(timeout, lambda: self._some_sent(left)) :]  # noqa: B023 - called in this turn

    def _some_sent(self, content: memoryview) -> int:
        return self._sock.send(content)

    def _waiting(self, call: Call, act: Callable[[], T]) -> T:
        while True:
            self._sock.settimeout(call.wait())
            try:
                return act()
            except TimeoutError:
                continue
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error

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
        try:
            return self._waiting(timeout, lambda: self._tls.read(max_bytes))
        except httpcore.ReadError as error:
            if isinstance(error.__cause__, ssl.SSLEOFError):  # many servers close without a word
                return b""
            raise

    def _some_sent(self, content: memoryview) -> int:
        return self._tls.write(content)

    def _waiting(self, call: Call, act: Callable[[], T]) -> T:
        while True:
            wants = False
            try:
                done = act()
            except ssl.SSLWantReadError:
                wants = True
            except (ssl.SSLError, ValueError) as error:
                raise httpcore.ReadError(str(error)) from error
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
    """Opens connections: one address after the other, all within the time of the call."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Any = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del local_address, socket_options
        found = _addresses(host, port, timeout)
        failure = OSError("the name has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _connect(sock, address, timeout, timeout.left * (1 - 1 / (len(found) - tried)))
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return _Line(sock)
        raise httpcore.ConnectError(str(failure)) from failure


def _addresses(host: str, port: int, call: Call) -> list[Any]:
    """Return the addresses of a name. Only a thread can ask for them and be left alone."""
    asked: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            asked.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - told to who waits
            asked.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    while not asked.done():
        wait([asked], call.wait())
    try:
        return asked.result()
    except (OSError, UnicodeError) as error:  # a name that no IDNA can be fails with the latter
        raise httpcore.ConnectError(str(error)) from error


def _connect(sock: socket.socket, address: Any, call: Call, spare: float) -> None:
    """Connect, leaving so many seconds of the call to the other addresses. Raises OSError."""
    sock.setblocking(False)
    code = sock.connect_ex(address)
    while code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        if _is_ready(sock, selectors.EVENT_WRITE, call.wait()):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif call.left < spare:
            code = errno.ETIMEDOUT
    if code:
        raise OSError(code, os.strerror(code))


def _is_ready(sock: socket.socket, event: int, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        return bool(selector.select(seconds))


class Network(httpx.HTTPTransport):
    """Connections to one origin. Safe to use from several threads. Every request bears its `CALL`."""

    def __init__(self, url: httpx.URL, connections: int, environ: Mapping[str, str]) -> None:
        """Take the origin and what says how to reach it. Raises SettingsError for a variable that cannot be meant."""
        options: dict[str, Any] = {"max_connections": connections, "network_backend": _Lines()}
        if url.scheme == "http":  # it goes to loopback or bears no secret: no proxy is asked, no certificate loaded
            self._pool = httpcore.ConnectionPool(**options)
            return
        options["ssl_context"] = context = tls_context(environ)
        proxy = proxy_of(url.host, url.port or 443, environ)
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**options)
        else:
            own = context if proxy.url.startswith("https:") else None
            self._pool = httpcore.HTTPProxy(proxy.url, proxy_auth=proxy.user, proxy_ssl_context=own, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, whose body is read as it is asked for, as it came."""
        call: Call = request.extensions[CALL]
        request.extensions |= {"trace": call.trace, "timeout": dict.fromkeys(("connect", "read", "write"), call)}
        try:
            return super().handle_request(request)
        except httpx.TransportError as error:
            if call.sent:
                raise
            raise httpx.ConnectError(str(error)) from error
