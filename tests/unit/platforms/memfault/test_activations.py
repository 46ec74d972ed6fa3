"""Activations as they are gathered by slot."""

from __future__ import annotations

import pytest

from reconciler.platforms.memfault.activations import Activations
from reconciler.platforms.memfault.slots import INACTIVE, NORMAL
from reconciler.platforms.memfault.wire import Activated, CohortRef, Deployment
from reconciler.platforms.memfault.workloads import Workloads
from reconciler.platforms.reading.pages import Page


@pytest.mark.parametrize("past", sorted(INACTIVE))
def test_what_is_past_is_in_no_slot(past: str) -> None:
    cohort = CohortRef("default")
    rows = [
        Deployment(1, NORMAL, "done", Activated("1.3.0"), cohort),
        Deployment(2, NORMAL, past, Activated("1.4.0"), cohort),
    ]
    activations = Activations()
    activations.fold(Page(rows, 2))
    slots, ids = activations.slots(Workloads(["main-fw"]))
    assert [row.id for row in slots["default", "main-fw"].active] == [1]
    assert ids == {("default", "main-fw", "1.3.0"): "1"}
    assert activations.problems == []
