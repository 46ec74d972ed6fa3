"""Requirements by example: what is held, in which words, and in which stage it goes."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import pytest

from reconciler.core.assessment import Filters, FleetAssessment, assess
from reconciler.core.guards.requirement import Gates, gates
from reconciler.core.need import Side, needs, tied_to
from reconciler.core.plan import fleet_plan
from reconciler.core.resolve import Resolution, resolve
from reconciler.core.stage import staged
from reconciler.model.change import Held
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.fleet import Document, FleetSpec, Override, Quarantine, Requirement, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.origin import Origin
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from reconciler.views.reason_words import hold_words
from tests.laws.strategies import NOW, Single

WORKLOADS = tuple(Workload(f"id-{name}", name) for name in ("base", "camera", "poller", "server", "vision"))
BROKEN = Coverage(False, ("page 3 could not be read",))
States = Mapping[tuple[str, str], State | str]
"""What slots show, by unit and workload name; a version alone is assigned and reported."""

CATALOG: Catalog = {
    Release(one.id, version): ReleaseInfo(found=True) for one in WORKLOADS for version in ("1.3", "1.4", "1.5", "2")
}


def unit(unit_id: str, *lines: str, assignable: bool = True) -> Unit:
    tags = tuple(("line", line) for line in lines)
    return Unit(0, unit_id, f"gw-{unit_id}", tags, Reach.CONNECTED, 1, None, assignable)


def snapshot(
    shown: States,
    units: Sequence[Unit] = (unit("u"),),
    *,
    coverage: Coverage = PROVED,
    workloads: Sequence[Workload] = WORKLOADS,
) -> Snapshot:
    table = Units.build(units)
    states: list[State] = [EMPTY]
    columns = {}
    for workload in workloads:
        column = array("I", [0] * len(table))
        for row, unit_id in enumerate(table.ids):
            found = shown.get((unit_id, workload.name))
            if found is not None:
                states.append(State(found, found) if isinstance(found, str) else found)
                column[row] = len(states) - 1
        if any(column):
            columns[workload.id] = column
    return Snapshot(
        identity="test",
        units=table,
        workloads=tuple(workloads),
        states=states,
        columns=columns,
        coverage=coverage,
        read_at=NOW,
    )


def place(path: tuple[str | int, ...]) -> Origin:
    return Origin(".".join(str(part) for part in path[2:]))


def fleet(
    name: str = "fleet", connection: str = "plant", units: Selector | None = None, **workloads: WorkloadSpec
) -> Document:
    return Document(
        name, FleetSpec(connection=connection, units=units or Selector(all=True), workloads=workloads), "f", place
    )


def wants(
    version: str | None = None, requires: Mapping[str, str | list[str] | Requirement] | None = None
) -> WorkloadSpec:
    """Return the entry of a workload that wants a version (None: absent; empty: left alone)."""
    given = dict(requires or {})
    if version is None:
        return WorkloadSpec(absent=True, requires=given)
    return WorkloadSpec(version=version, requires=given) if version else WorkloadSpec(unmanaged=True, requires=given)


NEWER = {"poller": ">=1.4"}


class World:
    """Connections as read, and the plans of all fleets against them. What `unread` names could not be read."""

    def __init__(
        self,
        fleets: Sequence[Document],
        read: Mapping[str, Snapshot],
        unread: Mapping[str, str] | None = None,
        filters: Filters | None = None,
    ) -> None:
        lines = needs(fleets)
        self.filters = filters or Filters()
        sides = {name: Side(one, [_resolved(each, one) for each in _of(fleets, name)]) for name, one in read.items()}
        self.gates: dict[str, Gates] = {name: gates(lines, name, sides, unread or {}) for name in sides}
        plans = [self.plan(one, read[one.spec.connection]) for one in fleets if one.spec.connection in read]
        ways = {name: (read[name].units, ways) for name, ways in self.gates.items() if ways}
        self.plans = {one.fleet: one for one in staged(plans, ways)}

    def plan(self, document: Document, read: Snapshot) -> FleetPlan:
        one = judged(document, read, self.filters)
        return fleet_plan(one, CATALOG, Single(), manifest="", commit=None, gates=self.gates[document.spec.connection])

    def going(self) -> set[tuple[str, str, str | None]]:
        return {(one.unit.id, one.workload.name, one.to) for plan in self.plans.values() for one in plan.changes}

    def held(self) -> dict[tuple[str, str], Held]:
        return {(one.unit.id, one.workload.name): one for plan in self.plans.values() for one in plan.held}

    def said(self, name: str, unit_id: str = "u") -> tuple[int, list[str]]:
        """Return stage and words of the one held change of a slot."""
        held = self.held()[unit_id, name]
        assert {hold.code for hold in held.reasons} == {HoldReason.REQUIREMENT_NOT_MET}
        return held.stage, [hold_words(hold, held.workload.name, held.to) for hold in held.reasons]


def judged(document: Document, read: Snapshot, filters: Filters) -> FleetAssessment:
    return assess(
        document, connection=document.spec.connection, platform="test", channels={}, snapshot=read, now=NOW,
        retries_itself=True, filters=filters,
    )  # fmt: skip


def _resolved(document: Document, read: Snapshot) -> Resolution:
    return resolve(document, {}, read.units, read.workloads)


def _of(fleets: Sequence[Document], connection: str) -> list[Document]:
    return [one for one in fleets if one.spec.connection == connection]


def one_fleet(shown: States, **workloads: WorkloadSpec) -> World:
    document = Document(
        "fleet", FleetSpec(connection="plant", units=Selector(all=True), workloads=workloads), "f", place
    )
    return World([document], {"plant": snapshot(shown)})


LEAD = "requires poller >=1.4 (vision.requires.poller), but"
"""How words about the one requirement of these tests begin."""


# --- a workload that requires another one -------------------------------------------------------------------------------


def test_it_goes_where_what_it_requires_is_reported() -> None:
    world = one_fleet({("u", "poller"): "1.4"}, poller=wants("1.4"), vision=wants("2", NEWER))
    assert world.going() == {("u", "vision", "2")}
    world = one_fleet(
        {("u", "poller"): State("1.5", "1.4", Phase.MOVING), ("u", "vision"): "1.3"},
        poller=wants("1.5"),
        vision=wants("2", NEWER),
    )
    assert world.going() == {("u", "vision", "2")}


def test_it_follows_in_stage_two_what_this_plan_moves_there() -> None:
    world = one_fleet({("u", "poller"): "1.3"}, poller=wants("1.5"), vision=wants("2", NEWER))
    assert world.going() == {("u", "poller", "1.5")}
    assert world.said("vision") == (2, [f"{LEAD} 1.3 is reported; sent in this run once poller 1.5 is reported"])


def test_chains_go_stage_by_stage_whoever_comes_first_in_the_plan() -> None:
    world = one_fleet(
        {("u", "poller"): "1.3"},
        poller=wants("1.4"),
        vision=wants("2", NEWER),
        camera=wants("2", {"vision": ["2"], "poller": ["1.4"]}),
    )
    assert world.going() == {("u", "poller", "1.4")}
    assert world.said("vision")[0] == 2
    stage, words = world.said("camera")
    assert stage == 3
    assert words == [
        "requires vision 2 (camera.requires.vision), but nothing is reported; sent in this run once vision 2 is reported",
        "requires poller 1.4 (camera.requires.poller), but 1.3 is reported; sent in this run once poller 1.4 is reported",
    ]


@pytest.mark.parametrize(
    ("state", "wanted", "words"),
    [
        (State("1.4", "1.3", Phase.MOVING), "1.4", "1.3 is reported, and 1.4 is assigned; 1.4 is on its way there"),
        (State("1.3", "1.4", Phase.MOVING), "", "1.4 is reported, and 1.3 is assigned; no fleet manages poller there"),
        (State(None, "1.4"), "", "1.4 is reported, and nothing is assigned; no fleet manages poller there"),
        (State("latest", "latest"), "", "latest is reported, and latest is not a semantic version; no fleet manages poller there"),
        (State("1.4", "1.4"), "1.3", "1.4 is reported; the manifests contradict each other: they ask for poller 1.3 there (poller)"),
        (State("1.4", "1.4"), None, "1.4 is reported; the manifests contradict each other: they ask for poller absent there (poller)"),
        (State("1.4", "1.4", Phase.UNKNOWN), "", "what is there is unknown; no fleet manages poller there"),
        (State("1.4", phase=Phase.UNKNOWN, conditions=(Condition(ConditionCode.PLATFORM, text="a new word"),)), "1.4", "what is there is unknown (a new word); the manifests ask for 1.4 there, but this plan does not include it"),
        (State("1.4", "1.4", ready=1, size=2), "", "1.4 is reported; no fleet manages poller there"),
        (State("1.4", ready=1, size=2, spread=(("1.3", 1), ("1.4", 1))), "", "1.3 and 1.4 are reported; no fleet manages poller there"),
        (State("1.4", ready=1, size=2, spread=(("1.4", 1),)), "", "1.4 is reported; no fleet manages poller there"),
        (State("1.4", "1.3", Phase.MOVING, extra_versions=("1.3",)), "1.4", "1.3 is reported, and 1.4 is assigned; 1.4 is on its way there"),
        (State("1.4", "1.4", extra_versions=("1.5", "1.3")), "", "1.4 is reported, and 1.3 is also present; no fleet manages poller there"),
        (State("1.4", "1.4", extra_versions=("1.2", "1.3")), "", "1.4 is reported, and 1.2 and 1.3 are also present; no fleet manages poller there"),
    ],
)  # fmt: skip
def test_it_waits_for_good_for_what_this_plan_does_not_bring(state: State, wanted: str | None, words: str) -> None:
    world = one_fleet({("u", "poller"): state}, poller=wants(wanted), vision=wants("2", NEWER))
    assert world.said("vision") == (0, [f"{LEAD} {words}"])


def test_all_devices_of_a_unit_must_report_it() -> None:
    spread = State("1.5", "1.5", ready=1, size=2, spread=(("1.3", 0), ("1.4", 1), ("1.5", 1)))
    assert one_fleet({("u", "poller"): spread}, poller=wants(""), vision=wants("2", NEWER)).going() == {
        ("u", "vision", "2")
    }


def test_what_is_there_as_well_must_do_too_and_waits_to_be_removed() -> None:
    world = one_fleet(
        {("u", "poller"): State("1.4", "1.4", extra_versions=("1.3",))}, poller=wants("1.4"), vision=wants("2", NEWER)
    )
    assert world.going() == {("u", "poller", "1.4")}
    words = (
        f"{LEAD} 1.4 is reported, and 1.3 is also present; sent in this run once poller 1.4 is reported and 1.3 gone"
    )
    assert world.said("vision") == (2, [words])


def test_what_is_active_below_is_given_to_no_device_of_a_cohort() -> None:
    shown = {("u", "poller"): State("1.4", "1.4", extra_versions=("1.3",), ready=1, spread=(("1.4", 1),))}
    assert ("u", "vision", "2") in one_fleet(shown, poller=wants(""), vision=wants("2", NEWER)).going()


def test_what_is_held_itself_or_left_out_brings_nothing() -> None:
    document = fleet(poller=wants("1.4"), vision=wants("2", NEWER))
    spec = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads=document.spec.workloads,
        quarantine=[
            Quarantine(workload=name, version=version, reason="boot loop")
            for name, version in (("poller", "1.4"), ("vision", "2"))
        ],
    )
    read = {"plant": snapshot({("u", "poller"): "1.3"})}
    held = World([Document("fleet", spec, "f", place)], read).held()["u", "vision"]
    assert [hold.code for hold in held.reasons] == [HoldReason.QUARANTINED, HoldReason.REQUIREMENT_NOT_MET]
    assert held.stage == 0
    brought = World([fleet(poller=wants("1.4"), vision=wants("2", {**NEWER, "base": ["2"]}), base=wants(""))], read)
    assert brought.said("vision") == (
        0,
        [
            f"{LEAD} 1.3 is reported; this plan brings 1.4 there",
            "requires base 2 (vision.requires.base), but nothing is reported; no fleet manages base there",
        ],
    )
    world = World([document], read, filters=Filters(workloads=("vision",)))
    assert world.said("vision") == (
        0,
        [f"{LEAD} 1.3 is reported; the manifests ask for 1.4 there, but this plan does not include it"],
    )
    assert not world.going()


def test_a_workload_that_the_platform_has_not_or_has_twice_is_never_met() -> None:
    fleets = [fleet(poller=wants("1.4"), vision=wants("2", NEWER))]
    few = snapshot({}, workloads=[one for one in WORKLOADS if one.name != "poller"])
    assert World(fleets, {"plant": few}).said("vision") == (0, [f"{LEAD} plant has no workload of that name"])
    twice = snapshot({}, workloads=[*WORKLOADS, Workload("id-other", "poller")])
    assert World(fleets, {"plant": twice}).said("vision") == (0, [f"{LEAD} plant has several workloads of that name"])
    named = WorkloadSpec(version="1.4", id="id-other")
    twice = snapshot({("u", "poller"): "1.4"}, workloads=[*WORKLOADS, Workload("id-other", "poller")])
    world = World([fleet(poller=named, vision=wants("2", NEWER))], {"plant": twice})
    assert ("u", "vision", "2") in world.going()


# --- a workload that others require -------------------------------------------------------------------------------------

TAKEN = "vision requires poller >=1.4 (vision.requires.poller) and"


@pytest.mark.parametrize(
    ("state", "wanted", "words"),
    [
        (State("2", "2"), "2", "is assigned (2) here; the manifests contradict each other: they ask for vision 2 there (vision)"),
        (State("2", "2"), "", "is assigned (2) here; no fleet removes vision there"),
        (State(None, "2"), None, "is still here; its removal is on its way"),
        (State(None, None, extra_versions=("1.5",)), "", "is still here; no fleet removes vision there"),
        (State(None, None, spread=(("2", 1),)), "", "is still here; no fleet removes vision there"),
        (State(None, None, Phase.UNKNOWN), "", "may be present here: what is there is unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("to", ["1.3", None])
def test_what_is_required_stays_while_the_other_is_there(
    state: State, wanted: str | None, words: str, to: str | None
) -> None:
    world = one_fleet({("u", "poller"): "1.4", ("u", "vision"): state}, poller=wants(to), vision=wants(wanted, NEWER))
    assert world.said("poller") == (0, [f"{TAKEN} {words}"])


def test_it_may_move_to_what_satisfies_and_leave_where_the_other_is_not() -> None:
    shown = {("u", "poller"): "1.4", ("u", "vision"): "2"}
    assert one_fleet(shown, poller=wants("1.5"), vision=wants("2", NEWER)).going() == {("u", "poller", "1.5")}
    assert one_fleet({("u", "poller"): "1.4"}, poller=wants(), vision=wants("", NEWER)).going() == {
        ("u", "poller", None)
    }


def test_it_leaves_in_stage_two_after_the_removal_of_the_other() -> None:
    shown = {("u", "poller"): "1.4", ("u", "vision"): "2", ("u", "camera"): "2"}
    world = one_fleet(
        shown, poller=wants("1.3"), vision=wants(None, NEWER), base=wants("2", {"poller": ["1.3"]}), camera=wants("2")
    )
    assert world.going() == {("u", "vision", None)}
    assert world.said("poller") == (2, [f"{TAKEN} is assigned (2) here; sent in this run once vision is gone"])
    assert world.said("base")[0] == 3
    left_out = World(
        [fleet(poller=wants("1.3"), vision=wants(None, NEWER))],
        {"plant": snapshot(shown)},
        filters=Filters(workloads=("poller",)),
    )
    assert left_out.said("poller") == (
        0,
        [f"{TAKEN} is assigned (2) here; the manifests remove it, but this plan does not include it"],
    )


def test_it_stays_while_any_of_several_stays_and_the_words_tell_them_apart() -> None:
    shown = {("u", "poller"): "1.4", ("u", "vision"): "2", ("u", "camera"): "2"}
    world = one_fleet(shown, poller=wants(), vision=wants(None, NEWER), camera=wants("", NEWER))
    camera = TAKEN.replace("vision", "camera")
    assert world.said("poller") == (
        0,
        [
            f"{TAKEN} is assigned (2) here; this plan removes it",
            f"{camera} is assigned (2) here; no fleet removes camera there",
        ],
    )


def test_a_contradiction_lets_neither_break_the_other() -> None:
    world = one_fleet({("u", "poller"): "1.4"}, poller=wants("1.3"), vision=wants("2", NEWER))
    assert world.going() == {("u", "poller", "1.3")}
    assert "contradict" in world.said("vision")[1][0]
    world = one_fleet({("u", "poller"): "1.4", ("u", "vision"): "1.5"}, poller=wants("1.3"), vision=wants("2", NEWER))
    assert not world.going()
    assert "contradict" in world.said("vision")[1][0]
    assert "contradict" in world.said("poller")[1][0]


def test_a_requirement_speaks_of_the_scope_of_its_fleet_and_of_nothing_else() -> None:
    filters = fleet("ours", units=Selector(ids=["u"]), poller=wants(""), vision=wants("2", NEWER))
    wide = fleet("theirs", units=Selector(all=True), poller=wants("1.3"))
    overridden = WorkloadSpec(version="2", overrides=[Override(units=Selector(ids=["u"]), unmanaged=True)])
    both = fleet("both", units=Selector(all=True), vision=overridden)
    read = snapshot({(one, name): "1.4" for one in ("u", "v") for name in ("poller", "vision")}, [unit("u"), unit("v")])
    world = World([filters, wide, both], {"plant": read})
    assert world.going() == {("v", "poller", "1.3"), ("v", "vision", "2")}
    assert set(world.held()) == {("u", "poller"), ("u", "vision")}


# --- across connections -------------------------------------------------------------------------------------------------

FAR = {"server": Requirement(version=">=1.4", connection="office", tag="line")}
ACROSS = "requires server >=1.4 on the unit of office with the same line (vision.requires.server), but"
DESK = [unit("s", "l1")]


def across(near: Snapshot, far: Snapshot, server: str | None = "1.4", vision: str | None = "2") -> World:
    fleets = [fleet(vision=wants(vision, FAR)), fleet("far", "office", server=wants(server))]
    return World(fleets, {"plant": near, "office": far})


def test_the_required_workload_may_be_on_the_one_unit_with_the_same_tag() -> None:
    near = snapshot({}, [unit("u", "l1")])
    assert across(near, snapshot({("s", "server"): "1.4"}, DESK)).going() == {("u", "vision", "2")}
    world = across(near, snapshot({("s", "server"): "1.3"}, DESK))
    assert world.going() == {("s", "server", "1.4")}
    assert world.said("vision") == (2, [f"{ACROSS} 1.3 is reported; sent in this run once server 1.4 is reported"])


@pytest.mark.parametrize(
    ("lines", "desk", "coverage", "words"),
    [
        ((), DESK, PROVED, "this unit has no value of the tag line"),
        (("l1", "l2"), DESK, PROVED, "this unit has several values of the tag line"),
        (("l2",), DESK, PROVED, "no of its units have line l2"),
        (("l1",), [*DESK, unit("t", "l1")], PROVED, "2 of its units have line l1"),
        (("l1",), [unit("s", "l1", assignable=False)], PROVED, "no of its units have line l1"),
        (("l1",), DESK, BROKEN, "office was not read completely: page 3 could not be read"),
    ],
)
def test_where_there_is_no_one_such_unit_it_is_held(
    lines: tuple[str, ...], desk: list[Unit], coverage: Coverage, words: str
) -> None:
    far = snapshot({("s", "server"): "1.4"}, desk, coverage=coverage)
    assert across(snapshot({}, [unit("u", *lines)]), far).said("vision") == (0, [f"{ACROSS} {words}"])


def test_what_others_require_from_afar_stays_while_any_of_them_is_there() -> None:
    units = [unit(name, "l1") for name in ("a", "b", "c", "d", "e")] + [unit("f", "l2")]
    near = snapshot({(one.id, "vision"): "2" for one in units}, units)
    far = snapshot({("s", "server"): "1.4"}, [unit("s", "l1", "l3")])
    lead = "vision requires server >=1.4 (vision.requires.server) and is assigned (2) on gw-a, gw-b, gw-c and 2 more of plant"
    assert across(near, far, "1.3", "").said("server", "s") == (0, [f"{lead}; no fleet removes vision there"])
    world = across(near, far, None, None)
    assert world.said("server", "s") == (2, [f"{lead}; sent in this run once vision is gone"])
    broken = snapshot({}, units, coverage=BROKEN)
    assert across(broken, far, None, None).said("server", "s") == (
        0,
        [
            "vision requires server >=1.4 (vision.requires.server), and plant was not read completely: page 3 could not be read"
        ],
    )


def test_a_connection_that_could_not_be_read_meets_nothing_and_lets_nothing_go() -> None:
    fleets = [fleet(vision=wants("2", FAR), base=wants("2")), fleet("far", "office", server=wants("1.3"))]
    near = World(fleets, {"plant": snapshot({}, [unit("u", "l1")])}, {"office": "no connection"})
    assert near.said("vision") == (0, [f"{ACROSS} office could not be read: no connection"])
    assert near.going() == {("u", "base", "2")}
    far = World(fleets, {"office": snapshot({("s", "server"): "1.4"}, DESK)}, {"plant": "no connection"})
    assert far.said("server", "s") == (
        0,
        ["vision requires server >=1.4 (vision.requires.server), and plant could not be read: no connection"],
    )


def test_connections_are_tied_in_either_direction() -> None:
    lines = needs([fleet(vision=wants("2", FAR)), fleet("other", "harbour", poller=wants("1"))])
    assert tied_to(lines, {"plant"}) == tied_to(lines, {"office"}) ^ {"plant", "office"} == {"office"}
    assert tied_to(lines, {"harbour"}) == tied_to(lines, {"plant", "office"}) == frozenset()


def test_workloads_that_no_requirement_speaks_of_have_no_gate_and_others_no_wide_call() -> None:
    world = one_fleet({}, poller=wants("1.4"), vision=wants("2", NEWER), base=wants("2"))
    assert set(world.gates["plant"]) == {"id-poller", "id-vision"}
    one = judged(fleet(poller=wants("1.4"), vision=wants("2", NEWER), base=wants("2")), snapshot({}), Filters())
    assert one.fleet_wide == {"id-poller", "id-vision", "id-base"}
    one.tied = frozenset(world.gates["plant"])
    assert one.fleet_wide == {"id-base"}
