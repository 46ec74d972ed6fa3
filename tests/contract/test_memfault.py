"""Memfault's activations, end to end: what takes a while is waited for, and nobody is blamed for it."""

from __future__ import annotations

import pytest

from reconciler.core.decide import PlanRequest
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.outcome import Result
from reconciler.testing.applying import applied, planned
from reconciler.testing.changes import question_of
from reconciler.testing.subject import Rig
from tests.contract.subjects_memfault import MEMFAULT

COHORT, WORKLOAD = "internal-testing", "main-fw"


def wanting(version: str, cohort: str = COHORT) -> PlanRequest:
    spec = FleetSpec(
        connection="plant", units=Selector(ids=[cohort]), workloads={WORKLOAD: WorkloadSpec(version=version)}
    )
    return question_of(spec)


def sent(rig: Rig) -> list[str]:
    return [request.method for request in rig.seen() if request.method != "GET"]


@pytest.mark.parametrize("visible", ["now", "later"])
def test_a_pull_that_shows_before_the_activation_is_no_drift(visible: str) -> None:
    rig = MEMFAULT.rig(6, 2, offline=0.0, failing=0.0, variants={"activation-visible": visible})
    assert rig.truth()[COHORT, WORKLOAD][0] == "1.3.0"
    run = applied(rig, wanting("1.2.0"))
    assert [(one.result, one.to) for one in run.outcomes] == [(Result.DONE, "1.2.0")]
    assert sent(rig) == ["POST", "DELETE"]
    assert rig.truth()[COHORT, WORKLOAD][0] == "1.2.0"


def test_a_rollout_that_is_raised_to_all_is_done_and_leaves_the_rest_to_the_next_run() -> None:
    rig = MEMFAULT.rig(6, 2, offline=0.0, failing=0.0, devices=600)
    cohort = "beta"
    assert rig.truth()[cohort, WORKLOAD][0] == "1.3.0"
    run = applied(rig, wanting("1.3.0", cohort))
    ((result, detail),) = [(one.result, one.detail) for one in run.outcomes]
    assert (result, detail) == (Result.DONE, "assigned; 1.2.0 is present as well: plan again to remove it")
    run = applied(rig, wanting("1.3.0", cohort))
    assert [one.result for one in run.outcomes] == [Result.DONE]
    assert sent(rig) == ["PATCH", "DELETE"]
    assert applied(rig, wanting("1.3.0", cohort)).outcomes == []


def test_a_cohort_without_devices_is_none_in_counts_and_said_to_be() -> None:
    rig = MEMFAULT.rig(1, 1, devices=0)
    request = wanting("1.1.0", "default")
    (fleet,) = planned(rig, request).plan.fleets
    assert [change.size for change in fleet.changes] == [0]
    assert any("the cohort has no devices; nothing will show whether 1.1.0 works" in one for one in fleet.warnings)
    run = applied(rig, request)
    ((result, detail),) = [(one.result, one.detail) for one in run.outcomes]
    assert (result, detail) == (Result.DONE, "assigned; the unit has no devices that could report it")
