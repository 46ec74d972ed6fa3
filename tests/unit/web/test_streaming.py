"""The stream: news reaches every viewer, nobody waits for one, and one who does not take it is dropped."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.web import streaming
from reconciler.web.board import Board
from reconciler.web.streaming import Slow, Stream
from tests.e2e.conftest import until
from tests.unit.engine.memory import Clock
from tests.unit.web.served import VIEWER, World, bearer, serving


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "GATHERING", 0.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving(world) as one:
        yield one


class Viewer:
    """Follows the stream in a thread of its own until the server ends."""

    def __init__(self, client: httpx.Client) -> None:
        self.seen: list[int] = []
        threading.Thread(target=self._follow, args=(client,), daemon=True).start()

    def _follow(self, client: httpx.Client) -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            client.stream("GET", "/api/v1/stream", headers=bearer(VIEWER)) as answer,
        ):
            assert answer.headers["content-type"] == "text/event-stream"
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.seen.append(int(line.removeprefix("data: ")))


def test_every_viewer_hears_of_each_new_generation(client: httpx.Client, world: World) -> None:
    viewers = [Viewer(client) for _ in range(5)]
    until(lambda: all(one.seen == [0] for one in viewers), "how it stands")
    world.turn()
    until(lambda: all(one.seen[-1] == world.board.generation for one in viewers), "the news")


def test_who_is_not_known_hears_nothing(client: httpx.Client) -> None:
    assert client.get("/api/v1/stream").status_code == 401


class Wire:
    """A connection by hand: `take` lets so many messages through, the next one waits for ever."""

    def __init__(self, take: int) -> None:
        self.sent: list[dict[str, Any]] = []
        self._take = take
        self._more = asyncio.Event()
        self.gone = asyncio.Event()

    async def send(self, message: Any) -> None:
        if len(self.sent) >= self._take:
            await asyncio.Event().wait()
        self.sent.append(message)
        self._more.set()

    async def until(self, number: int) -> None:
        """Wait until so many messages were sent."""
        while len(self.sent) < number:
            self._more.clear()
            await self._more.wait()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def test_a_viewer_that_takes_nothing_is_dropped_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PATIENCE", 0.05)
    board = Board(Clock())
    stream = Stream(board)
    slow, quick = Wire(2), Wire(1000)

    async def run() -> None:
        others = asyncio.ensure_future(stream({}, quick.receive, quick.send))
        dropped = asyncio.ensure_future(stream({}, slow.receive, slow.send))
        await slow.until(2)
        await quick.until(2)
        board.renew()
        with pytest.raises(Slow):
            await dropped
        assert (stream.viewers, stream.dropped) == (1, 1)
        board.renew()
        while b"data: 2" not in quick.sent[-1]["body"]:
            await quick.until(len(quick.sent) + 1)
        quick.gone.set()
        await others
        assert stream.viewers == 0

    asyncio.run(run())


def test_viewers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST", 0)
    wire = Wire(10)
    asyncio.run(Stream(Board(Clock()))({}, wire.receive, wire.send))
    assert wire.sent[0]["status"] == 503


def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BEAT", 0.001)
    wire = Wire(1000)

    async def run() -> None:
        following = asyncio.ensure_future(Stream(Board(Clock()))({}, wire.receive, wire.send))
        await wire.until(4)
        wire.gone.set()
        await following

    asyncio.run(run())
    assert [one["body"][:6] for one in wire.sent[1:4]] == [b"event:", b": stil", b": stil"]


def test_handing_over_never_waits_for_anybody(world: World) -> None:
    """What a listener does is its own affair: a loop that is gone, or busy, holds nothing up."""
    stream = Stream(world.board)
    loop = asyncio.new_event_loop()
    stream._loop = loop
    loop.close()
    world.turn()
    assert world.board.generation > 0
    world.close()
