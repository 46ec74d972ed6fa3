"""A simulator behind a socket: where it is, what a caller needs to know, and the world behind it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

from reconciler.simulators.simulator import Simulator

S = TypeVar("S", bound=Simulator)


class Served(Generic[S]):
    """A simulator being served on 127.0.0.1, with `with` or with `.server.start()` and `.stop()`.

    `details` is what a client needs besides the address (no secrets of the real world: everything here is simulated).
    """

    def __init__(self, platform: str, simulator: S, details: Mapping[str, str], port: int = 0) -> None:
        from reconciler.simulators.server import Server

        self.platform = platform
        self.simulator = simulator
        self.details = dict(details)
        self.calls = simulator.calls
        self.server = Server(simulator, port)
        self.url = self.server.url

    def announcement(self) -> dict[str, str]:
        """What a caller in another process needs to know: platform, url, and the details."""
        return {"platform": self.platform, "url": self.url, **self.details}

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; the first line of standard output is the announcement."""
        from reconciler.simulators.server import run

        run(self.server, self.announcement())

    def stop(self) -> None:
        """End serving."""
        self.server.stop()

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
