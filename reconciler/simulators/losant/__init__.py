"""Losant's Platform API, as far as releases to edge devices need it, simulated.

In a test:

    with serve(Shape(units=50, offline=0, failing=0)) as losant:
        client = SomeClient(losant.url, losant.application, losant.token)
        losant.world.set_online("gw-017", False)

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/applications/…"))`.
"""

import time
from types import TracebackType
from typing import Self

from reconciler.simulators.clock import Clock
from reconciler.simulators.losant.access import FULL, READ_ONLY
from reconciler.simulators.losant.faults import Faults
from reconciler.simulators.losant.generate import Shape, generate
from reconciler.simulators.losant.simulator import LosantSimulator
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld

__all__ = ["Faults", "LosantSimulator", "LosantWorld", "Served", "Shape", "Variants", "run", "serve", "simulator"]


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> LosantSimulator:
    """A generated fleet with its API, not served."""
    return LosantSimulator(generate(shape or Shape(), clock=clock, variants=variants, faults=faults))


class Served:
    """A simulator being served: where it is, how to get in, and the world behind it."""

    def __init__(self, behind: LosantSimulator, port: int = 0) -> None:
        from reconciler.simulators.server import Server

        self.simulator = behind
        self.world = behind.world
        self.calls = behind.calls
        self.application = behind.world.app.id
        self.token = FULL
        self.read_only_token = READ_ONLY
        self.server = Server(behind, port)
        self.url = self.server.url

    def announcement(self) -> dict[str, str]:
        """What a caller in another process needs to know."""
        return {"platform": "losant", "url": self.url, "application": self.application, "token": self.token}

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


def serve(
    shape: Shape | None = None,
    *,
    port: int = 0,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> Served:
    """A generated fleet, ready to be served on 127.0.0.1 with `with`, or with `.server.start()` and `.stop()`."""
    return Served(simulator(shape, clock=clock, variants=variants, faults=faults), port)


def run(shape: Shape, *, port: int = 0, variants: Variants | None = None, faults: Faults | None = None) -> None:
    """Serve a generated fleet until SIGINT or SIGTERM; the first line of standard output says how to reach it."""
    from reconciler.simulators.server import run as run_server

    served = serve(shape, port=port, variants=variants, faults=faults)
    run_server(served.server, served.announcement())
