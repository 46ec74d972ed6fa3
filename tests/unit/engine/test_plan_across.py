"""Planning where fleets require what other connections report: what is read, how often, how old, and what fails alone."""

from __future__ import annotations

from threading import Barrier

import msgspec

from reconciler.core.assessment import Filters
from reconciler.core.begin import begin
from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.explain import explanation
from reconciler.engine.group import FRESH, GroupReader, View
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.reconcile import Reconciling
from reconciler.engine.run import Options, Run
from reconciler.errors import SettingsError, Unreachable
from reconciler.model.change import Held
from reconciler.model.event import Intended
from reconciler.model.fleet import Document, FleetSpec, Manifest, Requirement, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import State
from reconciler.model.origin import Origin
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Platform
from reconciler.views.reason_words import hold_words
from tests.unit.engine.memory import Clock, Memory, gone, request
from tests.unit.engine.test_explain import Blame

FAR: dict[str, str | list[str] | Requirement] = {"poller": Requirement(version=["2"], connection="office", tag="line")}


class Lined(Memory):
    """A platform of one unit, whose tag `line` is 1. Its readings take `slow` seconds, one entry each."""

    def __init__(self, clock: Clock, unit: str, assigned: str | None = "1") -> None:
        super().__init__(clock, 0)
        self.units[unit] = next(iter(Memory(clock, 1).units.values()))
        self.slots[unit, "w1"] = State(assigned, assigned)
        self.slow: list[float] = []
        self.meeting: Barrier | None = None

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        if self.meeting is not None:
            self.meeting.wait(10)
        found = super().observe(query)
        self.clock.time += self.slow.pop(0) if self.slow else 0.0
        found.units.label_sets[:] = [(("line", "1"),)]
        return found


def document(name: str, connection: str, requires: dict[str, str | list[str] | Requirement] | None = None) -> Document:
    workloads = {"poller": WorkloadSpec(version="2", requires=requires or {})}
    spec = FleetSpec(connection=connection, units=Selector(all=True), workloads=workloads)
    return Document(name, spec, f"{name}.yaml", lambda path: Origin(f"{name}.yaml"))


class World:
    """A plant whose poller requires that of the office, and a harbour that requires nothing."""

    def __init__(self, office: str | None = "1") -> None:
        self.clock = Clock()
        self.plant, self.office = Lined(self.clock, "p"), Lined(self.clock, "o", office)
        self.harbour = Lined(self.clock, "h")
        self.opened: list[str] = []
        self.closed: dict[str, str] = {}
        fleets = {
            "near": document("near", "plant", requires=FAR),
            "far": document("far", "office"),
            "sea": document("sea", "harbour"),
        }
        connections = {name: request().manifest.connections["plant"] for name in ("plant", "office", "harbour")}
        self.request = PlanRequest(manifest=Manifest(connections, {}, fleets, "digest"))

    def open(self, name: str) -> Platform:
        self.opened.append(name)
        if name in self.closed:
            raise SettingsError(self.closed[name], hint="export it")
        return {"plant": self.plant, "office": self.office, "harbour": self.harbour}[name]

    def only(self, *fleets: str) -> PlanRequest:
        return msgspec.structs.replace(self.request, filters=Filters(fleets=fleets))

    def plan(self, asked: PlanRequest | None = None) -> PlanResult:
        return plan(asked or self.request, self.open, self.clock)


def outlook(planned: PlanResult) -> dict[str, object]:
    """Return of each fleet what goes, or the stage and words of what is held, or its error."""
    return {
        one.fleet: one.error
        or [change.to for change in one.changes]
        or [(held.stage, [hold_words(hold, held.workload.name, held.to) for hold in held.reasons]) for held in one.held]
        for one in planned.plan.fleets
    }


def words(held: Held) -> str:
    return hold_words(held.reasons[0], held.workload.name, held.to)


LEAD = "requires poller 2 on the unit of office with the same line (near.yaml), but"


def test_all_connections_are_read_once_and_at_a_time() -> None:
    world = World()
    meeting = Barrier(3)
    for one in (world.plant, world.office, world.harbour):
        one.meeting = meeting
    found = world.plan()
    assert sorted(world.opened) == ["harbour", "office", "plant"]
    assert [one.reads for one in (world.plant, world.office, world.harbour)] == [1, 1, 1]
    assert outlook(found) == {
        "near": [(2, [f"{LEAD} 1 is reported; sent in this run once poller 2 is reported"])],
        "far": ["2"],
        "sea": ["2"],
    }


def test_connections_that_only_requirements_refer_to_are_read_but_not_planned() -> None:
    world = World("2")
    found = world.plan(world.only("near"))
    assert sorted(world.opened) == ["office", "plant"]
    assert outlook(found) == {"near": ["2"]}
    assert set(found.readings) == {"plant"}
    found.close()
    assert world.plant.closed
    assert world.office.closed
    assert not world.harbour.closed
    world = World("2")
    assert outlook(world.plan(world.only("far"))) == {"far": []}
    assert sorted(world.opened) == ["office", "plant"]


def test_a_connection_that_cannot_be_read_or_opened_leaves_its_requirements_unmet_and_nothing_else() -> None:
    world = World()
    world.office.unreadable = [gone(), gone()]
    found = world.plan()
    held = [(0, [f"{LEAD} office could not be read: memory: list: no connection"])]
    assert outlook(found) == {"near": held, "far": "memory: list: no connection", "sea": ["2"]}
    assert outlook(world.plan(world.only("near"))) == {"near": held}
    world.closed["office"] = "the variable TOKEN is not set"
    assert outlook(world.plan(world.only("near"))) == {
        "near": [(0, [f"{LEAD} office could not be read: the variable TOKEN is not set (export it)"])]
    }
    unopened = outlook(world.plan())
    assert (unopened["far"], unopened["sea"]) == ("the variable TOKEN is not set (export it)", ["2"])
    world.plant.unreadable = [gone()]
    assert outlook(world.plan(world.only("near"))) == {"near": "memory: list: no connection"}


def test_versions_of_a_partner_that_cannot_be_looked_up_stop_its_own_fleet_alone() -> None:
    world = World("2")
    world.office.catalogue = gone()
    world.office.slots["o", "w1"] = State("2", "2")
    assert outlook(world.plan())["near"] == ["2"]


def test_what_is_wrong_with_a_partners_manifest_is_not_told() -> None:
    world = World("2")
    far = world.request.manifest.fleets["far"]
    fleets = world.request.manifest.fleets
    fleets["far"] = msgspec.structs.replace(
        far, spec=msgspec.structs.replace(far.spec, pins={"nobody": {"poller": "1"}})
    )
    assert outlook(world.plan(msgspec.structs.replace(world.only("near"), strict=True))) == {"near": ["2"]}
    fleets["twin"] = document("twin", "office")
    (near,) = world.plan(world.only("near")).plan.fleets
    assert near.diagnostics == ()


def reader_of(found: PlanResult, connection: str) -> GroupReader:
    """Return the reader of the group that a connection belongs to."""
    return next(reader for reader, _ in found.groups if connection in reader.group.connections)


def again(reader: GroupReader, fleet: str) -> tuple[View, FleetPlan]:
    """Read a group again, as a run does that goes on with one fleet."""
    view = reader.read(reader.clock.now(), {fleet})
    return view, view.plans[fleet]


def test_what_is_read_again_is_judged_by_its_partners_as_they_are_now() -> None:
    world = World()
    reader = reader_of(world.plan(world.only("near")), "plant")
    _, before = again(reader, "near")
    assert words(before.held[0]) == f"{LEAD} 1 is reported; the manifests ask for 2 there"
    world.office.set("o", "2")
    world.clock.time += 30
    view, entry = again(reader, "near")
    assert [change.to for change in entry.changes] == ["2"]
    (one,) = view.readings["plant"].assessments
    assert one.tied == {"w1"}
    assert {name: it.seen.done_at for name, it in view.assessed.items()} == dict.fromkeys(
        ("plant", "office"), world.clock.monotonic()
    )
    assert world.office.reads == 3
    world.office.unreadable = [gone()]
    _, entry = again(reader, "near")
    assert words(entry.held[0]) == f"{LEAD} office could not be read: memory: list: no connection"
    world.plant.unreadable = [gone()]
    view, entry = again(reader, "near")
    assert isinstance(view.unread["plant"], Unreachable)
    assert entry.error == "memory: list: no connection"


def test_a_partner_that_could_not_be_opened_stays_unread() -> None:
    world = World()
    world.closed["office"] = "no token"
    reader = reader_of(world.plan(world.only("near")), "plant")
    _, entry = again(reader, "near")
    assert words(entry.held[0]) == f"{LEAD} office could not be read: no token (export it)"
    reader.close()
    assert world.plant.closed
    assert not world.office.closed


def test_a_connection_without_ties_is_read_again_alone() -> None:
    world = World()
    again(reader_of(world.plan(), "harbour"), "sea")
    assert [one.reads for one in (world.plant, world.office, world.harbour)] == [1, 1, 2]


def test_a_plan_is_as_old_as_the_oldest_reading_it_rests_on() -> None:
    world = World("2")
    world.plant.slow = [5.0]
    world.office.slow = [7.0]
    found = world.plan()
    times = {name: one.seen.done_at for name, one in found.readings.items()}
    assert min(times["plant"], times["office"]) < world.clock.monotonic()
    assert times["harbour"] <= world.clock.monotonic()
    view = next(view for _, view in found.groups if "near" in view.plans)
    reader = reader_of(found, "plant")
    fleet = begin(
        view.plans["near"],
        view.readings["plant"].assessments[0],
        None,
        allowed=(),
        wait=True,
        steps=False,
        fail_fast=False,
    )
    world.clock.time += min(times["plant"], times["office"]) + FRESH + 1 - world.clock.monotonic()
    loop = Reconciling(reader, view, {"near": fleet.progress}, Run("test", Options(), world.clock))
    reads = world.plant.reads
    first = next(event for event in loop.events() if isinstance(event, Intended))
    assert (first.fleet, world.plant.reads) == ("near", reads + 1)


def test_a_partner_that_grew_old_while_a_slow_connection_was_read_is_read_once_more() -> None:
    world = World("2")
    reader = reader_of(world.plan(world.only("near")), "plant")
    world.plant.slow = [FRESH + 1, 0.0]
    world.office.slow = [FRESH + 1, 0.0]
    view, _ = again(reader, "near")
    assert (world.plant.reads, world.office.reads) in {(3, 2), (2, 3)}
    assert all(world.clock.monotonic() - one.seen.done_at <= FRESH for one in view.assessed.values())


def test_apply_carries_stages_over_fleets_and_goes_on_where_one_fails() -> None:
    world = World()
    world.harbour.catalogue = gone()
    run = Applying(world.plan(), Options(concurrency=1), world.clock, run="test")
    list(run.events())
    assert {(one.fleet, one.unit.id): one.result for one in run.outcomes} == {
        ("far", "o"): Result.DONE,
        ("near", "p"): Result.DONE,
    }
    assert (world.office.calls, world.plant.calls, world.harbour.calls) == ([("2", ("o",))], [("2", ("p",))], [])
    assert run.exit_code == 4


def test_explain_shows_what_a_slot_waits_for() -> None:
    world = World()
    found = explanation(world.plan(), world.request.manifest, Blame(), "p", "poller").slots[0]
    assert [hold.code for hold in found.held] == [HoldReason.REQUIREMENT_NOT_MET]
    assert hold_words(found.held[0], "vision", "2").endswith("sent in this run once poller 2 is reported")
