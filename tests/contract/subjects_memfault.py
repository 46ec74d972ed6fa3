"""Memfault under contract: the platform over its simulator, in one process, without sockets or waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import msgspec

from reconciler.model.change import Action
from reconciler.model.connection import Secret
from reconciler.platforms.memfault.connection import MemfaultConnection
from reconciler.platforms.memfault.plugin import PLUGIN
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.memfault import Faults, MemfaultWorld, Shape, Variants, simulator
from reconciler.testing.subject import Rig, RunClock, Subject, Truth, answering

TOKEN = "oat-contract-token"
VERSIONS = 4


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
    platform = PLUGIN.connect(
        spec, lambda _: TOKEN, run_clock, transport=httpx.MockTransport(answering(world, clock, seen, rewrite))
    )

    def fault(*texts: str) -> None:
        world.world.faults.active.clear()
        world.world.faults.parse(texts)

    def intrude(action: Action) -> None:
        raise AssertionError(f"{action.call}: Memfault has no wide calls")

    versions = [f"1.{minor}.0" for minor in range(VERSIONS)]
    own: dict[str, Sequence[str]] = {
        f"{name}-fw": [f"{major}.{minor}.0" for minor in range(VERSIONS)]
        for major, name in enumerate(("main", "radio", "sensor", "display"), start=1)
    }
    return Rig(platform, run_clock, TOKEN, lambda: truth(world.world), fault, lambda: seen, versions, intrude, own)


def truth(world: MemfaultWorld) -> Truth:
    """Return what each slot is told, and what most of its devices say: those seen lately, else those that fell silent."""
    found: Truth = {}
    for row in world.state():
        slot, told = (str(row["cohort"]), str(row["software_type"])), row["assigned"]
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


def odd_status(body: bytes) -> bytes:
    """Give the first activation of a page a status of another shape."""
    page = msgspec.json.decode(body) if body[:1] == b"{" else {}
    for item in page["data"][:1] if isinstance(page.get("data"), list) else []:
        if "deployed_date" in item:
            item["status"] = {"surprise": 1}
    return msgspec.json.encode(page)


MEMFAULT = Subject(
    "memfault",
    PLUGIN,
    memfault,
    (
        ("patch-rollout", "reject"),
        ("patch-rollout", "ignore"),
        ("activation-status", "in_progress"),
        ("pull-status", "pulled"),
        ("pull-status", "aborted"),
        ("per-page", "as-asked"),
        ("cohort-devices", "404"),
        ("already-active", "409"),
        ("already-active", "200"),
        ("device-shape", "live"),
        ("write-status", "201"),
        ("write-status", "202"),
        ("release-of-events", "hidden"),
        ("activation-visible", "later"),
        ("min-version", "ignored"),
        ("version-order", "natural"),
        ("type-versions", "404"),
        ("activate-empty", "reject"),
        ("must-pass-told", "absent"),
    ),
    many=12,
    malformed=odd_status,
    tells_failures=False,
    refused=frozenset({"memfault.raise"}),
)
