"""Carries httpx's requests over the standard library's HTTP: half the work per page, since bodies are read whole.

Reading a million rows, httpx's own transport takes as long as decoding them does; this one a third of that. It keeps
connections alive, makes one per concurrent request, verifies TLS with httpx's own context, maps every failure to the
exception httpx's transport would raise, and says by it whether the request can have been sent. What it does not do it
leaves to httpx's own: `Client` uses that one wherever a proxy is configured.
"""

from __future__ import annotations

import http.client
import selectors
import socket
import ssl
import threading

import httpx


class Direct(httpx.BaseTransport):
    """Connections to one origin, without proxies. Safe to use from several threads."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take what TLS is verified with."""
        self._context = context
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, read whole; raise what httpx's own transport raises."""
        timeout: dict[str, float | None] = request.extensions["timeout"]
        connection = self._connected(request.url, timeout)
        try:
            answer, body = self._exchanged(connection, request, timeout)
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return httpx.Response(answer.status, headers=answer.getheaders(), content=body)

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
    ) -> tuple[http.client.HTTPResponse, bytes]:
        sock: socket.socket = connection.sock
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers.raw}
        try:
            sock.settimeout(timeout["write"])
            connection.request(request.method, request.url.raw_path.decode("ascii"), request.read() or None, headers)
        except TimeoutError:
            raise httpx.WriteTimeout("the request could not be sent in time") from None
        except OSError as error:
            raise httpx.WriteError(str(error)) from error
        try:
            sock.settimeout(timeout["read"])
            answer = connection.getresponse()
            return answer, answer.read()
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time") from None
        except http.client.HTTPException as error:
            raise httpx.RemoteProtocolError(_said(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Return whether the other side closed an idle connection (or sent what nobody asked for)."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _said(error: http.client.HTTPException) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"the answer ended early, after {len(error.partial)} bytes"
    return str(error) or type(error).__name__
