"""Planning again within reviewed plans: what goes is always a subset of what was reviewed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.assemble import assemble
from reconciler.core.subset import excess
from reconciler.model.change import Change, Held, Verb
from reconciler.model.fleet import Document
from reconciler.model.outcome import Surplus
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.snapshot import Snapshot
from tests.laws import worlds
from tests.laws.strategies import NOW, drafted, fleets, planned, snapshots
from tests.laws.worlds import FLOWS, Site, meddling, newcomer

wide_modes = st.sampled_from(["never", "scope", "proved"])


def whole(*plans: FleetPlan) -> Plan:
    return assemble(plans, now=NOW, read={}, filters="")


def going(plan: Plan) -> list[tuple[str, Change | Held]]:
    found: list[tuple[str, Change | Held]] = []
    for one in plan.fleets:
        found += ((one.basis.target, change) for change in one.changes)
        found += ((one.basis.target, held) for held in one.held if held.stage)
    return found


def naive(today: Plan, reviewed: list[Plan]) -> bool:
    """Return whether every change of today has a reviewed one of its slot that gives the same and takes no less."""
    known = [pair for plan in reviewed for pair in going(plan)]

    def gone(one: Change | Held) -> set[str | None]:
        return {version for version in getattr(one, "extra_versions", ()) if version != one.to}

    return all(
        any(
            (there, other.unit.id, other.workload.id, other.to, other.settings)
            == (target, one.unit.id, one.workload.id, one.to, one.settings)
            and gone(one) <= gone(other) | {other.from_}
            for there, other in known
        )
        for target, one in going(today)
    )


@given(fleets(), fleets(), snapshots(), st.data())
def test_no_excess_means_a_subset(left: Document, right: Document, snapshot: Snapshot, data: st.DataObject) -> None:
    plans = [planned(drafted(one, snapshot)) for one in (left, right)]
    today = plans[0]
    kept = data.draw(st.sets(st.sampled_from(range(len(today.changes))))) if today.changes else set()
    some = msgspec.structs.replace(
        today, changes=tuple(today.changes[position] for position in sorted(kept)), actions=()
    )
    reviewed = [whole(some), whole(plans[1])]
    found = excess(whole(today), reviewed)
    assert (not found) == naive(whole(today), reviewed)
    reported = {(one.unit.id, one.workload.id) for one in found}
    assert reported <= {(one.unit.id, one.workload.id) for _, one in going(whole(today))}
    assert not reported & {(one.unit.id, one.workload.id) for one in some.changes}


@given(fleets(), snapshots())
def test_the_same_plan_is_no_more_and_nothing_reviewed_is_everything_more(fleet: Document, snapshot: Snapshot) -> None:
    today = whole(planned(drafted(fleet, snapshot)))
    assert excess(today, [today]) == ()
    found = excess(today, [])
    assert len(found) == len(going(today))
    assert {one.why for one in found} <= {Surplus.NOT_REVIEWED}


@given(fleets(), snapshots())
def test_a_removal_is_covered_by_nothing_but_its_removal(fleet: Document, snapshot: Snapshot) -> None:
    plan = planned(drafted(fleet, snapshot))
    replaced = tuple(
        msgspec.structs.replace(one, verb=Verb.REPLACE, to="other") if one.verb is Verb.REMOVE else one
        for one in plan.changes
    )
    reviewed = whole(msgspec.structs.replace(plan, changes=replaced))
    removals = [one for one in plan.changes if one.verb is Verb.REMOVE]
    found = excess(whole(plan), [reviewed])
    assert [one.unit for one in found] == [one.unit for one in removals]
    assert {one.why for one in found} <= {Surplus.OTHER_VERSION}


@given(
    worlds.fleets(),
    st.one_of(st.none(), worlds.fleets()),
    wide_modes,
    meddling(),
    meddling(),
    st.integers(1, 5),
    st.booleans(),
)
def test_what_goes_is_a_subset_of_what_was_reviewed(
    fleet: Document,
    other: Document | None,
    wide: str,
    before: Callable[[Site], None],
    meanwhile: Callable[[Site], None],
    seed: int,
    came: bool,
) -> None:
    """Whatever people, units and git do between review and run: each write names units, and gives them what was reviewed."""
    site = Site(seed=seed, wide_calls=wide)
    before(site)
    reviewed = site.plan(site.request(fleet)).plan
    meanwhile(site)
    if came:
        newcomer(site, FLOWS[0], "v1.0.0")
    request = msgspec.structs.replace(site.request(other or fleet), by_ids=True)
    rows = site.rows()
    site.simulator.calls.writes.clear()
    run = site.apply(request, reviewed=[reviewed], deadline=60.0)
    known = {(one.unit.id, one.workload.id): one.to for one in reviewed.fleets[0].changes}
    moved = {
        slot: site.rows().get(slot)
        for slot in rows.keys() | site.rows().keys()
        if rows.get(slot) != site.rows().get(slot)
    }
    assert all(slot in known and known[slot] == to for slot, to in moved.items())
    assert all(devices for _, _, devices in site.released()), "a call without ids"
    if run.excess:
        assert (run.sent, run.exit_code, moved) == (0, 3, {})
