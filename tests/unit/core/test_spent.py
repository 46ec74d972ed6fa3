"""Limits over time and for each value of a tag: what went counts beside what is intended, and no slot twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from reconciler.model.change import Verb
from reconciler.model.fleet import FleetSpec, Limits, Override, Selector, WorkloadSpec
from reconciler.model.memory import Memory, Went
from reconciler.model.observation import Phase, State
from reconciler.model.plan import FleetPlan
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Units
from reconciler.views.limit_words import violation_words
from tests.laws.strategies import NOW, document, drafted, planned
from tests.unit.core.test_limits import gone, reading

DAY = 86400.0
ALL = Selector(all=True)


def went(
    units: Iterable[int],
    verb: Verb = Verb.REPLACE,
    *,
    workload: str = "id-poller",
    ago: float = 3600.0,
    size: int = 1,
) -> list[Went]:
    return [
        Went(fleet="fleet", unit=f"u{number:03}", workload=workload, verb=verb, size=size, to="v2", at=NOW - ago)
        for number in units
    ]


def moved(units: Iterable[int], version: str = "2") -> WorkloadSpec:
    """Return a workload that these units are to have in another version."""
    ids = [f"u{number:03}" for number in units]
    return WorkloadSpec(version="1", overrides=[Override(units=Selector(ids=ids), version=version)])


def plan(
    snapshot: Snapshot, some: list[Went], poller: WorkloadSpec, *, limit_window: str = "", **more: Any
) -> FleetPlan:
    durable, since = more.pop("durable", True), more.pop("since", 0.0)
    limits = Limits(**{"window": "24h", "replace": "10%", **more})
    spec = FleetSpec(connection="plant", units=ALL, workloads={"poller": poller}, limits=limits)
    one = drafted(document(spec), snapshot)
    one.memory = Memory(went=tuple(some), durable=durable, since=since)
    one.limit_window = limit_window
    return planned(one)


def words(found: FleetPlan) -> list[str]:
    return [violation_words(one) for one in found.violations]


def hundred() -> Snapshot:
    return reading(100, {"poller": range(100)})


def test_what_went_counts_beside_what_is_intended() -> None:
    found = plan(hundred(), went(range(8)), moved(range(10, 13)))
    text = "would replace poller on 3 of 100 assigned, after 8 in the last 24h; replace is limited to 10% (10)"
    assert words(found) == [text]
    assert words(plan(hundred(), went(range(8)), moved(range(10, 12)))) == []


def test_no_slot_counts_twice() -> None:
    assert words(plan(hundred(), went(range(8)) + went(range(8), ago=60.0), moved(range(10, 12)))) == []
    assert words(plan(hundred(), went(range(8)), moved(range(10)))) == []  # sent, and not shown yet
    assert len(words(plan(hundred(), went(range(8)), moved(range(3, 14))))) == 1


@pytest.mark.parametrize(
    "some",
    [
        went(range(8), ago=DAY),
        went(range(8), Verb.RELEASE),
        went(range(8), Verb.REMOVE, workload="id-other"),
    ],
)
def test_other_times_and_verbs_do_not_count(some: list[Went]) -> None:
    assert words(plan(hundred(), some, moved(range(10, 20)))) == []


def test_where_nothing_is_intended_nothing_is_forbidden() -> None:
    assert words(plan(hundred(), went(range(50)), moved(()))) == []


def test_a_slot_that_waits_for_something_else_counts_as_what_went() -> None:
    snapshot = hundred()
    snapshot.states[1] = State("1", None, Phase.PAUSED)
    assert words(plan(snapshot, went(range(8)), moved(range(10, 12)))) == []
    assert len(words(plan(snapshot, went(range(8)), moved(range(10, 13))))) == 1


def test_what_was_removed_still_belongs_to_what_the_share_is_taken_of() -> None:
    snapshot = reading(100, {"poller": range(10, 100)})
    some = went(range(10), Verb.REMOVE)
    found = plan(snapshot, some, gone(11), remove="10%")
    text = "would remove poller on 1 of 100 assigned, after 10 in the last 24h; remove is limited to 10% (10)"
    assert words(found) == [text]
    assert words(plan(snapshot, some, gone(11), remove="11%")) == []
    vanished = [msgspec.structs.replace(one, unit=f"x{one.unit}") for one in some]
    assert words(plan(snapshot, vanished, gone(11), remove="10%")) == [text]


def test_a_slot_of_unknown_state_that_went_and_is_unwanted_counts_once() -> None:
    snapshot = reading(100, {"poller": range(10, 100)}, unseen={"poller": range(10)})
    found = plan(snapshot, went(range(10), Verb.REMOVE), gone(11), remove="10%")
    assert words(found) == [
        "would remove poller on 11 of 100 assigned, counting 10 of unknown state; remove is limited to 10% (10)"
    ]


def test_what_went_of_a_workload_that_is_no_longer_listed_counts_for_the_fleet() -> None:
    former = went(range(8), workload="id-former")
    assert plan(hundred(), former, moved(range(10, 13)), replace="11").violations == ()
    found = plan(hundred(), former, moved(range(10, 13)), replace="10")
    assert words(found) == ["would replace 3 of 108 assigned, after 8 in the last 24h; replace is limited to 10"]


def test_one_change_after_another_is_not_a_single_change() -> None:
    three = reading(3, {"poller": range(3)})
    assert words(plan(three, [], moved([0]))) == []
    assert len(words(plan(three, went([1]), moved([0])))) == 1


def test_a_watch_looks_back_a_day_where_a_history_is_kept() -> None:
    for window, durable, broken in (("24h", True, 1), ("24h", False, 0), ("", True, 0)):
        found = plan(hundred(), went(range(8)), moved(range(10, 13)), window=None, durable=durable, limit_window=window)
        assert len(found.violations) == broken


def test_weights_are_in_devices() -> None:
    snapshot = reading(10, {"poller": range(10)}, sizes=10)
    found = plan(snapshot, went([0], size=10), moved([1]), replace="15")
    assert words(found) == [
        "would replace poller on 10 of 100 assigned, after 10 in the last 24h; replace is limited to 15"
    ]


# --- for each value of a tag ----------------------------------------------------------------------------------------


def sites(snapshot: Snapshot) -> Snapshot:
    """Return the reading with ten units to a site; the last ten units are of no site, unit 0 is of two."""
    units = snapshot.units
    rows = [
        msgspec.structs.replace(units[row], labels=(("site", f"s{row // 10}"),) if row < 90 else ())
        for row in range(len(units))
    ]
    rows[0] = msgspec.structs.replace(rows[0], labels=(("site", "s0"), ("site", "s1")))
    return msgspec.structs.replace(snapshot, units=Units.build(rows))


def test_a_limit_is_judged_for_each_value_of_a_tag_besides() -> None:
    found = plan(sites(hundred()), [], moved([20, 21, 31]), per="site")
    text = "would replace poller on 2 of 10 assigned with site s2; replace is limited to 10% (1)"
    assert words(found) == [text]
    assert [(one.tag, one.value) for one in found.violations] == [("site", "s2")]
    assert words(plan(sites(hundred()), [], moved([10, 20, 30, 95, 96]), per="site")) == []
    assert [one.value for one in plan(sites(hundred()), [], moved([0, 5, 15]), per="site").violations] == ["s0", "s1"]


def test_what_went_at_a_site_counts_there() -> None:
    some = went([20, 95])
    assert [one.value for one in plan(sites(hundred()), some, moved([21, 31]), per="site").violations] == ["s2"]


def test_removing_every_holder_of_a_site_is_no_removal_of_every_holder() -> None:
    found = plan(sites(hundred()), [], gone(10), remove="100%", per="site")
    assert words(found) == []


def test_the_violation_of_a_site_is_lifted_like_the_others() -> None:
    from tests.unit.core.test_allow import allow

    spec = FleetSpec(
        connection="plant",
        units=ALL,
        workloads={"poller": moved([20, 21])},
        limits=Limits(replace="10%", per="site"),
        allow=[allow("poller", "replace")],
    )
    found = planned(drafted(document(spec), sites(hundred())))
    assert (found.violations, [one.violation.value for one in found.lifted]) == ((), ["s2"])


# --- what is not remembered -----------------------------------------------------------------------------------------


def test_a_memory_that_does_not_reach_so_far_is_told() -> None:
    def said(**more: Any) -> list[str]:
        return [one for one in plan(hundred(), [], moved([1]), **more).warnings if "limits" in one]

    assert said(since=NOW - DAY) == []
    assert said(since=NOW - 60.0, window=None) == []
    assert said(since=1_794_990_000.0) == [
        "limits count what went in the last 24h, but what went before 2026-11-18T08:20:00Z is not remembered"
    ]
    assert said(since=NOW, durable=False) == [
        "limits count what went in the last 24h, but what went before this process started is not remembered"
    ]
    assert not plan(hundred(), [], moved(()), since=NOW).warnings


def test_further_steps_and_leftovers_are_free() -> None:
    snapshot = hundred()
    snapshot.states[1] = State("1", "1", extra_versions=("0",))
    found = plan(snapshot, went(range(20)), WorkloadSpec(version="1"))
    assert (found.violations, len(found.held), found.warnings) == ((), 100, ())
