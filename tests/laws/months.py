"""A month of one connection under `watch`: what git, people, devices and networks do, and a judge before the simulator.

The judge looks at the world at the moment of every write. It knows the manifest in force and what was sent before, and
reads nothing of the code under test but the forecast that it holds it to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from reconciler.cli.recording import Recorder, RunSoFar
from reconciler.core.track_record import TrackRecord
from reconciler.engine.manifests import Reloading
from reconciler.engine.plan import PlanResult
from reconciler.engine.recent import Recent
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.errors import JournalError, PlatformError
from reconciler.model.event import AnyEvent, Halted
from reconciler.model.fleet import Document, FleetSpec, Limits, Manifest, Quarantine, Selector, Window, WorkloadSpec
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import percent
from reconciler.model.repository import TakenBack
from reconciler.model.rollout import RolloutState
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Ref
from reconciler.ports import History
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.memfault.inventory import NORMAL
from tests.laws.keeping import Kept
from tests.laws.mixed_sites import COHORTS, NOTHING, RELEASES, Plant, Site, Slot, Step, Truth, Variants
from tests.laws.mixed_stepwise import Field, Yard
from tests.laws.strategies import locate
from tests.laws.worlds import Clock, Killed

HOUR, DAY = 3600.0, 86400.0
LAG = 20.0
"""Seconds until what was accepted takes effect."""
MOST_STARTS = 200
"""Processes that may end in their first pass."""
GRACE = 60.0
"""Seconds that the tries of one call may take."""

Happening = Callable[["Month"], None]
Shares = Mapping[tuple[str, str], int]
"""Percents of cohorts that versions are active for."""


class Gateways(Plant):
    """An application whose calls take ids, and take effect some time after they were accepted."""

    count = 9

    def __init__(self, clock: Clock, variants: Variants) -> None:
        super().__init__(clock, variants)
        self.world.faults.lag_for = LAG


class Rigs(Yard):
    """A master whose devices take a version in steps."""

    count = 6


class Cohorts(Field):
    """A project whose cohorts have devices enough for a part of them."""

    devices = 12

    def share(self, cohort: str, version: str) -> int:
        """Return the percent of a cohort that a version is active for."""
        active = self.world.project.activations(self.world.project.cohorts[cohort])
        mine = [one for one in active if one.release.version == version]
        return max((100 if one.type == NORMAL else one.percent for one in mine), default=0)

    def running(self, cohort: str, version: str) -> int:
        """Return how many devices of a cohort run a version."""
        return sum(one.reported == version for one in self.world.project.cohorts[cohort].devices.values())


class Pace(Clock):
    """Time that passes by sleeping; between passes something happens. `step` is how far the watcher's own clock is off."""

    def __init__(self) -> None:
        super().__init__()
        self.step = 0.0
        self.between: Callable[[], bool] = lambda: True

    def now(self) -> float:
        return self.time + self.step

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> bool:
        if seconds >= HOUR:  # the pause of a watch: tries of a call wait for less
            return self.between()
        return super().sleep(seconds)


@dataclass
class Policy:
    """What the fleet says all month long."""

    rollout: Any = None
    opens: int | None = None
    """The hour at which a window opens, and for how many hours."""
    lasts: int = 24
    most: int | None = None
    """Devices that may be replaced in a day."""
    keep: Any = None


@dataclass(repr=False)
class Month:
    """A connection, its fleet, its history, what is to happen, and what was broken."""

    site: Site
    clock: Pace
    policy: Policy
    kept: Kept
    happenings: list[tuple[float, Happening]]
    version: str = "1.0.0"
    banned: set[str] = field(default_factory=set)
    offline: dict[str, float] = field(default_factory=dict)
    """Units that went away, and when."""
    failing: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    sent: list[tuple[float, Step, bool]] = field(default_factory=list)
    """When, by the clock of the watcher; what; whether it replaced something."""
    last: dict[Slot, tuple[float, str | None]] = field(default_factory=dict)
    """What was sent to each slot last, and when, by the true clock."""
    forgot_at: float = float("-inf")
    """When the history was last lost, by the true clock."""
    halted: set[str] = field(default_factory=set)
    plan: FleetPlan | None = None
    bounds: dict[str, int] = field(default_factory=dict)
    """How many units the last forecast gives a version."""
    forgot: float = float("-inf")
    """When the history was last lost, or a clock stepped."""
    commits: int = 0
    dies_in: int | None = None
    """Events until the watch is killed."""
    cut: int = 0
    """Requests of which no answer arrives."""
    lose: bool = False
    """Whether these take effect."""
    kill_at: int | None = None
    """Writes until the process dies right after one took effect."""
    over: bool = False
    passes: int = 0
    starts: int = 0
    """Processes that ended in their first pass."""
    forgets: bool = False
    """Whether the history is lost once this process has died."""
    calm: bool = False
    """Whether nothing happens any more."""
    second: bool = False
    """Whether another process is at work, beside the one that acts."""
    branch: RolloutId | None = None
    """What waits to be merged: this is taken back."""

    def __post_init__(self) -> None:
        self.story = [*self.happenings]
        guard: Any = Guard(self, self.site.simulator)
        self.site.wire.behind = guard
        self.site.wire.before = lambda request: self._lose() if not self.lose else None
        self.site.wire.after = lambda request: self._lose() if self.lose else None
        self.clock.between = self.between

    @property
    def workload(self) -> str:
        return self.site.workloads[0]

    def slots(self) -> list[Slot]:
        return [(self.workload, unit) for unit in self.site.units]

    def __repr__(self) -> str:
        return f"{self.policy}: {[(pause, one.__name__) for pause, one in self.story]}"

    # --- what git says ----------------------------------------------------------------------------------------------

    def load(self) -> Manifest:
        windows = []
        if self.policy.opens is not None:
            windows = [Window(allow=f"0 {self.policy.opens} * * *", duration=f"{self.policy.lasts}h")]
        spec = FleetSpec(
            connection="c",
            units=Selector(all=True),
            workloads={self.workload: WorkloadSpec(version=self.version)},
            rollout=self.policy.rollout,
            windows=windows,
            keep=self.policy.keep,
            limits=Limits(replace=None if self.policy.most is None else str(self.policy.most), window="24h"),
            quarantine=[
                Quarantine(workload=self.workload, version=one, reason="bad", until="2030-01-01")
                for one in sorted(self.banned)
            ],
        )
        said = f"{self.version} {sorted(self.banned)}"
        connection = Document("c", self.site.spec, "c.yaml", locate)
        return Manifest({"c": connection}, {}, {"fleet": Document("fleet", spec, "f.yaml", locate)}, said)

    # --- what happens -----------------------------------------------------------------------------------------------

    def between(self) -> bool:
        """Let something happen until the next pass; return whether the month is over."""
        self.passes += 1
        if not self.happenings or (self.calm and self.settled()):
            self.over = True
            return True
        pause, happening = self.happenings.pop(0)
        self.clock.time += pause / 2
        happening(self)
        self.clock.time += pause / 2
        self.site.look()
        return False

    def _lose(self) -> None:
        if self.cut > 0:
            self.cut -= 1
            raise httpx.ReadError("gone")

    def live(self) -> None:
        """Watch until the month is over, in as many processes as it takes."""
        while not self.over:
            try:
                self._run(self.kept.opened())
            except Killed:
                pass
            except (PlatformError, JournalError):  # the first pass of a process may find no platform, or no history
                self.clock.time += 60
                self.starts += 1
                if self.starts > MOST_STARTS:
                    raise
            self.kept.killed()
            if self.forgets:
                self.forgets, self.forgot_at = False, self.clock.time
                self.kept.lose()
            if not self.over:
                self.clock.time += 1.0
        self.kept.close()

    def _run(self, history: History, *, once: bool = False) -> None:
        """Watch in one process, until it is over or dies."""
        watching = self._watch(history, once=once)
        recorder = Recorder(lambda: None, RunSoFar(), history, hold=watching.hold)
        for event in watching.events():
            recorder.record(event)
            self._see(event)
            if self.dies_in is not None and not once:
                self.dies_in -= 1
                if self.dies_in < 0:
                    self.dies_in = None
                    return

    def beside(self) -> None:
        """Let another process make a pass, while the first one stands between two."""
        history, self.second = self.kept.opened(), True
        with suppress(Killed, PlatformError, JournalError):
            self._run(history, once=True)
        self.kept.left()
        self.second = False

    def _watch(self, history: History, *, once: bool) -> Watching:
        platform = self.site.platform()
        self.commits += 1
        return Watching(
            Reloading(self, lambda manifest: manifest.digest, self.clock, "w"),
            lambda manifest: lambda name: platform,
            self.clock,
            Watched(interval=HOUR, once=once, apply=True, options=Options(concurrency=1, wait=False)),
            run=f"run-{self.commits}",
            random=lambda: 0.5,
            history=history,
            keep=self._keep,
            rollbacks=self,
            recent=Recent(6, self.clock, oldest=5 * DAY),
        )

    def take_back(self, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord) -> TakenBack:
        """Have a branch that takes a version back, for a person to merge."""
        del workload, reason, record
        new, self.branch = self.branch != rollout, rollout
        return TakenBack(to=RELEASES[0], branch="back", commit="c", pushed=False, new=new)

    def merge(self) -> None:
        """Let a person merge what takes a version back."""
        if self.branch is not None and self.branch.version == self.version != RELEASES[0]:
            self.banned, self.version = self.banned | {self.version}, RELEASES[0]
        self.branch = None

    def _keep(self, planned: PlanResult) -> None:
        (self.plan,) = planned.plan.fleets
        self.bounds = {
            one.rollout.version: one.most for one in self.plan.rollouts if one.state is not RolloutState.COMPLETE
        }

    def _see(self, event: AnyEvent) -> None:
        if isinstance(event, Halted):
            self.halted.add(event.rollout.version)

    def gone(self, unit: str) -> bool:
        """Return whether a unit is away, and its platform can know: a master takes a silent one for active for a day."""
        since = self.offline.get(unit)
        return since is not None and (not isinstance(self.site, Rigs) or self.clock.time - since > DAY)

    # --- the judge --------------------------------------------------------------------------------------------------

    def judge(self, steps: list[Step], before: dict[Slot, Truth], shares: Shares) -> None:
        """Write down what a call breaks, with the world as it was when it came."""
        now = self.clock.now()
        new = [one for one in steps if one.gives is not None and one.gives not in before.get(one.slot, NOTHING).told]
        self._window(steps, now)
        recorded = self.kept.intended()
        if self.second:
            self._say(f"{steps} although another process acts")
        for one in steps:
            if one.gives is None:
                continue
            if recorded is not None and (one.slot[1], one.gives) not in recorded:
                self._say(f"{one} is not recorded")
            if one.slot not in self.slots():
                self._say(f"{one} is outside the fleet")
            if one.gives in self.banned:
                self._say(f"{one} is quarantined")
            if one.gives in self.halted and self.policy.rollout is not None:
                self._say(f"{one} although it halted")
            if one.gives != self.version:
                self._say(f"{one} is not what git says")
        if isinstance(self.site, Gateways):
            for one in steps:
                if one not in new and one.gives is not None and one.slot[1] not in self.failing:
                    self._say(f"{one} was sent again")
            self._twice(steps)
        self._waves(new, before, now)
        self._stops(steps, before, shares)
        self._moving(new, before)
        self._serving(new, before)
        self._limit(new, before, now)

    def _twice(self, steps: list[Step]) -> None:
        """Look whether the same was sent before it could take effect, and nothing else since."""
        now = self.clock.time
        for one in steps:
            at, before = self.last.get(one.slot, (0.0, None))
            if before == one.gives and now - at < LAG and self.forgot_at < at:
                self._say(f"{one} was sent twice, {now - at} s apart")
            self.last[one.slot] = now, one.gives

    def _say(self, text: str) -> None:
        self.broken.append(f"pass {self.passes}, {datetime.fromtimestamp(self.clock.now(), UTC)}: {text}")

    def _window(self, steps: list[Step], now: float) -> None:
        if self.policy.opens is None or not steps:
            return

        def is_open(at: float) -> bool:
            hour = datetime.fromtimestamp(at, UTC).hour
            return (hour - (self.policy.opens or 0)) % 24 < self.policy.lasts

        if not is_open(now) and not is_open(now - GRACE):
            self._say(f"{steps} outside the window")

    def wave(self, unit: str) -> int:
        """Return the wave of a unit where waves are by tag."""
        return min(COHORTS.index(next(iter(self.site.tags()[unit]))), len(self.policy.rollout.waves))

    def _waves(self, new: list[Step], before: dict[Slot, Truth], now: float) -> None:
        rollout = self.policy.rollout
        paces = rollout is not None and (rollout.waves or rollout.max_moving or rollout.failure)
        if not paces:
            return
        for one in new:
            if self.gone(one.slot[1]):
                self._say(f"{one} was sent to a unit that is not there")
        if any(isinstance(one, str) for one in rollout.waves):
            return
        needs = float((rollout.success or "100%").rstrip("%"))
        for one in new:
            mine = self.wave(one.slot[1])
            for wave in range(mine):
                members = [unit for unit in self.site.units if self.wave(unit) == wave]
                there = [before.get((self.workload, unit), NOTHING) for unit in members if not self.gone(unit)]
                told = [each for each in there if one.gives in each.told]
                runs = [each for each in told if each.runs == {one.gives}]
                if isinstance(self.site, Field):
                    runs = [each for each in told if one.gives in each.runs]
                if members and (len(told) < len(there) or not runs or len(runs) * 100 < needs * len(told)):
                    self._say(f"{one} of wave {mine}, but wave {wave} shows {there}")
                last = [at for at, each, _ in self.sent if each.gives == one.gives and self.wave(each.slot[1]) == wave]
                soak = float(rollout.soak.rstrip("h")) * HOUR if rollout.soak else 0.0
                if last and now - max(last) < soak and self.forgot < max(last):
                    self._say(f"{one} of wave {mine}, {now - max(last)} s after wave {wave}")

    def _stops(self, steps: list[Step], before: dict[Slot, Truth], shares: Shares) -> None:
        """Look at waves that stop at a share of a cohort."""
        rollout, site = self.policy.rollout, self.site
        if rollout is None or not rollout.waves or not isinstance(site, Cohorts) or isinstance(rollout.waves[0], str):
            return
        stops = [(wave.units.cohorts[0], percent(wave.share or "100%")) for wave in rollout.waves]
        needs = percent(rollout.success or "100%")
        for one in steps:
            mine = [(number, share) for number, (cohort, share) in enumerate(stops) if cohort == one.slot[1]]
            if one.gives is None or not any(wave.share for wave in rollout.waves):
                continue
            after = site.share(one.slot[1], one.gives)
            number, most = next(((at, share) for at, share in mine if share >= after), (len(stops), 100))
            if after != most:
                self._say(f"{one} to {after} %, where waves stop at {mine}")
            if after <= shares[one.slot[1], one.gives]:
                continue
            for cohort, share in stops[:number]:
                runs = site.running(cohort, one.gives)
                if shares[cohort, one.gives] < share or not runs:
                    self._say(f"{one} to {after} % of wave {number}, but {cohort} has {shares[cohort, one.gives]} %")
                elif share == 100 and runs * 100 < needs * len(site.world.project.cohorts[cohort].devices):
                    self._say(f"{one} to {after} % of wave {number}, but {runs} of {cohort} run it")

    def _moving(self, new: list[Step], before: dict[Slot, Truth]) -> None:
        rollout = self.policy.rollout
        if rollout is None or rollout.max_moving is None or isinstance(self.site, Field) or not new:
            return
        version, bound = new[0].gives, int(rollout.max_moving)
        moving = [
            slot
            for slot, one in before.items()
            if slot in self.slots() and version in one.told and one.runs != {version} and not self.gone(slot[1])
        ]
        if len({*moving, *(one.slot for one in new)}) > bound:
            self._say(f"{new} while {moving} move, of {bound}")

    def _serving(self, new: list[Step], before: dict[Slot, Truth]) -> None:
        if self.policy.keep is None:
            return
        touched = {one.slot[1] for one in new}
        for unit in touched:
            mates = [one for one in self.site.units if one != unit and self.site.tags()[one] & self.site.tags()[unit]]
            serving = []
            for mate in mates:
                one = before.get((self.workload, mate), NOTHING)
                if mate not in touched and not self.gone(mate) and one.told == one.runs:
                    serving.append(mate)
            if len(serving) < self.policy.keep.serving:
                self._say(f"{new} leave {serving} serving beside {unit}")

    def _limit(self, new: list[Step], before: dict[Slot, Truth], now: float) -> None:
        self.sent += [(now, one, bool(before.get(one.slot, NOTHING).told)) for one in new]
        if self.policy.most is None:
            return
        since = max(now - DAY, self.forgot)
        recent = {one.slot for at, one, replaced in self.sent if replaced and at > since}
        weight = sum(self.weight(slot[1]) for slot in recent)
        if weight > self.policy.most:
            self._say(f"{new}: {weight} devices within a day, of {self.policy.most}")

    def weight(self, unit: str) -> int:
        """Return how many devices a unit has."""
        if isinstance(self.site, Field):
            return len(self.site.world.project.cohorts[unit].devices)
        return 1

    def exposed(self) -> None:
        """Write down what goes beyond the forecast of the pass."""
        if isinstance(self.site, Field):
            return
        truths = self.site.truths()
        for version, most in self.bounds.items():
            has = [slot for slot in self.slots() if version in truths.get(slot, NOTHING).told]
            if len(has) > most:
                self._say(f"{has} have {version}, the forecast says {most}")

    # --- the end ----------------------------------------------------------------------------------------------------

    def settled(self) -> bool:
        truths = self.site.truths()
        return all(truths.get(slot, NOTHING).told == {self.version} for slot in self.slots())

    def unexplained(self) -> list[Slot]:
        """Return the slots that are neither as git says nor held by the last plan."""
        truths, plan = self.site.truths(), self.plan
        assert plan is not None
        held = {one.unit.id for one in plan.held}
        if plan.violations:
            held |= {one.unit.id for one in plan.changes}
        return [
            slot for slot in self.slots() if truths.get(slot, NOTHING).told != {self.version} and slot[1] not in held
        ]


@dataclass
class Guard:
    """Stands before a simulator, and judges what is written."""

    month: Month
    behind: Any

    def handle(self, request: Request) -> Reply:
        month, site = self.month, self.month.site
        if request.method == "GET":
            return self.behind.handle(request)
        before = site.truths()
        steps = site.steps(request, before)
        shares: Shares = {}
        if isinstance(site, Cohorts):
            shares = {(unit, one): site.share(unit, one) for unit in site.units for one in RELEASES}
        reply: Reply = self.behind.handle(request)
        if reply.status < 400:
            month.judge(steps, before, shares)
            month.exposed()
            if month.kill_at is not None:
                month.kill_at -= 1
                if month.kill_at < 0:
                    month.kill_at = None
                    raise Killed
        return reply
