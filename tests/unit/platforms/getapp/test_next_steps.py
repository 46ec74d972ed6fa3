"""The steps of a slot: every one leads toward what is wanted, and they end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.observation import State
from reconciler.platforms.getapp.stages import Stage
from reconciler.platforms.getapp.steps import StepPlan, VersionStep, next_steps

LIVE = [stage for stage in Stage if stage is not Stage.DELETED]
AFTER = {
    "deliver": Stage.DELIVERING,
    "cancel": Stage.DELIVERY_HALTED,
    "deploy": Stage.DEPLOYING,
    "uninstall": Stage.UNINSTALLING,
}
BY_ITSELF = {
    Stage.DELIVERING: Stage.DOWNLOADED,
    Stage.DEPLOYING: Stage.INSTALLED,
    Stage.UNINSTALLING: Stage.UNINSTALLED,
}


@pytest.mark.parametrize(
    ("stages", "to", "now", "later"),
    [
        ({}, "2", ("deliver", "2"), ["deploy"]),
        ({"2": Stage.DOWNLOADED}, "2", ("deploy", "2"), []),
        ({"2": Stage.DELIVERY_STOPPED}, "2", ("deliver", "2"), ["deploy"]),
        ({"2": Stage.DEPLOY_STOPPED}, "2", ("deploy", "2"), []),
        ({"2": Stage.DELIVERING}, "2", None, ["deploy"]),
        ({"1": Stage.INSTALLED}, "2", ("deliver", "2"), ["deploy"]),
        ({"1": Stage.DELIVERING, "2": Stage.DELIVERING}, "2", ("cancel", "1"), ["deploy"]),
        ({"1": Stage.INSTALLED, "2": Stage.INSTALLED}, "2", ("uninstall", "1"), []),
        ({"1": Stage.DOWNLOADED, "2": Stage.INSTALLED}, "2", ("delete", "1"), []),
        ({"1": Stage.DELIVERING, "2": Stage.INSTALLED}, "2", ("cancel", "1"), ["delete"]),
        ({"1": Stage.INSTALLED}, None, ("uninstall", "1"), ["delete"]),
        ({"1": Stage.UNINSTALLED}, None, ("delete", "1"), []),
        ({"1": Stage.DEPLOYING}, None, None, ["uninstall", "delete"]),
        ({"1": Stage.DEPLOYING, "2": Stage.DOWNLOADED}, None, ("delete", "2"), ["uninstall", "delete"]),
        ({}, None, None, []),
        ({"2": Stage.INSTALLED}, "2", None, []),
    ],
)
def test_step_plans(stages: dict[str, Stage], to: str | None, now: tuple[str, str] | None, later: list[str]) -> None:
    found = next_steps(_state(stages), to)
    assert found.now == (VersionStep(*now) if now else None)
    assert [one.step for one in found.later] == later
    assert bool(found.waits) == (now is None)


STAGES = st.dictionaries(st.sampled_from(["1.0.0", "1.9.0", "1.10.0"]), st.sampled_from(LIVE), max_size=3)


@given(STAGES, st.sampled_from(["1.0.0", "1.10.0", "2.0.0", None]), st.data())
def test_steps_end_where_they_should(stages: dict[str, Stage], to: str | None, data: st.DataObject) -> None:
    """However devices go on in between, steps lead to the wanted version installed and no other one live."""
    for _ in range(40):
        found = next_steps(_state(stages), to)
        if found.now is None:
            busy = [version for version, stage in stages.items() if stage in BY_ITSELF]
            if not busy:
                break
            version = data.draw(st.sampled_from(sorted(busy)))
            stages = {**stages, version: BY_ITSELF[stages[version]]}
            continue
        step, version = found.now
        assert (step in ("deliver", "deploy")) == (version == to)
        if step in ("uninstall", "delete"):
            assert to is None or stages.get(to) is Stage.INSTALLED
        if step == "delete":
            stages = {key: stage for key, stage in stages.items() if key != version}
        else:
            stages = {**stages, version: AFTER[step]}
    else:
        raise AssertionError("no end")
    left = {version for version, stage in stages.items() if stage is not Stage.UNINSTALLED}
    assert left == ({to} if to is not None else set())


def _state(stages: dict[str, Stage]) -> State:
    """Return a state whose versions are others, but for those that are being uninstalled."""
    others = tuple(version for version, stage in stages.items() if stage is not Stage.UNINSTALLING)
    return State(extra_versions=others, stages=tuple((version, stage.value) for version, stage in stages.items()))


def test_a_step_plan_is_plain_data() -> None:
    assert next_steps(State(), "1") == StepPlan(VersionStep("deliver", "1"), (VersionStep("deploy", "1"),))
