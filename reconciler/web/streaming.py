"""Tells viewers that there is something new: server-sent events with the number of the generation, and nothing else.

A viewer that does not take what it is sent for `PATIENCE` seconds is dropped. What came in between is not kept: the newest
number is all that counts.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.types import Receive, Scope, Send

from reconciler.web.board import Board

MOST = 2000
"""Viewers at a time; more are refused."""
PATIENCE = 10.0
BEAT = 15.0
"""Seconds after which something is sent at the latest, so that nobody in between takes a quiet stream for a dead one."""
GATHERING = 0.5
"""Seconds in which news is gathered: a run of hundreds of calls is no reason to draw a page hundreds of times."""


class Stream:
    """Sends generations to all viewers. Lives in the loop that serves them."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self.viewers = 0
        self.dropped = 0
        board.listen(self._heard)

    def _heard(self) -> None:
        """Take that there is something new, in any thread, and go on at once."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        before, self._news = self._news, asyncio.Event()
        before.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send to one viewer until it goes away, is too slow, or the server ends."""
        del scope
        self._loop = asyncio.get_running_loop()
        if self.viewers >= MOST:
            await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"30")]})
            await send({"type": "http.response.body", "body": b""})
            return
        self.viewers += 1
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await self._feed(send, gone)
        finally:
            self.viewers -= 1
            gone.cancel()

    async def _feed(self, send: Send, gone: asyncio.Future[None]) -> None:
        head = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        said = -1
        while not gone.done():
            news = self._news
            now = self._board.generation
            text = f"event: news\ndata: {now}\n\n" if now != said else ": still here\n\n"
            said = now
            try:
                body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
                await asyncio.wait_for(send(body), PATIENCE)
            except TimeoutError:
                self.dropped += 1
                raise Slow from None
            await self._wait(news, gone)
            await asyncio.sleep(GATHERING)

    async def _wait(self, news: asyncio.Event, gone: asyncio.Future[None]) -> None:
        """Wait until there is something new, the viewer has gone, or something is to be sent anyway."""
        heard = asyncio.ensure_future(_heard(news))
        try:
            await asyncio.wait([heard, gone], timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()


class Slow(Exception):
    """A viewer does not take what it is sent: its connection is closed."""


async def _heard(news: asyncio.Event) -> None:
    """End when there is something new."""
    await news.wait()


async def _gone(receive: Receive) -> None:
    """End when a viewer has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
