"""Why a change may not go now. All reasons are listed, each with what must come about for it to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec

from reconciler.core.judge import Intent
from reconciler.core.resolve import Column, Resolution, Rule
from reconciler.core.versions import older
from reconciler.model.change import Hold, HoldReason
from reconciler.model.fleet import FleetSpec
from reconciler.model.observation import State
from reconciler.model.quantity import moment
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.verdict import Verdict

Holder = Callable[[Column, Intent], tuple[Hold, ...]]


class _Key(msgspec.Struct, frozen=True):
    """All that the reasons of a hold depend on: slots that agree in it share one answer."""

    workload: str
    rule: Rule
    state: int
    verdict: Verdict
    agent: int
    assignable: int


def holder(resolution: Resolution, snapshot: Snapshot, catalog: Catalog, now: float) -> Holder:
    """Return a function from a slot that needs something to the reasons that hold it (none: it may go)."""
    general = tuple(_suspended(resolution.spec, now))
    answers: dict[_Key, tuple[Hold, ...]] = {}

    def holds(column: Column, intent: Intent) -> tuple[Hold, ...]:
        rule = column.rules[intent.rule]
        shared = Rule(rule.value, (), rule.kind)
        key = _Key(
            column.workload.id,
            shared,
            intent.state,
            intent.verdict,
            snapshot.units.agents[intent.row],
            snapshot.units.assignable[intent.row],
        )
        found = answers.get(key)
        if found is None:
            found = answers[key] = (*general, *_particular(resolution, snapshot, catalog, now, column, intent))
        return found

    return holds


def _particular(
    resolution: Resolution, snapshot: Snapshot, catalog: Catalog, now: float, column: Column, intent: Intent
) -> Iterator[Hold]:
    state = snapshot.states[intent.state]
    rule = column.rules[intent.rule]
    if intent.verdict is Verdict.UNKNOWN:
        yield Hold(HoldReason.UNKNOWN, _why_unknown(state, snapshot))
        return
    if intent.verdict is Verdict.PAUSED:
        yield Hold(HoldReason.PAUSED, state.note or "a person paused or cancelled it on the platform; resume it there")
    if rule.kind == "prune":
        yield from _unsafe_prune(resolution, snapshot, state)
    if not snapshot.units.assignable[intent.row]:
        yield Hold(HoldReason.UNASSIGNABLE, "the platform cannot assign versions to a unit of this class")
    if rule.value.version is None:
        return
    yield from _quarantined(resolution.spec, column.workload.name, rule.value.version, now)
    info = catalog.get(Release(column.workload.id, rule.value.version), ReleaseInfo(found=None))
    yield from _release(info, rule.value.version)
    agent = snapshot.units.agent_versions[snapshot.units.agents[intent.row]]
    if info.minimum_agent is not None and agent is not None and older(agent, info.minimum_agent):
        yield Hold(
            HoldReason.AGENT_TOO_OLD,
            f"{rule.value.version} needs agent {info.minimum_agent} or later; the unit has {agent}",
        )


def _why_unknown(state: State, snapshot: Snapshot) -> str:
    problems = "; ".join(snapshot.coverage.problems)
    why = state.note or "the platform shows a value that this program does not know"
    return f"{why} ({problems})" if problems else why


def _unsafe_prune(resolution: Resolution, snapshot: Snapshot, state: State) -> Iterator[Hold]:
    for why in resolution.prune_unsafe:
        yield Hold(HoldReason.PRUNING_UNSAFE, why)
    if not snapshot.coverage.complete:
        yield Hold(HoldReason.PRUNING_UNSAFE, f"the reading is incomplete: {'; '.join(snapshot.coverage.problems)}")
    if state.protected:
        yield Hold(HoldReason.PRUNING_UNSAFE, state.protected)


def _release(info: ReleaseInfo, version: str) -> Iterator[Hold]:
    if info.forbidden:
        yield Hold(HoldReason.VERSION_FORBIDDEN, info.forbidden)
    elif info.found is None:
        yield Hold(HoldReason.VERSION_UNKNOWN, f"could not look up {version}{_detail(info)}")
    elif not info.found:
        yield Hold(HoldReason.VERSION_NOT_FOUND, f"the platform has no version {version}{_detail(info)}")
    elif not info.released:
        yield Hold(HoldReason.VERSION_NOT_RELEASED, f"{version} is not released{_detail(info)}")


def _detail(info: ReleaseInfo) -> str:
    return f": {info.detail}" if info.detail else ""


def _suspended(spec: FleetSpec, now: float) -> Iterator[Hold]:
    if spec.suspend is not None and in_force(spec.suspend.until, now):
        until = f" until {spec.suspend.until}" if spec.suspend.until else ""
        yield Hold(HoldReason.SUSPENDED, f"the fleet is suspended{until}: {spec.suspend.reason}")


def _quarantined(spec: FleetSpec, workload: str, version: str, now: float) -> Iterator[Hold]:
    for entry in spec.quarantine:
        if entry.workload == workload and entry.version == version and in_force(entry.until, now):
            until = f" until {entry.until}" if entry.until else ""
            yield Hold(HoldReason.QUARANTINED, f"{workload} {version} is quarantined{until}: {entry.reason}")


def in_force(until: str | None, now: float) -> bool:
    """Return whether something that lasts until a day (None: for ever) is in force; that day itself is not included."""
    return until is None or datetime.fromtimestamp(now, UTC) < moment(until)
