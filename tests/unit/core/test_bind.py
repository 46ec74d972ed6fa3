"""Saved changes by example: what a run that is narrowed says of those it leaves out."""

from __future__ import annotations

import pytest

from reconciler.core.assessment import Filters
from reconciler.core.bind import bind
from reconciler.core.plan import fleet_plan
from reconciler.model.outcome import Result
from tests.laws.strategies import Single
from tests.unit.core.test_require import CATALOG, fleet, judged, snapshot, wants


@pytest.mark.parametrize("filters", [Filters(units=("elsewhere",)), Filters(workloads=("vision",))], ids=str)
def test_what_filters_leave_out_is_not_tried(filters: Filters) -> None:
    document, read = (
        fleet(poller=wants("1.4"), vision=wants("2")),
        snapshot({("u", "poller"): "1.3", ("u", "vision"): "2"}),
    )
    saved, today = (
        (one, fleet_plan(one, CATALOG, Single(), manifest="", commit=None))
        for one in (judged(document, read, Filters()), judged(document, read, filters))
    )
    (change,) = saved[1].changes
    bound = bind([change], saved[1].basis.versions, today[1], today[0])
    assert not bound.going
    (one,) = bound.settled
    assert (one.change, one.result, one.detail) == (change, Result.NOT_TRIED, f"excluded by {filters.words}")


def test_what_manifests_leave_alone_by_now_has_moved() -> None:
    read = snapshot({("u", "poller"): "1.3"})
    saved, today = (
        (one, fleet_plan(one, CATALOG, Single(), manifest="", commit=None))
        for one in (judged(fleet(poller=wants(version)), read, Filters()) for version in ("1.4", ""))
    )
    bound = bind(saved[1].changes, saved[1].basis.versions, today[1], today[0])
    (one,) = bound.settled
    assert (one.result, one.detail) == (Result.STALE, "the manifests now ask for unmanaged here")
