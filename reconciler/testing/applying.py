"""What any platform promises of a whole run.

Whatever goes wrong on the way, results tell the truth and nobody else's slot is touched; once nothing goes wrong any more
the fleet gets where git says, and stays there.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.core.decide import PlanRequest
from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.model.change import Reason
from reconciler.model.fleet import FleetSpec, Override, Selector, WorkloadSpec
from reconciler.model.hold import HoldReason
from reconciler.model.outcome import Result
from reconciler.model.snapshot import Query, Snapshot
from reconciler.testing.changes import assignable, assigned, question_of
from reconciler.testing.subject import Rig, Subject

LAWS = settings(  # without shrinking: a run that gets nowhere waits out its deadline, again and again
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FAULTS = ("429", "500", "reset", "lost", "slow", "truncate", "html", "short", "empty", "lag", "partial")
OPTIONS = Options(concurrency=1, deadline=90.0, allow=dict.fromkeys(("remove", "replace", "release"), "law"))
RUNS = 8

LASTING = frozenset(
    {
        HoldReason.UNREACHABLE,
        HoldReason.PAUSED,
        HoldReason.UNKNOWN,
        HoldReason.AGENT_TOO_OLD,
        HoldReason.UNSUPPORTED,
    }
)
"""Reasons that only a unit that is back, or a person, can lift."""


def asked(subject: Subject, rig: Rig, snapshot: Snapshot, random: Random, mine: list[str]) -> PlanRequest:
    """Return manifests that want something of the units that are ours, chosen at random.

    What comes along with others is left to them: wanting it otherwise would be two desired states of one slot.
    """
    workloads: dict[str, WorkloadSpec] = {}
    for workload in snapshot.workloads:
        if workload.id in subject.brings:
            continue
        overrides = []
        for unit in mine:
            chosen = random.choice([*rig.versions_of(workload.id), None, ...])
            if not rig.takes(unit, workload.id):
                chosen = ...
            selector = Selector(ids=[unit])
            if chosen is ...:
                overrides.append(Override(units=selector, unmanaged=True))
            elif chosen is None:
                overrides.append(Override(units=selector, absent=True))
            else:
                overrides.append(Override(units=selector, version=chosen))
        workloads[workload.name] = WorkloadSpec(unmanaged=True, overrides=overrides)
    spec = FleetSpec(connection="plant", units=Selector(ids=mine), workloads=workloads)
    return question_of(spec)


def planned(rig: Rig, question: PlanRequest) -> PlanResult:
    """Return the plan that a request gives now."""
    return plan(question, lambda _: rig.platform, rig.clock)


def applied(rig: Rig, question: PlanRequest) -> Applying:
    """Plan, apply, and return the run after its end."""
    run = Applying(planned(rig, question), OPTIONS, rig.clock, run="law")
    for _ in run.events():
        pass
    return run


def settled(rig: Rig, question: PlanRequest, refused: frozenset[str] = frozenset()) -> PlanResult:
    """Run until nothing is left to be done but trying again what failed, and return that plan.

    A change of `refused` calls alone may be planned for ever, if the run before says that it was not done.
    """
    for _ in range(RUNS):
        outcomes = applied(rig, question).outcomes
        undone = {(one.unit.id, one.workload.id) for one in outcomes if one.result is not Result.DONE}
        rig.settle()
        found = planned(rig, question)
        changes = [
            one
            for one in found.plan.fleets[0].changes
            if one.reason is not Reason.RETRY
            and not ((one.unit.id, one.workload.id) in undone and {step.call for step in one.steps} <= refused)
        ]
        if not changes:
            return found
    raise AssertionError(f"after {RUNS} runs there is still to do: {changes[:3]}")


@LAWS
@given(st.integers(0, 10**6), st.sampled_from(FAULTS), st.sampled_from(["10%", "40%"]), st.data())
def test_whatever_goes_wrong(subject: Subject, seed: int, kind: str, rate: str, data: st.DataObject) -> None:
    random = Random(seed)
    variants = dict([data.draw(st.sampled_from(list(subject.variants)))]) if subject.variants else {}
    rig = subject.rig(12, 2, seed=seed % 5, offline=0.1 * subject.queues, failing=0.1, variants=variants)
    rig.settle()
    snapshot = rig.platform.observe(Query())
    units = assignable(snapshot)
    mine = sorted(random.sample(units, max(1, len(units) // 2)))
    question = asked(subject, rig, snapshot, random, mine)
    before = assigned(rig)
    rig.fault(f"{kind}={rate}")
    for _ in range(2):
        run = applied(rig, question)
        truth = assigned(rig)
        for outcome in run.outcomes:
            if outcome.result is Result.DONE:
                assert truth.get((outcome.unit.id, outcome.workload.id)) == outcome.to, outcome
    rig.fault()
    rig.settle()
    final = settled(rig, question, subject.refused).plan.fleets[0]
    reasons = {reason.code for held in final.held for reason in held.reasons}
    assert reasons <= LASTING, final.held
    after = assigned(rig)
    foreign = {slot for slot in before | after if slot[0] not in mine}
    assert {slot: before.get(slot) for slot in foreign} == {slot: after.get(slot) for slot in foreign}
    _as_wanted(rig, question, {(held.unit.id, held.workload.id) for held in final.held})


def _as_wanted(rig: Rig, question: PlanRequest, held: set[tuple[str, str]]) -> None:
    """Hold the truth against what the manifests say, without the program's own reading."""
    truth = assigned(rig)
    spec = question.manifest.fleets["fleet"].spec
    for name, workload in spec.workloads.items():
        for override in workload.overrides:
            slot = override.units.ids[0], rig.workload_id(name)
            if not override.unmanaged and slot not in held:
                assert truth.get(slot) == override.version


def test_a_second_run_has_nothing_to_do(subject: Subject) -> None:
    rig = subject.rig(12, 2, offline=0.0, failing=0.0)
    random = Random(3)
    snapshot = rig.platform.observe(Query())
    question = asked(subject, rig, snapshot, random, assignable(snapshot))
    settled(rig, question)
    asking = rig.requests()
    run = applied(rig, question)
    assert (run.exit_code, run.sent, run.outcomes) == (0, 0, [])
    assert rig.requests() - asking < 60


@pytest.mark.parametrize("stop_at", range(1, 12))
def test_killed_anywhere_and_run_again_the_same_end_is_reached(subject: Subject, stop_at: int) -> None:
    def fleet() -> tuple[Rig, PlanRequest]:
        rig = subject.rig(8, 2, offline=0.0, failing=0.0, seed=stop_at)
        snapshot = rig.platform.observe(Query())
        return rig, asked(subject, rig, snapshot, Random(stop_at), assignable(snapshot))

    rig, question = fleet()
    for number, _ in enumerate(Applying(planned(rig, question), OPTIONS, rig.clock, run="killed").events(), start=1):
        if number == stop_at:
            break
    settled(rig, question)
    whole, same = fleet()
    settled(whole, same)
    assert assigned(rig) == assigned(whole)
