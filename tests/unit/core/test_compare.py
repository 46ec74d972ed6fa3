"""Examples of how two things differ, in the words people read."""

from __future__ import annotations

from array import array

import msgspec
import pytest

from reconciler.core.assemble import assemble
from reconciler.core.compare import summary
from reconciler.engine.difference import comparison
from reconciler.errors import SettingsError
from reconciler.model.change import Action, Change, Held, Reason, Request, Verb
from reconciler.model.fleet import (
    ChannelSpec,
    Document,
    FleetSpec,
    Manifest,
    Override,
    Quarantine,
    Selector,
    Window,
    WorkloadSpec,
)
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import EMPTY, State
from reconciler.model.origin import NOWHERE
from reconciler.model.plan import Basis, Counts, FleetPlan, Lifted, LimitKind, Plan, Summary, Violation
from reconciler.model.provenance import ConnectionChange, ConnectionEdit, Loosened, Loosening
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units, labels_of
from tests.laws.strategies import locate

POLLER = Ref("w1", "poller")
Told = list[tuple[tuple[str, ...], str | None, str | None]]


def told(left: Plan | Snapshot | Manifest, right: Plan | Snapshot | Manifest) -> Told:
    found = comparison(("a", left), ("b", right))
    return [(one.path, one.was, one.now) for one in found.differences]


def change(unit: Ref, verb: Verb = Verb.REPLACE, **more: object) -> Change:
    plain = Change(
        unit=unit,
        workload=POLLER,
        verb=verb,
        from_="v1",
        to="v2",
        reason=Reason.DRIFT,
        steps=(),
        origin=NOWHERE,
        observed="",
    )
    return msgspec.structs.replace(plain, **more)


def plan(*fleets: FleetPlan, filters: str = "") -> Plan:
    return assemble(fleets, now=0.0, read={}, filters=filters)


def fleet(name: str = "austin", **more: object) -> FleetPlan:
    plain = FleetPlan(
        fleet=name,
        connection="plant",
        platform="losant",
        basis=Basis(target="losant:x", manifest="digest"),
        summary=Summary(units=2, slots=2, synced=1, held=0, unmanaged=0, changes=Counts()),
    )
    return msgspec.structs.replace(plain, **more)


def test_plans_go_by_unit_and_workload() -> None:
    one, twin, other = Ref("u1", "gw-1"), Ref("u2", "gw"), Ref("u3", "gw")
    call = Action(call="losant.release", request=Request("POST", "/x"), slots=(0, 1))
    left = plan(fleet(changes=(change(one), change(twin)), actions=(call,)))
    held = Held(
        unit=one,
        workload=POLLER,
        verb=Verb.REPLACE,
        from_="v1",
        to="v2",
        reasons=(Hold(HoldReason.SUSPENDED, "audit"),),
        origin=NOWHERE,
    )
    gone = change(twin, Verb.REMOVE, to=None, extra_versions=("v0",), settings=(("percent", 10),))
    unread = msgspec.structs.replace(held, unit=other, verb=None, from_=None, to=None)
    violation = Violation(kind=LimitKind.REMOVE, every_holder_of="poller")
    right = plan(
        fleet(
            changes=(gone,),
            held=(held, unread),
            violations=(violation,),
            warnings=("not enforced yet: windows",),
            basis=Basis(
                target="losant:x", manifest="other", complete=False, problems=("cut",), versions=(("w1", "v2", ""),)
            ),
        ),
        filters="--unit gw*",
    )
    assert told(left, right) == [
        (("filters",), None, "--unit gw*"),
        (("fleet austin", "calls", "losant.release"), "1 call for 2 slots", None),
        (
            ("fleet austin", "changes", "gw (u2) poller"),
            "replace v1 → v2 (drift)",
            "remove v1 → nothing, percent 10, also removes v0 (drift)",
        ),
        (("fleet austin", "changes", "gw-1 poller"), "replace v1 → v2 (drift)", None),
        (("fleet austin", "held", "gw (u3) poller"), None, "nothing → nothing, held: suspended: audit"),
        (("fleet austin", "held", "gw-1 poller"), None, "replace v1 → v2, held: suspended: audit"),
        (("fleet austin", "reading"), "complete", "cut"),
        (("fleet austin", "versions", "w1 v2"), None, "content unknown"),
        (("fleet austin", "violations", "remove poller"), None, "0 of 0"),
        (("fleet austin", "warnings"), None, "not enforced yet: windows"),
    ]


def test_what_plans_say_of_their_bases_is_compared() -> None:
    violation = Violation(kind=LimitKind.REMOVE, workload="poller")
    free = fleet(lifted=(Lifted(violation=violation, reason="end of life", until="2027-01-01"),))
    looser = (
        Loosened(fleet="austin", kind=Loosening.LIMIT, subject="remove", was="10%"),
        Loosened(fleet="austin", kind=Loosening.MODE, now="apply"),
    )
    edited = (ConnectionChange(connection="plant", edit=ConnectionEdit.CHANGED, platform="losant"),)
    right = msgspec.structs.replace(plan(free), loosened=looser, connections=edited)
    assert told(plan(fleet()), right) == [
        (("connection plant",), None, "changed, planned"),
        (("fleet austin", "lifted limits", "remove poller"), None, "until 2027-01-01: end of life"),
        (("loosened austin limit remove",), None, "10% → nothing"),
        (("loosened austin mode",), None, "nothing → apply"),
    ]


def test_a_fleet_that_came_is_told_in_a_line() -> None:
    units = [Ref(f"u{number}", f"gw-{number}") for number in range(5)]
    new = fleet("berlin", changes=tuple(map(change, units)), error="")
    ((path, was, now),) = told(plan(fleet()), plan(fleet(), new))
    assert (path, was) == (("fleet berlin",), None)
    assert now is not None
    assert now.startswith("connection plant, application losant:x, reading complete, ")
    assert now.endswith("5 changes")


def snapshot(states: list[State], numbers: list[int], coverage: Coverage = PROVED, tags: str = "a") -> Snapshot:
    rows = [
        Unit(
            0, f"u{row}", f"gw-{row}", labels_of([("site", tags)]), Reach.CONNECTED, 1 + row, "2.0", assignable=row < 1
        )
        for row in range(len(numbers))
    ]
    return Snapshot(
        identity="losant:x",
        units=Units.build(rows),
        workloads=(Workload("w1", "poller"),),
        states=[EMPTY, *states],
        columns={"w1": array("I", numbers)},
        coverage=coverage,
        read_at=0.0,
    )


def test_snapshots_go_by_unit_and_workload() -> None:
    moving = State(assigned="v2", reported="v1", extra_versions=("v0",), settings=(("percent", 10),), since=5.0)
    left = snapshot([State(assigned="v1", reported="v1")], [1, 0])
    right = snapshot([moving], [1, 1, 0], Coverage(complete=False, problems=("cut",)))
    assert told(left, right) == [
        (("reading",), "complete", "cut"),
        (("slots", "gw-0 poller", "also present"), None, "v0"),
        (("slots", "gw-0 poller", "assigned"), "v1", "v2"),
        (("slots", "gw-0 poller", "settings"), None, "percent 10"),
        (("slots", "gw-1 poller"), None, "assigned v2, reported v1, settings percent 10, also present v0"),
        (
            ("units", "gw-2"),
            None,
            "id u2, tags site a, reach connected, agent 2.0, devices 3, class not assignable",
        ),
    ]
    assert told(left, snapshot([State(assigned="v1", reported="v1", since=9.0)], [1, 0])) == []


def manifest(spec: FleetSpec, **channels: str) -> Manifest:
    documents = {
        name: Document(name, ChannelSpec(versions={"poller": version}), "c.yaml", locate)
        for name, version in channels.items()
    }
    labels = {"team": "edge"} if channels else {}
    return Manifest({}, documents, {"austin": Document("austin", spec, "f.yaml", locate, labels)}, "")


def spec(overrides: list[Override], **more: object) -> FleetSpec:
    plain = FleetSpec(
        connection="plant",
        units=Selector(all=True),
        workloads={"poller": WorkloadSpec(version="v1", overrides=overrides)},
    )
    return msgspec.structs.replace(plain, **more)


def by_ring(ring: str, version: str = "v2") -> Override:
    return Override(units=Selector(tags={"ring": ring}), version=version)


def test_manifests_go_by_whom_overrides_mean() -> None:
    poisoned = Quarantine(workload="poller", version="v3", reason="boot loop")
    left = manifest(spec([by_ring("canary"), by_ring("wide")]))
    right = manifest(spec([by_ring("canary", "v3"), by_ring("new")], quarantine=[poisoned]), stable="v1")
    head = ("fleet austin", "workloads", "poller", "overrides")
    assert told(left, right) == [
        (("channel stable",), None, "versions poller v1"),
        (("fleet austin", "labels", "team"), None, "edge"),
        (("fleet austin", "quarantine"), None, "poller v3 workload poller, version v3, reason boot loop"),
        ((*head, "tags ring canary", "version"), "v2", "v3"),
        ((*head, "tags ring new"), None, "version v2, units tags ring new"),
        ((*head, "tags ring wide"), "version v2, units tags ring wide", None),
    ]


def test_a_workload_of_the_same_id_under_another_key_is_renamed() -> None:
    def named(key: str, version: str = "v1") -> FleetSpec:
        return FleetSpec(
            connection="plant",
            units=Selector(all=True),
            workloads={
                key: WorkloadSpec(id="w1", version=version),
                "vision": WorkloadSpec(version="v1", requires={key: ["v1"]}),
            },
            pins={"gw-1": {key: "v0"}},
            quarantine=[
                Quarantine(workload=key, version="v9", reason="boot loop"),
                Quarantine(workload="vision", version="v9", reason="boot loop"),
            ],
            windows=[Window(allow="0 2 * * *", duration="3h")],
        )

    def bare(key: str) -> Manifest:
        return manifest(
            FleetSpec(
                connection="plant", units=Selector(all=True), workloads={key: WorkloadSpec(id="w1", version="v1")}
            )
        )

    assert told(bare("old"), bare("new")) == [(("fleet austin", "workloads", "new", "name"), "old", "new")]
    renamed = (("fleet austin", "workloads", "new", "name"), "old", "new")
    assert told(manifest(named("old")), manifest(named("new"))) == [renamed]
    assert told(manifest(named("old")), manifest(named("new", "v2"))) == [
        renamed,
        (("fleet austin", "workloads", "new", "version"), "v1", "v2"),
    ]
    assert told(manifest(named("old")), manifest(named("old"))) == []


def test_what_may_be_another_workload_is_not_paired() -> None:
    def of(**workloads: WorkloadSpec) -> Manifest:
        return manifest(FleetSpec(connection="plant", units=Selector(all=True), workloads=workloads))

    one, other = WorkloadSpec(id="w1", version="v1"), WorkloadSpec(id="w2", version="v1")
    swapped = told(of(a=one, b=other), of(a=other, b=one))
    assert [path for path, _, _ in swapped] == [("fleet austin", "workloads", key, "id") for key in "ab"]
    unnamed = told(of(a=WorkloadSpec(version="v1")), of(b=WorkloadSpec(version="v1")))
    assert [path for path, _, _ in unnamed] == [("fleet austin", "workloads", key) for key in "ab"]


def test_the_order_of_overrides_counts_where_nothing_else_changed() -> None:
    one, other = by_ring("canary"), by_ring("wide")
    path = ("fleet austin", "workloads", "poller", "overrides", "(order)")
    assert told(manifest(spec([one, other])), manifest(spec([other, one]))) == [
        (path, "tags ring canary; tags ring wide", "tags ring wide; tags ring canary")
    ]
    assert told(manifest(spec([one, one])), manifest(spec([one]))) != []


def test_members_of_a_list_of_names_come_and_go() -> None:
    def of(*ids: str) -> Manifest:
        return manifest(spec([], units=Selector(ids=list(ids))))

    assert told(of("a", "b", "b"), of("b", "c")) == [
        (("fleet austin", "units", "ids"), "a", None),
        (("fleet austin", "units", "ids"), None, "c"),
    ]


def test_lists_without_names_go_by_what_they_say() -> None:
    one, other = Selector(ids=["a"]), Selector(names=["gw-*"])
    left, right = (spec([], units=Selector(any=parts)) for parts in ([one, other], [one]))
    ((path, was, now),) = told(manifest(left), manifest(right))
    assert (path[-2:], now) == (("any", "names gw-*"), None)
    assert was is not None


def test_two_kinds_cannot_be_compared() -> None:
    with pytest.raises(SettingsError, match="a is a plan, but b is a manifest") as caught:
        told(plan(), manifest(spec([])))
    assert caught.value.hint == "compare two plans, two snapshots, or two manifests"


def test_a_version_that_is_there_already_and_wanted_is_not_removed() -> None:
    one = change(Ref("u", "gw"), Verb.REPLACE, to="v1", extra_versions=("v0", "v1"))
    assert "also removes v0 (" in str(told(plan(fleet()), plan(fleet(changes=(one,)))))
    alone = msgspec.structs.replace(one, extra_versions=("v1",))
    assert "also removes" not in str(told(plan(fleet()), plan(fleet(changes=(alone,)))))


def test_settings_are_told_with_what_they_are_now() -> None:
    one = change(Ref("u", "gw"), Verb.RELEASE, to="v1", settings=(("percent", 50),))
    more = msgspec.structs.replace(one, settings_from=(("percent", 25),))
    ((_, was, now),) = told(plan(fleet(changes=(one,))), plan(fleet(changes=(more,))))
    assert ("(now" in str(was), ", percent 50 (now percent 25)" in str(now)) == (False, True)


def test_a_rename_is_told_as_a_rename() -> None:
    before, after = (
        [Unit(0, "u0", name, (("ring", ring), ("site", "a")), Reach.CONNECTED, 1, None, True)]
        for name, ring in (("gw-0", "x"), ("gw-9", "y"))
    )
    one, other = (
        Snapshot(
            identity="test",
            units=Units.build(units),
            workloads=(Workload("w0", workload),),
            states=[EMPTY, State(assigned="v1", reported="v1")],
            columns={"w0": array("I", [1])},
            coverage=PROVED,
            read_at=0.0,
        )
        for units, workload in ((before, "poller"), (after, "modbus"))
    )
    assert told(one, other) == [
        (("units", "gw-9", "name"), "gw-0", "gw-9"),
        (("units", "gw-9", "tags", "ring"), "x", "y"),
        (("workloads", "modbus", "name"), "poller", "modbus"),
    ]


def test_plans_tell_a_rename_as_a_rename() -> None:
    before, after = plan(fleet(changes=(change(Ref("u1", "gw-1")),))), plan(fleet(changes=(change(Ref("u1", "gw-9")),)))
    assert told(before, after) == [(("renamed", "gw-9", "name"), "gw-1", "gw-9")]


def test_a_text_is_told_as_it_stands() -> None:
    assert summary("v1") == "v1"
