"""GetApp, as far as releases to edge devices need it, simulated: a CDN master with its devices, and a delivery server.

One address plays three roles: the CDN master agent (`/api/cdn/…`), the agent of the master's own device (`/api/v2/…`
and V1) and the delivery server (`/api/v1/login`, `…/delivery/prepare…`, `…/catalog/…`).

In a test:

    with serve(Shape(units=50, offline=0, failing=0)) as getapp:
        client = SomeClient(getapp.url, delivery=getapp.delivery, username=getapp.username, password=getapp.password)
        getapp.world.set_online("edge-000017", False)

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/api/cdn/device/releases"))`.
"""

import time

from reconciler.simulators.clock import Clock
from reconciler.simulators.getapp.faults import Faults
from reconciler.simulators.getapp.generate import Shape, generate
from reconciler.simulators.getapp.simulator import GetAppSimulator
from reconciler.simulators.getapp.tokens import PASSWORD, USERNAME
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.served import Served as AnyServed

__all__ = ["Faults", "GetAppSimulator", "GetAppWorld", "Served", "Shape", "Variants", "serve", "simulator"]


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> GetAppSimulator:
    """A generated fleet with its API, not served."""
    return GetAppSimulator(generate(shape or Shape(), clock=clock, variants=variants, faults=faults))


class Served(AnyServed[GetAppSimulator]):
    """A simulated fleet being served; the delivery server has the same address."""

    def __init__(self, simulator: GetAppSimulator, port: int = 0) -> None:
        self.world = simulator.world
        self.username, self.password = USERNAME, PASSWORD
        super().__init__("getapp", simulator, {"username": USERNAME, "password": PASSWORD}, port)
        self.delivery = self.details["delivery"] = self.url


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
