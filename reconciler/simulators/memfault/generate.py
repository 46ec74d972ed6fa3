"""Makes a plausible project: cohorts of devices that run firmware of several software types, mostly one version each.

Without offline and failing devices everything reported is what the selection rule gives. The cohort `beta` is in the
middle of a staged rollout; a must-pass-through release is active below the others in `default`; releases known from
events alone have no payloads.
"""

import time
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random

from reconciler.simulators.clock import Clock
from reconciler.simulators.memfault.access import EMAIL, KEY, TOKEN
from reconciler.simulators.memfault.inventory import FAILURE, Cohort, Device, Install, Release, SoftwareType
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.simulator import Faults, MemfaultSimulator, Served
from reconciler.simulators.memfault.variants import Variants
from reconciler.simulators.memfault.world import MemfaultWorld
from reconciler.simulators.shapes import FleetShape, numbered, share

COHORTS = ("Default", "Beta", "Internal Testing", "Field Trial", "Texas Plants", "Berlin Office", "Long-term Support")
WORKLOADS = ("main-fw", "radio-fw", "sensor-fw", "display-fw", "charger-fw")
DAY = 86_400_000
STAGED_PERCENT = 25


@dataclass(frozen=True, slots=True)
class Shape(FleetShape):
    """How the project looks: units are cohorts, workloads software types; `devices` are those of all cohorts."""

    units: int = 5
    workloads: int = 2
    devices: int = 100


@dataclass(slots=True)
class _Draft:
    """What is known while the project is being made; `names` are versions, oldest first, by software type."""

    project: Project
    world: MemfaultWorld
    shape: Shape
    random: Random
    names: dict[str, list[str]] = field(default_factory=dict)

    def version(self, software_type: str, back: int) -> str:
        """The newest version (0), the stable one (1) or the one before (2); with few versions, the oldest."""
        names = self.names[software_type]
        return names[max(0, len(names) - 1 - back)] if names else f"{software_type}-dev"


def simulator(
    shape: Shape | None = None,
    *,
    clock: Clock = time.time,
    variants: Variants | None = None,
    faults: Faults | None = None,
) -> MemfaultSimulator:
    """A project of that shape with its API, not served; the same shape gives the same one apart from its times."""
    shape = shape or Shape()
    project = Project(clock, variants or Variants(), shape.settle, abs(shape.seed))
    project.created -= 90 * DAY
    world = MemfaultWorld(project, faults or Faults(shape.seed))
    draft = _Draft(project, world, shape, Random(shape.seed))
    _types(draft)
    for number, software_type in enumerate(project.types.values()):
        _releases(draft, software_type, number)
    for number in range(max(1, shape.units)):
        _cohort(draft, number)
    if project.hardware:
        _devices(draft)
    return MemfaultSimulator(world)


def serve(
    shape: Shape | None = None, *, port: int = 0, variants: Variants | None = None, faults: Faults | None = None
) -> Served:
    """The same, ready to be served on 127.0.0.1 with `with`, or with `.server.start()` and `.stop()`."""
    made = simulator(shape, variants=variants, faults=faults)
    project = made.world.project
    credentials = {"token": TOKEN, "email": EMAIL, "key": KEY}
    return Served(
        "memfault", made, {"organization": project.organization, "project": project.slug, **credentials}, port
    )


def _types(draft: _Draft) -> None:
    """Two hardware versions a type; the second one of the first type also runs the second type."""
    names = [numbered(WORKLOADS, number) for number in range(draft.shape.workloads)]
    for number, name in enumerate(names):
        draft.project.add_type(name)
        draft.project.add_hardware(f"{name}-evt", [name])
        draft.project.add_hardware(f"{name}-mp", [name, *(names[1:2] if number == 0 else [])])


def _releases(draft: _Draft, software_type: SoftwareType, number: int) -> None:
    """Versions N.0.0, N.1.0, … for all hardware that runs the type, a delta, and a version that only events know."""
    project, name = draft.project, software_type.name
    names = draft.names[name] = [f"{number + 1}.{minor}.0" for minor in range(draft.shape.versions)]
    run_it = [hardware.name for hardware in project.hardware.values() if name in hardware.types]
    unreleased = _release(draft, software_type, f"{name}-dev", project.created)
    unreleased.of_event, unreleased.revision, unreleased.notes, unreleased.extra_info = True, "", "", None
    for minor, version in enumerate(names):
        made = _release(draft, software_type, version, project.created + minor * DAY)
        if number % 2 == 1 and minor == len(names) - 1:
            made.min_version = names[0]
        for hardware in run_it:
            project.add_artifact(made, hardware, must_pass_through=number == 0 and minor == 1 and len(names) > 3)
    if len(names) > 1:
        stable = draft.version(name, 1)
        delta = _release(draft, software_type, names[-1], project.created + len(names) * DAY, base=stable)
        project.add_artifact(delta, run_it[-1])


def _release(
    draft: _Draft, software_type: SoftwareType, version: str, created: int, base: str | None = None
) -> Release:
    made = draft.project.new_release(version, software_type.name, base)
    made.created = made.updated = created
    made.revision = blake2b(f"{software_type.name} {version}".encode(), digest_size=20).hexdigest()
    made.notes = f"<h1>{version}</h1><ul><li>Improves {software_type.name} &amp; friends</li></ul>"
    made.extra_info = {"ci_system": "Jenkins", "build_time_s": 384}
    return draft.project.put_release(made)


def _cohort(draft: _Draft, number: int) -> None:
    """The stable version everywhere, the newest one staged in the second cohort and to all of the third."""
    cohort = draft.project.add_cohort(numbered(COHORTS, number))
    cohort.created = cohort.updated = draft.project.created
    for name, names in draft.names.items():
        wanted: list[tuple[str, int | None]] = [(draft.version(name, 0 if number == 2 else 1), None)] if names else []
        first = name == WORKLOADS[0]
        if number == 0 and first and len(names) > 3:
            wanted.insert(0, (names[1], None))
        if number == 1 and first and len(names) > 1:
            wanted.append((names[-1], STAGED_PERCENT))
        for turn, (version, percent) in enumerate(wanted):
            _activate(draft, cohort, version, percent, 60_000 * number + 1000 * turn)


def _activate(draft: _Draft, cohort: Cohort, version: str, percent: int | None, offset: int) -> None:
    project = draft.project
    release = project.releases[None, version]
    made = draft.world.activations.draft(cohort, release, percent)
    made.created = made.updated = release.created + 3_600_000 + offset
    project.deployments[made.id] = made
    cohort.last_deployment = made.created


def _devices(draft: _Draft) -> None:
    project, shape = draft.project, draft.shape
    cohorts, kinds = list(project.cohorts.values()), list(project.types)
    offline, failing = (set(share(draft.random, range(shape.devices), part)) for part in (shape.offline, shape.failing))
    width = max(4, len(str(shape.devices - 1)))
    now = project.now()
    for index in range(shape.devices):
        turn, place = divmod(index, len(cohorts))
        turn, kind = divmod(turn, len(kinds))
        hardware = project.hardware[f"{kinds[kind]}-{'evt' if turn % 5 == 0 else 'mp'}"]
        device = project.add_device(f"SN{index:0{width}d}", hardware, cohorts[place])
        device.created = device.updated = project.created + index
        device.running = {name: draft.version(name, 1) for name in hardware.types}
        device.online, device.failing = index not in offline, index in failing
        device.seen = now - (3 * DAY if index in offline else 1000 * (index % 240))
    behind = {*(index for n, index in enumerate(sorted(offline)) if n % 2 == 0), *failing}
    devices = list(project.devices.values())
    draft.world.updates.arrive(device for index, device in enumerate(devices) if index not in behind)
    for index in sorted(behind):
        _left_behind(draft, devices[index])


def _left_behind(draft: _Draft, device: Device) -> None:
    """It runs the version before the stable one; one that fails has tried the next."""
    project, primary = draft.project, device.hardware.primary
    device.running = {name: draft.version(name, 2) for name in device.running}
    release = draft.world.updates.offered(device, primary, device.running[primary])
    if device.failing and release is not None:
        device.install = Install(next(project.ids), FAILURE, project.now() - 3_600_000)
