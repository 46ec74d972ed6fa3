"""The next steps of one slot from what is to what is wanted: which now, which later; pure, from the stages alone.

The mapping is that of getapp.md section 6 (inferred from confirmed states). Nothing is remembered: the next step follows
from what the device shows, so a run that is cut short goes on where it stopped. What is wanted comes first; other
versions go once it is installed, or at once where nothing is wanted.
"""

from __future__ import annotations

from typing import NamedTuple

from reconciler.core.versions import semver_first
from reconciler.model.observation import State
from reconciler.platforms.getapp.stages import Stage
from reconciler.platforms.getapp.steps import CANCEL, DELETE, DELIVER, DEPLOY, UNINSTALL

WAIT = "wait"

_TOWARD: dict[Stage | None, tuple[str, ...]] = {
    None: (DELIVER, DEPLOY),
    Stage.UNINSTALLED: (DELIVER, DEPLOY),
    Stage.DELETION_STOPPED: (DELIVER, DEPLOY),
    Stage.UNINSTALLING: (WAIT, DELIVER, DEPLOY),
    Stage.DELIVERING: (WAIT, DEPLOY),
    Stage.DELIVERY_STOPPED: (DELIVER, DEPLOY),
    Stage.DELIVERY_HALTED: (DELIVER, DEPLOY),
    Stage.DOWNLOADED: (DEPLOY,),
    Stage.DEPLOYING: (WAIT,),
    Stage.DEPLOY_STOPPED: (DEPLOY,),
    Stage.DEPLOY_HALTED: (DEPLOY,),
    Stage.INSTALLED: (),
    Stage.INSTALLED_FAILED: (DEPLOY,),
}
_AWAY: dict[Stage, tuple[str, ...]] = {
    Stage.DELIVERING: (CANCEL, DELETE),
    Stage.DELIVERY_STOPPED: (DELETE,),
    Stage.DELIVERY_HALTED: (DELETE,),
    Stage.DOWNLOADED: (DELETE,),
    Stage.DEPLOYING: (WAIT, UNINSTALL, DELETE),
    Stage.DEPLOY_STOPPED: (DELETE,),
    Stage.DEPLOY_HALTED: (DELETE,),
    Stage.INSTALLED: (UNINSTALL, DELETE),
    Stage.INSTALLED_FAILED: (UNINSTALL, DELETE),
    Stage.UNINSTALLING: (WAIT, DELETE),
    Stage.UNINSTALLED: (DELETE,),
    Stage.DELETION_STOPPED: (DELETE,),
}


class VersionStep(NamedTuple):
    """One step of one version."""

    step: str
    version: str


class StepPlan(NamedTuple):
    """The step that can be done now, None where the device must first finish what it does, and those that follow."""

    now: VersionStep | None
    later: tuple[VersionStep, ...] = ()
    waits: str = ""


def next_steps(state: State, to: str | None) -> StepPlan:
    """Return the steps that bring a slot to a version, or to nothing."""
    stages = {version: Stage(text) for version, text in state.stages}
    leaving = {state.assigned, *state.extra_versions} - {to}  # what others depend on is among the stages, and stays
    unwanted = sorted(
        (one for one, stage in stages.items() if one in leaving or (stage is Stage.UNINSTALLING and one != to)),
        key=semver_first,
    )
    if to is not None:
        ahead = [VersionStep(step, to) for step in _TOWARD[stages.get(to)]]
        if ahead and ahead[0].step != WAIT:
            return StepPlan(ahead[0], tuple(ahead[1:]))
        if ahead:
            return _meanwhile(stages, unwanted, ahead, to)
    away = [[VersionStep(step, version) for step in _steps_away(stages[version], to)] for version in unwanted]
    ready = sorted((steps for steps in away if steps), key=lambda steps: steps[0].step == WAIT)
    steps = [step for one in ready for step in one]
    if not steps or steps[0].step == WAIT:
        busy = next((f"{step.version} is {stages[step.version]}" for step in steps), "nothing of it is there")
        return StepPlan(None, _sent(steps), busy)
    return StepPlan(steps[0], _sent(steps[1:]))


def _steps_away(stage: Stage, to: str | None) -> tuple[str, ...]:
    """Return the steps that take a version away; beside a wanted one the remains of an uninstalled one may stay."""
    steps = _AWAY[stage]
    return tuple(step for step in steps if step != DELETE or to is None or steps[0] in (DELETE, CANCEL))


def _meanwhile(stages: dict[str, Stage], unwanted: list[str], ahead: list[VersionStep], to: str) -> StepPlan:
    """While the wanted version is on its way, end deliveries of others: agents deliver one after another.

    One delivery at a time is the default (`max_parallel_deliveries`), confirmed (DOC config-yaml.md).
    """
    rivals = [version for version in unwanted if stages[version] is Stage.DELIVERING]
    if rivals:
        return StepPlan(VersionStep(CANCEL, rivals[0]), _sent(ahead))
    return StepPlan(None, _sent(ahead), f"{to} is {stages[to]}")


def _sent(steps: list[VersionStep]) -> tuple[VersionStep, ...]:
    """Return the steps that are calls."""
    return tuple(one for one in steps if one.step != WAIT)
