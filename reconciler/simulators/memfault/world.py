"""The simulated world as tests and demos hold it: what people and devices do besides the API.

Every method may be called from any thread, and is the same thing as the verb of that name under `/simulator/`. Cohorts
are given by slug, devices by serial, releases by version or, for a delta, by a pair. What is not there raises
`LookupError`, what may not be `ValueError`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from reconciler.simulators.exchange import Json
from reconciler.simulators.memfault.access import Access
from reconciler.simulators.memfault.activations import Activations
from reconciler.simulators.memfault.faults import Faults
from reconciler.simulators.memfault.inventory import DEFAULT, STAGED, Cohort, Deployment, Device, Release, SoftwareType
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.updates import Updates
from reconciler.simulators.memfault.versions import order_of

P = ParamSpec("P")
R = TypeVar("R")

VersionGiven: TypeAlias = str | Sequence[str]


def _locked(method: "Callable[Concatenate[MemfaultWorld, P], R]") -> "Callable[Concatenate[MemfaultWorld, P], R]":
    @wraps(method)
    def locked(self: "MemfaultWorld", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.project.advance()
            return method(self, *args, **kwargs)

    return locked


class MemfaultWorld:
    """A project, its devices, who may call it, and the faults between it and its callers."""

    def __init__(self, project: Project, faults: Faults) -> None:
        self.lock = threading.RLock()
        self.project = project
        self.updates = Updates(project)
        self.activations = Activations(project, self.updates)
        self.access = Access()
        self.faults = faults

    # --- devices -----------------------------------------------------------------------------------------------------

    @_locked
    def set_online(self, device: str, online: bool) -> None:
        """Connect or disconnect a device; one that returns looks for updates."""
        found = self._device(device)
        found.online = online
        if online:
            found.seen = self.project.now()
            self.updates.device_changed(found)
        self.project.touch(found)

    @_locked
    def set_failing(self, device: str, failing: bool) -> None:
        """Let a device fail, or no longer fail, to install any update from now on."""
        found = self._device(device)
        found.failing = failing
        if not failing:
            self.updates.device_changed(found)

    @_locked
    def add_device(self, cohort: str, hardware: str, version: str | None = None, serial: str | None = None) -> str:
        """Add a device that is online and runs a version, or that was never heard of; its serial."""
        project = self.project
        if hardware not in project.hardware:
            raise LookupError(f"there is no hardware version {hardware!r}")
        serial = serial or f"NEW{len(project.devices):05d}-{project.revision}"
        device = project.add_device(serial, project.hardware[hardware], self._cohort(cohort))
        if version is not None:
            device.online = True
            project.report(device, device.hardware.primary, version)
            self.updates.device_changed(device)
        return device.serial

    @_locked
    def delete_device(self, device: str) -> None:
        """Delete a device."""
        self.project.remove_device(self._device(device))

    @_locked
    def move_device(self, device: str, cohort: str) -> None:
        """Put a device into another cohort, whose active releases it looks at."""
        found = self._device(device)
        self.project.move(found, self._cohort(cohort))
        self.updates.device_changed(found)

    @_locked
    def set_reported(self, device: str, version: str) -> None:
        """Have a device say that it runs a version, whatever it was offered; it looks from there once it settled."""
        found = self._device(device)
        self.project.report(found, found.hardware.primary, version)
        self.updates.device_changed(found)

    # --- cohorts and releases ----------------------------------------------------------------------------------------

    @_locked
    def add_cohort(self, name: str, slug: str | None = None) -> str:
        """Add a cohort; its slug."""
        return self.project.add_cohort(name, slug).slug

    @_locked
    def delete_cohort(self, slug: str) -> None:
        """Delete a cohort; its devices join the default one."""
        found = self._cohort(slug)
        if found.slug == DEFAULT:
            raise ValueError("the default cohort cannot be deleted")
        devices = list(found.devices.values())
        self.project.remove_cohort(found)
        for device in devices:
            self.updates.device_changed(device)

    @_locked
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
        if software_type not in project.types:
            raise LookupError(f"there is no software type {software_type!r}")
        release = project.new_release(version, software_type, base)
        release.min_version, release.revision, release.notes = min_version, revision, notes
        release.extra_info = extra_info
        run_it = [one.name for one in project.hardware.values() if software_type in one.types]
        for name in run_it if hardware is None else hardware:
            project.add_artifact(release, name, must_pass_through=must_pass_through)
        return project.put_release(release).id

    @_locked
    def delete_release(self, version: VersionGiven) -> None:
        """Delete a release with everything that activates it."""
        project, release = self.project, self._release(version)
        del project.releases[release.base, release.version]
        project.deployments = {n: d for n, d in project.deployments.items() if d.release is not release}

    # --- activations -------------------------------------------------------------------------------------------------

    @_locked
    def activate(self, cohort: str, version: VersionGiven, percent: int = 100) -> int:
        """Activate a release as a person in the console does; the id of what is in force from now on."""
        found, release = self._cohort(cohort), self._release(version)
        known = self.activations.active(found, release)
        if known is not None:
            return known.id
        made = self.activations.draft(found, release, None if percent == 100 else percent)
        self.activations.put(made)
        return made.id

    @_locked
    def pull(self, cohort: str, version: VersionGiven) -> None:
        """Pull a release that is active for a cohort."""
        found, release = self._cohort(cohort), self._release(version)
        active = self.activations.active(found, release)
        if active is None:
            raise LookupError(f"{release.name} is not active for the cohort {cohort!r}")
        self.activations.pull(active)

    @_locked
    def set_status(self, deployment: int, status: str) -> None:
        """Give a deployment any status word; only in_progress and done are in force."""
        found = self.project.deployments.get(deployment)
        if found is None:
            raise LookupError(f"there is no deployment {deployment}")
        self.activations.set_status(found, status)

    # --- access ------------------------------------------------------------------------------------------------------

    @_locked
    def expire_tokens(self) -> None:
        """End the validity of every token and key."""
        self.access.expire_tokens()

    @_locked
    def revoke(self, token: str) -> None:
        """End the validity of one token or key."""
        self.access.revoke(token)

    @_locked
    def grant(self, token: str, restricted: bool = False) -> None:
        """Make an organization token valid; a restricted one may only upload symbols."""
        self.access.grant(token, restricted=restricted)

    # --- what is true ------------------------------------------------------------------------------------------------

    @_locked
    def state(self) -> list[dict[str, Json]]:
        """A row for each cohort and software type.

        `active` full versions, highest first; `told`, the highest; `staged`, its percentage (0 to 100) or null;
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
            "told": active[0].release.version if active else None,
            "staged": active[0].percent if active and active[0].type == STAGED else None,
            "devices": len(devices),
            "versions": dict(Counter(d.reported for d in devices if d.reported is not None)),
            "silent": sum(not d.online for d in devices),
        }

    def _device(self, serial: str) -> Device:
        if serial not in self.project.devices:
            raise LookupError(f"there is no device {serial!r}")
        return self.project.devices[serial]

    def _cohort(self, slug: str) -> Cohort:
        found = self.project.cohort(slug)
        if found is None:
            raise LookupError(f"there is no cohort {slug!r}")
        return found

    def _release(self, version: VersionGiven) -> Release:
        base, name = (None, version) if isinstance(version, str) else (version[0], version[-1])
        found = self.project.releases.get((base, name))
        if found is None:
            raise LookupError(f"there is no release {version!r}")
        return found


def highest_first(project: Project, cohort: Cohort, software_type: str) -> list[Deployment]:
    """The full releases of a software type that are active for a cohort, the highest version first."""
    active = project.activations(cohort)
    full = [one for one in active if one.release.software_type == software_type and one.release.base is None]
    key = order_of((one.release.version for one in full), project.variants["version-order"])
    return sorted(full, key=lambda one: key(one.release.version), reverse=True)
