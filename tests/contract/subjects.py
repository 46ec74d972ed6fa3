"""The platforms under contract: each with its simulator behind it, in one process, without sockets or waiting.

A subject makes a rig; a rig is a platform together with the world it talks to, and what only the world knows: what is
true, which calls came, how to make things go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from reconciler.engine.plan import PlanRequest
from reconciler.model.change import Action, Change, Reason, Verb
from reconciler.model.connection import ConnectionSpec, LosantConnection, Secret
from reconciler.model.fleet import Document, FleetSpec, Manifest
from reconciler.model.observation import Phase
from reconciler.model.origin import NOWHERE
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.losant import factory
from reconciler.ports import Platform
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Request
from reconciler.simulators.losant import Faults, Shape, Variants, simulator
from reconciler.simulators.simulator import Simulator

Truth = dict[tuple[str, str], tuple[str | None, str | None]]
"""(assigned, reported) by (unit id, workload id), for slots that hold anything."""


class RunClock:
    """The run's clock over the world's: sleeping lets the world go on."""

    def __init__(self, world: ManualClock) -> None:
        self.world = world

    def now(self) -> float:
        return self.world.now

    def monotonic(self) -> float:
        return self.now()

    def sleep(self, seconds: float) -> bool:
        self.world.advance(seconds)
        return False

    def stopping(self) -> bool:
        return False


@dataclass
class Rig:
    """A platform and its world. `versions` are the names that every workload has, oldest first."""

    platform: Platform
    clock: RunClock
    secret: str
    truth: Callable[[], Truth]
    fault: Callable[..., None]
    seen: Callable[[], Sequence[httpx.Request]]
    versions: Sequence[str]
    intrude: Callable[[Action], None]
    """Give a unit that is new what a wide call is about to take from all that have it."""
    own_versions: dict[str, Sequence[str]] = field(default_factory=dict)
    """The versions of workloads (by id) that differ from `versions`."""
    ids: dict[str, str] = field(default_factory=dict)
    """Ids of workloads by name, where they differ."""
    takes: Callable[[str, str], bool] = lambda unit, workload: True
    """Whether a unit is of a kind that can have a workload at all."""

    def versions_of(self, workload: str) -> Sequence[str]:
        """Return the versions that a workload has, oldest first."""
        return self.own_versions.get(workload, self.versions)

    def workload_id(self, name: str) -> str:
        """Return the id of a workload."""
        return self.ids.get(name, name)

    def requests(self) -> int:
        """How many requests came."""
        return len(self.seen())

    def writes(self) -> int:
        """How many of them were to change something."""
        return sum(request.method != "GET" for request in self.seen())

    @property
    def deadline(self) -> float:
        """A minute from now."""
        return self.clock.now() + 60.0

    def settle(self) -> None:
        """Let units take what they were told."""
        self.clock.sleep(3600.0)


@dataclass(frozen=True)
class Subject:
    """A platform's name, how to make a rig, and its simulator's open questions."""

    name: str
    rig: Callable[..., Rig]
    variants: tuple[tuple[str, str], ...]
    many: int = 2300
    """How many units are more than fit into two calls, or into a page."""
    odd: Callable[[bytes], bytes] = lambda body: body
    """Takes an answer and gives it back with a value of another shape in one slot."""
    tells_failures: bool = True
    credentials: bool = True
    """Whether the platform asks who calls."""
    brings: frozenset[str] = frozenset()
    """Workloads that come along with others by themselves."""
    proves_missing: bool = True
    """Whether it can be proved that a version is not there."""
    totals: bool = True
    """Whether listings say how long they are."""
    queues: bool = True
    """Whether the platform keeps what it is told for units that are away."""
    silent: bool = False
    """Whether writes are answered without a body."""
    refused: frozenset[str] = frozenset()
    """Calls that the platform never carries out in some variant, whoever asks how often."""

    def __str__(self) -> str:
        return self.name


def losant(
    units: int = 30,
    workloads: int = 2,
    *,
    faults: Sequence[str] = (),
    variants: dict[str, str] | None = None,
    seed: int = 1,
    offline: float = 0.1,
    failing: float = 0.1,
    rewrite: Callable[[bytes], bytes] = lambda body: body,
) -> Rig:
    """Losant with its simulator."""
    clock = ManualClock()
    shape = Shape(units=units, workloads=workloads, versions=4, seed=seed, offline=offline, failing=failing, settle=2.0)
    world = simulator(shape, clock=clock, variants=Variants(variants), faults=Faults(seed))
    world.world.faults.parse(faults)
    seen: list[httpx.Request] = []
    spec = LosantConnection(application=world.world.app.id, token=Secret(env="TOKEN"))
    token = "full-access-token"
    world.access.grant(token, ["all.Application"])
    run_clock = RunClock(clock)
    transport = httpx.MockTransport(answering(world, clock, seen, rewrite))
    platform = factory(spec, lambda _: token, run_clock, transport=transport)

    def truth() -> Truth:
        edge = {flow.id for flow in world.world.app.flows if flow.flow_class == "edge"}
        return {
            (str(row["deviceId"]), str(row["flowId"])): (row["desired"], row["current"])
            for row in world.world.state()
            if row["flowId"] in edge and (row["desired"] is not None or row["current"] is not None)
        }

    def fault(*texts: str) -> None:
        world.world.faults.active.clear()
        world.world.faults.parse(texts)

    def intrude(action: Action) -> None:
        body = action.request.body
        device = world.world.add_device("foreigner")
        world.world.console(device, body["flowId"], body["oldVersion"])
        clock.advance(60)

    versions = [f"v1.{minor}.0" for minor in range(4)]
    ids = {flow.name: flow.id for flow in world.world.app.flows}
    return Rig(platform, run_clock, token, truth, fault, lambda: seen, versions, intrude, ids=ids)


def answering(
    world: Simulator, clock: ManualClock, seen: list[httpx.Request], rewrite: Callable[[bytes], bytes]
) -> Callable[[httpx.Request], httpx.Response]:
    """Return a transport's handler; each request takes a millisecond of the world's time."""

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        clock.advance(0.001)
        query = tuple(request.url.params.multi_items())
        headers = {key.lower(): value for key, value in request.headers.items()}
        reply = world.handle(Request(request.method, request.url.path, query, headers, request.content))
        timeout = request.extensions["timeout"]["read"]
        if reply.delay > timeout:
            clock.advance(timeout)
            raise httpx.ReadTimeout("no answer in time", request=request)
        clock.advance(reply.delay)
        if reply.cut:
            raise httpx.ReadError("connection reset by peer", request=request)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=rewrite(reply.body))

    return answer


def odd_row(body: bytes) -> bytes:
    """Give the first edge deployment of a page a version of another shape."""
    page = msgspec.json.decode(body) if body[:1] == b"{" else {}
    for item in page.get("items", [])[:1]:
        if "desiredVersion" in item:
            item["desiredVersion"] = {"surprise": 1}
    return msgspec.json.encode(page)


LOSANT = Subject(
    "losant",
    losant,
    (
        ("replace-matches", "desired"),
        ("replace-matches", "current"),
        ("replace-matches", "either"),
        ("max-per-page", "reject"),
        ("max-per-page", "unlimited"),
        ("write-visible", "later"),
        ("unknown-ids", "refuse"),
        ("overwrite-etag", "at-release"),
        ("etags", "absent"),
        ("empty-rows", "dropped"),
        ("deleted-rows", "kept"),
        ("rerelease-log", "no"),
        ("unknown-version", "400"),
    ),
    odd=odd_row,
)


def assigned(rig: Rig) -> dict[tuple[str, str], str | None]:
    """Return what slots are truly told: what they report moves by itself."""
    return {slot: told for slot, (told, _) in rig.truth().items() if told is not None}


def everywhere(snapshot: Snapshot) -> frozenset[str]:
    """Return all workloads: the fleet speaks of every unit of the application alike."""
    return frozenset(workload.id for workload in snapshot.workloads)


def question_of(spec: FleetSpec) -> PlanRequest:
    """Ask what one fleet of the connection `plant` needs; what the manifest says of the connection is not looked at."""
    connection = ConnectionSpec(losant=LosantConnection(application="a" * 24, token=Secret(env="T")))
    return PlanRequest(
        manifest=Manifest(
            {"plant": Document("plant", connection, "plant.yaml", lambda _: NOWHERE)},
            {},
            {"fleet": Document("fleet", spec, "fleet.yaml", lambda _: NOWHERE)},
            "digest",
        )
    )


def moves(snapshot: Snapshot, wanted: Callable[[str, str], Any]) -> list[Change]:
    """Return the changes that give slots what `wanted(unit id, workload id)` says; ... leaves a slot alone."""
    changes = []
    for workload in snapshot.workloads:
        for row in range(len(snapshot.units)):
            if not snapshot.units.assignable[row]:
                continue
            state, to = snapshot.state(workload.id, row), wanted(snapshot.units.ids[row], workload.id)
            if to is ... or state.phase in {Phase.UNKNOWN, Phase.PAUSED}:
                continue
            settled = state.phase is not Phase.READY and (to is not None or not state.extra_versions)
            if to == state.assigned and settled:
                continue
            fresh = state.assigned in {None, to}
            verb = Verb.REMOVE if to is None else Verb.RELEASE if fresh else Verb.REPLACE
            changes.append(
                change(snapshot, row, workload.id, verb, state.assigned, to, extra_versions=state.extra_versions)
            )
    return changes


def looked_up(rig: Rig, changes: Sequence[Change]) -> Catalog:
    """Return what the catalogue says of the versions that changes move to."""
    return rig.platform.catalog({Release(one.workload.id, one.to) for one in changes if one.to is not None})


def sendable(rig: Rig, changes: Sequence[Change], snapshot: Snapshot) -> tuple[list[Change], Catalog]:
    """Return the changes that the platform does not hold, and what its catalogue says of their versions."""
    catalog = looked_up(rig, changes)
    held = rig.platform.review(changes, snapshot, catalog).holds
    return [one for position, one in enumerate(changes) if position not in held], catalog


def change(
    snapshot: Snapshot,
    row: int,
    workload: str,
    verb: Verb,
    old: str | None,
    new: str | None,
    extra_versions: tuple[str, ...] = (),
) -> Change:
    """Return one change."""
    ref = next(one.ref for one in snapshot.workloads if one.id == workload)
    return Change(
        unit=snapshot.units.ref(row),
        workload=ref,
        verb=verb,
        from_=old,
        to=new,
        reason=Reason.CHANGE,
        steps=(),
        origin=NOWHERE,
        observed="",
        extra_versions=extra_versions,
    )
