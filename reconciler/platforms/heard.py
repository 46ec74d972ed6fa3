"""A transport that says how each request went: for those who count them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.platforms.line import NoAnswer
from reconciler.platforms.transport import Asked, Reply, Request, Transport
from reconciler.ports import ReadProgress

if TYPE_CHECKING:
    import httpx


class Heard:
    """Another transport, whose answers somebody hears of. A request that is repeated is heard of each time."""

    def __init__(self, transport: Transport, progress: ReadProgress) -> None:
        self._transport = transport
        self._progress = progress

    def ask(self, request: Request) -> Asked:
        """Send a request. Raises NoAnswer."""
        with self._heard():
            asked = self._transport.ask(request)

        def reply() -> Reply:
            with self._heard():
                found = asked.reply()
            self._progress.answered(found.status)
            return found

        return Asked(request, reply, asked.drop)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except NoAnswer:
            self._progress.answered(None)
            raise

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def brought(url: str, transport: httpx.BaseTransport, progress: ReadProgress) -> Transport:
    """Return a transport of httpx's that somebody brings along, instead of the network."""
    from reconciler.platforms.over_httpx import OverHttpx  # only who brings one needs it

    return Heard(OverHttpx(url, transport), progress)
