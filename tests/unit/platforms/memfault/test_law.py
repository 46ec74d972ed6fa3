"""Whatever is active and whatever the open questions answer: calls lead every slot to what is wanted, and stay there."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.judge import Patience, verdict
from reconciler.model.change import Action, Verb
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
SENDS = 2
"""How often a call is sent without effect before another way is taken."""


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
    run = Run(project, target, wanted)
    for _ in range(PASSES):
        run.one_pass()
        if run.held:
            break
        project.settle()
    state = project.state("beta")
    assert project.active("default") == []
    if run.held:
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


class Run:
    """What a run does, and all that it keeps: which kinds of call were refused."""

    def __init__(self, project: Project, target: str | None, wanted: Settings) -> None:
        self.project = project
        self.target = target
        self.wanted = wanted
        self.held = False
        """The platform holds the change, or leaves no other call for it."""
        self._sent: Counter[Any] = Counter()
        self._refused: dict[tuple[str, str], frozenset[str]] = {}

    def one_pass(self) -> None:
        """Read, judge, send."""
        project, target = self.project, self.target
        snapshot = project.observe()
        assert snapshot.coverage.complete, snapshot.coverage.problems
        row = snapshot.units.index["beta"]
        state = snapshot.state(MAIN, row)
        desired = ABSENT if target is None else wish(target, self.wanted)
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
            return
        one = change(
            "beta",
            target,
            verb=verbs[found],
            from_=state.assigned,
            extra_versions=state.extra_versions,
            settings=self.wanted if target else (),
        )
        if project.platform.review([one], snapshot, {}).holds:
            self.held = True
            return
        actions = project.compiled(one, snapshot=snapshot, refused=self._refused)
        assert actions
        for action in actions:
            self._send(action)

    def _send(self, action: Action) -> None:
        receipt = self.project.execute(action)
        if receipt.kind is ReceiptKind.ACCEPTED:
            return
        assert action.call == "memfault.raise", receipt
        self._sent[action.request.path] += 1
        if receipt.kind is ReceiptKind.UNKNOWN and self._sent[action.request.path] < SENDS:
            return
        if receipt.alternative:
            self._refused["beta", MAIN] = frozenset({action.call})
        else:
            self.held = True
