"""A simulated Memfault project with the platform over it, in one process: what the platform's own tests start from.

A hook sees a request before the simulator and may answer in its place; `rewrite` changes what the simulator answered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import httpx

from reconciler.model.change import NOTHING_REFUSED, Action, Change, Reason, Refusals, Verb
from reconciler.model.connection import Requests, Secret
from reconciler.model.desired import Settings
from reconciler.model.observation import State
from reconciler.model.origin import NOWHERE
from reconciler.model.outcome import Receipt
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Ref
from reconciler.platforms.memfault.connection import MemfaultConnection, UserKey
from reconciler.platforms.memfault.platform import factory
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.memfault import Faults, Shape, Variants, simulator
from reconciler.testing.subject import RunClock, answering

TOKEN = "oat_simulated"
Hook = Callable[[httpx.Request], httpx.Response | None]
MAIN, RADIO = "main-fw", "radio-fw"


class Project:
    """Cohorts `default`, `beta`, …; types `main-fw` (versions 1.x.0) and `radio-fw` (2.x.0). Nothing goes wrong by itself."""

    def __init__(
        self, units: int = 3, workloads: int = 2, *, redraw: bool = False, user: bool = False, **shape: Any
    ) -> None:
        known = {field.name for field in fields(Shape)}
        variants = {name.replace("_", "-"): shape.pop(name) for name in list(shape) if name not in known}
        self.manual = ManualClock()
        self.clock = RunClock(self.manual)
        full = {"versions": 5, "offline": 0.0, "failing": 0.0, "devices": 24, "seed": 1, "settle": 2.0, **shape}
        self.simulator = simulator(
            Shape(units=units, workloads=workloads, **full),
            clock=self.manual,
            variants=Variants(variants),
            faults=Faults(1),
        )
        self.world = self.simulator.world
        self.requests: list[httpx.Request] = []
        self.hooks: list[Hook] = []
        self.rewrites: list[Callable[[httpx.Request, Any], None]] = []
        secret = Secret(env="X")
        spec = MemfaultConnection(
            organization=self.world.project.organization,
            project=self.world.project.slug,
            token=None if user else secret,
            user=UserKey(email=Secret(env="EMAIL"), key=Secret(env="KEY")) if user else None,
            redraw=redraw,
            requests=Requests(concurrency=2),
        )
        secrets = {"X": TOKEN, "EMAIL": "robot@example.invalid", "KEY": "simulated-user-key"}
        self.platform = factory(
            spec, lambda one: secrets[one.env or ""], self.clock, transport=httpx.MockTransport(self._answer)
        )
        self._inner = answering(self.simulator, self.manual, self.requests, lambda body: body)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        for hook in self.hooks:
            reply = hook(request)
            if reply is not None:
                self.requests.append(request)
                return reply
        reply = self._inner(request)
        if self.rewrites and reply.content[:1] == b"{":
            body = json.loads(reply.content)
            for rewrite in self.rewrites:
                rewrite(request, body)
            return httpx.Response(reply.status_code, json=body)
        return reply

    def clear(self) -> Project:
        """Pull everything."""
        for row in self.world.state():
            for version in row["active"]:
                self.world.pull(row["cohort"], version)
        return self

    def observe(self, query: Query | None = None) -> Snapshot:
        return self.platform.observe(query or Query())

    def state(self, cohort: str, workload: str = MAIN) -> State:
        snapshot = self.observe()
        return snapshot.state(workload, snapshot.units.index[cohort])

    def active(self, cohort: str, workload: str = MAIN) -> list[str]:
        """What is in force, highest first, as the world knows it."""
        (row,) = (one for one in self.world.state() if (one["cohort"], one["software_type"]) == (cohort, workload))
        return list(row["active"])

    def settle(self) -> None:
        for _ in range(8):
            self.manual.advance(600.0)
            self.world.state()

    def execute(self, action: Action) -> Receipt:
        return self.platform.execute(action, self.clock.monotonic() + 60)

    def compiled(
        self, *changes: Change, snapshot: Snapshot | None = None, refused: Refusals = NOTHING_REFUSED
    ) -> tuple[Action, ...]:
        return self.platform.compile(changes, snapshot or self.observe(), {}, fleet_wide=(), refused=refused)

    def fails(self, end: str, status: int = 404, method: str = "GET") -> None:
        """Have requests whose path ends so be refused."""

        def hook(request: httpx.Request) -> httpx.Response | None:
            if request.method == method and request.url.path.endswith(end):
                return httpx.Response(status, json={"error": {"message": "refused for a test", "type": "Error"}})
            return None

        self.hooks.append(hook)

    def rewrite(self, end: str, change: Callable[[Any], object]) -> None:
        """Change the answers of paths that end so, but not those that ask for the newest row alone."""

        def rewrite(request: httpx.Request, body: Any) -> None:
            if request.url.path.endswith(end) and request.url.params.get("per_page") != "1":
                change(body)

        self.rewrites.append(rewrite)


def change(
    cohort: str,
    to: str | None,
    *,
    workload: str = MAIN,
    verb: Verb = Verb.RELEASE,
    from_: str | None = None,
    extra_versions: tuple[str, ...] = (),
    settings: Settings = (),
) -> Change:
    """Return one change."""
    return Change(
        unit=Ref(cohort, cohort),
        workload=Ref(workload, workload),
        verb=verb,
        from_=from_,
        to=to,
        reason=Reason.CHANGE,
        steps=(),
        origin=NOWHERE,
        observed="",
        extra_versions=extra_versions,
        settings=settings,
    )


def staged(percent: int) -> Settings:
    """Return the settings of a staged rollout."""
    return (("rollout_percent", percent),)
