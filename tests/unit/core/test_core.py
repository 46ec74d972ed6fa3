"""Examples of what the laws meet too rarely: leftovers, retries, bases, warnings, names, axes."""

from __future__ import annotations

from array import array
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from reconciler.core.assemble import assemble
from reconciler.core.assessment import FleetAssessment, leavers
from reconciler.core.bind import bind
from reconciler.core.digest import PART, checksum, fingerprint
from reconciler.core.guards.manifest import in_force
from reconciler.core.names import suggestion
from reconciler.core.plan import failed_fleet
from reconciler.core.resolve import resolve
from reconciler.core.status import axes, fleet_status
from reconciler.core.versions import older
from reconciler.model.change import Held, Reason, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.diagnostic import Severity
from reconciler.model.fleet import (
    Choice,
    FleetSpec,
    Limit,
    Limits,
    Override,
    Rollout,
    Selector,
    WorkloadSpec,
)
from reconciler.model.hold import HoldReason
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.origin import NOWHERE
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan, LimitKind
from reconciler.model.quantity import iso
from reconciler.model.release import Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Ref, Unit, Units
from reconciler.model.verdict import Health, Sync
from reconciler.views.limit_words import violation_words
from reconciler.views.reason_words import hold_words
from tests.laws import strategies
from tests.laws.strategies import CHANNELS, NOW, document, drafted

POLLER, VISION = Workload("w1", "poller"), Workload("w2", "vision")
BROKEN = Coverage(False, ("page 3 could not be read",))


CATALOG = {Release(one.id, name): ReleaseInfo(found=True) for one in (POLLER, VISION) for name in ("1", "2")}


def planned(one: FleetAssessment) -> FleetPlan:
    return strategies.planned(one, CATALOG)


def unit(unit_id: str, *, name: str = "", reach: Reach = Reach.CONNECTED, assignable: bool = True) -> Unit:
    return Unit(0, unit_id, name or f"gw-{unit_id}", (("site", "austin"),), reach, 1, "2.0.0", assignable)


def reading(
    *states: State,
    units: list[Unit] | None = None,
    coverage: Coverage = PROVED,
    workloads: tuple[Workload, ...] = (POLLER,),
) -> Snapshot:
    """Return a reading in which unit n has state n of the first workload; units without a state have no row."""
    rows = units if units is not None else [unit(f"u{number}") for number in range(len(states))]
    return Snapshot(
        identity="test:world",
        units=Units.build(rows),
        workloads=workloads,
        states=[EMPTY, *states],
        columns={"w1": array("I", [number + 1 if number < len(states) else 0 for number in range(len(rows))])},
        coverage=coverage,
        read_at=NOW,
    )


def spec(version: str | None = "2", **more: Any) -> FleetSpec:
    said = WorkloadSpec(version=version) if version is not None else WorkloadSpec(absent=True)
    fields = {"connection": "plant", "units": Selector(all=True), "workloads": {"poller": said}, **more}
    return FleetSpec(**fields)


def judged(
    snapshot: Snapshot, version: str | None = "2", *, retries_itself: bool = True, **more: Any
) -> FleetAssessment:
    return drafted(document(spec(version, **more)), snapshot, retries_itself=retries_itself)


def codes(one: FleetAssessment) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in one.diagnostics]


def test_leftovers_are_removed_and_count_against_no_limit() -> None:
    one = judged(
        reading(State("2", "2", extra_versions=("1",)), State("2", "2", extra_versions=("1",))),
        limits=Limits(remove="0%"),
    )
    plan = planned(one)
    assert [(change.verb, change.to, change.reason, change.extra_versions) for change in plan.changes] == [
        (Verb.REMOVE, "2", Reason.LEFTOVER, ("1",))
    ] * 2
    assert not plan.violations


def test_a_failed_slot_is_released_again_where_the_platform_does_not_do_so_itself() -> None:
    failed = State("2", "1", Phase.FAILED, error="disk full")
    (change,) = planned(judged(reading(failed), retries_itself=False)).changes
    assert (change.verb, change.from_, change.to, change.reason) == (Verb.RELEASE, "2", "2", Reason.RETRY)
    assert not planned(judged(reading(failed))).changes


def test_overwritten_content_is_released_again() -> None:
    (change,) = planned(judged(reading(State("2", "2", overwritten=True)))).changes
    assert (change.verb, change.reason) == (Verb.RELEASE, Reason.OVERWRITTEN)


def test_with_a_base_a_change_says_where_it_comes_from() -> None:
    one = judged(reading(State("1", "1")))
    for before, reason in ((spec("2"), Reason.DRIFT), (spec("1"), Reason.CHANGE), (spec(workloads={}), Reason.CHANGE)):
        one.base = resolve(document(before), CHANNELS, one.snapshot.units, one.snapshot.workloads)
        assert [change.reason for change in planned(one).changes] == [reason]


def test_leavers_of_two_workloads_of_one_name_are_all_told() -> None:
    twins = (Workload("w1", "poller"), Workload("w2", "poller"))
    snapshot = reading(State("1", "1"), State("1", "1"), State("1", "1"), State("1", "1"), workloads=twins)
    snapshot.columns["w2"] = snapshot.columns["w1"]
    one = drafted(document(spec(workloads={})), snapshot)
    before = spec(
        workloads={"poller": WorkloadSpec(id="w1", version="1"), "second": WorkloadSpec(id="w2", version="1")}
    )
    one.base = resolve(document(before), CHANNELS, snapshot.units, snapshot.workloads)
    assert leavers(one) == {"poller": [0, 1, 2, 3] * 2}
    assert planned(one).warnings == ("8 units leave poller and keep what they run: gw-u0, gw-u1, gw-u2 and 5 more",)


def test_what_is_left_out_is_said() -> None:
    one = judged(
        reading(State("2", "2"), coverage=BROKEN, units=[unit("u0"), unit("u1", assignable=False)]),
        rollout=Rollout(waves=["10%"], soak="30m", deadline="2h"),
        prune="all",
        workloads={"poller": WorkloadSpec(version="2"), "gone": WorkloadSpec(version="1")},
    )
    assert one.patience.deadline == 7200
    warnings = "\n".join(planned(one).warnings)
    for words in ("1 unit matches", "nothing is pruned:", "incomplete"):
        assert words in warnings
    plain = judged(reading(State("2", "2")), rollout=Rollout(deadline="10m"))
    assert planned(plain).warnings == ()


def test_fields_of_another_type_than_documented_are_said() -> None:
    noted = reading(State("2", "2"), coverage=Coverage(complete=True, notes=("device u0: size is a text",)))
    assert planned(judged(noted)).warnings == (
        "some fields have another type than documented: device u0: size is a text",
    )


def test_what_cannot_be_identified_is_held_as_a_whole() -> None:
    one = judged(reading(State("2", "2")), workloads={"polar": WorkloadSpec(version="1")})
    (held,) = planned(one).held
    assert (held.unit.id, held.workload.name, held.verb) == ("*", "polar", None)
    assert "did you mean 'poller'?" in held.reasons[0].text
    assert axes(one) == (Sync.UNKNOWN, Health.UNKNOWN)


def test_a_value_nobody_knows_is_held_with_a_word() -> None:
    one = judged(
        reading(
            State("1", "1", Phase.UNKNOWN),
            State("1", phase=Phase.UNKNOWN, conditions=(Condition(ConditionCode.PLATFORM, text="flowClass 'x'"),)),
        )
    )
    told = [hold_words(held.reasons[0], "poller", held.to) for held in planned(one).held]
    assert len(told) == 2
    assert all(told)
    assert told[1] == "flowClass 'x'"
    (held,) = planned(judged(reading(units=[unit("u0")], coverage=BROKEN))).held
    assert hold_words(held.reasons[0], "poller", held.to) == "not covered by the reading (page 3 could not be read)"


def test_pruning_is_held_for_what_is_shown_and_unknown_but_not_listed_for_what_is_not_shown() -> None:
    odd = State("1", phase=Phase.UNKNOWN, conditions=(Condition(ConditionCode.PLATFORM, text="odd"),))
    one = judged(reading(odd, units=[unit("u0"), unit("u1")], coverage=BROKEN), workloads={}, prune="all")
    plan = planned(one)
    assert [held.unit.id for held in plan.held] == ["u0"]
    assert plan.summary.unknown == 2


def test_a_saved_pruning_of_a_slot_no_longer_shown_is_not_called_done() -> None:
    units = [unit("u0"), unit("u1")]
    then = planned(judged(reading(State("1", "1"), State("1", "1"), units=units), workloads={}, prune="all"))
    assessment = judged(reading(State("1", "1"), units=units, coverage=BROKEN), workloads={}, prune="all")
    found = bind(then.changes, (), planned(assessment), assessment)
    assert [(dropped.change.unit.id, dropped.result) for dropped in found.settled] == [
        ("u0", Result.NOT_TRIED),
        ("u1", Result.NOT_TRIED),
    ]
    assert "page 3" in found.settled[1].detail


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State("2", "2")], (Sync.SYNCED, Health.HEALTHY)),
        ([State("2", "2"), State("1", "1")], (Sync.OUT, Health.HEALTHY)),
        ([State("2", "1", Phase.FAILED), State("1", "1", Phase.UNKNOWN)], (Sync.UNKNOWN, Health.DEGRADED)),
        ([], (Sync.NONE, Health.NONE)),
    ],
)
def test_the_axes_of_a_fleet_are_the_worst_of_its_slots(states: list[State], expected: tuple[Sync, Health]) -> None:
    assert axes(judged(reading(*states))) == expected


def test_slots_that_git_leaves_alone_count_nowhere_in_a_status() -> None:
    lab = Override(units=Selector(ids=["u1"]), unmanaged=True)
    said = {"poller": WorkloadSpec(version="2", overrides=[lab])}
    one = judged(reading(State("2", "2"), State("1", "1")), workloads=said)
    assert (axes(one), fleet_status(one).ready) == ((Sync.SYNCED, Health.HEALTHY), 1)


def test_two_entries_for_one_workload_are_an_error() -> None:
    one = judged(
        reading(State("1", "1")),
        workloads={"poller": WorkloadSpec(version="1"), "renamed": WorkloadSpec(id="w1", version="2")},
    )
    assert ("workload-twice", Severity.ERROR) in codes(one)
    assert ("workload-renamed", Severity.WARNING) in codes(one)


def test_an_id_decides_between_workloads_of_one_name_and_must_be_there() -> None:
    twins = reading(State("1", "1"), workloads=(POLLER, Workload("w2", "poller")))
    both = judged(twins)
    assert both.resolution.missing == [("poller", "several workloads are named 'poller': add `id:` with one of w1, w2")]
    one = judged(twins, workloads={"poller": WorkloadSpec(id="w1", version="2")})
    assert (codes(one), len(planned(one).changes)) == ([], 1)
    none = judged(twins, workloads={"poller": WorkloadSpec(id="w9", version="2")})
    assert none.resolution.missing == [("poller", "no workload has the id w9")]


def test_pins_are_held_to_the_scope_and_to_one_unit() -> None:
    snapshot = reading(State("1", "1"), State("1", "1"), State("1", "1"), units=[unit("u0"), unit("u1"), unit("u2")])
    filters = Selector(ids=["u0"])
    found = codes(judged(snapshot, units=filters, pins={"u1": {"poller": "2"}}))
    assert found == [("pin-outside", Severity.ERROR)]
    inner = {"poller": WorkloadSpec(version="2", units=filters)}
    assert codes(judged(snapshot, workloads=inner, pins={"u1": {"poller": "2"}})) == [("pin-outside", Severity.ERROR)]
    twice = judged(snapshot, pins={"u1": {"poller": "2"}, "gw-u1": {"poller": "3"}})
    assert codes(twice) == [("pin-twice", Severity.ERROR)]
    unlisted = judged(snapshot, pins={"u1": {"vision": Choice(absent=True)}})
    assert not codes(unlisted)
    assert codes(judged(snapshot, pins={"nobody": {"poller": "2"}})) == [("no-match", Severity.WARNING)]


def test_names_that_several_units_bear_are_errors_that_list_their_ids() -> None:
    twins = reading(State("1", "1"), State("1", "1"), units=[unit("u0", name="twin"), unit("u1", name="twin")])
    for one in (judged(twins, units=Selector(names=["twin"])), judged(twins, pins={"twin": {"poller": "2"}})):
        assert codes(one) == [("ambiguous-name", Severity.ERROR)]
        assert "u0, u1" in one.diagnostics[0].message
    assert codes(judged(twins, units=Selector(names=["tw*"]))) == []
    assert codes(judged(twins, units=Selector(cohorts=["twin"]))) == [("ambiguous-name", Severity.ERROR)]


def test_a_cohort_is_the_one_of_that_id_whatever_others_are_called() -> None:
    twins = reading(State("1", "1"), State("1", "1"), units=[unit("u0", name="beta"), unit("u1", name="u0")])
    one = judged(twins, units=Selector(cohorts=["u0"]))
    assert (codes(one), list(one.resolution.scope)) == ([], [0])


def test_units_that_cannot_be_assigned_to_drop_out_unless_named() -> None:
    strange = [unit("u0"), unit("u1", assignable=False)]
    one = judged(reading(State("1", "1"), units=strange))
    assert (one.resolution.dropped, list(one.resolution.scope)) == (1, [0])
    named = judged(reading(State("1", "1"), units=strange), units=Selector(ids=["u0", "u1"]))
    assert named.resolution.dropped == 0
    held = {entry.unit.id: entry.reasons[0].code for entry in planned(named).held}
    assert held == {"u1": HoldReason.UNASSIGNABLE}


def test_ids_that_differ_only_in_case_are_two_units() -> None:
    both = reading(State("1", "1"), State("1", "1"), units=[unit("AB"), unit("ab")])
    one = judged(both, units=Selector(ids=["ab"]))
    assert [change.unit.id for change in planned(one).changes] == ["ab"]


@pytest.mark.parametrize(
    ("agent", "minimum", "low"),
    [
        ("1.9", "1.10", True),
        ("1.10", "1.9", False),
        ("2", "2.0.0", False),
        ("2.0", "2.0.1", True),
        ("beta", "2", False),
    ],
)
def test_agents_compare_by_number(agent: str, minimum: str, low: bool) -> None:
    assert older(agent, minimum) is low
    assert not older(minimum, "beta")


def test_until_a_day_does_not_include_it() -> None:
    midnight = 1_795_132_800.0
    assert iso(midnight) == "2026-11-20T00:00:00Z"
    assert in_force("2026-11-20", midnight - 1)
    assert not in_force("2026-11-20", midnight)
    assert in_force(None, midnight)


def test_limits_name_their_parts() -> None:
    snapshot = reading(State("1", "1"), State("1", "1"))
    one = judged(snapshot, limits=Limits(replace=Limit(percent="50%", number=0), minimum=0))
    (violation,) = planned(one).violations
    assert (violation.kind, violation.allowed) == (LimitKind.REPLACE, 0)
    assert violation_words(violation) == "would replace poller on 2 of 2 assigned; replace is limited to 50% and 0"
    assert not planned(judged(snapshot, limits=Limits(replace=Limit(), minimum=0))).violations


def test_near_names() -> None:
    assert suggestion("polar", ["poller", "vision"]) == "; did you mean 'poller'?"
    assert suggestion("zzz", ["poller", "vision"]) == "; it has poller, vision"
    assert suggestion("zzz", [str(number) for number in range(9)]) == ""
    assert suggestion("zzz", []) == ""


def test_a_fleet_that_could_not_be_read_makes_the_plan_errored() -> None:
    failed = failed_fleet("a", connection="plant", platform="test", target="", manifest="digest", error="no network")
    plan = assemble([failed, planned(judged(reading(State("1", "1"))))], now=NOW, read={}, filters="")
    assert (plan.errored, plan.complete, plan.applyable) == (True, False, True)
    assert [entry.fleet for entry in plan.fleets] == ["a", "fleet"]
    assert (fingerprint(plan), checksum(plan)) == (plan.fingerprint, plan.checksum)
    assert not assemble([failed], now=NOW, read={}, filters="").applyable


def test_a_change_is_json_with_the_public_names() -> None:
    (change,) = planned(judged(reading(State("1", "1")))).changes
    shown = msgspec.to_builtins(change)
    assert (shown["from"], shown["to"], shown["unit"]) == ("1", "2", {"id": "u0", "name": "gw-u0"})


def test_no_call_acts_wide_on_a_workload_that_a_pin_speaks_of_even_of_a_unit_that_is_still_to_come() -> None:
    assert judged(reading(State("1", "1")), units=Selector(all=True)).fleet_wide
    assert not judged(reading(State("1", "1")), units=Selector(all=True), pins={"to-come": {"poller": "1"}}).fleet_wide


def test_digests_are_those_of_the_whole_however_long_it_is() -> None:
    nothing = failed_fleet("a", connection="plant", platform="", target="", manifest="", error="")
    unit = Held(unit=Ref("u", "u"), workload=Ref("w", "w"), verb=None, from_=None, to=None, reasons=(), origin=NOWHERE)
    seen = set()
    for number in (0, 1, PART, PART + 1, 2 * PART, 2 * PART + 7):
        long = msgspec.structs.replace(nothing, warnings=tuple(map(str, range(number))), held=(unit,) * number)
        plan = assemble([nothing, long], now=0.0, read={}, filters="")
        fields = {name: getattr(plan, name) for name in plan.__struct_fields__ if name != "checksum"}
        assert checksum(plan) == sha256(msgspec.json.encode(fields)).hexdigest()
        seen.add(fingerprint(plan))
    assert len(seen) == 6


def test_names_that_no_unit_bears_are_told_wherever_they_stand_and_a_rename_prunes_nothing() -> None:
    snapshot = reading(State("1", "1"), State("1", "1"), units=[unit("u0", name="gw-0"), unit("u1", name="gw-x")])
    gone = Selector(names=["gw-0", "gw-1"])
    override = WorkloadSpec(version="2", overrides=[Override(units=Selector(names=["gw-1"]), version="1")])
    for fields in (
        {"units": gone},
        {"units": Selector(not_=Selector(ids=["u9"]))},
        {"workloads": {"poller": WorkloadSpec(version="2", units=gone)}},
        {"workloads": {"poller": override}},
    ):
        one = judged(snapshot, **fields)
        assert codes(one) == [("no-match", Severity.WARNING)]
        assert "if it was renamed, name its id" in one.diagnostics[0].message
        assert fleet_status(one).unmatched == 1
    narrowed = judged(snapshot, workloads={"poller": WorkloadSpec(version="1", units=gone)}, prune="listed")
    assert "no unit has the id or name 'gw-1'" in narrowed.resolution.prune_unsafe[0]
    many = judged(snapshot, units=Selector(ids=["u0", "a", "b", "c", "d"]))
    assert "'a', 'b', 'c' and 1 more" in many.diagnostics[0].message
    assert "did you mean 'gw-x'?" in judged(snapshot, pins={"gw-1": {"poller": "2"}}).diagnostics[0].message
