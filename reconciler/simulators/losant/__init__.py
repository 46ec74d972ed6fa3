"""Losant's Platform API, as far as releases to edge devices need it, simulated.

In a test:

    with serve(Shape(units=50, offline=0, failing=0)) as losant:
        client = SomeClient(losant.url, losant.application, losant.token)
        losant.world.set_online("gw-017", False)

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/applications/…"))`.
"""

from reconciler.simulators.losant.generate import Shape, serve, simulator
from reconciler.simulators.losant.simulator import Faults, LosantSimulator, Served
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld

__all__ = ["Faults", "LosantSimulator", "LosantWorld", "Served", "Shape", "Variants", "serve", "simulator"]
