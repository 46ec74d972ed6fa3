"""GetApp, as far as releases to edge devices need it, simulated: a CDN master with its devices, and a delivery server.

One address plays three roles: the CDN master agent (`/api/cdn/…`), the agent of the master's own device (`/api/v2/…`
and V1) and the delivery server (`/api/v1/login`, `…/delivery/prepare…`, `…/catalog/…`).

In a test:

    with serve(Shape(units=50, offline=0, failing=0)) as getapp:
        client = SomeClient(getapp.url, delivery=getapp.delivery, username=getapp.username, password=getapp.password)
        getapp.world.set_online("edge-000017", False)

Without a socket: `simulator(Shape(...)).handle(Request("GET", "/api/cdn/device/releases"))`.
"""

from reconciler.simulators.getapp.generate import Shape, serve, simulator
from reconciler.simulators.getapp.simulator import Faults, GetAppSimulator, Served
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.getapp.world import GetAppWorld

__all__ = ["Faults", "GetAppSimulator", "GetAppWorld", "Served", "Shape", "Variants", "serve", "simulator"]
