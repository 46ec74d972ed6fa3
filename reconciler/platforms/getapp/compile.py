"""Changes become calls: the next step of each, those of one step and release together; pure.

A change is in one call of a pass: a later pass reads what came of it. Stage 0 prepares on the server, stage 1 brings,
stage 2 takes away, so that a run that is cut short has added rather than removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reconciler.model.change import Action, Change
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.getapp.offers import FREE
from reconciler.platforms.getapp.prepare import must_prepare
from reconciler.platforms.getapp.steps import (
    CANCEL,
    DELETE,
    DELIVER,
    DEPLOY,
    PREPARE,
    PUSH,
    UNINSTALL,
    StepPlan,
    Table,
    VersionStep,
    next_steps,
)

PREFIX = "getapp."
NOTHING = ReleaseInfo(found=None)
STAGES = {PREPARE: 0, PUSH: 1, DELIVER: 1, DEPLOY: 1, CANCEL: 2, UNINSTALL: 2, DELETE: 2}


def steps_of(change: Change, snapshot: Snapshot) -> StepPlan:
    """Return the steps of a change; of a unit that is not there nothing can be done."""
    row = snapshot.units.index.get(change.unit.id)
    if row is None:
        return StepPlan(None, (), "the device is gone")
    return next_steps(snapshot.state(change.workload.id, row), change.to)


def reference_of(change: Change, step: str, version: str, snapshot: Snapshot, catalog: Catalog) -> str:
    """Return the catalogId that a step is about, as the device names it, else as the catalogue does; empty for neither.

    It is never put together from project and version: a device may know software by another id (confirmed, section 2).
    A server prepares by its own id.
    """
    shown = snapshot.reference(change.unit.id, change.workload.id, version) if step != PREPARE else None
    return shown or catalog.get(Release(change.workload.id, version), NOTHING).reference


def calls_of(change: Change, planned: VersionStep, catalog: Catalog, table: Table) -> list[str]:
    """Return the steps that a planned one takes, the first of which goes now.

    A delivery begins with the preparation of a release that the server has not prepared, and with the push of one that the
    device does not know.
    """
    info = catalog.get(Release(change.workload.id, planned.version), NOTHING)
    ahead = []
    if planned.step == DELIVER:
        unprepared = info.preparation is not None and must_prepare(info.preparation)
        unpushed = not info.availability.get(change.unit.id, FREE).pushed
        ahead = [step for step, lacks in ((PREPARE, unprepared), (PUSH, unpushed)) if lacks and table.on(step)]
    return [*ahead, planned.step]


def compile_changes(
    changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog, table: Table
) -> tuple[Action, ...]:
    """Return the calls for changes that `review` does not hold."""
    groups: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    prepared: dict[str, Release] = {}
    for position, change in enumerate(changes):
        planned = steps_of(change, snapshot).now
        if planned is None:
            continue
        step = calls_of(change, planned, catalog, table)[0]
        reference = reference_of(change, step, planned.version, snapshot, catalog)
        if step == PREPARE:
            prepared[reference] = Release(change.workload.id, planned.version)
        if reference and table.on(step):
            groups[STAGES[step], step, reference].append(position)
    actions = []
    for (stage, step, reference), positions in sorted(groups.items()):
        positions.sort(key=lambda position: changes[position].unit.id)
        size = len(positions) if step == PREPARE else table.devices_per_call(step)
        for start in range(0, len(positions), size):
            slots = tuple(positions[start : start + size])
            request = table.request(step, reference, [changes[slot].unit.id for slot in slots])
            reveals = (prepared[reference],) if step == PREPARE else ()
            actions.append(Action(call=PREFIX + step, request=request, slots=slots, stage=stage, reveals=reveals))
    return tuple(actions)
