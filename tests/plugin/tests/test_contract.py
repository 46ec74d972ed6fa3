"""Shelf under contract: the platform over its simulator, in one process, without sockets or waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx
import msgspec
import pytest
from reconciler_shelf.connection import ShelfConnection
from reconciler_shelf.plugin import PLUGIN
from reconciler_shelf.simulator import STORE, TOKEN, Faults, Shape, Variants, simulator

from reconciler.model.change import Action
from reconciler.model.connection import Secret
from reconciler.simulators.clock import ManualClock
from reconciler.testing.contract import *
from reconciler.testing.subject import Rig, RunClock, Subject, Truth, answering


def shelf(
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
    """Shelf with its simulator."""
    clock = ManualClock()
    shape = Shape(units=units, workloads=workloads, versions=4, seed=seed, offline=offline, failing=failing)
    world = simulator(shape, clock=clock, variants=Variants(variants), faults=Faults(seed).parse(faults))
    seen: list[httpx.Request] = []
    spec = ShelfConnection(store=STORE, url="http://127.0.0.1", token=Secret(env="TOKEN"))
    transport = httpx.MockTransport(answering(world, clock, seen, rewrite))
    run_clock = RunClock(clock)
    platform = PLUGIN.connect(spec, lambda _: TOKEN, run_clock, transport=transport)

    def truth() -> Truth:
        return {
            (row["shelf"], row["package"]): (row["assigned"], row["running"])
            for row in world.store.state()
            if row["assigned"] is not None or row["running"] is not None
        }

    def fault(*texts: str) -> None:
        world.faults.active.clear()
        world.faults.parse(texts)

    def intrude(action: Action) -> None:
        raise AssertionError(f"Shelf has no wide calls, but {action.call} is one")

    return Rig(platform, run_clock, TOKEN, truth, fault, lambda: seen, world.store.versions, intrude)


def odd(body: bytes) -> bytes:
    """Give the first package of the first shelf a version of another shape."""
    page = msgspec.json.decode(body) if body[:1] == b"{" else {}
    for one in page.get("shelves", [])[:1]:
        next(iter(one["packages"].values()))["assigned"] = {"surprise": 1}
    return msgspec.json.encode(page)


@pytest.fixture
def subject() -> Subject:
    """Return the platform with its simulator."""
    return Subject("shelf", PLUGIN, shelf, (("unknown-shelves", "refuse"),), many=120, malformed=odd)
