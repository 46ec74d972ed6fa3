"""A simulated Losant application in this process, the real platform in front of it, and time that passes only by sleeping.

No socket is opened: a transport hands each request to the simulator and its reply back. Whatever time the platform or
the engine waits, and however long a reply is held back, the one clock of both advances by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import httpx
from hypothesis import strategies as st

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.model.event import AnyEvent
from reconciler.model.fleet import Choice, Document, FleetSpec, Manifest, Override, Pin, Selector, WorkloadSpec
from reconciler.model.plan import Plan
from reconciler.model.snapshot import Query, Snapshot
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.platform import Losant, factory
from reconciler.simulators.exchange import Request
from reconciler.simulators.losant import Faults, LosantSimulator, LosantWorld, Shape, Variants, simulator
from reconciler.simulators.losant.access import FULL
from reconciler.simulators.losant.variants import QUESTIONS
from tests.laws.strategies import NOW, locate

Rows = dict[tuple[str, str], str | None]
"""What is desired, by (device id, flow id)."""

FLOWS = ("modbus-poller", "vision")
RELEASES = ("v1.0.0", "v1.1.0", "v1.2.0")
LIFTED = dict.fromkeys(("release", "replace", "remove", "empty-scope"), "a law")


class Killed(BaseException):
    """The process died here."""


class Clock:
    """Time for engine, platform and simulator alike; `stop` is a person's Ctrl-C."""

    def __init__(self) -> None:
        self.time = NOW
        self.stop = False

    def __call__(self) -> float:
        return self.time

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> bool:
        self.time += max(0.0, seconds)
        return self.stop

    def stopping(self) -> bool:
        return self.stop


class Wire(httpx.BaseTransport):
    """Carries requests to the simulator. `before` is called with each of them, as is `after`; either may raise."""

    tick = 0.01
    """Seconds that a request takes."""

    def __init__(self, behind: LosantSimulator, clock: Clock) -> None:
        self.behind = behind
        self.clock = clock
        self.before: Callable[[Request], None] = lambda request: None
        self.after: Callable[[Request], None] = lambda request: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = Request(
            request.method,
            request.url.path,
            tuple(request.url.params.multi_items()),
            {key.lower(): value for key, value in request.headers.items()},
            request.read(),
        )
        self.clock.time += self.tick
        self.before(asked)
        reply = self.behind.handle(asked)
        patience = float(request.extensions["timeout"]["read"])
        self.clock.time += min(reply.delay, patience)
        self.after(asked)
        if reply.delay > patience:
            raise httpx.ReadTimeout("timed out", request=request)
        if reply.cut:
            raise httpx.ReadError("reset by peer", request=request)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body, request=request)


class Site:
    """One application with its platform, and what a person at the console or in git may do meanwhile."""

    def __init__(
        self,
        *,
        units: int = 10,
        seed: int = 1,
        offline: float = 0.0,
        failing: float = 0.0,
        variants: Variants | None = None,
        faults: Faults | None = None,
        wide_calls: str = "scope",
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        shape = Shape(units=units, workloads=2, versions=3, seed=seed, offline=offline, failing=failing)
        self.simulator = simulator(shape, clock=self.clock, variants=variants)
        self.world = self.simulator.world
        self.faults = faults or Faults(seed)
        self.wire = Wire(self.simulator, self.clock)
        self.spec = LosantConnection(
            application=self.world.app.id,
            token=Secret(env="TOKEN"),
            url="http://127.0.0.1",
            wide_calls=wide_calls,
            requests=Requests(concurrency=1),
        )
        self.flows = {name: self._flow(name) for name in FLOWS}

    def _flow(self, name: str) -> str:
        flow = self.world.app.flow(name)
        assert flow is not None
        return flow.id

    def faulty(self, on: bool = True) -> None:
        """Put the faults between caller and platform in force, or end them."""
        self.world.faults = self.simulator.faults = self.faults if on else Faults()

    def platform(self) -> Losant:
        """Return the platform of the application, new each time."""
        return factory(self.spec, lambda secret: FULL, self.clock, transport=self.wire)

    def snapshot(self) -> Snapshot:
        """Read the whole application."""
        return self.platform().observe(Query())

    def rows(self) -> Rows:
        """Return what is desired of each slot of an edge workflow; slots without a row are left out."""
        flows = set(self.flows.values())
        return {
            (str(row["deviceId"]), str(row["flowId"])): row["desired"]
            for row in self.world.state()
            if row["flowId"] in flows
        }

    def released(self) -> list[tuple[str, str | None, tuple[str, ...]]]:
        """Return every write received: flow, version asked for, devices (none for a wide call)."""
        found = []
        for write in self.simulator.calls.writes:
            body = write.body
            devices = body.get("deviceIds") or ([body["deviceId"]] if "deviceId" in body else [])
            found.append((body["flowId"], body.get("version", body.get("newVersion")), tuple(devices)))
        return found

    def request(self, *fleets: Document, filters: Filters | None = None) -> PlanRequest:
        """Ask what these fleets need."""
        connection = Document("plant", ConnectionSpec("losant", self.spec), "plant.yaml", locate)
        return PlanRequest(
            manifest=Manifest({"plant": connection}, {}, {fleet.name: fleet for fleet in fleets}, "digest"),
            filters=filters or Filters(),
        )

    def plan(self, request: PlanRequest) -> PlanResult:
        """Plan it."""
        platform = self.platform()
        return plan(request, lambda name: platform, self.clock)

    def applying(
        self,
        request: PlanRequest,
        *,
        saved: Plan | None = None,
        reviewed: Sequence[Plan] = (),
        planned: PlanResult | None = None,
        **options: Any,
    ) -> Applying:
        """Return a run of apply that lifts every limit, unless told otherwise."""
        given = {"concurrency": 1, "allow": LIFTED, **options}
        return Applying(
            planned or self.plan(request),
            Options(**given),
            self.clock,
            run="law",
            saved=saved,
            reviewed=reviewed,
        )

    def apply(self, request: PlanRequest, **options: Any) -> Applying:
        """Plan and apply it to the end."""
        run = self.applying(request, **options)
        drain(run.events())
        return run


def drain(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """Run to the end."""
    return list(events)


def fleet(spec: FleetSpec, name: str = "fleet") -> Document:
    """Return a fleet's document."""
    return Document(name, spec, "fleet.yaml", locate)


def simple(version: str = "v1.2.0", units: Selector | None = None, **more: Any) -> Document:
    """Return the fleet that wants one version of the first workload."""
    return fleet(
        FleetSpec(
            connection="plant",
            units=units or Selector(all=True),
            workloads={FLOWS[0]: WorkloadSpec(version=version)},
            **more,
        )
    )


scopes = st.one_of(
    st.just(Selector(all=True)),
    st.just(Selector(all=True)),
    st.sampled_from(["canary", "early", "broad"]).map(lambda ring: Selector(tags={"ring": ring})),
    st.sampled_from(["austin", "berlin", "leeds"]).map(lambda site: Selector(tags={"site": site})),
    st.just(Selector(tags={"site": ["austin", "osaka"]})),
    st.just(Selector(names=["gw-00[0-4]"])),
)


@st.composite
def _choices(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["version"] * 6 + ["absent", "unmanaged"]))
    return {"version": draw(st.sampled_from(RELEASES))} if kind == "version" else {kind: True}


@st.composite
def fleets(draw: st.DrawFn, name: str = "fleet") -> Document:
    """A fleet over the simulated application."""
    workloads = {
        flow: WorkloadSpec(
            units=draw(st.none() | st.none() | scopes),
            overrides=[Override(units=selector, **draw(_choices())) for selector in draw(st.lists(scopes, max_size=1))],
            **draw(_choices()),
        )
        for flow in draw(st.sampled_from([FLOWS, FLOWS[:1], FLOWS[1:]]))
    }
    spec = FleetSpec(
        connection="plant",
        units=draw(scopes),
        workloads=workloads,
        prune=draw(st.sampled_from(["none", "none", "listed", "all"])),
        allow_empty=True,
    )
    pinned = draw(st.sampled_from([None, None, "gw-001", "gw-003"]))
    if pinned is not None and spec.units == Selector(all=True):
        free = [flow for flow, said in workloads.items() if said.units is None]
        choices: list[Pin] = ["v1.0.0", Choice(absent=True)]
        pin = draw(st.sampled_from(choices))
        spec = FleetSpec(
            connection="plant",
            units=spec.units,
            workloads=workloads,
            pins={pinned: dict.fromkeys(free, pin)},
            prune=spec.prune,
            allow_empty=True,
        )
    return fleet(spec, name)


@st.composite
def variants(draw: st.DrawFn, but: Sequence[str] = ()) -> Variants:
    """An answer to each open request; those of `but` keep their defaults."""
    free = [request for request in QUESTIONS if request.answers and request.name not in but]
    asked = draw(st.lists(st.sampled_from(free), max_size=5, unique_by=lambda request: request.name))
    return Variants({request.name: draw(st.sampled_from(request.answers)) for request in asked})


@st.composite
def meddling(draw: st.DrawFn) -> Callable[[Site], None]:
    """What people do at the console: set versions by hand, add, delete, retag, overwrite."""
    acts: list[Callable[[LosantWorld], object]] = []
    for _ in range(draw(st.integers(0, 4))):
        unit = f"gw-{draw(st.integers(0, 9)):03d}"
        flow = draw(st.sampled_from(FLOWS))
        release = draw(st.sampled_from([*RELEASES, None]))
        tags = {"ring": "canary", "site": "berlin"}
        by_hand: Callable[[LosantWorld], object] = partial(LosantWorld.console, device=unit, flow=flow, version=release)
        others: list[Callable[[LosantWorld], object]] = [
            partial(LosantWorld.set_tags, device=unit, tags=tags),
            partial(LosantWorld.delete_device, device=unit),
            partial(LosantWorld.create_version, flow=flow, version=release or "v1.2.0"),
            partial(LosantWorld.set_online, device=unit, online=False),
        ]
        acts.append(draw(st.sampled_from([by_hand, by_hand, *others])))

    def meddle(site: Site) -> None:
        for act in acts:
            try:
                act(site.world)
            except LookupError:
                continue  # the device was deleted before
        site.clock.sleep(10)

    return meddle


def newcomer(site: Site, flow: str, version: str, tags: Iterable[tuple[str, str]] = ()) -> str:
    """Add a device that holds a version, unknown to any plan made before; return its id."""
    device = site.world.add_device(f"new-{len(site.world.app.devices)}", tags)
    site.world.console(device, flow, version)
    site.clock.sleep(0)
    return device
