"""One simulated world of each platform under one clock, each as what a judge of requirements must know of it.

Three sites have the same three places: unit number N of each bears the tag of place N. What a slot holds is read from
the worlds themselves; nothing of the platforms' adapters judges.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.platform import factory
from reconciler.ports import Platform
from reconciler.simulators import losant as losant_world
from reconciler.simulators.exchange import Request
from reconciler.simulators.losant.access import FULL
from tests.laws.worlds import Clock, Wire

TAG = "cohort"
"""The tag that joins units of different platforms: Memfault's cohorts bear no other one that people could choose."""

COHORTS = ("default", "beta", "internal-testing")
RELEASES = ("1.0.0", "1.1.0", "1.2.0")
"""Every workload of every platform has these versions."""

URL = "http://127.0.0.1"
SETTLE = 1.0
TOKEN = "oat-law-token"

Slot = tuple[str, str]
"""(workload name, unit id)."""

Variants = Mapping[str, str]


@dataclass(frozen=True)
class Truth:
    """What a slot holds: versions the platform was told and that may still come, versions that run.

    `whole`: everybody who is there to run something runs something.
    """

    told: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    whole: bool = True

    @property
    def there(self) -> bool:
        return bool(self.told or self.runs)

    def meets(self, accepted: frozenset[str]) -> bool:
        return self.whole and bool(self.told) and bool(self.runs) and self.told | self.runs <= accepted


NOTHING = Truth()


@dataclass(frozen=True)
class Step:
    """What one call does to one slot: the version it gives; where it gives none, what is told before and after it."""

    slot: Slot
    gives: str | None
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def spoils(self, accepted: frozenset[str]) -> bool:
        """Return whether it takes what is accepted away, or puts another version in its place."""
        if self.gives is not None:
            return self.gives not in accepted
        return not self.after & accepted and bool(self.before & accepted or not self.after)


def told(version: str | None) -> frozenset[str]:
    """Return a version as a set."""
    return frozenset() if version is None else frozenset({version})


class Site(ABC):
    """One connection: its simulator, the platform in front of it, and what is true there."""

    workloads: tuple[str, ...]
    count = 3
    """How many units there are."""

    def __init__(self, simulator: Any, clock: Clock) -> None:
        self.clock = clock
        self.simulator = simulator
        self.wire = Wire(simulator, clock)

    @property
    @abstractmethod
    def spec(self) -> ConnectionSpec: ...

    @property
    @abstractmethod
    def units(self) -> list[str]: ...

    @abstractmethod
    def platform(self) -> Platform: ...

    @abstractmethod
    def truths(self) -> dict[Slot, Truth]: ...

    @abstractmethod
    def tags(self) -> dict[str, frozenset[str]]:
        """Return the values of the tag that units bear."""

    @abstractmethod
    def steps(self, request: Request, before: Mapping[Slot, Truth]) -> list[Step]:
        """Return what a write, still to be carried out, does."""

    # --- what people and devices do ----------------------------------------------------------------------------------

    @abstractmethod
    def run(self, workload: str, unit: str, version: str | None) -> None:
        """Have a slot hold and run this version alone, soon."""

    @abstractmethod
    def tell(self, workload: str, unit: str, version: str | None) -> None:
        """Have a person ask for a version."""

    @abstractmethod
    def retag(self, unit: str, values: list[str]) -> None:
        """Tie a unit to other places."""

    @abstractmethod
    def away(self, unit: str, away: bool) -> None:
        """Let a unit go offline, or come back."""

    def late(self, workload: str, unit: str, version: str | None) -> None:
        """Have a person ask for a version, or for none, and the unit go offline before it hears of that."""
        self.tell(workload, unit, version)
        self.away(unit, True)

    @abstractmethod
    def silence(self, unit: str) -> None:
        """Let a unit have been silent for days."""

    @abstractmethod
    def fail(self, unit: str, failing: bool) -> None:
        """Let a unit fail to take versions, or no longer fail."""

    def look(self) -> None:  # noqa: B027 - most platforms tell their devices
        """Have all devices look for what is new."""

    @abstractmethod
    def odd(self, workload: str, unit: str, number: int) -> None:
        """Have a person do what only this platform has."""


class Plant(Site):
    """A Losant application: gateways and two workflows."""

    workloads = ("modbus-poller", "vision")

    def __init__(self, clock: Clock, variants: Variants) -> None:
        shape = losant_world.Shape(units=self.count, workloads=2, versions=3, offline=0.0, failing=0.0, settle=SETTLE)
        simulator = losant_world.simulator(shape, clock=clock, variants=losant_world.Variants(dict(variants)))
        super().__init__(simulator, clock)
        self.crowded = False  # whether somebody nobody knew of has the old version whenever a wide call comes
        self.world = simulator.world
        self.names = {flow.id: flow.name for flow in self.world.app.flows if flow.name in self.workloads}
        for flow in self.workloads:
            for release in RELEASES:
                self.world.create_version(flow, release)
        for number, unit in enumerate(self.units):
            self.world.set_agent(unit, "9.0.0")
            self.retag(unit, [COHORTS[number % 3]])

    @property
    def _spec(self) -> LosantConnection:
        quick = Requests(concurrency=1)
        return LosantConnection(application=self.world.app.id, token=Secret(env="TOKEN"), url=URL, requests=quick)

    @property
    def spec(self) -> ConnectionSpec:
        return ConnectionSpec("losant", self._spec)

    @property
    def units(self) -> list[str]:
        return [one.id for one in self.world.app.devices if one.deleted is None and one.device_class == "edgeCompute"]

    def platform(self) -> Platform:
        return factory(self._spec, lambda secret: FULL, self.clock, transport=self.wire)

    def truths(self) -> dict[Slot, Truth]:
        return {
            (self.names[str(row["flowId"])], str(row["deviceId"])): Truth(told(row["desired"]), told(row["current"]))
            for row in self.world.state()
            if row["flowId"] in self.names
        }

    def tags(self) -> dict[str, frozenset[str]]:
        tags = {one.id: one.tags for one in self.world.app.devices}
        return {unit: frozenset(value for key, value in tags[unit] if key == TAG) for unit in self.units}

    def steps(self, request: Request, before: Mapping[Slot, Truth]) -> list[Step]:
        body = json.loads(request.body)
        flow, version = self.names[body["flowId"]], body.get("version", body.get("newVersion"))
        given = body.get("deviceIds") or ([body["deviceId"]] if "deviceId" in body else [])
        old = body.get("oldVersion")
        if old is None:
            return [Step((flow, unit), version) for unit in given]
        holders = [unit for (name, unit), now in before.items() if name == flow and old in now.told | now.runs]
        if self.crowded:
            holders.append(self.world.add_device(f"newcomer-{len(self.world.app.devices)}", agent="9.0.0"))
            self.world.console(holders[-1], flow, old)
        return [Step((flow, unit), version) for unit in holders]

    def run(self, workload: str, unit: str, version: str | None) -> None:
        self.world.console(unit, workload, version)

    def tell(self, workload: str, unit: str, version: str | None) -> None:
        self.world.console(unit, workload, version)

    def retag(self, unit: str, values: list[str]) -> None:
        self.world.set_tags(unit, [(TAG, value) for value in values])

    def away(self, unit: str, away: bool) -> None:
        self.world.set_online(unit, online=not away)

    def silence(self, unit: str) -> None:
        self.away(unit, True)

    def fail(self, unit: str, failing: bool) -> None:
        self.world.set_failing(unit, failing)

    def odd(self, workload: str, unit: str, number: int) -> None:
        """Make a version again: its content is another one, which devices are to fetch."""
        self.world.create_version(workload, RELEASES[number % 3])
