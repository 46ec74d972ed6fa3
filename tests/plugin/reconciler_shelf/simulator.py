"""A store as a real HTTP server, written from the facts alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

import msgspec

from reconciler.simulators.clock import Clock, Timeline
from reconciler.simulators.control import SimulatedWorld, verb
from reconciler.simulators.exchange import Json, Reply, Request, json_object, json_reply
from reconciler.simulators.faults import LISTINGS, READS, WRITES
from reconciler.simulators.faults import Faults as AnyFaults
from reconciler.simulators.routes import Call as AnyCall
from reconciler.simulators.routes import Refusal, Route, route
from reconciler.simulators.simulator import Served as AnyServed
from reconciler.simulators.simulator import Simulator
from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

STORE, TOKEN = "store-7", "simulated-shelf-token"
PACKAGES = ("firmware", "labels", "radio", "sensors")


class Faults(AnyFaults):
    """What can go wrong here."""

    routes = ("shelves", "versions", "assign")


class Variants(AnyVariants):
    """What the facts leave open."""

    questions = (Question("unknown-shelves", ("ignore", "refuse"), "what a shelf that is not known does to a call"),)


@dataclass(frozen=True)
class Shape:
    """How the store looks: numbers of shelves, packages and versions; shares from 0 to 1; seconds to settle."""

    units: int = 20
    workloads: int = 2
    versions: int = 5
    seed: int = 1
    settle: float = 2.0
    offline: float = 0.05
    failing: float = 0.02


@dataclass
class Holding:
    """A package on a shelf."""

    assigned: str | None = None
    running: str | None = None
    since: float = 0.0
    error: str | None = None


@dataclass
class Shelf:
    """A shelf; a failing one never takes another version."""

    id: str
    aisle: str
    online: bool
    failing: bool
    packages: dict[str, Holding] = field(default_factory=dict)


class Store(SimulatedWorld):
    """The world: shelves that take what they are told, a while later."""

    def __init__(self, shape: Shape, clock: Clock, faults: Faults, variants: Variants) -> None:
        super().__init__(Timeline(clock), faults)
        self.shape, self.variants = shape, variants
        self.versions = [f"1.{minor}.0" for minor in range(shape.versions)]
        self.packages = PACKAGES[: shape.workloads]
        self.random = Random(shape.seed)
        self.shelves: dict[str, Shelf] = {}
        self.built = 0
        for _ in range(shape.units):
            self.add_shelf()

    def add_shelf(self) -> None:
        """Put up one more shelf, with something on it."""
        number, draw = self.built, self.random.random
        self.built += 1
        online, failing = draw() >= self.shape.offline, draw() < self.shape.failing
        shelf = Shelf(f"shelf-{number:04d}", f"aisle-{number % 4}", online, failing)
        for package in self.packages:
            old, new = self.versions[0], self.random.choice(self.versions[-2:])
            stuck = shelf.failing or not shelf.online
            shelf.packages[package] = Holding(new, old if stuck else new, self.timeline.seconds())
            if shelf.failing and old != new:
                shelf.packages[package].error = "checksum mismatch"
        self.shelves[shelf.id] = shelf

    def settle(self) -> None:
        """Let shelves take what they were told long enough ago."""
        now = self.timeline.seconds()
        for shelf in self.shelves.values():
            for one in shelf.packages.values():
                if one.assigned == one.running or not shelf.online or now - one.since < self.shape.settle:
                    continue
                if shelf.failing and one.assigned is not None:
                    one.error = "checksum mismatch"
                else:
                    one.running, one.error = one.assigned, None

    def assign(self, package: str, version: str | None, shelves: list[str]) -> None:
        """Tell shelves what they should have."""
        for name in shelves:
            one = self.shelves[name].packages[package] if name in self.shelves else Holding(version)
            if one.assigned != version or one.error:
                one.assigned, one.since, one.error = version, self.timeline.seconds(), None

    @verb
    def set_online(self, shelf: str, online: bool) -> None:
        """Connect or disconnect a shelf."""
        self.settle()
        self.shelves[shelf].online = online

    @verb
    def console(self, shelf: str, package: str, version: str) -> None:
        """Assign by hand."""
        self.settle()
        self.assign(package, version, [shelf])

    def state(self) -> list[Json]:
        """What is true, a row for each slot."""
        with self.lock:
            self.timeline.advance()
            self.settle()
            return [
                {"shelf": shelf.id, "package": package, "assigned": one.assigned, "running": one.running}
                for shelf in self.shelves.values()
                for package, one in shelf.packages.items()
            ]


class Call(AnyCall[Store]):
    """One call on its way."""


class ShelfSimulator(Simulator[Store]):
    """A store with its API in front of it."""

    def __init__(self, store: Store) -> None:
        base = f"/stores/{STORE}"
        routes = (
            route("shelves", "GET", f"{base}/shelves", self._shelves, READS, LISTINGS),
            route("versions", "GET", f"{base}/versions", self._versions, READS, LISTINGS),
            route("assign", "POST", f"{base}/assign", self._assign, WRITES),
        )
        super().__init__(store, routes, Call)
        self.store = store

    def admit(self, route: Route[Any], path: dict[str, str], request: Request) -> None:
        """Raise `Refusal` for who is not known."""
        del path
        self.store.settle()
        self.faults.expired = self.faults.expired or self.strikes("expire", route)
        if self.faults.expired or request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(self.refused(401, "the token is not known"))

    def shift(self, route: Route[Any]) -> None:
        """Swap a shelf for another one."""
        del route
        if self.store.shelves:
            del self.store.shelves[min(self.store.shelves)]
            self.store.add_shelf()

    def gone(self, path: Mapping[str, str], request: Request) -> bool:
        """Take down the first shelf that a call names."""
        del path
        named = (json_object(request.body) or {}).get("shelves", [])
        found = next((one for one in named if one in self.store.shelves), None)
        if found is not None:
            del self.store.shelves[found]
        return found is not None

    def refused(self, status: int, message: str) -> Reply:
        """An error of the server's shape."""
        return json_reply(status, {"message": message})

    def emptied(self, payload: Json) -> Json:
        """A list without rows."""
        return {key: 0 if key == "total" else [] for key in payload}

    def shortened(self, payload: Json) -> Json:
        """A list with rows missing while its total stays."""
        return {key: value[: len(value) // 2] if isinstance(value, list) else value for key, value in payload.items()}

    def _shelves(self, call: Call) -> Reply:
        del call
        rows = [
            {
                "id": one.id,
                "name": one.id.replace("shelf", "Shelf"),
                "aisle": one.aisle,
                "online": one.online,
                "packages": {name: vars(holding) for name, holding in one.packages.items()},
            }
            for one in self.store.shelves.values()
        ]
        return json_reply(200, {"total": len(rows), "shelves": rows})

    def _versions(self, call: Call) -> Reply:
        del call
        rows = [
            {"package": package, "version": version, "digest": sha256(f"{package} {version}".encode()).hexdigest()}
            for package in self.store.packages
            for version in self.store.versions
        ]
        return json_reply(200, {"total": len(rows), "versions": rows})

    def _assign(self, call: Call) -> Reply:
        body = msgspec.json.decode(call.request.body)
        package, version, shelves = body["package"], body["version"], body["shelves"]
        if package not in self.store.packages or version not in {None, *self.store.versions}:
            raise Refusal(self.refused(422, f"there is no {package} {version}"))
        if self.store.variants["unknown-shelves"] == "refuse" and not set(shelves) <= set(self.store.shelves):
            raise Refusal(self.refused(422, "a shelf is not known"))
        act = partial(
            self.store.assign, package, version, self.faults.without_some(shelves) if call.partial else shelves
        )
        self.store.timeline.later(self.faults.lag_for if call.lag else 0.0, act)
        return json_reply(200, {"accepted": len(shelves)})


def simulator(
    shape: Shape, *, clock: Clock = time.time, variants: Variants | None = None, faults: Faults | None = None
) -> ShelfSimulator:
    """Return a store with its API, not served."""
    return ShelfSimulator(Store(shape, clock, faults or Faults(shape.seed), variants or Variants()))


def serve(
    shape: Shape, *, port: int = 0, variants: Variants | None = None, faults: Faults | None = None
) -> AnyServed[Store]:
    """Return a store that can be served on 127.0.0.1."""
    made = simulator(shape, variants=variants, faults=faults)
    return AnyServed("shelf", made, {"store": STORE, "token": TOKEN}, port)
