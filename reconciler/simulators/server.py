"""Puts a simulated world behind a socket on the loopback address: starlette on uvicorn, in a thread of its own.

`Server` is for tests (start, stop, `with`); `run` is for a command: it announces itself, then blocks until SIGINT or
SIGTERM. Nothing is logged. A reply marked `cut` breaks the connection before a byte of it is sent.
"""

import asyncio
import contextlib
import json
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Self, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.simulators.exchange import Reply, Request, World, decoded

HOST = "127.0.0.1"
_LOOPBACK_NAMES = (HOST, "localhost")
_TRANSPORT = "reconciler.transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Protocol(H11Protocol):
    """Lets the application reach its connection, to break it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        # asyncio does this only for sockets that name their protocol, and a listening socket of ours does not
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await inner(scope, receive, send)

        self.app = app


class _Endpoint:
    """One ASGI endpoint for every path: a request in, the world's reply out."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = HttpRequest(scope, receive)
        path = decoded(scope["raw_path"])
        if path.startswith("/simulator/") and asked.url.hostname not in _LOOPBACK_NAMES:
            reply = Reply(403, b'{"type":"Forbidden","message":"the control surface is for this machine only"}')
        else:
            body = await asked.body()
            query = tuple(asked.query_params.multi_items())
            headers = {key.lower(): value for key, value in asked.headers.items()}
            reply = self.world.handle(Request(asked.method, path, query, headers, body))
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.cut:
            await _break(scope, receive)
            return
        await _send(reply, asked.method, scope[_TRANSPORT], send)


async def _break(scope: Scope, receive: Receive) -> None:
    transport: asyncio.Transport = scope[_TRANSPORT]
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    await receive()  # the body was read, so what comes is the end of the connection


async def _send(reply: Reply, method: str, transport: asyncio.Transport, send: Send) -> None:
    headers = [(key.encode(), value.encode()) for key, value in reply.headers.items()]
    whole = not reply.pace and not reply.times
    if whole:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if whole or method == "HEAD":
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})
        return
    for piece in reply.pieces():
        await asyncio.sleep(reply.pace)
        if transport.is_closing():
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class _Uvicorn(uvicorn.Server):
    """Ends at once when asked, and when the answers under way are out: uvicorn itself looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """End serving; for other threads."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._over.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets  # closed by who opened them
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if tasks := list(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=self.config.timeout_graceful_shutdown)


class Server:
    """A world being served at `url` from `start` (or entering `with`) to `stop`. Port 0 takes any free one."""

    def __init__(self, world: World, port: int = 0) -> None:
        self._socket = socket.create_server((HOST, port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        app = Starlette(routes=[Route("/{path:path}", _Endpoint(world))])
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=1,
        )
        self._server = _Uvicorn(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> Self:
        """Begin to serve; returns when requests are answered."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"the simulator could not serve at {self.url}")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """End serving and wait until it has ended."""
        self._server.end()
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run(server: Server, announcement: Mapping[str, str]) -> None:
    """Serve until SIGINT or SIGTERM; the announcement is the first line of standard output, as one JSON object."""
    done = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()

    earlier = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with server:
            sys.stdout.write(json.dumps(dict(announcement)) + "\n")
            sys.stdout.flush()
            done.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
