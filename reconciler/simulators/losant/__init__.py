"""Losant's Platform API, as far as releases to edge devices need it, simulated.

In a test:

    with serve(Shape(units=50, offline=0, failing=0)) as losant:
        client = SomeClient(losant.url, losant.application, losant.token)
        losant.world.set_online("gw-017", False)

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/applications/…"))`.
"""

import time

from reconciler.simulators.clock import Clock
from reconciler.simulators.losant.access import FULL, READ_ONLY
from reconciler.simulators.losant.faults import Faults
from reconciler.simulators.losant.generate import Shape, generate
from reconciler.simulators.losant.simulator import LosantSimulator
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld
from reconciler.simulators.served import Served as AnyServed

__all__ = ["Faults", "LosantSimulator", "LosantWorld", "Served", "Shape", "Variants", "serve", "simulator"]


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> LosantSimulator:
    """A generated fleet with its API, not served."""
    return LosantSimulator(generate(shape or Shape(), clock=clock, variants=variants, faults=faults))


class Served(AnyServed[LosantSimulator]):
    """A simulated application being served."""

    def __init__(self, simulator: LosantSimulator, port: int = 0) -> None:
        self.world = simulator.world
        self.application = simulator.world.app.id
        self.token = FULL
        self.read_only_token = READ_ONLY
        super().__init__("losant", simulator, {"application": self.application, "token": FULL}, port)


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
