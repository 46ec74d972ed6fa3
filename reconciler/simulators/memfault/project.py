"""One simulated project: its types, hardware, releases, cohorts, devices and deployments, and its time."""

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from itertools import count

from reconciler.simulators.clock import Clock, Timeline
from reconciler.simulators.memfault.inventory import (
    DEFAULT,
    Artifact,
    Cohort,
    Deployment,
    Device,
    Hardware,
    Release,
    SoftwareType,
)
from reconciler.simulators.memfault.variants import Variants

BEAT = 300_000
"""Milliseconds between two signs of life of an online device."""


class Project(Timeline):
    """The state of the simulated platform. `settle` is how many seconds an online device needs for an update.

    Projects of different `number` have different slugs.
    """

    def __init__(self, clock: Clock, variants: Variants, settle: float, number: int = 1) -> None:
        super().__init__(clock)
        self.organization = "simulated"
        self.slug = f"fleet-{number}"
        self.number = number
        self.variants = variants
        self.settle = settle
        self.types: dict[str, SoftwareType] = {}
        self.hardware: dict[str, Hardware] = {}
        self.releases: dict[tuple[str | None, str], Release] = {}
        self.cohorts: dict[str, Cohort] = {}
        self.deployments: dict[int, Deployment] = {}
        self.devices: dict[str, Device] = {}
        self.created = self.now()
        self.ids = count(1)
        self._counted: tuple[int, Counter[str | None]] = (-1, Counter())
        self._listed: tuple[int, list[Device]] = (-1, [])

    def now(self) -> int:
        """Milliseconds since 1970."""
        return round(self.seconds() * 1000)

    # --- what there is -----------------------------------------------------------------------------------------------

    def add_type(self, name: str) -> SoftwareType:
        """A new software type without versions."""
        made = self.types[name] = SoftwareType(next(self.ids), name, self.now())
        return made

    def add_hardware(self, name: str, types: Iterable[str]) -> Hardware:
        """A new hardware version; the first of its software types is the primary one."""
        made = self.hardware[name] = Hardware(next(self.ids), name, tuple(types))
        return made

    def add_cohort(self, name: str, slug: str | None = None) -> Cohort:
        """A new cohort; its slug is made of its name where it is not given. Raises `ValueError` for a slug in use."""
        slug = slug or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or DEFAULT
        if slug in self.cohorts:
            raise ValueError(f"there is a cohort {slug!r} already")
        now = self.now()
        made = self.cohorts[slug] = Cohort(next(self.ids), name, slug, now, now)
        return made

    def remove_cohort(self, cohort: Cohort) -> None:
        """Take a cohort away with its deployments; its devices join the default cohort (inferred)."""
        del self.cohorts[cohort.slug]
        self.deployments = {number: d for number, d in self.deployments.items() if d.cohort is not cohort}
        for device in list(cohort.devices.values()):
            self.move(device, self.cohorts[DEFAULT])

    def new_release(self, version: str, software_type: str | None = None, base: str | None = None) -> Release:
        """A release that is not there yet. Raises `ValueError` for a version that is released already."""
        known = self.releases.get((base, version))
        if known is not None and not known.of_event:
            raise ValueError(f"there is a release {known.name!r} already")
        now = self.now()
        return Release(next(self.ids), version, software_type, now, now, base)

    def put_release(self, release: Release) -> Release:
        """Take a release in; its version becomes one of its software type."""
        self.releases[release.base, release.version] = release
        if release.software_type is not None:
            self.note_version(release.software_type, release.version)
        return release

    def note_version(self, software_type: str, version: str) -> None:
        """Make a version known to its software type."""
        versions = self.types[software_type].versions
        if version not in versions:
            versions[version] = next(self.ids)

    def add_artifact(
        self, release: Release, hardware: str, *, must_pass_through: bool = False, filename: str = ""
    ) -> None:
        """Add a payload of a release for a hardware version."""
        digest = blake2b(f"{release.name} {hardware}".encode(), digest_size=20).hexdigest()
        name = filename or f"{hardware}-{release.version}.bin"
        made = Artifact(next(self.ids), hardware, name, digest, digest[:32], release.created, must_pass_through)
        release.artifacts.append(made)

    # --- devices -----------------------------------------------------------------------------------------------------

    def add_device(self, serial: str, hardware: Hardware, cohort: Cohort) -> Device:
        """A device that was never heard of. Raises `ValueError` for a serial in use."""
        if serial in self.devices:
            raise ValueError(f"there is a device {serial!r} already")
        now = self.now()
        device = self.devices[serial] = Device(next(self.ids), serial, hardware, cohort, now, now)
        cohort.devices[device.id] = device
        return device

    def remove_device(self, device: Device) -> None:
        """Forget a device."""
        del self.devices[device.serial]
        del device.cohort.devices[device.id]

    def move(self, device: Device, cohort: Cohort) -> None:
        """Put a device into another cohort."""
        device.cohort.devices.pop(device.id, None)
        device.cohort = cohort
        cohort.devices[device.id] = device
        self.touch(device)

    def touch(self, device: Device) -> None:
        """Something about a device has changed."""
        device.row = None
        device.updated = self.now()

    def report(self, device: Device, software_type: str, version: str) -> None:
        """Have a device say what it runs; a version that nobody released makes a release without payloads."""
        device.running[software_type] = version
        device.seen = self.now()
        if (None, version) not in self.releases:
            release = self.new_release(version, software_type)
            release.of_event = True
            self.releases[None, version] = release
        self.note_version(software_type, version)
        self.touch(device)

    def count(self, version: str) -> int:
        """How many devices were last seen with a version."""
        if self._counted[0] != self.changes:
            self._counted = self.changes, Counter(device.reported for device in self.devices.values())
        return self._counted[1][version]

    def listing(self) -> list[Device]:
        """All devices in order, kept until anything changes: a large project has many pages of them."""
        if self._listed[0] != self.changes:
            self._listed = self.changes, list(self.devices.values())
        return self._listed[1]

    def seen(self, device: Device) -> int | None:
        """When a device was last heard of; an online one sends a sign of life every `BEAT`."""
        if device.seen is None or not device.online:
            return device.seen
        return max(device.seen, self.now() // BEAT * BEAT)

    # --- looking things up -------------------------------------------------------------------------------------------

    def listed(self, release: Release) -> bool:
        """Whether the API knows a release: known from events alone is a variant."""
        return not release.of_event or self.variants["release-of-events"] == "listed"

    def release(self, version: object) -> Release | None:
        """The full release of a version, a delta of a pair, either by its id."""
        if isinstance(version, str):
            found = self.releases.get((None, version))
        elif isinstance(version, list | tuple):
            found = self.releases.get((str(version[0]), str(version[1]))) if len(version) == 2 else None
        else:
            found = next((release for release in self.releases.values() if release.id == version), None)
        return found if found is not None and self.listed(found) else None

    def cohort(self, text: object) -> Cohort | None:
        """The cohort of a slug, or of an id."""
        if isinstance(text, str) and text in self.cohorts:
            return self.cohorts[text]
        return next((cohort for cohort in self.cohorts.values() if cohort.id == text), None)

    def activations(self, cohort: Cohort) -> list[Deployment]:
        """What is in force for a cohort."""
        return [one for one in self.deployments.values() if one.cohort is cohort and one.active]
