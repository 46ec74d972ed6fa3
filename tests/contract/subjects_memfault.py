"""Memfault under contract: the platform over its simulator, in one process, without sockets or waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from reconciler.model.change import Action
from reconciler.model.fleet import MemfaultConnection, Secret
from reconciler.platforms.memfault import factory
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Request
from reconciler.simulators.memfault import Faults, MemfaultSimulator, MemfaultWorld, Shape, Variants, simulator
from tests.contract.subjects import Rig, RunClock, Subject, Truth

TOKEN = "oat-contract-token"
VERSIONS = 4
MOST = 60
"""Cohorts at most: a project has tens of them, and a call is about one whatever their number."""


def memfault(
    units: int = 30,
    workloads: int = 2,
    *,
    faults: Sequence[str] = (),
    variants: dict[str, str] | None = None,
    seed: int = 1,
    offline: float = 0.1,
    failing: float = 0.1,
    rewrite: Callable[[bytes], bytes] = lambda body: body,
    devices: int | None = None,
    redraw: bool = False,
) -> Rig:
    """Memfault with its simulator: `units` cohorts of four devices each, unless `devices` says how many there are."""
    clock = ManualClock()
    units = min(units, MOST)
    shape = Shape(
        units=units,
        workloads=workloads,
        versions=VERSIONS,
        seed=seed,
        offline=offline,
        failing=failing,
        settle=2.0,
        devices=4 * units if devices is None else devices,
    )
    world = simulator(shape, clock=clock, variants=Variants(variants), faults=Faults(seed))
    world.world.faults.parse(faults)
    world.world.grant(TOKEN)
    seen: list[httpx.Request] = []
    project = world.world.project
    spec = MemfaultConnection(
        organization=project.organization, project=project.slug, token=Secret(env="TOKEN"), redraw=redraw
    )
    run_clock = RunClock(clock)
    platform = factory(
        spec, lambda _: TOKEN, run_clock, transport=httpx.MockTransport(answering(world, clock, seen, rewrite))
    )

    def fault(*texts: str) -> None:
        world.world.faults.active.clear()
        world.world.faults.parse(texts)

    def intrude(action: Action) -> None:
        raise AssertionError(f"{action.call}: Memfault has no wide calls")

    own: dict[str, Sequence[str]] = {
        name: [f"{number}.{minor}.0" for minor in range(VERSIONS)] for number, name in enumerate(project.types, start=1)
    }
    first = next(iter(own.values()), ())
    return Rig(
        platform,
        run_clock,
        TOKEN,
        lambda: truth(world.world),
        fault,
        lambda: len(seen),
        first,
        intrude,
        own_versions=own,
    )


def truth(world: MemfaultWorld) -> Truth:
    """Return what each slot is told, and what most of its devices say: those seen lately, else those that fell silent."""
    found: Truth = {}
    for row in world.state():
        slot, told = (str(row["cohort"]), str(row["software_type"])), row["told"]
        if told is None:
            continue
        devices = [
            device
            for device in world.project.cohorts[slot[0]].devices.values()
            if device.hardware.primary == slot[1] and device.reported is not None
        ]
        asked = [device for device in devices if device.online] or devices
        counts = Counter(str(device.reported) for device in asked)
        said = max(counts, key=lambda version: (counts[version], version), default=None)
        found[slot] = (told, said)
    return found


def answering(
    world: MemfaultSimulator, clock: ManualClock, seen: list[httpx.Request], rewrite: Callable[[bytes], bytes]
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


MEMFAULT = Subject(
    "memfault",
    memfault,
    (
        ("patch-rollout", "reject"),
        ("activation-status", "in_progress"),
        ("pull-status", "pulled"),
        ("pull-status", "aborted"),
        ("per-page", "as-asked"),
        ("cohort-devices", "404"),
        ("already-active", "409"),
        ("already-active", "200"),
        ("device-shape", "live"),
        ("deployments-in-cohort", "absent"),
        ("create-status", "201"),
        ("release-of-events", "hidden"),
        ("activation-visible", "later"),
        ("min-version", "ignored"),
        ("version-order", "natural"),
        ("type-versions", "404"),
        ("activate-empty", "reject"),
    ),
)
