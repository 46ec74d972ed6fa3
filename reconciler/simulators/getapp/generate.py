"""Makes a plausible fleet: a master and its children at sites and in rings, some with cameras, running releases.

Every other offline device has missed the last version of the first project; a failing one could not install it.
"""

import time
from dataclasses import dataclass
from random import Random

from reconciler.simulators.clock import Clock
from reconciler.simulators.getapp.agents import FAILURE
from reconciler.simulators.getapp.delivery import PASSWORD, USERNAME, Preparations, Tokens
from reconciler.simulators.getapp.fleet import (
    DAY,
    DELIVERY,
    DEPLOY,
    FORMATION,
    INSTALLED,
    PHASES,
    Catalog,
    Device,
    Fleet,
    Held,
    Project,
    Release,
    Row,
)
from reconciler.simulators.getapp.simulator import Faults, GetAppSimulator, Served
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.getapp.world import GetAppWorld
from reconciler.simulators.shapes import EYEFUL, PERIOD, FleetShape, labels, numbered, share, stable_and_ahead

SITES = ("haifa", "berlin", "osaka", "leeds", "porto")
WORKLOADS = ("radio", "vision", "telemetry", "navigation", "map-viewer", "energy-meter", "label-printer")
TYPES = ("gateway", "kiosk", "vehicle")
RUNTIME = "gpu-runtime"
OLD, DRAFT = "0.9.0", "2.0.0-rc.1+build.7"
LONGER = 120
"""Seconds by which downloads of one release differ from device to device, less than."""


@dataclass(frozen=True, slots=True)
class Shape(FleetShape):
    """How the fleet looks: units are devices (the master is one), workloads projects, versions released ones.

    Seconds: `settle` a phase of a delivery or deploy takes, `prepare` a preparation takes, `token_life` a token is good
    for.
    """

    prepare: float = 1.0
    token_life: float = 3600.0

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"a fleet of {self.units} devices has no master: it needs at least 1")


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> GetAppSimulator:
    """A fleet of that shape with its API, not served; the same shape gives the same one apart from its times."""
    shape = shape or Shape()
    fleet = Fleet(clock, variants or Variants(), shape.settle)
    projects = _catalog(fleet.catalog, shape, fleet.seconds() - 90 * DAY)
    _devices(fleet, shape)
    for index, project in enumerate(projects):
        _install(fleet, project, index, shape)
    world = GetAppWorld(fleet, Preparations(shape.prepare), Tokens(shape.token_life), faults or Faults(shape.seed))
    return GetAppSimulator(world)


def serve(
    shape: Shape | None = None, *, port: int = 0, variants: Variants | None = None, faults: Faults | None = None
) -> Served:
    """The same, ready to be served on 127.0.0.1 with `with`, or with `.server.start()` and `.stop()`."""
    made = simulator(shape, variants=variants, faults=faults)
    served = Served("getapp", made, {"username": USERNAME, "password": PASSWORD}, port)
    served.details["delivery"] = served.url  # the delivery server has the same address
    return served


def _catalog(catalog: Catalog, shape: Shape, born: float) -> list[Project]:
    """All projects that are installed by themselves; regular versions are 1.N.0.

    The first project has an archived and a draft release besides, the second needs a release of another project, and
    the newest of the last one installs itself.
    """
    projects, needed = [], []
    for number in range(shape.workloads):
        project = catalog.add_project(numbered(WORKLOADS, number))
        projects.append(project)
        if number == 1:
            runtime = catalog.add_project(RUNTIME, FORMATION)
            needed = [catalog.add_release(runtime, version, born) for version in ("5.0.0", "5.1.0")]
        for minor in range(shape.versions):
            itself = number == shape.workloads - 1 and minor == shape.versions - 1
            needs = needed[minor >= shape.versions - 1 :][:1] if number == 1 else ()
            made = born + minor * DAY
            catalog.add_release(project, f"1.{minor}.0", made, auto_deploy=itself, dependencies=needs)
    for project in projects[:1]:
        catalog.add_release(project, OLD, born - DAY, status="archived")
        catalog.add_release(project, DRAFT, born + 60 * DAY, status="draft")
    return projects


def _devices(fleet: Fleet, shape: Shape) -> None:
    random = Random(shape.seed)
    offline = share(random, range(1, shape.units), shape.offline)
    failing = set(share(random, range(shape.units), shape.failing))
    kinds = [labels(index, SITES) for index in range(min(shape.units, PERIOD))]
    for index in range(shape.units):
        number, found = index + 1, kinds[index % PERIOD]
        name = f"{found['site']}-{number:06d}"
        kind = TYPES[0] if index == 0 else TYPES[index % len(TYPES)]
        device = Device(number, f"edge-{number:06d}", name, kind, "linux-x64", dict(found), failing=index in failing)
        fleet.devices[device.id] = device
    for place, index in enumerate(offline):
        device = fleet.devices[f"edge-{index + 1:06d}"]
        device.online = False
        device.seen = fleet.seconds() - (2 * DAY if place % 4 == 3 else 7200)


def _install(fleet: Fleet, project: Project, index: int, shape: Shape) -> None:
    """Every device runs the project, except that vision needs a camera (in a fleet small enough to be looked at)."""
    regular = [release for release in project.releases.values() if release.version not in {OLD, DRAFT}]
    if not regular:
        return
    stable, ahead = stable_and_ahead(len(regular), index)
    everywhere = not project.name.startswith("vision") or shape.units > EYEFUL
    for device in fleet.devices.values():
        if not everywhere and "camera" not in device.labels:
            continue
        number = ahead if device.labels["ring"] == "canary" else stable
        missed = index == 0 and not device.online and device.number % 2 == 0
        before = regular[max(0, stable - 1)]
        rows = _installed(before if missed or device.failing else regular[number], shape.settle, device.number)
        if device.failing and before is not regular[number]:
            rows[regular[number].id] = Row(regular[number], DEPLOY, "Error", progress=50.0, error=FAILURE)
        device.rows |= rows


def _installed(release: Release, settle: float, number: int) -> dict[str, Held]:
    """Each device took its own time to download each release."""
    duration = round(PHASES[DELIVERY] * settle)
    return {
        one.id: Row(one, INSTALLED, "Done", duration=duration + (number * 31 + one.project.number * 17) % LONGER)
        for one in (*release.dependencies, release)
    }
