"""Makes a plausible fleet: gateways at sites and in rings, some with cameras, running workflows with versions.

Offline and failing devices have something pending; without them what is desired is what is current everywhere.
"""

import time
from collections.abc import Sequence
from math import lcm
from random import Random

from reconciler.simulators.clock import Clock
from reconciler.simulators.losant.access import FULL
from reconciler.simulators.losant.agents import CONSOLE, FAILURE, Source, log_entry
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.inventory import (
    DEVICE_IDS,
    EDGE,
    NOTHING,
    Content,
    Device,
    Flow,
    Log,
    Row,
    Tags,
    hex_id,
)
from reconciler.simulators.losant.simulator import Faults, LosantSimulator, Served
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld
from reconciler.simulators.shapes import EYEFUL, PERIOD, FleetShape, labels, numbered, share, stable_and_ahead

SITES = ("austin", "berlin", "osaka", "leeds", "porto")
WORKLOADS = ("modbus-poller", "vision", "telemetry", "opcua-bridge", "safety-stop", "energy-meter", "label-printer")
UNDEPLOYED = (("hourly-report", "cloud"), ("login-page", "experience"), ("unit-converter", "customNode"))
OTHERS = (("gateway", "hub"), ("peripheral", "sensor"), ("standalone", "probe"))
AGENTS = ("2.5.0", "2.4.1", "2.2.0", "1.46.0")
AGENT_WEIGHTS = (70, 20, 7, 3)
NEEDS = "2.3.0"

Shape = FleetShape


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> LosantSimulator:
    """A application of that shape with its API, not served; the same shape gives the same one apart from its times."""
    shape = shape or Shape()
    app = Application(clock, variants or Variants(), shape.settle, abs(shape.seed))
    born = app.now() - 90 * 86_400_000
    _flows(app, shape, born)
    _devices(app, shape, born)
    for flow in app.flows[: shape.workloads]:
        _deploy(app, flow, shape, born)
    _custom_node(app, shape, born)
    return LosantSimulator(LosantWorld(app, faults or Faults(shape.seed)))


def serve(
    shape: Shape | None = None, *, port: int = 0, variants: Variants | None = None, faults: Faults | None = None
) -> Served:
    """The same, ready to be served on 127.0.0.1 with `with`, or with `.server.start()` and `.stop()`."""
    made = simulator(shape, variants=variants, faults=faults)
    return Served("losant", made, {"application": made.world.app.id, "token": FULL}, port)


def _flows(app: Application, shape: Shape, born: int) -> None:
    for number in range(shape.workloads):
        flow = app.add_flow(numbered(WORKLOADS, number))
        for minor in range(shape.versions):
            newest = number % 2 == 1 and minor == shape.versions - 1
            version = app.add_version(flow, f"v1.{minor}.0", NEEDS if newest else None)
            version.created = version.updated = born + minor * 86_400_000
        flow.created = flow.updated = born
    for name, flow_class in UNDEPLOYED:
        app.add_flow(name, flow_class)


def _devices(app: Application, shape: Shape, born: int) -> None:
    random = Random(shape.seed)
    width = max(3, len(str(shape.units - 1)))
    sites = [numbered(SITES, number) for number in range(shape.sites)]
    kinds = [_tags(index, sites) for index in range(min(shape.units, lcm(PERIOD, shape.sites)))]
    agents = random.choices(AGENTS, AGENT_WEIGHTS, k=shape.units)
    offline = set(share(random, range(shape.units), shape.offline))
    failing = set(share(random, range(shape.units), shape.failing))
    now = app.now()
    app.devices = [
        Device(
            index,
            hex_id(DEVICE_IDS, index),
            f"gw-{index:0{width}d}",
            kinds[index % len(kinds)],
            EDGE,
            agents[index],
            0 if index in offline else 1,
            now - (7_200_000 if index in offline else 60_000 * (1 + index % 600)),
            born,
            born,
            index in failing,
        )
        for index in range(shape.units)
    ]
    for device_class, name in OTHERS:
        app.add_device(f"{name}-1", (("site", SITES[0]),), device_class, connected=None)


def _tags(index: int, sites: Sequence[str]) -> Tags:
    """The tags of a device; spares repeat the key `site`."""
    found = labels(index, sites)
    spare = (("site", sites[sites.index(found["site"]) - 1]), ("spare", "yes"))
    return (*found.items(), *(spare if index % 50 == 49 else ()))


def _deploy(app: Application, flow: Flow, shape: Shape, born: int) -> None:
    """Every device runs the flow, except that vision needs a camera (in a fleet small enough to be looked at).

    Every other offline device has missed the last release of the first flow, and failing ones could not take it.
    """
    contents = [Content(version.name, version.etag) for version in flow.versions.values()]
    if not contents:
        return
    stable, ahead = stable_and_ahead(len(contents), flow.index)
    before = contents[max(0, stable - 1)]
    everywhere = not flow.name.startswith("vision") or shape.units > EYEFUL
    for device in app.devices:
        if device.device_class != EDGE or not (everywhere or any(key == "camera" for key, _ in device.tags)):
            continue
        desired = contents[ahead if ("ring", "canary") in device.tags else stable]
        missed = flow.index == 0 and device.connected == 0 and device.index % 2 == 0
        current = before if missed or device.failing else desired
        row = app.add_row(device, flow, desired, current, born + 1000 * (device.index % 5000))
        if device.failing and desired != current:
            row.logs = _failure(row)


def _failure(row: Row) -> list[Log]:
    assigned = log_entry("desired", CONSOLE, row.created, NOTHING, row.desired)
    device = Source("device", row.device.id)
    return [assigned, log_entry("current", device, row.created + 2000, row.current, row.desired, FAILURE)]


def _custom_node(app: Application, shape: Shape, born: int) -> None:
    """One row of a custom node, which edge workflows depend on and nobody deploys by itself."""
    node = next(flow for flow in app.flows if flow.flow_class == "customNode")
    version = app.add_version(node, "v1.0.0")
    content = Content(version.name, version.etag)
    if shape.units:
        app.add_row(app.devices[0], node, content, content, born)
