"""A change that an earlier run sent waits for that call, as long as the slot reads as it did then."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from reconciler.model.fleet import FleetSpec, Limits, Override, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.memory import InFlight, Memory
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import iso
from reconciler.model.release import Release, ReleaseInfo
from reconciler.views.reason_words import hold_words
from tests.laws.strategies import NOW, document, drafted, planned
from tests.unit.core.test_limits import reading


def plan(*sent: InFlight, lifted: Iterable[str] = ()) -> FleetPlan:
    """Return the plan of three units, two of which are to have another version."""
    workload = WorkloadSpec(version="1", overrides=[Override(units=Selector(ids=["u001", "u002"]), version="2")])
    spec = FleetSpec(
        connection="plant", units=Selector(all=True), workloads={"poller": workload}, limits=Limits(minimum=9)
    )
    one = drafted(document(spec), reading(3, {"poller": range(3)}))
    one.memory, one.lifted = Memory(in_flight=sent), frozenset(lifted)
    return planned(one, {Release("id-poller", "2"): ReleaseInfo(found=True)})


def sent(**other: object) -> InFlight:
    """Return that the change of the first unit was sent ten seconds ago; `other` is what was otherwise."""
    change = plan().changes[0]
    found = InFlight(
        fleet="fleet",
        unit=change.unit.id,
        workload=change.workload.id,
        to=change.to,
        observed=change.observed,
        at=NOW - 10,
        until=NOW + 50,
    )
    return msgspec.structs.replace(found, **other)


def test_what_was_sent_and_does_not_show_yet_is_held_and_the_rest_goes() -> None:
    found = plan(sent())
    assert [one.unit.id for one in found.changes] == ["u002"]
    (held,) = found.held
    (hold,) = held.reasons
    assert (held.unit.id, hold.code) == ("u001", HoldReason.IN_FLIGHT)
    words = f"a call for it that began at {iso(NOW - 10)} may still take effect until {iso(NOW + 50)}"
    assert hold_words(hold, "poller", "2") == words


@pytest.mark.parametrize(
    "other",
    [
        {"until": NOW},
        {"to": "3"},
        {"to": None},
        {"observed": "another"},
        {"fleet": "other"},
        {"unit": "u000"},
        {"workload": "id-other"},
    ],
    ids=str,
)
def test_what_was_something_else_or_is_over_holds_nothing(other: dict[str, object]) -> None:
    found = plan(sent(**other))
    assert [one.unit.id for one in found.changes] == ["u001", "u002"]
    assert not found.held


def test_what_was_sent_in_vain_waits_and_a_person_may_send_it_at_once() -> None:
    vain = sent(until=0.0, times=3, again=NOW + 230)
    found = plan(vain)
    assert [one.unit.id for one in found.changes] == ["u002"]
    (hold,) = found.held[0].reasons
    assert hold_words(hold, "poller", "2") == (
        f"it was sent 3 times in a row, last at {iso(NOW - 10)}, without lasting effect; not sent again until {iso(NOW + 230)}"
    )
    assert len(plan(msgspec.structs.replace(vain, again=NOW)).changes) == 2
    assert len(plan(vain, lifted={"retry"}).changes) == 2
    assert len(plan(sent(again=NOW + 60), lifted={"retry"}).changes) == 1, (
        "what may still take effect is never sent twice"
    )
