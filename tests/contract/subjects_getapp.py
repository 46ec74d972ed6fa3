"""GetApp under contract: a CDN master with its devices, and one agent alone, each with the simulator behind it.

What a device that has been silent for a day runs nobody can know but the world: its truth is left out. The rig of the CDN
sets `routes` to the body that the facts call plausible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httpx
import msgspec

from reconciler.model.change import Action
from reconciler.model.connection import Login, Secret
from reconciler.platforms.getapp.connection import DeliveryServer, GetAppConnection, StepRoute, StepRoutes
from reconciler.platforms.getapp.platform import GetApp, factory
from reconciler.platforms.getapp.plugin import PLUGIN
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.getapp import Faults, GetAppSimulator, Shape, Variants, simulator
from reconciler.simulators.getapp.delivery import PASSWORD, USERNAME
from reconciler.testing.subject import Rig, RunClock, Subject, Truth, answering

URL = "http://127.0.0.1:2220"
COMMANDS = {
    "push": "Push",
    "deliver": "DeliveryStart",
    "cancel": "DeliveryCancel",
    "deploy": "DeployStart",
    "delete": "DeliveryDelete",
}
_SECRETS = {"USER": USERNAME, "PASSWORD": PASSWORD}


def action_routes(catalog_id: str = "catalogId", device_ids: str = "deviceIds") -> StepRoutes:
    """Return the plausible calls of a CDN master, by the names its body has."""
    return StepRoutes(
        **{
            step: StepRoute(
                path="/api/cdn/devices/action",
                body={"action": command, catalog_id: "{catalog_id}", device_ids: "{device_ids}"},
            )
            for step, command in COMMANDS.items()
        }
    )


def connection(topology: str, variants: dict[str, str], *, delivery: bool = True) -> GetAppConnection:
    """Return the connection of a rig; the delivery server has the same address."""
    names = variants.get("cdn-action-body", "catalogId+deviceIds").split("+")
    login = Login(username=Secret(env="USER"), password=Secret(env="PASSWORD"))
    return GetAppConnection(
        agent=URL,
        topology=topology,
        routes=action_routes(*names) if topology == "cdn" else StepRoutes(),
        delivery=DeliveryServer(url=URL, login=login) if delivery else None,
    )


def connected(
    world: GetAppSimulator,
    clock: ManualClock,
    spec: GetAppConnection,
    seen: list[httpx.Request],
    rewrite: Callable[[bytes], bytes] = lambda body: body,
) -> GetApp:
    """Return a platform whose network is the simulator."""
    return factory(
        spec,
        lambda secret: _SECRETS[secret.env or ""],
        RunClock(clock),
        transport=httpx.MockTransport(answering(world, clock, seen, rewrite)),
    )


def getapp(
    topology: str,
    units: int = 30,
    workloads: int = 2,
    *,
    faults: Sequence[str] = (),
    variants: dict[str, str] | None = None,
    seed: int = 1,
    offline: float = 0.1,
    failing: float = 0.1,
    rewrite: Callable[[bytes], bytes] = lambda body: body,
    delivery: bool = True,
) -> Rig:
    """GetApp with its simulator."""
    clock = ManualClock()
    if topology == "agent":
        units, offline, failing = 1, 0.0, float(failing >= 0.2)
    shape = Shape(units=units, workloads=workloads, versions=4, seed=seed, offline=offline, failing=failing, settle=2.0)
    world = simulator(shape, clock=clock, variants=Variants(variants), faults=Faults(seed))
    world.world.faults.parse(faults)
    seen: list[httpx.Request] = []
    spec = connection(topology, variants or {}, delivery=delivery)
    platform = connected(world, clock, spec, seen, rewrite)

    def truth() -> Truth:
        fleet = world.world.fleet
        return {
            (row["device"], row["project"]): (row["assigned"], row["runs"])
            for row in world.world.state()
            if fleet.active(fleet.devices[row["device"]]) and (row["assigned"] is not None or row["runs"] is not None)
        }

    def fault(*texts: str) -> None:
        world.world.faults.active.clear()
        world.world.faults.parse(texts)

    def intrude(action: Action) -> None:
        raise AssertionError(f"GetApp has no wide calls, but {action.call} is one")

    versions = [f"1.{minor}.0" for minor in range(4)]
    for project in world.world.fleet.catalog.projects.values():  # what others depend on has versions of its own
        for version in versions:
            if version not in project.releases:
                world.world.add_release(project.name, version)
    has = set(truth())

    def takes(unit: str, project: str) -> bool:
        """Return whether a device can have a project: who always fails never gets there, and says so each time."""
        return not world.world.fleet.devices[unit].failing and (project != "vision" or (unit, project) in has)

    return Rig(platform, RunClock(clock), PASSWORD, truth, fault, lambda: seen, versions, intrude, takes=takes)


def odd_state(body: bytes) -> bytes:
    """Give the first release of an answer a state of another shape."""
    page = msgspec.json.decode(body) if body[:1] == b"[" else []
    rows = [entry["data"] for entry in page if isinstance(entry.get("data"), list)] if page else []
    for row in (rows[0] if rows else page)[:1]:
        if "state" in row:
            row["state"] = {"surprise": 1}
    return msgspec.json.encode(page) if page else body


_VARIANTS = (
    ("cdn-action-body", "catalog_id+device_ids"),
    ("cdn-partial-failure", "listed"),
    ("cdn-push", "not-needed"),
    ("pushed-state", "push"),
    ("settings", "sections"),
    ("list-wrap", "object"),
    ("multi-version", "side-by-side"),
    ("multi-version", "uninstalled"),
    ("multi-version", "deleted"),
    ("gone-rows", "drops"),
    ("repeat-action", "405"),
    ("delete-installed", "allow"),
    ("answer-shape", "flat"),
    ("inactive-releases", "absent"),
    ("unprepared-read", "not-found"),
    ("swagger", "off"),
    ("auto-deploy", "always"),
    ("auto-deploy", "never"),
)

_OF_BOTH: dict[str, Any] = {
    "malformed": odd_state,
    "credentials": False,
    "brings": frozenset({"gpu-runtime"}),
    "silent": True,
    "queues": False,
    "proves_missing": False,
}

GETAPP_CDN = Subject("getapp-cdn", PLUGIN, partial(getapp, "cdn", delivery=False), _VARIANTS, many=230, **_OF_BOTH)
GETAPP_AGENT = Subject(
    "getapp-agent", PLUGIN, partial(getapp, "agent", delivery=False), _VARIANTS, many=1, totals=False, **_OF_BOTH
)
