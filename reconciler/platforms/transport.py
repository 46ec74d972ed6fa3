"""Carries requests over urllib3: connections kept alive, proxies, TLS, and an end to every call whatever the server does.

urllib3 bounds single waits; a server that sends a byte now and then passes all of them. So whoever waits is watched by
a thread: when a `Call` is out of time, or no longer wanted, its connection is shut down under it, be it connecting,
shaking hands, sending or reading. Failures are httpx's exceptions, which say whether the request can have been sent.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import urllib3
from urllib3 import exceptions

from reconciler.platforms.environment import proxy_of, tls_context
from reconciler.ports import Clock

CALL = "reconciler.call"
"""The extension of a request that holds its `Call`."""
PART = 131_072
"""Bytes of a part of a body, as it comes."""
TICK = 0.1
"""Seconds between two looks at the calls that are running."""

LATE, STOPPED = "late", "stopped"


class Call:
    """One request: the time it may take, and whether a stop of the run ends it.

    `until` is in monotonic seconds of the clock. A write is not ended by a stop: its answer is worth waiting for.
    """

    def __init__(self, clock: Clock, until: float, *, stoppable: bool) -> None:
        """Start now."""
        self._clock = clock
        self._until = until
        self._stoppable = stoppable
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self.was_cut = False
        """Whether its connection was shut down: then what looks like the end of an answer is none."""
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

    def hold(self, sock: Any) -> None:
        """Take the connection that the call goes over from now on, any kind of socket."""
        line = socket.socket(fileno=os.dup(sock.fileno()))  # TLS detaches the socket that it wraps, not this one
        with self._lock:
            self._let_go()
            self._line = line
            if self.was_cut:
                self._shut()

    def cut(self) -> None:
        """Shut the connection down, so that whoever waits for it stops waiting."""
        with self._lock:
            self.was_cut = True
            self._shut()

    def close(self) -> None:
        """Forget the connection, which may be kept for other calls."""
        with self._lock:
            self._let_go()

    def _shut(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Watch:
    """Looks at all running calls again and again, in a thread that ends when there are none."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        with self._changed:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="call watch", daemon=True)
                self._thread.start()

    def remove(self, call: Call) -> None:
        with self._changed:
            self._calls.discard(call)
        call.close()

    def _look(self) -> None:
        idle = 0
        while True:
            with self._changed:
                self._changed.wait(TICK)
                idle = 0 if self._calls else idle + 1
                if idle > 50:
                    self._thread = None
                    return
                over = [call for call in self._calls if call.ended()]
            for call in over:
                call.cut()


_watch = _Watch()
_running = threading.local()  # the call of this thread, for the connection that urllib3 makes for it


class _Connection:
    """What our connections do besides urllib3's: tell the running call which socket it goes over, and when it is sent."""

    def _new_conn(self: Any) -> socket.socket:
        """Connect to one address after the other, within the time of the call for all of them together."""
        call: Call = _running.call
        try:
            found = socket.getaddrinfo(self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise exceptions.NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]  # idna fails as UnicodeError
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(max(call.left, 0.001))
                call.hold(sock)
                sock.connect(address)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise exceptions.NewConnectionError(self, str(failure)) from failure

    def request(self: Any, *args: Any, **options: Any) -> None:
        call: Call = _running.call
        if self.sock is None:
            self.connect()
        else:
            call.hold(self.sock)
        call.sent = True
        super().request(*args, **options)  # type: ignore[misc]  # urllib3's, beside which this class stands


class _PlainConnection(_Connection, urllib3.connection.HTTPConnection):
    pass


class _TlsConnection(_Connection, urllib3.connection.HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Network(httpx.BaseTransport):
    """Connections to one origin. Safe to use from several threads. Every request bears its `CALL`."""

    def __init__(self, url: httpx.URL, connections: int, environ: Mapping[str, str]) -> None:
        """Take the origin and what says how to reach it. Raises SettingsError for a variable that cannot be meant."""
        manager = _manager(url, connections, environ)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        self._manager = manager
        self._pool = manager.connection_from_host(url.host, url.port, url.scheme)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, whose body is read as it is asked for, as it came."""
        call: Call = request.extensions[CALL]
        _watch.add(call)
        _running.call = call
        try:
            with _failures(call):
                wait = max(call.left, 0.001)
                answer = self._pool.urlopen(
                    request.method,
                    request.url.raw_path.decode("ascii"),
                    body=request.content or None,
                    headers=urllib3.HTTPHeaderDict((k.decode(), v.decode("latin-1")) for k, v in request.headers.raw),
                    timeout=urllib3.Timeout(connect=wait, read=wait),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
        except BaseException:
            _watch.remove(call)
            raise
        finally:
            del _running.call
        return httpx.Response(answer.status, headers=list(answer.headers.items()), stream=_Body(answer, call))

    def close(self) -> None:
        """Close idle connections."""
        self._manager.clear()


def _manager(url: httpx.URL, connections: int, environ: Mapping[str, str]) -> urllib3.PoolManager:
    options: dict[str, Any] = {"num_pools": 1, "maxsize": connections}
    if url.scheme == "http":  # it goes to loopback or bears no secret: no proxy is asked, no certificate loaded
        return urllib3.PoolManager(**options)
    context = tls_context(environ)
    proxy = proxy_of(url.host, url.port or 443, environ)
    if proxy is None:
        return urllib3.PoolManager(ssl_context=context, **options)
    return urllib3.ProxyManager(
        proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=context, ssl_context=context, **options
    )


class _Body(httpx.SyncByteStream):
    """A body that is read while it comes; its connection is kept only if it was read to its end."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, call: Call) -> None:
        self._answer = answer
        self._call = call
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        with _failures(self._call):
            while part := self._answer.read(PART):
                yield part
        self._ended = True

    def close(self) -> None:
        if self._ended:
            self._answer.release_conn()
        else:
            self._answer.close()
        _watch.remove(self._call)


@contextlib.contextmanager
def _failures(call: Call) -> Iterator[None]:
    """Let failures be httpx's: before any of the request was sent, of connecting; later, of reading."""
    try:
        yield
    except (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        said = _said(error)
        if not call.sent:
            raise httpx.ConnectError(said) from error
        if isinstance(error, exceptions.TimeoutError):
            raise httpx.ReadTimeout("no answer in time") from error
        raise httpx.ReadError(said) from error


def _said(error: BaseException) -> str:
    """Return what the first cause of a failure says."""
    cause: BaseException = error
    while inner := cause.__cause__ or cause.__context__:
        cause = inner
    if isinstance(cause, exceptions.IncompleteRead):
        return f"the answer ended early, after {cause.partial} bytes"
    if isinstance(cause, http.client.IncompleteRead):
        return "the answer ended early"
    return str(cause) or type(cause).__name__
