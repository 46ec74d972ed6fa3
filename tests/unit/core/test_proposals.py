"""What is remembered of proposed plans: the newest of each fleet, and whether that one was approved."""

from __future__ import annotations

import pytest

from reconciler.core.remember import Remembering
from reconciler.core.standing import standing
from reconciler.model.event import AnyEvent, Approved, Note, Proposed
from tests.unit.core.test_compare import fleet, plan


def proposed(name: str, filters: str = "") -> Proposed:
    return Proposed(at=1.0, run="r", fleet=name, plan=plan(fleet(name), filters=filters))


def approved(of: Proposed) -> Approved:
    return Approved(at=2.0, run="r", fleet=of.fleet, fingerprint=of.plan.fingerprint, reason="r", by="ada")


A, LATER, B = proposed("a"), proposed("a", "later"), proposed("b")
ELSE: AnyEvent = Note(at=1.0, run="r", level="info", message="x")


@pytest.mark.parametrize(
    ("events", "stands", "plans", "by"),
    [
        ([A], [A], {"a": A}, {"a": ""}),
        ([A, approved(A)], [A, approved(A)], {"a": A}, {"a": "ada"}),
        ([A, approved(A), LATER, ELSE, approved(A)], [LATER, approved(A)], {"a": LATER}, {"a": ""}),
        ([A, approved(A), A], [A], {"a": A}, {"a": ""}),
        ([A, B, approved(A)], [A, B, approved(A)], {"a": A, "b": B}, {"a": "ada", "b": ""}),
        ([approved(A)], [approved(A)], {}, {}),
    ],
)
def test_the_newest_proposal_of_a_fleet_stands_and_an_approval_is_of_that_one(
    events: list[AnyEvent], stands: list[AnyEvent], plans: dict[str, Proposed], by: dict[str, str]
) -> None:
    for some in (events, standing(events)):
        memory = Remembering(0.0, durable=True)
        for event in some:
            memory.record(event)
        found = memory.memory(["a", "b"], 0.0).proposals
        assert {name: one.plan for name, one in found.items()} == {name: one.plan for name, one in plans.items()}
        assert {name: one.approval.by if one.approval else "" for name, one in found.items()} == by
        assert memory.memory([], 0.0).proposals == {}
    assert standing(events) == stands
