"""The use case "rollout": which rollouts there are, and what a person says of one."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.names import suggestion
from reconciler.engine.plan import PlanResult
from reconciler.errors import SettingsError
from reconciler.model.event import Ruled
from reconciler.model.rollout import STOPPED, RolloutPlan, RolloutState
from reconciler.model.ruling import Command, Ruling
from reconciler.ports import Clock, History

FORGOTTEN = "no history is kept, so nobody would remember it"


def rollouts(planned: PlanResult, fleet: str = "", workload: str = "") -> list[RolloutPlan]:
    """Return the rollouts of all fleets, or of one, or of one of its workloads, by any of its names.

    Raises SettingsError for a fleet or workload that is not there, and where its connection could not be read.
    """
    plans = planned.plan.fleets
    if fleet:
        plans = tuple(one for one in plans if one.fleet == fleet)
        if not plans:
            names = [one.fleet for one in planned.plan.fleets]
            raise SettingsError(f"there is no fleet named {fleet!r}{suggestion(fleet, names)}")
    if fleet and plans[0].error:
        raise SettingsError(plans[0].error, hint="check the connection with `reconciler doctor`")
    found = [one for plan in plans for one in plan.rollouts]
    if not workload:
        return found
    resolution = planned.assessments[fleet].resolution
    known = {column.workload.id: resolution.names(column.workload) for column in resolution.columns.values()}
    if not any(workload in names for names in known.values()):
        every = [name for names in known.values() for name in names[1:]]
        raise SettingsError(f"the fleet {fleet!r} has no workload {workload!r}{suggestion(workload, every)}")
    return [one for one in found if workload in known.get(one.rollout.workload, ())]


def chosen(found: Sequence[RolloutPlan], version: str | None) -> RolloutPlan:
    """Return the one rollout that a person means. Raises SettingsError where that is none, or one of several."""
    if version is not None:
        found = [one for one in found if one.rollout.version == version]
    if not found:
        what = f"no rollout of {version}" if version is not None else "no rollout"
        hint = "versions spread in waves where the fleet has `rollout.waves`, `max_moving` or `failure`"
        raise SettingsError(f"there is {what} here", hint=hint)
    if len(found) > 1:
        versions = ", ".join(one.rollout.version for one in found)
        raise SettingsError(f"several versions spread: {versions}", hint="say which with --version")
    return found[0]


def ruled(  # a rollout, and what a person says of it
    one: RolloutPlan, command: Command, *, reason: str, by: str, history: History, clock: Clock, run: str
) -> Ruled:
    """Return what a person says of a rollout, once it is recorded. Raises SettingsError for what has no effect."""
    if not history.memory({one.rollout.fleet: ""}, clock.now()).durable:
        raise SettingsError(FORGOTTEN, hint="name a history that the commands share")
    wave = _promoted(one) if command is Command.PROMOTE else None
    if command is Command.RESUME and one.state not in STOPPED:
        raise SettingsError(f"it is {one.state.value}: there is nothing to resume")
    if command is not Command.ABORT and one.state is RolloutState.ABORTED:
        raise SettingsError("it was aborted, for good", hint="ask for another version in the manifests")
    said = Ruling(command=command, reason=reason, by=by, at=clock.now(), wave=wave)
    event = Ruled(at=said.at, run=run, rollout=one.rollout, workload=one.workload, ruling=said)
    history.record(event)
    return event


def _promoted(one: RolloutPlan) -> int:
    """Return the wave that a promotion takes as succeeded: the last open one."""
    if one.state in STOPPED:
        raise SettingsError(f"it is {one.state.value}", hint="resume it first")
    closing = next((wave.closing for wave in one.waves if wave.closing is not None), None)
    if closing is None:
        raise SettingsError("every wave is open: there is nothing to promote")
    return closing.wave
