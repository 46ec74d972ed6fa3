"""Makes a plausible fleet: a master and its children at sites and in rings, some with cameras, running releases.

Most devices of a project run one version, the rings apart differ a little, so that a manifest of it is short. Every
other offline device has missed the last version of the first project; a failing one could not install it.
"""

import time
from dataclasses import dataclass, field
from random import Random

from reconciler.simulators.clock import Clock
from reconciler.simulators.getapp.agents import FAILURE
from reconciler.simulators.getapp.catalog import FORMATION, Project, Release
from reconciler.simulators.getapp.faults import Faults
from reconciler.simulators.getapp.fleet import DAY, Device, Fleet
from reconciler.simulators.getapp.preparations import Preparations
from reconciler.simulators.getapp.rows import DELIVERY, DEPLOY, INSTALLED, PHASES, Held, settled
from reconciler.simulators.getapp.tokens import Tokens
from reconciler.simulators.getapp.variants import Variants
from reconciler.simulators.getapp.world import GetAppWorld

SITES = ("haifa", "berlin", "osaka", "leeds", "porto")
WORKLOADS = ("radio", "vision", "telemetry", "navigation", "map-viewer", "energy-meter", "label-printer")
TYPES = ("gateway", "kiosk", "vehicle")
RUNTIME = "gpu-runtime"
OLD, DRAFT = "0.9.0", "2.0.0-rc.1+build.7"
EYEFUL = 10_000
LONGER = 120
"""Seconds by which downloads of one release differ from device to device, less than."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the fleet looks: numbers of devices (the master is one), projects, and released versions of each.

    `offline` and `failing` are shares from 0 to 1. Seconds: `settle` a phase of a delivery or deploy takes, `prepare` a
    preparation takes, `token_life` a token is good for.
    """

    units: int = 100
    workloads: int = 3
    versions: int = 5
    seed: int = 1
    settle: float = 2.0
    offline: float = 0.05
    failing: float = 0.02
    prepare: float = 1.0
    token_life: float = 3600.0

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"a fleet of {self.units} devices has no master: it needs at least 1")


@dataclass(slots=True)
class _Draft:
    """What is known while the fleet is being made."""

    fleet: Fleet
    shape: Shape
    random: Random
    born: float
    projects: list[Project] = field(default_factory=list)


def generate(
    shape: Shape, *, clock: Clock = time.time, variants: Variants | None = None, faults: Faults | None = None
) -> GetAppWorld:
    """A world of that shape; the same shape gives the same world apart from its times."""
    fleet = Fleet(clock, variants or Variants(), shape.settle)
    draft = _Draft(fleet, shape, Random(shape.seed), fleet.now() - 90 * DAY)
    _catalog(draft)
    _devices(draft)
    for project in draft.projects:
        _install(draft, project)
    return GetAppWorld(fleet, Preparations(shape.prepare), Tokens(shape.token_life), faults or Faults(shape.seed))


def _catalog(draft: _Draft) -> None:
    """Regular versions are 1.N.0.

    The first project has an archived and a draft release besides, the second needs a release of another project, and
    the newest of the last one installs itself.
    """
    catalog, shape = draft.fleet.catalog, draft.shape
    for number in range(shape.workloads):
        turn = number // len(WORKLOADS)
        name = WORKLOADS[number % len(WORKLOADS)]
        project = catalog.add_project(f"{name}-{turn + 1}" if turn else name)
        draft.projects.append(project)
        needed = _runtimes(draft) if number == 1 else []
        for minor in range(shape.versions):
            itself = number == shape.workloads - 1 and minor == shape.versions - 1
            needs = needed[minor >= shape.versions - 1 :][:1]
            born = draft.born + minor * DAY
            catalog.add_release(project, f"1.{minor}.0", born, auto_deploy=itself, dependencies=needs)
    for project in draft.projects[:1]:
        catalog.add_release(project, OLD, draft.born - DAY, status="archived")
        catalog.add_release(project, DRAFT, draft.born + 60 * DAY, status="draft")


def _runtimes(draft: _Draft) -> list[Release]:
    catalog = draft.fleet.catalog
    runtime = catalog.add_project(RUNTIME, FORMATION)
    return [catalog.add_release(runtime, version, draft.born) for version in ("5.0.0", "5.1.0")]


def _devices(draft: _Draft) -> None:
    fleet, random, shape = draft.fleet, draft.random, draft.shape
    offline = _share(random, range(1, shape.units), shape.offline)
    failing = set(_share(random, range(shape.units), shape.failing))
    kinds = {index: _labels(index) for index in range(min(shape.units, 300))}
    for index in range(shape.units):
        number, labels = index + 1, kinds[index % 300]
        name = f"{labels['site']}-{number:06d}"
        kind = TYPES[0] if index == 0 else TYPES[index % len(TYPES)]
        device = Device(number, f"edge-{number:06d}", name, kind, "linux-x64", dict(labels), failing=index in failing)
        fleet.devices[device.id] = device
    for place, index in enumerate(offline):
        device = fleet.devices[f"edge-{index + 1:06d}"]
        device.online = False
        device.seen = fleet.now() - (2 * DAY if place % 4 == 3 else 7200)


def _labels(index: int) -> dict[str, str]:
    ring = "canary" if index % 20 == 3 else "early" if index % 5 == 1 else "broad"
    labels = {"site": SITES[index * 7 % len(SITES)], "ring": ring}
    return labels | {"camera": "front"} if index % 3 == 0 else labels


def _share(random: Random, among: range, share: float) -> list[int]:
    """So many of these as the share says; at least one where the share is not zero."""
    return random.sample(among, min(len(among), max(1, round(len(among) * share)))) if share and among else []


def _install(draft: _Draft, project: Project) -> None:
    """Every device runs the project, except that vision needs a camera (in a fleet small enough to be looked at)."""
    regular = [release for release in project.releases.values() if release.version not in {OLD, DRAFT}]
    if not regular:
        return
    index = draft.projects.index(project)
    stable = max(0, len(regular) - 2 - index % 2)
    ahead = min(len(regular) - 1, stable + 1) if index % 2 == 0 else stable
    everywhere = not project.name.startswith("vision") or draft.shape.units > EYEFUL
    for device in draft.fleet.devices.values():
        if not everywhere and "camera" not in device.labels:
            continue
        number = ahead if device.labels["ring"] == "canary" else stable
        missed = index == 0 and not device.online and device.number % 2 == 0
        before = regular[max(0, stable - 1)]
        rows = _installed(before if missed or device.failing else regular[number], draft.shape.settle, device.number)
        if device.failing and before is not regular[number]:
            rows |= _failed(regular[number])
        device.rows |= rows


def _installed(release: Release, settle: float, number: int) -> dict[str, Held]:
    """Each device took its own time to download each release."""
    duration = round(PHASES[DELIVERY] * settle)
    return {
        one.id: settled(one, INSTALLED, "Done", duration=duration + (number * 31 + one.project.number * 17) % LONGER)
        for one in (*release.dependencies, release)
    }


def _failed(release: Release) -> dict[str, Held]:
    return {release.id: settled(release, DEPLOY, "Error", progress=50.0, error=FAILURE)}
