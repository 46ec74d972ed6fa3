"""What counts as more than was reviewed, by example."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.core.subset import excess
from reconciler.model.change import Change, Held, Verb
from reconciler.model.outcome import Surplus
from reconciler.model.plan import Plan
from tests.golden import plans


def plan(*changes: Change, held: tuple[Held, ...] = ()) -> Plan:
    whole = plans.canary()
    fleet = msgspec.structs.replace(whole.fleets[0], changes=changes, held=held, actions=())
    return msgspec.structs.replace(whole, fleets=(fleet,))


def change(**more: Any) -> Change:
    return msgspec.structs.replace(plans.canary().fleets[0].changes[0], **{"from_": "v1", "to": "v2", **more})


def staged(stage: int) -> Held:
    one = change()
    return Held(
        unit=one.unit,
        workload=one.workload,
        verb=Verb.REPLACE,
        from_="v1",
        to="v2",
        reasons=(),
        origin=one.origin,
        stage=stage,
    )


@pytest.mark.parametrize(
    ("today", "reviewed", "why"),
    [
        (change(), change(), None),
        (change(from_="v9"), change(), None),
        (change(from_=None, verb=Verb.RELEASE), change(), None),
        (change(from_="v9", downgrade=True), change(), Surplus.DOWNGRADE),
        (change(from_="v9", downgrade=True), change(downgrade=True), None),
        (change(), change(downgrade=True), None),
        (change(downgrade=True, extra_versions=("v0",)), change(), Surplus.REMOVES_MORE),
        (change(to="v3"), change(), Surplus.OTHER_VERSION),
        (change(settings=(("percent", 20),)), change(), Surplus.OTHER_VERSION),
        (change(to=None, verb=Verb.REMOVE), change(), Surplus.OTHER_VERSION),
        (change(from_="v2", verb=Verb.REMOVE, extra_versions=("v1",)), change(), None),
        (change(from_="v2", verb=Verb.REMOVE, extra_versions=("v0",)), change(), Surplus.REMOVES_MORE),
        (change(extra_versions=("v0",)), change(extra_versions=("v0",)), None),
        (change(extra_versions=("v0", "v2")), change(extra_versions=("v0",)), None),
        (change(extra_versions=("v0", "v5")), change(extra_versions=("v0",)), Surplus.REMOVES_MORE),
    ],
)
def test_a_change_is_covered_by_one_of_its_slot_that_does_as_much(
    today: Change, reviewed: Change, why: Surplus | None
) -> None:
    assert [one.why for one in excess(plan(today), [plan(reviewed)])] == ([] if why is None else [why])


def test_stages_count_as_going_and_other_held_changes_do_not() -> None:
    assert excess(plan(change()), [plan(held=(staged(1),))]) == ()
    assert excess(plan(held=(staged(1),)), [plan(change())]) == ()
    (more,) = excess(plan(change()), [plan(held=(staged(0),))])
    assert (more.why, more.reviewed, more.to) == (Surplus.NOT_REVIEWED, None, "v2")
    assert excess(plan(held=(staged(0),)), [plan()]) == ()


def test_several_plans_cover_together_and_another_application_covers_nothing() -> None:
    other = change(unit=msgspec.structs.replace(change().unit, id="other"))
    assert excess(plan(change(), other), [plan(change()), plan(other)]) == ()
    (more,) = excess(plan(change(), other), [plan(change())])
    assert more.unit == other.unit
    elsewhere = plan(change())
    fleet = elsewhere.fleets[0]
    basis = msgspec.structs.replace(fleet.basis, target="losant:elsewhere")
    moved = msgspec.structs.replace(elsewhere, fleets=(msgspec.structs.replace(fleet, basis=basis),))
    assert len(excess(plan(change()), [moved])) == 1
