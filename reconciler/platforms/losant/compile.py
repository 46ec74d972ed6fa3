"""Changes become the fewest calls: pure, and in the same order whatever order the changes come in.

Stage 0 assigns versions, stage 1 removes: a run that is cut short has added rather than taken away. A slot is in one
call only, since a change is of one slot and each slot has one change.

A wide `replace` has no selector (confirmed, JS lib/schemas/edgeDeploymentReplace.json), and whether it matches the
current version, the desired one or either is not known. So it is used only where every answer means the same devices,
and all of them are slots of the action; a removal never goes wide.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from reconciler.model.change import Action, Change, Request, Review
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import Phase
from reconciler.model.snapshot import Snapshot

IDS_PER_CALL = 1000
"""`deviceIds` has at most 1000 entries, confirmed (JS lib/schemas/edgeDeploymentRelease.json)."""

RELEASE, REPLACE, REMOVE = "losant.release", "losant.replace", "losant.remove"
ASSIGNING, REMOVING = 0, 1

Group = dict[str, list[int]]
"""Positions of changes by the version they come from."""


def compile_changes(
    changes: Sequence[Change],
    snapshot: Snapshot,
    base: str,
    *,
    fleet_wide: Collection[str],
    wide_calls: str,
    wide: bool = True,
) -> tuple[Action, ...]:
    """Return the calls for changes; `base` is the application's path.

    `wide_calls` is the connection's: never, scope, proved; `fleet_wide` has the workloads for which the fleet speaks of
    every device alike. `wide=False` compiles to ids alone.
    """
    wide = wide and snapshot.coverage.complete
    path = f"{base}/edge/deployments"
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for position, change in enumerate(changes):
        groups[change.workload.id, change.to].append(position)
    targets = set(groups)
    actions: list[Action] = []
    for (flow, version), positions in sorted(groups.items(), key=lambda item: _order(item[0])):
        positions.sort(key=lambda position: changes[position].unit.id)
        if version is None:
            actions += _removals(path, flow, positions, changes)
            continue
        may = wide and (wide_calls == "proved" or (wide_calls == "scope" and flow in fleet_wide))
        olds = _olds(changes, positions, snapshot, flow, targets) if may and len(positions) > IDS_PER_CALL else {}
        for old, slots in olds.items():
            body = {"flowId": flow, "oldVersion": old, "newVersion": version}
            actions.append(_action(REPLACE, f"{path}/replace", body, slots, ASSIGNING, wide=True))
        covered = {position for slots in olds.values() for position in slots}
        rest = [position for position in positions if position not in covered]
        actions += _releases(path, flow, version, rest, changes, ASSIGNING)
    return tuple(sorted(actions, key=lambda action: action.stage))


def review_changes(changes: Sequence[Change], snapshot: Snapshot) -> Review:
    """Hold what no call governs: workflows that devices load from files of their own (inferred, section 2.1)."""
    rows = snapshot.units.index
    holds: dict[int, tuple[Hold, ...]] = {}
    if not any(state.protected for state in snapshot.states):
        return Review(holds)
    for position, change in enumerate(changes):
        row = rows.get(change.unit.id)
        if row is not None and (why := snapshot.state(change.workload.id, row).protected):
            holds[position] = (Hold(HoldReason.UNSUPPORTED, conditions=why),)
    return Review(holds)


def _order(group: tuple[str, str | None]) -> tuple[str, str]:
    return group[0], group[1] or ""


def _action(call: str, path: str, body: object, slots: Iterable[int], stage: int, *, wide: bool = False) -> Action:
    return Action(call=call, request=Request("POST", path, body), slots=tuple(slots), stage=stage, wide=wide)


def _releases(
    path: str, flow: str, version: str | None, positions: list[int], changes: Sequence[Change], stage: int
) -> list[Action]:
    actions = []
    for start in range(0, len(positions), IDS_PER_CALL):
        slots = positions[start : start + IDS_PER_CALL]
        body = {"flowId": flow, "version": version, "deviceIds": [changes[slot].unit.id for slot in slots]}
        actions.append(_action(RELEASE, f"{path}/release", body, slots, stage))
    return actions


def _removals(path: str, flow: str, positions: list[int], changes: Sequence[Change]) -> list[Action]:
    """Return removals: `remove` for one slot, else `release` of no version, which the documents say is for removal."""
    if len(positions) == 1:
        body = {"flowId": flow, "deviceId": changes[positions[0]].unit.id}
        return [_action(REMOVE, f"{path}/remove", body, positions, REMOVING)]
    return _releases(path, flow, None, positions, changes, REMOVING)


def _olds(
    changes: Sequence[Change],
    positions: list[int],
    snapshot: Snapshot,
    flow: str,
    targets: set[tuple[str, str | None]],
) -> Group:
    """Return the old versions to replace wide, with their slots: those that make fewer calls in all, if any.

    An old version that other changes of this workload lead to is none: calls of one stage go in any order, and the
    wide one would take along what arrived.
    """
    by_old: Group = defaultdict(list)
    for position in positions:
        old = changes[position].from_
        if old is not None and (flow, old) not in targets:
            by_old[old].append(position)
    alike = _alike(snapshot, flow, {old: [changes[slot].unit.id for slot in slots] for old, slots in by_old.items()})
    fewest, best = _calls(len(positions)), 0
    order = sorted(alike, key=lambda old: (-len(by_old[old]), old))
    left = len(positions)
    for count, old in enumerate(order, 1):
        left -= len(by_old[old])
        if count + _calls(left) < fewest:
            fewest, best = count + _calls(left), count
    return {old: by_old[old] for old in order[:best]}


def _calls(slots: int) -> int:
    return -(-slots // IDS_PER_CALL)


def _alike(snapshot: Snapshot, flow: str, movers: dict[str, list[str]]) -> list[str]:
    """Return the old versions whose holders are exactly the movers, in every reading of "holding".

    That is: each mover was asked for the old version and reports it, and no other slot does either. A slot of this
    workload of which nothing is known could hold any version: then there are none.
    """
    column = snapshot.column(flow)
    counts = Counter(column)
    states = snapshot.states
    if any(states[number].phase is Phase.UNKNOWN for number in counts):
        return []
    row_of = snapshot.units.index
    alike = []
    for old, units in movers.items():
        holders = sum(counts[number] for number in counts if old in (states[number].assigned, states[number].reported))
        rows = {row_of[unit] for unit in units if unit in row_of}
        steady = all(states[column[row]].assigned == states[column[row]].reported == old for row in rows)
        if steady and holders == len(rows) == len(units):
            alike.append(old)
    return alike
