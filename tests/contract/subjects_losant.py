"""Losant under contract: the platform over its simulator, in one process, without sockets or waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx
import msgspec

from reconciler.model.change import Action
from reconciler.model.connection import Secret
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.losant.plugin import PLUGIN
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.losant import Faults, LosantWorld, Shape, Variants, simulator
from reconciler.testing.subject import Rig, RunClock, Subject, Truth, answering


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
    return with_world(units, workloads, faults, variants, seed, offline, failing, rewrite)[0]


def with_world(
    units: int = 6,
    workloads: int = 2,
    faults: Sequence[str] = (),
    variants: dict[str, str] | None = None,
    seed: int = 1,
    offline: float = 0.0,
    failing: float = 0.0,
    rewrite: Callable[[bytes], bytes] = lambda body: body,
) -> tuple[Rig, LosantWorld]:
    """The same with what people and devices do."""
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
    platform = PLUGIN.connect(spec, lambda _: token, run_clock, transport=transport)

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
    return Rig(platform, run_clock, token, truth, fault, lambda: seen, versions, intrude, ids=ids), world.world


def odd_row(body: bytes) -> bytes:
    """Give the first edge deployment of a page a version of another shape."""
    page = msgspec.json.decode(body) if body[:1] == b"{" else {}
    for item in page.get("items", [])[:1]:
        if "desiredVersion" in item:
            item["desiredVersion"] = {"surprise": 1}
    return msgspec.json.encode(page)


LOSANT = Subject(
    "losant",
    PLUGIN,
    losant,
    (
        ("replace-matches", "desired"),
        ("replace-matches", "current"),
        ("replace-matches", "either"),
        ("max-per-page", "reject"),
        ("max-per-page", "unlimited"),
        ("write-visible", "now"),
        ("write-status", "201"),
        ("failure-log", "then-current"),
        ("failure-log", "bare"),
        ("unknown-ids", "refuse"),
        ("overwrite-etag", "at-release"),
        ("etags", "absent"),
        ("empty-rows", "dropped"),
        ("deleted-rows", "kept"),
        ("rerelease-log", "no"),
        ("unknown-version", "400"),
    ),
    malformed=odd_row,
)
