"""Whatever is active and whatever the open questions answer: calls lead every slot to what is wanted, and stay there."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.judge import Patience, verdict
from reconciler.model.change import Verb
from reconciler.model.desired import ABSENT, Settings
from reconciler.model.desired import version as wish
from reconciler.model.outcome import ReceiptKind
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict
from tests.contract.subjects_memfault import MEMFAULT
from tests.unit.platforms.memfault.project import MAIN, Project, change, staged

VERSIONS = [f"1.{minor}.0" for minor in range(5)]
THROUGH = "1.1.0"
DELTA = ("1.3.0", "1.4.0")
PASSES = 8


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    active=st.dictionaries(st.sampled_from(VERSIONS), st.sampled_from([100, 20, 60])),
    target=st.sampled_from([*VERSIONS, None]),
    percent=st.sampled_from([100, 30, 80]),
    variant=st.sampled_from(MEMFAULT.variants),
    redraw=st.booleans(),
    delta=st.booleans(),
)
def test_every_slot_gets_to_what_is_wanted(
    active: dict[str, int], target: str | None, percent: int, variant: tuple[str, str], redraw: bool, delta: bool
) -> None:
    answers: dict[str, Any] = dict([variant])
    project = Project(2, 1 if "type-versions" in answers else 2, redraw=redraw, **answers).clear()
    for version, share in active.items():
        project.world.activate("beta", version, share)
    if delta:
        project.world.activate("beta", DELTA)
    project.settle()
    wanted: Settings = () if percent == 100 else staged(percent)
    held = False
    for _ in range(PASSES):
        held = one_pass(project, target, wanted)
        if held:
            break
        project.settle()
    state = project.state("beta")
    assert project.active("default") == []
    if held:
        assert state.assigned == target
        return
    assert (state.assigned, state.extra_versions) == (target, ())
    assert target is None or state.settings == wanted
    left = project.active("beta")
    world = project.world.project
    assert any(one.release.base for one in world.activations(world.cohorts["beta"])) == (delta and target == DELTA[1])
    assert left[:1] == ([target] if target else [])
    untold = answers.get("must-pass-told") == "absent"
    lower = [version for version in active if target and version < target]
    assert set(left[1:]) <= {THROUGH, *(lower if untold else project_base(active, target, wanted))}
    if target is not None and THROUGH in active and target > THROUGH:
        assert THROUGH in left, "a must-pass-through release below the target is never pulled"


def project_base(active: dict[str, int], target: str | None, wanted: Settings) -> list[str]:
    """Return what may stay active for devices that a staged rollout does not reach."""
    lower = [version for version, share in active.items() if target and version < target and share == 100]
    return lower if wanted else []


def one_pass(project: Project, target: str | None, wanted: Settings) -> bool:
    """Do what a run does in one pass; return whether the platform holds the change."""
    snapshot = project.observe()
    assert snapshot.coverage.complete, snapshot.coverage.problems
    row = snapshot.units.index["beta"]
    state = snapshot.state(MAIN, row)
    desired = ABSENT if target is None else wish(target, wanted)
    found = verdict(desired, state, Reach(snapshot.units.reach[row]), Patience(now=project.clock.now()))
    verbs = {
        Verdict.MISSING: Verb.RELEASE,
        Verdict.SURPLUS: Verb.REMOVE,
        Verdict.LEFTOVER: Verb.REMOVE,
        Verdict.DIFFERS: Verb.RELEASE if state.assigned == target else Verb.REPLACE,
    }
    if found in {Verdict.AHEAD, Verdict.STUCK, Verdict.CONVERGING} and state.extra_versions:
        found = Verdict.LEFTOVER  # devices that cannot get there keep nobody from tidying up
    if found not in verbs:
        return False
    one = change(
        "beta",
        target,
        verb=verbs[found],
        from_=state.assigned,
        extra_versions=state.extra_versions,
        settings=wanted if target else (),
    )
    review = project.platform.review([one], snapshot, {})
    if review.holds:
        return True
    actions = project.platform.compile([one], snapshot, {}, fleet_wide=())
    assert actions
    for action in actions:
        receipt = project.execute(action)
        refused = action.call == "memfault.raise" and receipt.kind in {ReceiptKind.REJECTED, ReceiptKind.UNKNOWN}
        assert refused or receipt.kind is ReceiptKind.ACCEPTED, receipt
    return False
