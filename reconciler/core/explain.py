"""Why one slot is as it is: which line of git decides it, which lost, what was seen, what it means, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.assessment import FleetAssessment
from reconciler.core.causes import channel_of, choice_at, deciding, workload_of
from reconciler.core.judge import health, sync, verdict
from reconciler.core.resolve import Column
from reconciler.core.resolve import Rule as Decision
from reconciler.core.status import began
from reconciler.model.change import Held
from reconciler.model.desired import UNMANAGED
from reconciler.model.fleet import Choice, Manifest
from reconciler.model.observation import UNSEEN, State
from reconciler.model.origin import Path
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import iso
from reconciler.model.report import Planned, Rule, Seen, SlotExplanation
from reconciler.model.rollout import WavePlan
from reconciler.model.snapshot import Snapshot, Workload
from reconciler.model.unit import Reach
from reconciler.model.verdict import Health, Sync, Verdict


def explain(one: FleetAssessment, plan: FleetPlan, manifest: Manifest, row: int, workload: Workload) -> SlotExplanation:
    """Return why a slot of a judged fleet is as it is. `plan` is the same fleet's, `row` that of the unit."""
    column = one.resolution.columns.get(workload.id)
    unit = one.snapshot.units.ref(row)
    value = column.rule(row).value if column is not None else UNMANAGED
    state = one.snapshot.state(workload.id, row)
    reach = Reach(one.snapshot.units.reach[row])
    found = verdict(value, state, reach, one.patience)
    held = _held(plan, unit.id, workload.id)
    return SlotExplanation(
        fleet=one.document.name,
        unit=unit,
        workload=workload.ref,
        desired=str(value),
        won=_won(one, manifest, column, row),
        lost=tuple(_lost(one, manifest, column, row)) if column is not None else (),
        seen=_seen(state, one.snapshot),
        reach=reach.name.lower(),
        labels=one.snapshot.units[row].labels,
        verdict=found,
        sync=sync(found),
        health=health(found, state, reach),
        planned=_planned(plan, unit.id, workload.id),
        held=held.reasons if held is not None else one.mistakes.holds(workload.id).get(row, ()),
        stage=held.stage if held is not None else 0,
        wave=_wave(one, workload.id, value.version, row),
    )


def _wave(one: FleetAssessment, workload: str, version: str | None, row: int) -> WavePlan | None:
    """Return the wave that a unit is in: the first that is still to take it further, else the last that took it."""
    standing = one.standings.get((workload, version or ""))
    step = None if standing is None else standing.step(row)
    if standing is None or step is None or not standing.plan.waves:
        return None
    number = step.wave if step.wave >= 0 else standing.course.pattern(standing.course.position(row))[-1].wave
    return next(wave for wave in standing.plan.waves if wave.wave == number)


def stray(snapshot: Snapshot, row: int, workload: Workload) -> SlotExplanation:
    """Return what there is to say of a slot that no fleet speaks of."""
    state = snapshot.state(workload.id, row)
    return SlotExplanation(
        fleet="",
        unit=snapshot.units.ref(row),
        workload=workload.ref,
        desired=str(UNMANAGED),
        won=None,
        seen=_seen(state, snapshot),
        reach=Reach(snapshot.units.reach[row]).name.lower(),
        labels=snapshot.units[row].labels,
        verdict=Verdict.UNMANAGED,
        sync=Sync.NONE,
        health=Health.NONE,
    )


# --- what git says ------------------------------------------------------------------------------------------------------


def _won(one: FleetAssessment, manifest: Manifest, column: Column | None, row: int) -> Rule | None:
    """Return the rule in force; where none is, the line that leaves the slot out; None where nothing speaks of it."""
    if column is not None and column.winner(row):
        return _rule(one, manifest, column.rule(row))
    if row not in one.resolution.scope:
        return Rule(origin=one.document.locate(("spec", "units")), text="units: not in the scope of the fleet")
    if column is None:
        return None
    path = (*column.rules[1].path, "units")
    return Rule(origin=one.document.locate(path), text=f"{_dotted(path)}: does not match this unit")


def _lost(one: FleetAssessment, manifest: Manifest, column: Column, row: int) -> Iterator[Rule]:
    """Yield the rules that speak of the slot too, strongest first."""
    for number, meant in reversed(column.spoken):
        if row in meant and number != column.winner(row):
            yield _rule(one, manifest, column.rules[number])


def _rule(one: FleetAssessment, manifest: Manifest, rule: Decision) -> Rule:
    choice = choice_at(one.resolution.spec, rule.path)
    key = deciding(choice)
    origin = one.document.locate(rule.path if key is None else (*rule.path, key))
    text = f"{_dotted(rule.path)}: {rule.value}"
    if rule.value.settings:
        text += f" ({', '.join(f'{name} {value}' for name, value in rule.value.settings)})"
    return Rule(origin=origin, text=text + _channel(manifest, choice, rule.path))


def _channel(manifest: Manifest, choice: Choice | str | None, path: Path) -> str:
    """Return which channel names the version, and where; nothing when the rule names it itself."""
    name = channel_of(choice)
    if not name:
        return ""
    return f", by channel {name} ({manifest.channels[name].locate(('spec', 'versions', workload_of(path)))})"


def _dotted(path: Path) -> str:
    """Return `workloads.vision.overrides[0]` for a path; pins go by their unit."""
    parts = path[1:3] if path[1] == "pins" else path[1:]
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return words.removeprefix(".")


# --- what was seen, and what becomes of it ------------------------------------------------------------------------------


def _seen(state: State, snapshot: Snapshot) -> Seen | None:
    if state == UNSEEN:
        return None
    return Seen(
        assigned=state.assigned,
        reported=state.reported,
        extra_versions=state.extra_versions,
        phase=state.phase.value,
        since=began(state),
        error=state.error or "",
        conditions=state.conditions,
        identity=state.identity,
        overwritten=state.overwritten,
        settings=state.settings,
        progress=state.progress,
        eta=state.eta,
        ready=state.ready,
        size=state.size,
        spread=state.spread,
        protected=state.protected,
        stages=state.stages,
        facts=state.facts,
        read_at=iso(snapshot.read_at),
    )


def _planned(plan: FleetPlan, unit_id: str, workload_id: str) -> Planned | None:
    for position, change in enumerate(plan.changes):
        if (change.unit.id, change.workload.id) == (unit_id, workload_id):
            return Planned(verb=change.verb, from_=change.from_, to=change.to, calls=tuple(_calls(plan, position)))
    return None


def _calls(plan: FleetPlan, position: int) -> Iterator[str]:
    """Yield the calls that carry a change out, in order; those of a later pass begin with `then`."""
    for action in sorted(plan.actions, key=lambda action: action.stage):
        if position in action.slots:
            count = len(action.slots)
            company = f", one call for {count:,} units" if count > 1 else ""
            yield f"{action.call}: {action.request.method} {action.request.path}{company}"
    for step in plan.changes[position].steps:
        if step.when == "later":
            yield f"then {step.call}"


def _held(plan: FleetPlan, unit_id: str, workload_id: str) -> Held | None:
    return next((held for held in plan.held if (held.unit.id, held.workload.id) == (unit_id, workload_id)), None)
