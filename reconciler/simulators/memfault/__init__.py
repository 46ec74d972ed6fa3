"""Memfault's API, as far as releases to cohorts of devices need it, simulated.

In a test:

    with serve(Shape(devices=50, offline=0, failing=0)) as memfault:
        client = SomeClient(memfault.url, memfault.organization, memfault.project, memfault.token)
        memfault.world.pull("beta", "1.4.0")

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/api/v0/organizations", headers={...}))`.
"""

from reconciler.simulators.memfault.generate import Shape, serve, simulator
from reconciler.simulators.memfault.simulator import Faults, MemfaultSimulator, Served
from reconciler.simulators.memfault.variants import Variants
from reconciler.simulators.memfault.world import MemfaultWorld

__all__ = ["Faults", "MemfaultSimulator", "MemfaultWorld", "Served", "Shape", "Variants", "serve", "simulator"]
