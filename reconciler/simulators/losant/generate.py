"""Makes a plausible fleet: gateways at sites and in rings, some with cameras, running workflows with versions.

Most devices of a flow run one version, the rings apart differ a little, so that a manifest of it is short. Offline and
failing devices have something pending; without them what is desired is what is current everywhere.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from reconciler.simulators.clock import Clock
from reconciler.simulators.losant.agents import FAILURE
from reconciler.simulators.losant.application import Application
from reconciler.simulators.losant.deployments import Log
from reconciler.simulators.losant.faults import Faults
from reconciler.simulators.losant.inventory import DEVICE_IDS, EDGE, Content, Device, Flow, Tags, hex_id, iso
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld

SITES = ("austin", "berlin", "osaka", "leeds", "porto")
WORKLOADS = ("modbus-poller", "vision", "telemetry", "opcua-bridge", "safety-stop", "energy-meter", "label-printer")
OTHERS = (("gateway", "hub"), ("peripheral", "sensor"), ("standalone", "probe"))
AGENTS = ("2.5.0", "2.4.1", "2.2.0", "1.46.0")
AGENT_WEIGHTS = (70, 20, 7, 3)
NEEDS = "2.3.0"
EYEFUL = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How the fleet looks: numbers of devices, edge flows and versions a flow; shares from 0 to 1; seconds to settle."""

    units: int = 100
    workloads: int = 3
    versions: int = 5
    seed: int = 1
    settle: float = 2.0
    offline: float = 0.05
    failing: float = 0.02


@dataclass(slots=True)
class _Draft:
    """What is known while the fleet is being made."""

    app: Application
    shape: Shape
    random: Random
    born: int
    flows: list[Flow] = field(default_factory=list)


def generate(
    shape: Shape, *, clock: Clock = time.time, variants: Variants | None = None, faults: Faults | None = None
) -> LosantWorld:
    """A world of that shape; the same shape gives the same world apart from its times."""
    app = Application(clock, variants or Variants(), shape.settle, abs(shape.seed))
    draft = _Draft(app, shape, Random(shape.seed), app.now() - 90 * 86_400_000)
    app.created = draft.born
    _flows(draft)
    _devices(draft)
    app.rows.widen(len(app.flows), len(app.devices))
    for flow in draft.flows:
        _deploy(draft, flow)
    _custom_node(draft)
    return LosantWorld(app, faults or Faults(shape.seed))


def _flows(draft: _Draft) -> None:
    for number in range(draft.shape.workloads):
        name = WORKLOADS[number % len(WORKLOADS)]
        turn = number // len(WORKLOADS)
        flow = draft.app.add_flow(f"{name}-{turn + 1}" if turn else name)
        draft.flows.append(flow)
        for minor in range(draft.shape.versions):
            newest = number % 2 == 1 and minor == draft.shape.versions - 1
            version = draft.app.add_version(flow, f"v1.{minor}.0", NEEDS if newest else None)
            version.created = version.updated = draft.born + minor * 86_400_000
        flow.created = flow.updated = draft.born
    for name, flow_class in (
        ("hourly-report", "cloud"),
        ("login-page", "experience"),
        ("unit-converter", "customNode"),
    ):
        draft.app.add_flow(name, flow_class)


def _devices(draft: _Draft) -> None:
    app, random, shape = draft.app, draft.random, draft.shape
    width = max(3, len(str(shape.units - 1)))
    kinds = _tag_sets()
    agents = random.choices(AGENTS, AGENT_WEIGHTS, k=shape.units)
    offline = _share(random, shape.units, shape.offline)
    failing = _share(random, shape.units, shape.failing)
    now = app.now()
    app.devices = [
        Device(
            index,
            hex_id(DEVICE_IDS, index),
            f"gw-{index:0{width}d}",
            kinds[_kind(index)],
            EDGE,
            agents[index],
            0 if index in offline else 1,
            now - (7_200_000 if index in offline else 60_000 * (1 + index % 600)),
            draft.born,
            draft.born,
            index in failing,
        )
        for index in range(shape.units)
    ]
    for device_class, name in OTHERS:
        app.add_device(f"{name}-1", (("site", SITES[0]),), device_class, connected=None)


def _tag_sets() -> dict[tuple[str, str, bool, bool], Tags]:
    """Every distinct set of tags once, shared by all devices that bear it; spares repeat the key `site`."""
    sets: dict[tuple[str, str, bool, bool], Tags] = {}
    for number, site in enumerate(SITES):
        for ring in ("canary", "early", "broad"):
            for camera in (False, True):
                tags = [("site", site), ("ring", ring)] + ([("camera", "front")] if camera else [])
                sets[site, ring, camera, False] = tuple(tags)
                sets[site, ring, camera, True] = (*tags, ("site", SITES[number - 1]), ("spare", "yes"))
    return sets


def _kind(index: int) -> tuple[str, str, bool, bool]:
    site = SITES[index * 7 % len(SITES)]
    ring = "canary" if index % 20 == 3 else "early" if index % 5 == 1 else "broad"
    return site, ring, index % 3 == 0, index % 50 == 49


def _share(random: Random, units: int, share: float) -> set[int]:
    """So many of the units as the share says; at least one where the share is not zero."""
    return set(random.sample(range(units), min(units, max(1, round(units * share))))) if share and units else set()


def _deploy(draft: _Draft, flow: Flow) -> None:
    """Every device runs the flow, except that vision needs a camera (in a fleet small enough to be looked at)."""
    app, names = draft.app, list(flow.versions)
    if not names:
        return
    stable = names[max(0, len(names) - 2 - flow.index % 2)]
    ahead = names[min(len(names) - 1, names.index(stable) + 1)] if flow.index % 2 == 0 else stable
    number = {name: app.rows.intern(Content(name, flow.versions[name].etag)) for name in names}
    everywhere = not flow.name.startswith("vision") or draft.shape.units > EYEFUL
    devices = [d for d in app.devices if d.device_class == EDGE and (everywhere or _has_camera(d))]
    told = [number[ahead if ("ring", "canary") in d.tags else stable] for d in devices]
    has = list(told)
    before = number[names[max(0, names.index(stable) - 1)]]
    broken = {n for n, d in enumerate(devices) if d.failing}
    for n in _behind(draft, flow, devices) | broken:
        has[n] = before
    start = len(app.rows)
    times = [draft.born + 1000 * (d.index % 5000) for d in devices]
    app.rows.extend([d.index for d in devices], flow.index, told, has, times, times)
    for n in broken:
        _log_failure(app, start + n)


def _has_camera(device: Device) -> bool:
    return any(key == "camera" for key, _ in device.tags)


def _behind(draft: _Draft, flow: Flow, devices: Sequence[Device]) -> set[int]:
    """Every other offline device has missed the last release of the first flow."""
    if flow is not draft.flows[0]:
        return set()
    return {n for n, d in enumerate(devices) if d.connected == 0 and d.index % 2 == 0}


def _log_failure(app: Application, row: int) -> None:
    rows = app.rows
    if rows.desired[row] == rows.current[row]:
        return
    desired, current = rows.contents[rows.desired[row]], rows.contents[rows.current[row]]
    device = app.devices[rows.device[row]]
    date = iso(rows.created[row] + 2000)
    told = Log("desired", "user", hex_id(0x65A5 << 80, 1), iso(rows.created[row]), new_value=desired.version)
    error = Log(
        "current",
        "device",
        device.id,
        date,
        previous_value=current.version,
        attempted_value=desired.version,
        error=FAILURE,
    )
    rows.logs[row] = [told, error]


def _custom_node(draft: _Draft) -> None:
    """One row of a custom node, which edge workflows depend on and nobody deploys by itself."""
    app = draft.app
    node = next(flow for flow in app.flows if flow.flow_class == "customNode")
    version = app.add_version(node, "v1.0.0")
    content = app.rows.intern(Content(version.name, version.etag))
    if draft.shape.units:
        app.rows.extend([0], node.index, [content], [content], [draft.born], [draft.born])
