"""GetApp under contract: a CDN master with its devices, and one agent alone, each with the simulator behind it.

What a device that has been silent for a day runs nobody can know but the world: its truth is left out. The rig of the CDN
sets `routes` to the body that the facts call plausible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import httpx

from reconciler.model.change import Action
from reconciler.model.fleet import DeliveryServer, GetAppConnection, Login, Secret, StepRoute, StepRoutes
from reconciler.platforms.getapp import GetApp, factory
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.exchange import Request
from reconciler.simulators.getapp import Faults, GetAppSimulator, Shape, Variants, simulator
from reconciler.simulators.getapp.tokens import PASSWORD, USERNAME
from tests.contract.subjects import Rig, RunClock, Subject, Truth

URL = "http://127.0.0.1:2220"
COMMANDS = {
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

    return factory(
        spec, lambda secret: _SECRETS[secret.env or ""], RunClock(clock), transport=httpx.MockTransport(answer)
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
        units, offline, failing = 1, 0.0, float(failing > 0)
    shape = Shape(units=units, workloads=workloads, versions=4, seed=seed, offline=offline, failing=failing, settle=2.0)
    world = simulator(shape, clock=clock, variants=Variants(variants), faults=Faults(seed))
    world.world.faults.parse(faults)
    seen: list[httpx.Request] = []
    spec = connection(topology, variants or {}, delivery=delivery)
    platform = connected(world, clock, spec, seen, rewrite)

    def truth() -> Truth:
        fleet = world.world.fleet
        return {
            (row["device"], row["project"]): (row["told"], row["runs"])
            for row in world.world.state()
            if fleet.active(fleet.devices[row["device"]]) and (row["told"] is not None or row["runs"] is not None)
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
    return Rig(platform, RunClock(clock), PASSWORD, truth, fault, lambda: len(seen), versions, intrude)


_VARIANTS = (
    ("cdn-action-body", "catalog_id+device_ids"),
    ("cdn-partial-failure", "listed"),
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

GETAPP_CDN = Subject("getapp-cdn", partial(getapp, "cdn"), _VARIANTS)
GETAPP_AGENT = Subject("getapp-agent", partial(getapp, "agent"), _VARIANTS)
