"""Carries httpx's requests over the standard library's HTTP: half the work per page, since bodies are read whole.

Reading a million rows, httpx's own transport takes as long as decoding them does; this one a third of that. It keeps
connections alive, makes one per concurrent request, verifies TLS with httpx's own context, maps every failure to the
exception httpx's transport would raise, and says by it whether the request can have been sent. A body that the request
says to be `STREAMED` is read as it is asked for. What it does not do it leaves to httpx's own: `Client` uses that one
wherever a proxy is configured.
"""

from __future__ import annotations

import http.client
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

STREAMED = "streamed"
"""The extension of a request whose body is read part by part."""
PART = 131_072
"""Bytes of such a part, before unpacking."""


class Direct(httpx.BaseTransport):
    """Connections to one origin, without proxies. Safe to use from several threads."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take what TLS is verified with."""
        self._context = context
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, read whole or streamed; raise what httpx's own transport raises."""
        timeout: dict[str, float | None] = request.extensions["timeout"]
        connection = self._connected(request.url, timeout)
        try:
            answer = self._exchanged(connection, request, timeout)
            if STREAMED in request.extensions:
                return httpx.Response(
                    answer.status, headers=answer.getheaders(), stream=_Body(self, connection, answer)
                )
            with _reading():
                body = answer.read()
        except BaseException:
            connection.close()
            raise
        self.keep(connection, answer)
        return httpx.Response(answer.status, headers=answer.getheaders(), content=body)

    def keep(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        """Keep a connection whose answer was read to its end, unless the other side closes it."""
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _connected(self, url: httpx.URL, timeout: dict[str, float | None]) -> http.client.HTTPConnection:
        """Return an idle connection that is still good, or a new one."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._new(url, timeout["connect"])
            if not _is_closed(connection):
                return connection
            connection.close()

    def _new(self, url: httpx.URL, timeout: float | None) -> http.client.HTTPConnection:
        host = url.host
        connection = (
            http.client.HTTPSConnection(host, url.port, timeout=timeout, context=self._context)
            if url.scheme == "https"
            else http.client.HTTPConnection(host, url.port, timeout=timeout)
        )
        try:
            connection.connect()
        except TimeoutError:
            connection.close()
            raise httpx.ConnectTimeout("the connection was not made in time") from None
        except OSError as error:
            connection.close()
            raise httpx.ConnectError(str(error)) from error
        return connection

    def _exchanged(
        self, connection: http.client.HTTPConnection, request: httpx.Request, timeout: dict[str, float | None]
    ) -> http.client.HTTPResponse:
        sock: socket.socket = connection.sock
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers.raw}
        try:
            sock.settimeout(timeout["write"])
            connection.request(request.method, request.url.raw_path.decode("ascii"), request.read() or None, headers)
        except TimeoutError:
            raise httpx.WriteTimeout("the request could not be sent in time") from None
        except OSError as error:
            raise httpx.WriteError(str(error)) from error
        with _reading():
            sock.settimeout(timeout["read"])
            return connection.getresponse()


class _Body(httpx.SyncByteStream):
    """A body that is read while it comes; its connection is kept only if it was read to its end."""

    def __init__(
        self, transport: Direct, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._answer = answer
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        while True:
            with _reading(read):
                part = self._answer.read(PART)
                if not part and self._answer.length:
                    raise http.client.IncompleteRead(b"", self._answer.length)
            if not part:
                break
            read += len(part)
            yield part
        self._ended = True
        self._transport.keep(self._connection, self._answer)

    def close(self) -> None:
        if not self._ended:
            self._connection.close()


@contextmanager
def _reading(read: int = 0) -> Iterator[None]:
    """Let failures of reading an answer be httpx's; so many bytes of it are read already."""
    try:
        yield
    except TimeoutError:
        raise httpx.ReadTimeout("no answer in time") from None
    except http.client.HTTPException as error:
        raise httpx.RemoteProtocolError(_said(error, read)) from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Return whether the other side closed an idle connection (or sent what nobody asked for)."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _said(error: http.client.HTTPException, read: int) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"the answer ended early, after {read + len(error.partial)} bytes"
    return str(error) or type(error).__name__
