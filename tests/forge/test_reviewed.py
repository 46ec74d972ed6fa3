"""Which plan was reviewed, in general; and `reviewed` where GitHub is slow, unwilling or says something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.forge.reviewed import Approval, Kept, Merged, NotReviewed, choose

TIMES = st.integers(0, 9).map(float)
MERGED = Merged("7", "c0ffee", 10.0, "ann")
KEPT = st.lists(TIMES, max_size=5, unique=True).map(lambda all_: [Kept(str(int(at)), f"run {at:g}", at) for at in all_])
APPROVALS = st.lists(TIMES, max_size=3).map(lambda all_: [Approval("bob", at) for at in all_])


@given(APPROVALS, KEPT)
def test_no_plan_is_taken_that_an_approval_could_not_see(approvals: list[Approval], kept: list[Kept]) -> None:
    seen = [one for one in kept if any(one.at <= word.at for word in approvals or [Approval("ann", MERGED.at)])]
    if not seen:
        with pytest.raises(NotReviewed):
            choose(MERGED, approvals, kept)
        return
    found = choose(MERGED, approvals, kept)
    assert found.plan in seen
    assert found.plan.at <= found.word.at
    assert found.approved is bool(approvals)
    between = [one for one in kept if found.plan.at < one.at <= found.word.at]
    assert between == [], "the newest of them"
    earlier = [word for word in approvals if word.at < found.word.at]
    assert not [one for one in kept for word in earlier if one.at <= word.at], "the first approval that saw one decides"
    assert found.newer == sum(one.at > found.word.at for one in kept)


def test_a_plan_that_the_forge_has_deleted_is_not_replaced_by_an_older_one() -> None:
    kept = [Kept("1", "run 1", 1.0), Kept("2", "run 2", 2.0, expired=True)]
    with pytest.raises(NotReviewed, match="run 2, which was reviewed, is no longer kept"):
        choose(MERGED, [Approval("bob", 3.0)], kept)
