"""Activating and pulling releases, and devices that look for updates: each takes what the rule gives it.

Devices look `settle` seconds after something changed. A staged rollout reaches a random part of the cohort, drawn anew for
every activation (confirmed: MDX docs/platform/ota.mdx); that a raised percentage only adds devices is inferred. A failing
device keeps what it has and its last install says so. Every software type of a device is looked after, while only the
primary one is shown.
"""

from collections.abc import Iterable
from hashlib import blake2b

from reconciler.simulators.exchange import Json
from reconciler.simulators.memfault.inventory import (
    FAILURE,
    NORMAL,
    PULLED,
    STAGED,
    SUCCESS,
    Cohort,
    Deployment,
    Device,
    Install,
    Release,
)
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.selection import Offer, Rules, choose


class Updates:
    """Plays all devices of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def cohort_changed(self, cohort: Cohort) -> None:
        """What is active for a cohort, or how, has changed: all its devices look after they settled."""
        self.project.later(self.project.settle, lambda: self.check(list(cohort.devices.values())))

    def device_changed(self, device: Device) -> None:
        """A device has come online, joined another cohort or can do more: it looks after it settled."""
        self.project.later(self.project.settle, lambda: self.check([device]))

    def check(self, devices: Iterable[Device]) -> None:
        """Let these devices look for updates now; those that took one look again later, for the next step."""
        offers = _Offers(self.project)
        moved = [device for device in devices if self._looks(device) and self._took_any(device, offers)]
        if moved:
            self.project.later(self.project.settle, lambda: self.check(moved))

    def arrive(self, devices: Iterable[Device]) -> None:
        """Have these devices run, at once and without a trace, what the rule leads them to."""
        offers = _Offers(self.project)
        for device in devices:
            for software_type in device.running:
                while release := offers.best(device, software_type, device.running[software_type]):
                    device.running[software_type] = release.version

    def offered(self, device: Device, software_type: str, current: str | None) -> Release | None:
        """What the service has for a device that runs `current`."""
        return _Offers(self.project).best(device, software_type, current)

    def _looks(self, device: Device) -> bool:
        """Whether a device is there to look; one that has just taken something will look by itself once it settled."""
        if not device.online or self.project.devices.get(device.serial) is not device:
            return False
        last = device.install
        return (
            last is None
            or last.status == FAILURE
            or self.project.now() >= last.ended + round(self.project.settle * 1000)
        )

    def _took_any(self, device: Device, offers: "_Offers") -> bool:
        """Look for every software type, whatever the ones before have taken."""
        return sum(self._look(device, name, offers) for name in device.running) > 0

    def _look(self, device: Device, software_type: str, offers: "_Offers") -> bool:
        current = device.running[software_type]
        release = offers.best(device, software_type, current)
        if release is None:
            return False
        project, now = self.project, self.project.now()
        status = FAILURE if device.failing else SUCCESS
        device.install, device.seen = Install(next(project.ids), status, now), now
        if device.failing:
            project.touch(device)
            return False
        project.report(device, software_type, release.version)
        return True


class _Offers:
    """What is active, gathered once for many devices that look at the same moment."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.variants = project.variants
        self._gathered: dict[tuple[int, str, str], list[tuple[Deployment, Offer]]] = {}
        self._chosen: dict[tuple[int, str | None, tuple[int, ...]], Offer | None] = {}

    def best(self, device: Device, software_type: str, current: str | None) -> Release | None:
        """The release that the rule gives a device for one software type."""
        cohort = device.cohort
        if not cohort.updates_enabled:
            return None
        mine = [
            (deployment, offer)
            for deployment, offer in self._offers(cohort, software_type, device.hardware.name)
            if reaches(self.project, deployment, device.serial)
        ]
        key = cohort.id, current, tuple(deployment.id for deployment, _ in mine)
        if key not in self._chosen:
            rules = Rules(
                self.variants["version-order"],
                self.variants["min-version"] == "respected",
                cohort.bypass_version_checks,
            )
            self._chosen[key] = choose(current, [offer for _, offer in mine], rules)
        chosen = self._chosen[key]
        return None if chosen is None else self.project.releases[chosen.base, chosen.version]

    def _offers(self, cohort: Cohort, software_type: str, hardware: str) -> list[tuple[Deployment, Offer]]:
        key = cohort.id, software_type, hardware
        if key not in self._gathered:
            self._gathered[key] = [
                (deployment, Offer(release.version, release.base, payload.must_pass_through, release.min_version))
                for deployment in self.project.activations(cohort)
                if (release := deployment.release).software_type == software_type
                and (payload := release.payload(hardware)) is not None
            ]
        return self._gathered[key]


def reaches(project: Project, deployment: Deployment, serial: str) -> bool:
    """Whether an activation is for a device: always, or by the draw of a staged rollout."""
    if deployment.type != STAGED:
        return True
    draw = blake2b(f"{project.number} {deployment.id} {serial}".encode(), digest_size=4).digest()
    return int.from_bytes(draw) % 10_000 < deployment.percent * 100


class Activations:
    """Changes what is active, as the API and people in the console do alike, and lets the devices know."""

    def __init__(self, project: Project, updates: Updates) -> None:
        self.project = project
        self.updates = updates

    def active(self, cohort: Cohort, release: Release) -> Deployment | None:
        """The activation of a release that is in force for a cohort."""
        return next((one for one in self.project.activations(cohort) if one.release is release), None)

    def draft(
        self,
        cohort: Cohort,
        release: Release,
        percent: int | None,
        extra_info: Json = None,
        deployer: tuple[int, str, str] | None = None,
    ) -> Deployment:
        """An activation that is not there yet; a percentage makes it a staged rollout.

        A normal one shows 0 % (confirmed: SW example).
        """
        now, kind = self.project.now(), NORMAL if percent is None else STAGED
        status = self.project.variants["activation-status"]
        number = next(self.project.ids)
        return Deployment(number, kind, status, percent or 0, release, cohort, now, now, extra_info, deployer)

    def put(self, deployment: Deployment) -> None:
        """Have an activation be there; one whose cohort has gone meanwhile comes to nothing."""
        cohort = deployment.cohort
        if self.project.cohorts.get(cohort.slug) is not cohort:
            return
        self.project.deployments[deployment.id] = deployment
        cohort.last_deployment = deployment.created
        self.updates.cohort_changed(cohort)

    def pull(self, deployment: Deployment) -> None:
        """End an activation: devices keep what they have. What is left of it to be seen is a variant."""
        left = self.project.variants["pull-status"]
        if left == "removed":
            self.project.deployments.pop(deployment.id, None)
            deployment.status = PULLED
        else:
            deployment.status = left
            self._changed(deployment)

    def set_percent(self, deployment: Deployment, percent: int) -> None:
        """Let a staged rollout reach another part of its cohort."""
        deployment.percent = percent
        self._changed(deployment)

    def _changed(self, deployment: Deployment) -> None:
        deployment.updated = self.project.now()
        self.updates.cohort_changed(deployment.cohort)
