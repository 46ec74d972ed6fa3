"""Viewers of a large fleet: what an update costs in time and memory, and that slow ones are dropped and hold nobody up."""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.unit.engine.memory import request
from tests.unit.web.served import VIEWER, World, bearer, serving

UNITS, VIEWERS, SLOW, UPDATES = 100_000, 1_000, 20, 5
LIMIT = 60.0
"""Seconds after which an update counts as lost."""
HANDED, REACHED, EACH = 0.01, 5.0, 256 * 1024
"""Seconds that a pass may wait, and until everybody knows; bytes of a viewer."""


async def _viewer(port: int, seen: list[float], ready: asyncio.Event, *, slow: bool) -> None:
    """Follow the stream; a slow one reads nothing after the head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    head = "".join(f"{name}: {value}\r\n" for name, value in bearer(VIEWER).items())
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\nhost: 127.0.0.1\r\n{head}\r\n".encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                seen.append(time.perf_counter())
                ready.set()
                if slow:
                    await asyncio.Event().wait()
    finally:
        writer.close()


def _memory() -> int:
    """Return how many bytes of memory this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def _updates(world: World) -> tuple[list[tuple[float, float]], int]:
    """Return for each update how long handing over took, and until the last quick viewer heard of it; and the memory then."""
    seen: list[list[float]] = [[] for _ in range(VIEWERS)]
    ready = [asyncio.Event() for _ in range(VIEWERS)]
    tasks = [
        asyncio.ensure_future(_viewer(world.port, seen[number], ready[number], slow=number < SLOW))
        for number in range(VIEWERS)
    ]
    await asyncio.wait_for(asyncio.gather(*(one.wait() for one in ready)), LIMIT)
    found = []
    for _ in range(UPDATES):
        before = [len(one) for one in seen]
        began = time.perf_counter()
        assert world.board.live is not None
        world.board.hand_over(world.board.live)
        handed = time.perf_counter() - began
        while any(len(one) == old for one, old in zip(seen[SLOW:], before[SLOW:], strict=True)):
            assert time.perf_counter() - began < LIMIT, "somebody never heard of it"
            await asyncio.sleep(0.005)
        found.append((handed, max(one[-1] for one in seen[SLOW:]) - began))
    memory = _memory()
    for one in tasks:
        one.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found, memory


def run() -> dict[str, Any]:
    """Return what an update costs the watch, and when all viewers know of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard) if soft < 8192 else (soft, hard))
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count=UNITS, asked=request())
        world.turn()
        with serving(world) as client:
            before = _memory()
            found, after = asyncio.run(_updates(world))
            world.board.renew()
            began = time.perf_counter()
            client.get("/api/v1/fleets/fleet/map", headers=bearer(VIEWER)).raise_for_status()
            drawn = time.perf_counter() - began
    handed, reached = map(statistics.median, zip(*found, strict=True))
    each = (after - before) / VIEWERS
    return {
        f"{VIEWERS:,} viewers of {UNITS:,} units": {
            "ok": handed <= HANDED and reached <= REACHED and each <= EACH,
            "shown": f"a pass waits {handed * 1000:.2f} ms; all but {SLOW} slow ones know after {reached:.2f} s; "
            f"{each / 1024:.0f} KiB a viewer, both ends; the map takes {drawn:.2f} s, once",
            "promised": f"at most {HANDED * 1000:.0f} ms, {REACHED:.0f} s and {EACH / 1024:.0f} KiB",
        }
    }
