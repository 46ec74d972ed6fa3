"""Memfault's API, as far as releases to cohorts of devices need it, simulated.

In a test:

    with serve(Shape(devices=50, offline=0, failing=0)) as memfault:
        client = SomeClient(memfault.url, memfault.organization, memfault.project, memfault.token)
        memfault.world.pull("beta", "1.4.0")

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/api/v0/organizations", headers={...}))`.
"""

import time

from reconciler.simulators.clock import Clock
from reconciler.simulators.memfault.access import EMAIL, KEY, PROJECT_KEY, SYMBOLS_TOKEN, TOKEN
from reconciler.simulators.memfault.faults import Faults
from reconciler.simulators.memfault.generate import Shape, generate
from reconciler.simulators.memfault.simulator import MemfaultSimulator
from reconciler.simulators.memfault.variants import Variants
from reconciler.simulators.memfault.world import MemfaultWorld
from reconciler.simulators.served import Served as AnyServed

__all__ = ["Faults", "MemfaultSimulator", "MemfaultWorld", "Served", "Shape", "Variants", "serve", "simulator"]


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> MemfaultSimulator:
    """A generated project with its API, not served."""
    return MemfaultSimulator(generate(shape or Shape(), clock=clock, variants=variants, faults=faults))


class Served(AnyServed[MemfaultSimulator]):
    """A simulated project being served. `restricted_token` may only upload symbols."""

    def __init__(self, simulator: MemfaultSimulator, port: int = 0) -> None:
        self.world = simulator.world
        self.organization = simulator.world.project.organization
        self.project = simulator.world.project.slug
        self.token, self.restricted_token = TOKEN, SYMBOLS_TOKEN
        self.email, self.key, self.project_key = EMAIL, KEY, PROJECT_KEY
        details = {
            "organization": self.organization,
            "project": self.project,
            "token": self.token,
            "email": self.email,
            "key": self.key,
            "project_key": self.project_key,
        }
        super().__init__("memfault", simulator, details, port)


def serve(
    shape: Shape | None = None,
    *,
    port: int = 0,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> Served:
    """A generated project, ready to be served on 127.0.0.1 with `with`, or with `.server.start()` and `.stop()`."""
    return Served(simulator(shape, clock=clock, variants=variants, faults=faults), port)
