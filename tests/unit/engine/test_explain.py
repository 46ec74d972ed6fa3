"""Examples of explaining a unit: who is meant, what git says of it, and who wrote the line."""

from __future__ import annotations

import pytest

from reconciler.engine.explain import explanation
from reconciler.engine.plan import PlanResult
from reconciler.errors import SettingsError, Unreachable
from reconciler.model.fleet import Document, FleetSpec, Manifest, Override, Selector, WorkloadSpec
from reconciler.model.origin import Origin
from reconciler.model.report import Explanation
from reconciler.model.repository import Author
from reconciler.model.verdict import Verdict
from tests.laws.strategies import document
from tests.laws.worlds import Site


class Blame:
    """A repository in which one line has an author."""

    def __init__(self, place: str = "") -> None:
        self.place = place

    def blame(self, origin: Origin) -> Author | None:
        return Author("c0ffee", "Ada", "2026-11-20", "Pin it") if self.place and self.place in str(origin) else None


def fleet(name: str, units: Selector, **workloads: WorkloadSpec) -> Document:
    spec = FleetSpec(
        connection="plant", units=units, workloads={key.replace("_", "-"): spec for key, spec in workloads.items()}
    )
    return document(spec, name)


def everywhere(**versions: str) -> Document:
    return fleet("all", Selector(all=True), **{name: WorkloadSpec(version=value) for name, value in versions.items()})


class Case:
    """A site and its fleets, planned."""

    def __init__(self, *fleets: Document, site: Site | None = None) -> None:
        self.site = site or Site(units=4)
        request = self.site.request(*fleets)
        self.manifest: Manifest = request.manifest
        self.planned: PlanResult = self.site.plan(request)
        self.units = self.planned.readings["plant"].snapshot.units

    def __call__(self, unit: str, workload: str | None = None, blame: str = "") -> Explanation:
        return explanation(self.planned, self.manifest, Blame(blame), unit, workload)


def test_a_unit_goes_by_name_and_by_id() -> None:
    case = Case(everywhere(modbus_poller="v1.2.0"))
    by_name, by_id = case(case.units.names[0]), case(case.units.ids[0])
    assert by_name == by_id
    assert {slot.unit.id for slot in by_name.slots} == {case.units.ids[0]}


def test_a_workload_goes_by_name_and_by_id() -> None:
    case = Case(everywhere(modbus_poller="v1.2.0"))
    flow = case.site.flows["modbus-poller"]
    (slot,) = case(case.units.names[0], "modbus-poller").slots
    assert case(case.units.names[0], flow).slots == (slot,)
    assert (slot.desired, slot.fleet) == ("v1.2.0", "all")


def test_a_workload_goes_by_what_the_manifest_calls_it() -> None:
    site = Site(units=4)
    flow = site.flows["modbus-poller"]
    case = Case(fleet("all", Selector(all=True), my_poller=WorkloadSpec(id=flow, version="v1.2.0")), site=site)
    unit = case.units.names[0]
    (slot,) = case(unit, "my-poller").slots
    assert case(unit, "modbus-poller").slots == case(unit, flow).slots == (slot,)
    assert (slot.workload.id, slot.desired) == (flow, "v1.2.0")
    with pytest.raises(SettingsError, match="did you mean 'my-poller'"):
        case(unit, "my-polar")


def test_a_mistake_about_a_slot_is_told_though_nothing_is_to_be_done_there() -> None:
    site = Site(units=4)
    pinned = Case(everywhere(), site=site).units.ids[0]
    here = document(
        FleetSpec(
            connection="plant",
            units=Selector(names=["nobody"]),
            workloads={"modbus-poller": WorkloadSpec(version="v1.2.0")},
            pins={pinned: {"modbus-poller": "v1.1.0"}},
            allow_empty=True,
        ),
        "all",
    )
    (slot,) = Case(here, site=site)(pinned, "modbus-poller").slots
    assert slot.planned is None
    assert [hold.text for hold in slot.held] == [
        f"the pin of 'modbus-poller' on '{pinned}' is outside the scope of its fleet"
    ]


def test_the_author_of_the_winning_and_of_losing_lines_is_named() -> None:
    spec = WorkloadSpec(version="v1.2.0", overrides=[Override(units=Selector(all=True), version="v1.1.0")])
    case = Case(fleet("all", Selector(all=True), modbus_poller=spec))
    (slot,) = case(case.units.names[0], "modbus-poller", blame="overrides").slots
    assert slot.won is not None
    assert (slot.won.commit, slot.won.author, slot.won.summary) == ("c0ffee", "Ada", "Pin it")
    assert [rule.commit for rule in slot.lost] == [""]
    (slot,) = case(case.units.names[0], "modbus-poller", blame="poller/version").slots
    assert slot.won is not None
    assert (slot.won.commit, [rule.author for rule in slot.lost]) == ("", ["Ada"])


def test_the_call_that_would_carry_it_out_is_named() -> None:
    case = Case(everywhere(modbus_poller="v1.2.0", vision="v1.2.0"))
    planned = [slot.planned for unit in case.units.ids for slot in case(unit).slots if slot.planned is not None]
    assert planned
    assert all(one.calls[0].startswith("losant.") and "/edge/deployments/" in one.calls[0] for one in planned)


def test_without_a_workload_all_that_git_or_the_platform_know_of_are_told() -> None:
    case = Case(everywhere(modbus_poller="v1.2.0"))
    snapshot = case.planned.readings["plant"].snapshot
    for row, unit in enumerate(case.units.ids):
        known = {one.name for one in snapshot.workloads if snapshot.state(one.id, row).assigned is not None}
        wanted = {"modbus-poller"} if snapshot.units.assignable[row] else set()
        assert {slot.workload.name for slot in case(unit).slots} == known | wanted


def test_the_fleet_that_has_most_to_say_is_told() -> None:
    probe = Case(everywhere(modbus_poller="v1.2.0")).units.ids
    mine = fleet("mine", Selector(ids=[probe[0]]), modbus_poller=WorkloadSpec(version="v1.1.0"))
    other = fleet("other", Selector(ids=[probe[0], probe[1]]), modbus_poller=WorkloadSpec(unmanaged=True))
    case = Case(mine, other)
    told = [case(unit, "modbus-poller").slots[0] for unit in probe[:3]]
    assert [(slot.fleet, slot.desired) for slot in told] == [
        ("mine", "v1.1.0"),
        ("other", "unmanaged"),
        ("", "unmanaged"),
    ]
    assert told[2].verdict is Verdict.UNMANAGED
    only = Case(mine)
    (slot,) = only(probe[1], "modbus-poller").slots
    assert slot.won is not None
    assert (slot.fleet, slot.won.text) == ("mine", "units: not in the scope of the fleet")


def test_names_that_several_units_bear_are_told_apart_by_id() -> None:
    site = Site(units=3)
    site.world.add_device("twin")
    site.world.add_device("twin")
    case = Case(everywhere(modbus_poller="v1.2.0"), site=site)
    with pytest.raises(SettingsError, match="2 units are named 'twin'") as caught:
        case("twin")
    assert sum(unit in caught.value.hint for unit in case.units.ids) == 2


def test_unknown_names_get_a_suggestion() -> None:
    case = Case(everywhere(modbus_poller="v1.2.0"))
    known = case.units.names[0]
    with pytest.raises(SettingsError, match=f"no unit '{known}x'; did you mean 'gw-"):
        case(f"{known}x")
    with pytest.raises(SettingsError, match="no workload 'modbus-pollr'; did you mean 'modbus-poller'"):
        case(known, "modbus-pollr")


def test_a_unit_that_may_be_where_nothing_could_be_read_is_not_called_unknown() -> None:
    site = Site(units=2)

    def gone(request: object) -> None:
        raise Unreachable("no route", operation="losant: list devices")

    site.wire.before = gone
    request = site.request(everywhere(modbus_poller="v1.2.0"))
    planned = site.plan(request)
    with pytest.raises(SettingsError, match=r"not everything could be read: .*no route"):
        explanation(planned, request.manifest, Blame(), "gw-000")
