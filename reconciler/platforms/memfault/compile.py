"""Changes become calls: pure, and in the same order whatever order the changes come in.

A call makes, ends or widens one activation, so each is about one slot. Stage 0 activates and widens, stage 1 pulls: a run
that is cut short has added rather than taken away. The highest of several that are pulled goes last, in stage 2: wherever
a run is cut short, no device is offered what stood between. The other way round goes only what is drawn anew, since a
release that is active already cannot be activated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.versions import latest_first, order_of
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Verb
from reconciler.model.desired import Settings
from reconciler.model.observation import EMPTY, State
from reconciler.model.snapshot import Snapshot
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.slots import NORMAL, STAGED
from reconciler.platforms.memfault.wire import ARROW

ACTIVATE, PULL, RAISE = "memfault.activate", "memfault.pull", "memfault.raise"
FIRST, SECOND, LAST = 0, 1, 2

Active = Mapping[str, tuple[str, ...]]
"""The ids of the activations of each version that is active in one slot; a delta is named by both of its versions."""


def active_in(snapshot: Snapshot) -> dict[tuple[str, str], Active]:
    """Return what is active, by cohort and software type."""
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for (cohort, name, version), ids in snapshot.references.items():
        found[cohort, name][version] = tuple(ids.split(","))
    return dict(found)


def compile_changes(
    changes: Sequence[Change], snapshot: Snapshot, project: str, *, refused: Refusals = NOTHING_REFUSED
) -> tuple[Action, ...]:
    """Return the calls for changes; `project` is the project's path.

    Where raising a staged percentage is among the `refused` calls of a slot, the activation is pulled and made anew.
    """
    path = f"{project}/deployments"
    active = active_in(snapshot)
    found: list[tuple[tuple[int, str, str, str, str], Action]] = []
    for position, change in enumerate(changes):
        slot = change.unit.id, change.workload.id
        here, redraw = active.get(slot, {}), RAISE in refused.get(slot, ())
        assigned = state_of_slot(snapshot, change).assigned
        for stage, call, request in _calls(change, here, assigned, path, redraw=redraw):
            action = Action(call=call, request=request, slots=(position,), stage=stage)
            found.append(((stage, change.workload.id, change.unit.id, call, request.path), action))
    found.sort(key=lambda one: one[0])
    return tuple(action for _, action in found)


def above(version: str, active: Active) -> list[str]:
    """Return what is active and leads devices above a version: full releases and deltas."""
    targets = {name: name.rpartition(ARROW)[2] for name in active}
    key = order_of({version, *targets.values()})
    return [name for name, target in targets.items() if key(target) > key(version)]


def full(active: Active) -> list[str]:
    """Return the full releases that are active, the highest first."""
    return latest_first(name for name in active if ARROW not in name)


def share_of(settings: Settings) -> int:
    """Return the percentage of a cohort that settings ask for: 100 where they say nothing."""
    value = dict(settings).get(ROLLOUT, 100)
    return value if isinstance(value, int) else 100


def state_of_slot(snapshot: Snapshot, change: Change) -> State:
    """Return the state of the slot that a change is about, empty where the reading has no such unit."""
    row = snapshot.units.index.get(change.unit.id)
    return EMPTY if row is None else snapshot.state(change.workload.id, row)


def _calls(
    change: Change, active: Active, assigned: str | None, path: str, *, redraw: bool
) -> Iterator[tuple[int, str, Request]]:
    """Yield the calls of one change, each with its stage."""
    version = change.to
    if version is None:
        yield from _downward(list(active), active, path)
    elif change.verb is Verb.REMOVE:
        yield from _pulls([name for name in change.extra_versions if name != version], active, path, SECOND)
    elif version == assigned and version in active and redraw:
        yield from _pulls([version], active, path, FIRST)
        yield SECOND, ACTIVATE, _activation(change, version, path)
    elif version == assigned and version in active:
        body = {ROLLOUT: share_of(change.settings)}
        for number in active[version]:
            yield FIRST, RAISE, Request("PATCH", f"{path}/{number}", body)
    else:
        if version not in active:
            yield FIRST, ACTIVATE, _activation(change, version, path)
        yield from _downward(above(version, active), active, path)


def _activation(change: Change, version: str, path: str) -> Request:
    """Return the call that activates a release.

    For all devices it is `normal`, as the official client has it, confirmed (CLI deploy.py).
    """
    share = share_of(change.settings)
    body: dict[str, str | int] = {"type": NORMAL, "release": version, "cohort": change.unit.id}
    if share < 100:
        body |= {"type": STAGED, ROLLOUT: share}
    return Request("POST", path, body)


def _downward(versions: Sequence[str], active: Active, path: str) -> Iterator[tuple[int, str, Request]]:
    """Yield the pulls that lead a cohort down: the highest full release, which is the assigned one, after all others."""
    highest = latest_first(version for version in versions if ARROW not in version)[:1]
    rest = [version for version in versions if version not in highest]
    yield from _pulls(rest, active, path, SECOND)
    yield from _pulls(highest, active, path, LAST if rest else SECOND)


def _pulls(versions: Sequence[str], active: Active, path: str, stage: int) -> Iterator[tuple[int, str, Request]]:
    for version in versions:
        for number in active.get(version, ()):
            yield stage, PULL, Request("DELETE", f"{path}/{number}")
