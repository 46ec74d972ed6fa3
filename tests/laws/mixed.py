"""Three connections under one clock, the manifests in force, and a guard before each simulator.

The guard looks at all worlds at the moment of every write. It knows only the lines drawn by the law; nothing of the code
under test judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.decide import PlanRequest
from reconciler.core.resolve import resolve
from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.model.desired import Desired, Want
from reconciler.model.fleet import Document, Manifest
from reconciler.model.snapshot import Query
from reconciler.simulators.exchange import Reply, Request
from reconciler.views import plan_json
from tests.laws.mixed_sites import NOTHING, TAG, Plant, Site, Step, Truth, Variants
from tests.laws.mixed_stepwise import Field, Yard
from tests.laws.said import Git, Said
from tests.laws.strategies import locate
from tests.laws.worlds import LIFTED, Clock, Killed, drain

SITES: dict[str, Callable[[Clock, Variants], Site]] = {"plant": Plant, "yard": Yard, "field": Field}

At = tuple[str, str, str]
"""(connection, workload name, unit id)."""


@dataclass
class Guard:
    """Stands before a simulator, and looks at all worlds whenever it is about to take a write."""

    worlds: Worlds
    name: str
    behind: Any

    def handle(self, request: Request) -> Reply:
        if request.method == "GET":
            return self.behind.handle(request)
        site, before = self.worlds.sites[self.name], self.worlds.truths()
        steps = site.steps(request, {slot[1:]: truth for slot, truth in before.items() if slot[0] == self.name})
        reply: Reply = self.behind.handle(request)
        if reply.status < 400:
            for step in steps:
                self.worlds.judge(self.name, step, before)
        return reply


@dataclass
class Worlds:
    """Three connections under one clock, the manifests in force, and what was broken."""

    clock: Clock
    sites: dict[str, Site]
    git: Git
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, site in self.sites.items():
            guard: Any = Guard(self, name, site.simulator)
            site.wire.behind = guard

    def truths(self) -> dict[At, Truth]:
        return {(name, *slot): truth for name, site in self.sites.items() for slot, truth in site.truths().items()}

    def partners(self, line: Said, unit: str) -> list[str]:
        """Return the units of the required workload's connection that a unit is tied to."""
        if not line.joined:
            return [unit]
        mine = self.sites[line.holder[0]].tags().get(unit, frozenset())
        return [other for other, values in self.sites[line.goal[0]].tags().items() if values & mine]

    def scope(self, fleet: str) -> list[str]:
        """Return the units of a fleet's scope."""
        chosen = self.git.fleets[fleet].spec.units.tags
        tags = self.sites[fleet].tags()
        return [unit for unit, values in tags.items() if chosen is None or values & set(chosen[TAG])]

    def judge(self, name: str, step: Step, truths: Mapping[At, Truth]) -> None:
        """Write down what a call breaks, with the worlds as they were when it came."""
        workload, unit = step.slot
        for line in self.git.lines:
            scope = self.scope(line.fleet)
            if (name, workload) == line.holder and step.gives is not None and unit in scope:
                found = [truths.get((*line.goal, mate), NOTHING) for mate in self.partners(line, unit)]
                if len(found) != 1 or not found[0].meets(frozenset(line.accepted)):
                    self.broken.append(f"{name} {step}, but {line} shows {found}")
            if (name, workload) == line.goal and step.spoils(frozenset(line.accepted)):
                for holder in scope:
                    there = truths.get((*line.holder, holder), NOTHING).there
                    if there and unit in self.partners(line, holder):
                        self.broken.append(f"{name} {step}, but {holder} holds what {line} needs")

    # --- runs -------------------------------------------------------------------------------------------------------

    def request(self) -> PlanRequest:
        connections = {name: Document(name, site.spec, "c.yaml", locate) for name, site in self.sites.items()}
        return PlanRequest(manifest=Manifest(connections, {}, self.git.fleets, "digest"))

    def plan(self) -> PlanResult:
        platforms = {name: site.platform() for name, site in self.sites.items()}
        found = plan(self.request(), platforms.__getitem__, self.clock)
        plan_json.check(found.plan)
        return found

    def apply(self, *, wait: bool = True) -> Applying:
        options = Options(concurrency=1, allow=LIFTED, deadline=60.0, wait=wait)
        run = Applying(self.plan(), options, self.clock, run="law")
        drain(run.events())
        return run

    def apply_with(self, requests: int, happens: Callable[[], None]) -> None:
        """Apply, and let something happen after so many requests."""
        left = [requests]

        def count(request: Request) -> None:
            del request
            left[0] -= 1
            if left[0] < 0:
                happens()

        for site in self.sites.values():
            site.wire.after = count
        with suppress(Killed):
            self.apply()
        for site in self.sites.values():
            site.wire.after = lambda request: None

    # --- what can be reached ----------------------------------------------------------------------------------------

    def wishes(self) -> dict[At, Desired]:
        """Return what the manifests say of each slot that they manage."""
        found = {}
        for name, fleet in self.git.fleets.items():
            snapshot = self.sites[name].platform().observe(Query())
            for column in resolve(fleet, {}, snapshot.units, snapshot.workloads).columns.values():
                for row, unit in enumerate(snapshot.units.ids):
                    if column.rule(row).value.want is not Want.UNMANAGED:
                        found[name, column.workload.name, unit] = column.rule(row).value
        return found

    def contradicts(self) -> bool:
        """Return whether some wish could never go because of a requirement, or of what its platform cannot do."""
        wishes, truths = self.wishes(), self.truths()
        if any(
            wish.version is None and slot[0] == "yard" and truths.get(slot, NOTHING).there
            for slot, wish in wishes.items()
        ):
            return True  # a CDN master has no call that uninstalls
        for line in self.git.lines:
            for unit in self.scope(line.fleet):
                mine = (*line.holder, unit)
                keeps = mine not in wishes or mine[0] == "field"  # devices of a cohort keep what they run
                stays = keeps and truths.get(mine, NOTHING).there
                comes = mine in wishes and wishes[mine].version is not None
                theirs = [wishes.get((*line.goal, mate)) for mate in self.partners(line, unit)]
                if comes and not (len(theirs) == 1 and theirs[0] and theirs[0].version in line.accepted):
                    return True
                if stays and any(wish is not None and wish.version not in line.accepted for wish in theirs):
                    return True
        return False

    def look(self) -> None:
        """Let everybody look for what is new, as they do from time to time."""
        for site in self.sites.values():
            site.look()
        self.clock.sleep(60)

    def reached(self, slot: At, wish: Desired) -> bool:
        now = self.truths().get(slot, NOTHING)
        if wish.version is None:
            return not now.told and (slot[0] == "field" or not now.runs)
        return now.told == now.runs == {wish.version}
