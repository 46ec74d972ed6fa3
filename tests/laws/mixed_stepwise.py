"""The sites of the platforms whose changes take several calls: a CDN master of GetApp, and a Memfault project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.platforms.getapp import platform as getapp
from reconciler.platforms.getapp.connection import GetAppConnection
from reconciler.platforms.memfault import platform as memfault
from reconciler.platforms.memfault.connection import MemfaultConnection
from reconciler.ports import Platform
from reconciler.simulators import getapp as getapp_world
from reconciler.simulators import memfault as memfault_world
from reconciler.simulators.exchange import Request
from reconciler.simulators.getapp.agents import NotAllowed
from reconciler.simulators.getapp.fleet import GONE, INSTALLED
from reconciler.simulators.memfault.generate import DAY
from reconciler.simulators.memfault.inventory import NORMAL, Device
from reconciler.simulators.memfault.world import highest_first
from tests.contract.subjects_getapp import action_routes
from tests.laws.mixed_sites import COHORTS, NOTHING, RELEASES, SETTLE, TAG, URL, Site, Slot, Step, Truth, Variants, told
from tests.laws.worlds import Clock

TOKEN = "oat-law-token"


class Yard(Site):
    """A CDN master of GetApp with two more devices, and two projects of which nothing depends on anything."""

    workloads = ("radio", "maps")

    def __init__(self, clock: Clock, variants: Variants) -> None:
        shape = getapp_world.Shape(units=self.count, workloads=1, versions=3, offline=0.0, failing=0.0, settle=SETTLE)
        self.variants = dict(variants)
        simulator = getapp_world.simulator(shape, clock=clock, variants=getapp_world.Variants(self.variants))
        super().__init__(simulator, clock)
        self.world = simulator.world
        for release in RELEASES:
            self.world.add_release("maps", release, auto_deploy=release == RELEASES[1])
        for number, unit in enumerate(self.units):
            self.retag(unit, [COHORTS[number % 3]])

    @property
    def _spec(self) -> GetAppConnection:
        names = self.variants.get("cdn-action-body", "catalogId+deviceIds").split("+")
        return GetAppConnection(agent=URL, routes=action_routes(*names), requests=Requests(concurrency=1))

    @property
    def spec(self) -> ConnectionSpec:
        return ConnectionSpec("getapp", self._spec)

    @property
    def units(self) -> list[str]:
        return list(self.world.fleet.devices)

    def platform(self) -> Platform:
        return getapp.factory(self._spec, lambda secret: "", self.clock, transport=self.wire)

    def truths(self) -> dict[Slot, Truth]:
        """A download waits to be installed by itself or by anybody: it counts as told, as whatever is under way does."""
        found = {}
        for row in self.world.state():
            live = [one for one in row["rows"] if one["state"] not in GONE]
            runs = frozenset(one["version"] for one in live if one["state"] == INSTALLED)
            found[row["project"], row["device"]] = Truth(frozenset(one["version"] for one in live), runs)
        return found

    def tags(self) -> dict[str, frozenset[str]]:
        return {unit: told(one.labels.get(TAG)) for unit, one in self.world.fleet.devices.items()}

    def steps(self, request: Request, before: Mapping[Slot, Truth]) -> list[Step]:
        body = json.loads(request.body)
        values = [value for value in body.values() if isinstance(value, str) and "@" in value]
        (ids,) = (value for value in body.values() if isinstance(value, list))
        release = self.world.fleet.catalog.releases[values[0]]
        slots = [(release.project.name, unit) for unit in ids]
        if body["action"] == "Push":
            return []  # it only lets the device know
        if body["action"] in {"DeliveryStart", "DeployStart"}:
            return [Step(slot, release.version) for slot in slots]
        held = {slot: before.get(slot, NOTHING).told for slot in slots}
        return [Step(slot, None, held[slot], held[slot] - {release.version}) for slot in slots]

    def run(self, workload: str, unit: str, version: str | None) -> None:
        device = self.world.device(unit)
        for catalog_id, held in list(device.rows.items()):
            if held.release.project.name == workload:
                device.frozen.discard(catalog_id)
                del device.rows[catalog_id]
        if version is not None:
            self.world.console(unit, workload, version)

    def tell(self, workload: str, unit: str, version: str | None) -> None:
        device = self.world.device(unit)
        if version is not None and device.online:
            self.world.state()  # lets the world go on
            with suppress(NotAllowed):
                self.world.agents.deliver(device, self.world.fleet.catalog.projects[workload].releases[version])

    def odd(self, workload: str, unit: str, number: int) -> None:
        """Pause, cancel or delete whatever is there of one version."""
        for row in self.world.state():
            if (row["project"], row["device"]) == (workload, unit):
                catalog_id = row["rows"][number % len(row["rows"])]["catalogId"]
                device, release = self.world.device(unit), self.world.fleet.catalog.releases[catalog_id]
                act = (self.world.agents.pause, self.world.agents.cancel, self.world.agents.delete)[number % 3]
                with suppress(NotAllowed):
                    act(device, release)

    def retag(self, unit: str, values: list[str]) -> None:
        labels = self.world.fleet.devices[unit].labels
        labels.pop(TAG, None)
        if values:
            labels[TAG] = values[0]

    def away(self, unit: str, away: bool) -> None:
        if self.world.fleet.devices[unit] is not self.world.fleet.master:
            self.world.set_online(unit, not away)

    def silence(self, unit: str) -> None:
        if self.world.fleet.devices[unit] is not self.world.fleet.master:
            self.world.set_inactive(unit, True)

    def fail(self, unit: str, failing: bool) -> None:
        self.world.set_failing(unit, failing)


class Field(Site):
    """A Memfault project: three cohorts of two devices, one software type. Cohorts let devices go back."""

    workloads = ("main-fw",)
    devices = 6
    """How many there are in all."""

    def __init__(self, clock: Clock, variants: Variants) -> None:
        shape = memfault_world.Shape(
            units=3, workloads=1, versions=3, offline=0.0, failing=0.0, settle=SETTLE, devices=self.devices
        )
        simulator = memfault_world.simulator(shape, clock=clock, variants=memfault_world.Variants(dict(variants)))
        super().__init__(simulator, clock)
        self.world = simulator.world
        self.world.grant(TOKEN)
        self.coming: set[tuple[str, str]] = set()  # (cohort, version), activated but not yet in force: a variant
        for cohort in self.world.project.cohorts.values():
            cohort.bypass_version_checks = True

    @property
    def _spec(self) -> MemfaultConnection:
        project = self.world.project
        return MemfaultConnection(
            organization=project.organization,
            project=project.slug,
            token=Secret(env="TOKEN"),
            url=URL,
            requests=Requests(concurrency=1),
        )

    @property
    def spec(self) -> ConnectionSpec:
        return ConnectionSpec("memfault", self._spec)

    @property
    def units(self) -> list[str]:
        return list(self.world.project.cohorts)

    def platform(self) -> Platform:
        return memfault.factory(self._spec, lambda secret: TOKEN, self.clock, transport=self.wire)

    def truths(self) -> dict[Slot, Truth]:
        """A version counts as told while devices may be given it: the highest, and below a staged one the next."""
        found = {}
        for row in self.world.state():
            slot = str(row["software_type"]), str(row["cohort"])
            members = self.world.project.cohorts[slot[1]].devices.values()
            runs = frozenset(one.reported for one in members if one.reported is not None)
            whole = all(one.reported is not None for one in members if one.online)
            found[slot] = Truth(self._told(slot[1]), runs, whole)
        return found

    def _told(self, cohort: str, but: int | None = None) -> frozenset[str]:
        rungs = highest_first(self.world.project, self.world.project.cohorts[cohort], self.workloads[0])
        self.coming -= {(cohort, one.release.version) for one in rungs}
        rungs = [one for one in rungs if one.id != but]
        full = next((place for place, one in enumerate(rungs) if one.type == NORMAL), len(rungs))
        coming = {version for slug, version in self.coming if slug == cohort}
        return frozenset(coming).union(one.release.version for one in rungs[: full + 1])

    def tags(self) -> dict[str, frozenset[str]]:
        return {unit: told(unit) for unit in self.units}

    def steps(self, request: Request, before: Mapping[Slot, Truth]) -> list[Step]:
        if request.method == "POST":
            body = json.loads(request.body)
            self.coming.add((body["cohort"], body["release"]))
            return [Step((self.workloads[0], body["cohort"]), body["release"])]
        number = int(request.path.rpartition("/")[2])
        one = self.world.project.deployments.get(number)
        if one is None:
            return []
        slot = self.workloads[0], one.cohort.slug
        if request.method == "PATCH":
            return [Step(slot, one.release.version)]
        return [Step(slot, None, self._told(slot[1]), self._told(slot[1], but=number))]

    def run(self, workload: str, unit: str, version: str | None) -> None:
        """Nothing takes a version off a device again: none is the first one, with nothing active."""
        self.tell(workload, unit, None)
        for device in self._members(unit):
            self.world.set_reported(device.serial, version or RELEASES[0])
        self.tell(workload, unit, version)

    def tell(self, workload: str, unit: str, version: str | None) -> None:
        if version is not None:
            self.world.activate(unit, version)
            return
        self.coming = {one for one in self.coming if one[0] != unit}
        for one in self.world.project.activations(self.world.project.cohorts[unit]):
            self.world.activations.pull(one)

    def odd(self, workload: str, unit: str, number: int) -> None:
        """Pull, stage, move a device in or add one that was never heard of."""
        rungs = highest_first(self.world.project, self.world.project.cohorts[unit], self.workloads[0])
        if number % 4 == 0 and rungs:
            self.world.activations.pull(rungs[0])
        elif number % 4 == 1:
            self.world.activate(unit, RELEASES[number % 3], 50)
        elif number % 4 == 2:
            self.world.move_device(f"SN{number % 6:04d}", unit)
        elif number % 4 == 3:
            self.world.add_device(unit, f"{workload}-evt")

    def retag(self, unit: str, values: list[str]) -> None:
        """A cohort is tied by its name."""

    def look(self) -> None:
        for device in self.world.project.devices.values():
            self.world.updates.device_changed(device)

    def away(self, unit: str, away: bool) -> None:
        for device in self._members(unit):
            self.world.set_online(device.serial, not away)

    def silence(self, unit: str) -> None:
        self.away(unit, True)
        for device in self._members(unit):
            device.seen = self.world.project.now() - 3 * DAY
            self.world.project.touch(device)

    def fail(self, unit: str, failing: bool) -> None:
        for device in self._members(unit)[1:]:
            self.world.set_failing(device.serial, failing)

    def _members(self, unit: str) -> list[Device]:
        return list(self.world.project.cohorts[unit].devices.values())
