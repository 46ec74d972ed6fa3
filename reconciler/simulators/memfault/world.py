"""The simulated project as tests and demos hold it.

Cohorts are given by slug, devices by serial, releases by version or, for a delta, by a pair.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from reconciler.simulators.control import SimulatedWorld, locked, there, verb
from reconciler.simulators.exchange import Json
from reconciler.simulators.faults import Faults
from reconciler.simulators.memfault.access import Access
from reconciler.simulators.memfault.inventory import DEFAULT, STAGED, Cohort, Deployment, Device, Release, SoftwareType
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.selection import order_of
from reconciler.simulators.memfault.updates import Activations, Updates

VersionGiven: TypeAlias = str | Sequence[str]

PERSON, ADDRESS = "Ann Example", "ann@example.invalid"
"""Who sits at the console."""


class MemfaultWorld(SimulatedWorld):
    """A project, its devices, who may call it, and the faults between it and its callers."""

    def __init__(self, project: Project, faults: Faults) -> None:
        super().__init__(project, faults)
        self.project = project
        self.updates = Updates(project)
        self.activations = Activations(project, self.updates)
        self.access = Access()

    # --- devices -----------------------------------------------------------------------------------------------------

    @verb
    def set_online(self, device: str, online: bool) -> None:
        """Connect or disconnect a device; one that returns looks for updates."""
        found = self._device(device)
        found.online = online
        if online:
            found.seen = self.project.now()
            self.updates.device_changed(found)
        self.project.touch(found)

    @verb
    def set_failing(self, device: str, failing: bool) -> None:
        """Let a device fail, or no longer fail, to install any update from now on."""
        found = self._device(device)
        found.failing = failing
        if not failing:
            self.updates.device_changed(found)

    @verb
    def add_device(self, cohort: str, hardware: str, version: str | None = None, serial: str | None = None) -> str:
        """Add a device that is online and runs a version, or that was never heard of; its serial."""
        project = self.project
        kind = there(project.hardware.get(hardware), f"hardware version {hardware!r}")
        serial = serial or f"NEW{next(project.ids):05d}"
        device = project.add_device(serial, kind, self._cohort(cohort))
        if version is not None:
            device.online = True
            project.report(device, device.hardware.primary, version)
            self.updates.device_changed(device)
        return device.serial

    @verb
    def delete_device(self, device: str) -> None:
        """Delete a device."""
        self.project.remove_device(self._device(device))

    @verb
    def move_device(self, device: str, cohort: str) -> None:
        """Put a device into another cohort, whose active releases it looks at."""
        found = self._device(device)
        self.project.move(found, self._cohort(cohort))
        self.updates.device_changed(found)

    @verb
    def set_reported(self, device: str, version: str) -> None:
        """Have a device say that it runs a version, whatever it was offered; it looks from there once it settled."""
        found = self._device(device)
        self.project.report(found, found.hardware.primary, version)
        self.updates.device_changed(found)

    # --- cohorts and releases ----------------------------------------------------------------------------------------

    @verb
    def add_cohort(self, name: str, slug: str | None = None) -> str:
        """Add a cohort; its slug."""
        return self.project.add_cohort(name, slug).slug

    @verb
    def delete_cohort(self, slug: str) -> None:
        """Delete a cohort; its devices join the default one."""
        found = self._cohort(slug)
        if found.slug == DEFAULT:
            raise ValueError("the default cohort cannot be deleted")
        devices = list(found.devices.values())
        self.project.remove_cohort(found)
        for device in devices:
            self.updates.device_changed(device)

    @verb
    def add_release(
        self,
        software_type: str,
        version: str,
        *,
        base: str | None = None,
        hardware: Sequence[str] | None = None,
        min_version: str = "",
        must_pass_through: bool = False,
        revision: str = "",
        notes: str = "",
        extra_info: Json = None,
    ) -> int:
        """Add a release; its id. `base` makes it a delta; `hardware` says who gets payloads (all that run the type)."""
        project = self.project
        there(project.types.get(software_type), f"software type {software_type!r}")
        release = project.new_release(version, software_type, base)
        release.min_version, release.revision, release.notes = min_version, revision, notes
        release.extra_info = extra_info
        run_it = [one.name for one in project.hardware.values() if software_type in one.types]
        for name in run_it if hardware is None else hardware:
            project.add_artifact(release, name, must_pass_through=must_pass_through)
        return project.put_release(release).id

    @verb
    def add_component(self, software_type: str, version: str) -> None:
        """Add a software type that is the primary one of no hardware, with a version of its own."""
        if software_type in self.project.types:
            raise ValueError(f"there is a software type {software_type!r} already")
        self.project.add_type(software_type)
        self.project.note_version(software_type, version)

    @verb
    def add_payload(self, version: str, hardware: str, filename: str) -> None:
        """Add a payload to a release, a further one where that hardware has one."""
        self.project.add_artifact(self._release(version), hardware, filename=filename)

    # --- activations -------------------------------------------------------------------------------------------------

    @verb
    def activate(self, cohort: str, version: VersionGiven, percent: int = 100, person: str = PERSON) -> int:
        """Activate a release as a person of this name does in the console; the id of what is in force from now on."""
        found, release = self._cohort(cohort), self._release(version)
        known = self.activations.active(found, release)
        if known is not None:
            return known.id
        deployer = (2, ADDRESS, person)
        made = self.activations.draft(found, release, None if percent == 100 else percent, deployer=deployer)
        self.activations.put(made)
        return made.id

    @verb
    def pull(self, cohort: str, version: VersionGiven) -> None:
        """Pull a release that is active for a cohort."""
        found, release = self._cohort(cohort), self._release(version)
        active = self.activations.active(found, release)
        if active is None:
            raise LookupError(f"{release.name} is not active for the cohort {cohort!r}")
        self.activations.pull(active)

    # --- access ------------------------------------------------------------------------------------------------------

    @verb
    def expire_tokens(self) -> None:
        """End the validity of every token and key."""
        self.access.expire_tokens()

    @verb
    def grant(self, token: str) -> None:
        """Make an organization token valid."""
        self.access.grant(token)

    # --- what is true ------------------------------------------------------------------------------------------------

    @locked
    def state(self) -> list[dict[str, Json]]:
        """A row for each cohort and software type.

        `active` full versions, highest first; `assigned`, the highest; `staged`, its percentage (0 to 100) or null;
        `devices` whose primary type it is; how many were last seen with which of `versions`; how many are `silent`.
        """
        cohorts = self.project.cohorts.values()
        return [self._row(cohort, workload) for cohort in cohorts for workload in self.project.types.values()]

    def _row(self, cohort: Cohort, workload: SoftwareType) -> dict[str, Json]:
        devices = [d for d in cohort.devices.values() if d.hardware.primary == workload.name]
        active = highest_first(self.project, cohort, workload.name)
        return {
            "cohort": cohort.slug,
            "software_type": workload.name,
            "active": [one.release.version for one in active],
            "assigned": active[0].release.version if active else None,
            "staged": active[0].percent if active and active[0].type == STAGED else None,
            "devices": len(devices),
            "versions": dict(Counter(d.reported for d in devices if d.reported is not None)),
            "silent": sum(not d.online for d in devices),
        }

    # --- faults that change the world --------------------------------------------------------------------------------

    def swap_a_device(self) -> None:
        """Delete one device and add another one like it: totals agree, yet rows have moved."""
        devices = list(self.project.devices.values())
        if devices:
            old = self.faults.random.choice(devices)
            self.delete_device(old.serial)
            serial = f"{old.serial}-r{next(self.project.ids)}"
            self.add_device(old.cohort.slug, old.hardware.name, old.reported, serial)

    def make_a_deployment(self) -> bool:
        """Activate, for some cohort, a release below the highest active one: rows move, and no device does."""
        project = self.project
        choices = [
            (cohort.slug, release.version)
            for cohort in project.cohorts.values()
            for name in project.types
            if (active := highest_first(project, cohort, name))
            for release in project.releases.values()
            if release.base is None and release.software_type == name and release.artifacts
            if all(one.release is not release for one in active)
            if self._below(release.version, active[0].release.version)
        ]
        if choices:
            self.activate(*self.faults.random.choice(choices))
        return bool(choices)

    def _below(self, version: str, other: str) -> bool:
        key = order_of((version, other), self.project.variants["version-order"])
        return key(version) < key(other)

    def delete_named(self, named: object) -> bool:
        """Delete a cohort that a write names, and say whether it could go."""
        cohort = self.project.cohort(named)
        if cohort is None or cohort.slug == DEFAULT:
            return False
        self.delete_cohort(cohort.slug)
        return True

    # --- looking things up -------------------------------------------------------------------------------------------

    def _device(self, serial: str) -> Device:
        return there(self.project.devices.get(serial), f"device {serial!r}")

    def _cohort(self, slug: str) -> Cohort:
        return there(self.project.cohort(slug), f"cohort {slug!r}")

    def _release(self, version: VersionGiven) -> Release:
        base, name = (None, version) if isinstance(version, str) else (version[0], version[-1])
        return there(self.project.releases.get((base, name)), f"release {version!r}")


def highest_first(project: Project, cohort: Cohort, software_type: str) -> list[Deployment]:
    """The full releases of a software type that are active for a cohort, the highest version first."""
    active = project.activations(cohort)
    full = [one for one in active if one.release.software_type == software_type and one.release.base is None]
    key = order_of((one.release.version for one in full), project.variants["version-order"])
    return sorted(full, key=lambda one: key(one.release.version), reverse=True)
