"""Serves an application from a thread and a loop of its own: starlette on uvicorn. Nothing is logged."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from threading import Thread
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.errors import SettingsError
from reconciler.web.server import shown

MOST = 2500
"""Connections at a time; more are answered with 503."""
PATIENCE = 10.0
"""Seconds that a client may take to say what it wants."""
HEAD = 32_768
"""Bytes of the head of a request at most."""


class _Protocol(H11Protocol):
    """Closes a connection over which no request comes."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(PATIENCE, self._check)

    def _check(self) -> None:
        asked: object = self.cycle  # uvicorn's own type leaves out that there may be none yet
        if asked is None and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)


class _Uvicorn(uvicorn.Server):
    """Ends at once when asked; whoever looks does so again by itself."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    def end(self) -> None:
        """End serving; for other threads."""
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self.loop.call_soon_threadsafe(self._over.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets  # closed by who opened them
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # a stream would go on for ever
        for task in list(self.server_state.tasks):
            task.cancel()


class Serving:
    """An address that is listened on, and from `start` on an application behind it, until `close`."""

    def __init__(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises SettingsError where that cannot be done."""
        try:
            family, kind, proto, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self._socket = socket.socket(family, kind, proto)
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._socket.bind(address)
                self._socket.listen(512)
            except OSError:
                self._socket.close()
                raise
        except (OSError, UnicodeError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            hint = "choose another port, or an address of this machine"
            raise SettingsError(f"cannot listen on {shown(host, port)}: {why}", hint=hint) from None
        self.host, self.port = self._socket.getsockname()[:2]
        self.url = f"http://{shown(self.host, self.port)}"
        self._server: _Uvicorn | None = None
        self._thread: Thread | None = None

    def start(self, app: ASGIApp) -> Self:
        """Begin to serve; returns when requests are answered."""
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST,
            timeout_keep_alive=20,
            h11_max_incomplete_event_size=HEAD,
        )
        self._server = _Uvicorn(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), daemon=True, name="page")
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise SettingsError(f"the page could not be served at {self.url}")
            time.sleep(0.005)
        return self

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join(PATIENCE)
        self._socket.close()
