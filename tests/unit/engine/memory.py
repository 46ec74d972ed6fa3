"""A platform in memory: slots in a dict, calls that do as a script says, time that passes only by sleeping."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.errors import PlatformError, Unauthorized, Unreachable
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Review
from reconciler.model.connection import ConnectionSpec, Secret
from reconciler.model.event import AnyEvent
from reconciler.model.fleet import Document, FleetSpec, Manifest, Selector, WorkloadSpec
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.origin import Origin
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.plan import Plan
from reconciler.model.release import Catalog, Release, ReleaseInfo, ReleaseList, ReleaseQuery
from reconciler.model.snapshot import Coverage, Query, Snapshot, Workload
from reconciler.model.unit import Labels, Reach, Unit, Units
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.ports import Capabilities, Check

NOW = 1_795_000_000.0
POLLER = Workload("w1", "poller")
Slot = tuple[str, str]
Answer = Callable[[Action], Receipt]

ACCEPTED = Receipt(ReceiptKind.ACCEPTED, status=201)
LOST = Receipt(ReceiptKind.UNKNOWN, "the connection broke off")
REFUSED = Receipt(ReceiptKind.REJECTED, "one of the ids is bad", 400)
TOO_SOON = Receipt(ReceiptKind.REJECTED, "too many requests", 429)
UNPROVED = Receipt(ReceiptKind.UNPROVED, "not sent: 3 hold it, the plan moves 2")


class Clock:
    """Seconds that pass by sleeping; `stop` asks the run to stop, `step` is how far somebody moved the wall clock."""

    def __init__(self) -> None:
        self.time = NOW
        self.stop = False
        self.step = 0.0

    def now(self) -> float:
        return self.time + self.step

    def monotonic(self) -> float:
        return self.time - NOW

    def sleep(self, seconds: float) -> bool:
        self.time += seconds
        return self.stop

    def stopping(self) -> bool:
        return self.stop


class Memory:
    """Units u0, u1, … with one workload. `script` answers calls, first entry first; afterwards every call works.

    Entries are receipts, or functions from the action to a receipt. `unreadable` errors are raised by readings, first
    entry first; None lets a reading pass.
    """

    identity = "memory:test"

    def __init__(self, clock: Clock, count: int = 4, assigned: str | None = "1") -> None:
        self.clock = clock
        self.units = {f"u{number}": Reach.CONNECTED for number in range(count)}
        self.names: dict[str, str] = {}
        self.labels: dict[str, Labels] = {}
        self.slots = {(unit, "w1"): State(assigned, assigned) for unit in self.units}
        self.script: list[Receipt | Answer] = []
        self.unreadable: list[PlatformError | None] = []
        self.coverage = Coverage(True)
        self.catalogue: PlatformError | dict[str, ReleaseInfo] = {}
        self.calls: list[tuple[str | None, tuple[str, ...]]] = []
        self.reads = 0
        self.ids_per_call = 1000
        self.retries_itself = True
        self.settled = True
        self.closed = False
        self.wide_calls: list[bool] = []

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="memory",
            ids_per_call=self.ids_per_call,
            wide_calls=True,
            orders_versions=False,
            retries_itself=self.retries_itself,
            uninstalls=False,
            selectors=frozenset({"ids", "names", "tags"}),
        )

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        self.reads += 1
        error = self.unreadable.pop(0) if self.unreadable else None
        if error is not None:
            raise error
        units = Units.build(
            Unit(0, unit, self.names.get(unit, unit), self.labels.get(unit, ()), reach, 1, "2.0.0", True)
            for unit, reach in self.units.items()
        )
        states = [EMPTY, *(self.slots.get((unit, "w1"), EMPTY) for unit in units.ids)]
        shown = [bool((unit, "w1") in self.slots) for unit in units.ids]
        return Snapshot(
            identity=self.identity,
            units=units,
            workloads=(POLLER,),
            states=states,
            columns={"w1": array("I", [row + 1 if there else 0 for row, there in enumerate(shown)])},
            coverage=self.coverage,
            read_at=self.clock.time,
        )

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        del query
        return ReleaseList(())

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        del changes, snapshot, catalog
        return Review()

    def catalog(
        self, wanted: Collection[Release], seen: Snapshot | None = None, *, probe: Collection[Release] = ()
    ) -> Catalog:
        del probe, seen
        if isinstance(self.catalogue, PlatformError):
            raise self.catalogue
        return {one: self.catalogue.get(one.version, ReleaseInfo(found=True, identity="id")) for one in wanted}

    def compile(
        self,
        changes: Sequence[Change],
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        fleet_wide: Collection[str],
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        del snapshot, catalog
        groups: dict[tuple[int, str], list[int]] = {}
        for position, change in enumerate(changes):
            groups.setdefault((change.to is None, change.to or ""), []).append(position)
        actions = []
        for (removing, version), slots in sorted(groups.items()):
            goes_wide = wide and "w1" in fleet_wide and not removing
            step = len(slots) if goes_wide else self.ids_per_call
            for start in range(0, len(slots), step):
                part = tuple(slots[start : start + step])
                body = {"version": version or None, "units": [changes[slot].unit.id for slot in part]}
                actions.append(
                    Action(
                        call="memory.set",
                        request=Request("POST", "/set", body),
                        slots=part,
                        stage=int(removing),
                        wide=goes_wide,
                    )
                )
        return tuple(actions)

    def execute(self, action: Action, deadline: float) -> Receipt:
        assert deadline > self.clock.monotonic()
        body = action.request.body
        self.calls.append((body["version"], tuple(body["units"])))
        self.wide_calls.append(action.wide)
        answer = self.script.pop(0) if self.script else ACCEPTED
        receipt = answer(action) if callable(answer) else answer
        if receipt.kind is ReceiptKind.ACCEPTED:
            self.carry_out(action)
        return receipt

    def carry_out(self, action: Action) -> None:
        """Let a call have its effect."""
        for unit in action.request.body["units"]:
            if unit in self.units:
                self.set(unit, action.request.body["version"])

    def set(self, unit: str, version: str | None) -> None:
        """Assign a version; the unit takes it at once, unless things do not settle or it cannot be reached."""
        before = self.slots.get((unit, "w1"), EMPTY)
        taken = self.settled and self.units[unit] is Reach.CONNECTED
        phase = Phase.SETTLED if taken else Phase.MOVING
        self.slots[unit, "w1"] = State(version, version if taken else before.reported, phase, since=self.clock.time)

    def check(self) -> Iterator[Check]:
        yield Check("memory", "ok", "there")

    def close(self) -> None:
        self.closed = True


def lost_after(memory: Memory) -> Answer:
    """Return an answer that is lost after the call worked."""

    def answer(action: Action) -> Receipt:
        memory.carry_out(action)
        return LOST

    return answer


def gone(status: int | None = 404) -> PlatformError:
    """Return the error of a reading that fails."""
    if status == 401:
        return Unauthorized("the token expired", operation="memory: list", status=401)
    return Unreachable("no connection", operation="memory: list", status=status)


def request(version: str | None = "2", **more: Any) -> PlanRequest:
    """Ask for one version (None: absent) on every unit."""
    said = WorkloadSpec(version=version) if version is not None else WorkloadSpec(absent=True)
    fields = {"connection": "plant", "units": Selector(all=True), "workloads": {"poller": said}, **more}
    document = Document("fleet", FleetSpec(**fields), "fleet.yaml", lambda path: Origin("fleet.yaml"))
    spec = ConnectionSpec("losant", LosantConnection(application="a" * 24, token=Secret(env="T")))
    connection = Document("plant", spec, "plant.yaml", lambda path: Origin("plant.yaml"))
    return PlanRequest(manifest=Manifest({"plant": connection}, {}, {"fleet": document}, "digest"))


def planned(memory: Memory, asked: PlanRequest) -> PlanResult:
    """Plan it."""
    return plan(asked, lambda name: memory, memory.clock)


def applied(
    memory: Memory, asked: PlanRequest, *, saved: Plan | None = None, today: PlanResult | None = None, **options: Any
) -> tuple[Applying, list[AnyEvent]]:
    """Apply it to the end; return the run and what it told."""
    given = {"concurrency": 1, **options}
    run = Applying(
        today or planned(memory, asked),
        Options(**given),
        memory.clock,
        run="test",
        saved=saved,
    )
    return run, list(run.events())
