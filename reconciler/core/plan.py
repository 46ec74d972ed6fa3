"""A judged fleet → its plan: changes, held ones, calls, violations, warnings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from reconciler.core.assessment import FleetAssessment, unmanaged
from reconciler.core.basis import basis, moved_to
from reconciler.core.causes import Causes
from reconciler.core.digest import SlotDigest
from reconciler.core.forecast import Waiting, forecast, with_shares
from reconciler.core.guards import Vetoes, behind
from reconciler.core.guards.allow import admitted
from reconciler.core.guards.case import Scene
from reconciler.core.guards.limit import loads
from reconciler.core.guards.pace import paced, stage_of
from reconciler.core.guards.platform import vetoed
from reconciler.core.guards.requirement import Gates
from reconciler.core.guards.spent import forgetful
from reconciler.core.impact import Order, shares
from reconciler.core.judge import Intent, Judged, verb_of
from reconciler.core.resolve import Column
from reconciler.core.rollouts import standings
from reconciler.core.warn import lapsed, units_in_words, warnings
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Held, Refusals, Review, Step, Verb
from reconciler.model.desired import Desired, Settings
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import State
from reconciler.model.plan import Basis, Counts, FleetPlan, Summary
from reconciler.model.release import Catalog
from reconciler.model.unit import Ref
from reconciler.model.verdict import Verdict


class Compiler(Protocol):
    """What a platform knows of changes: `review` and `compile` of the port, for one reading and its catalogue. Pure."""

    def review(self, changes: Sequence[Change]) -> Review:
        """Say which changes may not go, what follows, and what to warn of."""
        ...

    def compile(
        self,
        changes: Sequence[Change],
        fleet_wide: Collection[str],
        *,
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Turn changes into calls; `fleet_wide`: ids of workloads for which the fleet speaks of every unit alike."""
        ...


NO_GATES: Gates = {}


def fleet_plan(  # a fleet, what is known of it, and where its manifests came from
    one: FleetAssessment,
    catalog: Catalog,
    compiler: Compiler,
    *,
    manifest: str,
    commit: str | None,
    gates: Gates = NO_GATES,
) -> FleetPlan:
    """Return the plan of a judged fleet. `manifest` is the manifests' digest, `gates` what requirements say of workloads."""
    maker = _Maker(one, catalog, gates)
    maker.run()
    changes, review, waiting = _reviewed(maker, compiler)
    actions = _compiled(one, compiler, changes)
    _set_steps(changes, actions, review.later)
    missing = tuple(_missing(one))
    judged = admitted(one.document, loads(one), len(one.resolution.scope), one.patience.now)
    return FleetPlan(
        fleet=one.document.name,
        connection=one.connection,
        platform=one.platform,
        basis=basis(one, changes, maker.held, catalog, manifest=manifest, commit=commit),
        summary=_summary(one, changes, len(maker.held) + len(missing)),
        changes=changes,
        actions=actions,
        held=(*missing, *maker.held),
        diagnostics=one.diagnostics,
        violations=judged.violations,
        lifted=judged.lifted,
        warnings=(*warnings(one), *lapsed(one, catalog), *forgetful(one), *review.warnings),
        releases=moved_to(changes, catalog),
        shares=tuple(shares(one, changes)),
        rollouts=forecast(one, changes, actions, waiting, partial(_compiled, one, compiler)),
    )


def _compiled(one: FleetAssessment, compiler: Compiler, changes: Sequence[Change]) -> tuple[Action, ...]:
    return compiler.compile(changes, one.fleet_wide, wide=not one.by_ids) if changes else ()


def failed_fleet(name: str, *, connection: str, platform: str, target: str, manifest: str, error: str) -> FleetPlan:
    """Return the plan of a fleet whose connection could not be read: nothing, and why."""
    return FleetPlan(
        fleet=name,
        connection=connection,
        platform=platform,
        basis=Basis(target=target, manifest=manifest, complete=False, problems=(error,)),
        summary=Summary(units=0, slots=0, synced=0, held=0, unmanaged=0, changes=Counts()),
        error=error,
    )


class _Maker:
    """Turns the intents of one fleet into changes and held changes."""

    def __init__(self, one: FleetAssessment, catalog: Catalog, gates: Gates) -> None:
        self.one = one
        self.catalog = catalog
        self.vetoes = Vetoes(Scene(one.resolution, one.snapshot, catalog, one.mistakes, one.patience.now, one.lifted))
        self.gates = gates
        self.digest = SlotDigest(one.resolution, one.snapshot)
        self.changes: list[Change] = []
        self.held: list[Held] = []
        self.refs: dict[int, Ref] = {}
        self.causes = Causes(one)
        self.order = Order(one)

    def run(self) -> None:
        """Make them, in their one order: by workload, then unit."""
        for judged in self.one.judged:
            self._workload(judged)
        self.changes.sort(key=lambda change: (change.workload.name, change.workload.id, change.unit.id))
        self.held.sort(key=_held_order)

    def _workload(self, judged: Judged) -> None:
        column = judged.column
        workload = column.workload.ref
        gate = self.gates.get(column.workload.id)
        for intent in judged.intents:
            holds = self.vetoes(column, intent)
            state = self.one.snapshot.states[intent.state]
            verb = verb_of(intent.verdict, state, column.rules[intent.rule].value)
            if verb is not None and gate is not None:
                holds = (*holds, *gate.holds(intent.row, verb, column.rules[intent.rule].value.version))
            if self.one.tip is not None:
                holds = (*holds, *behind.holds(self.one, column, intent))
            if holds or verb is None:
                self._hold(column, workload, intent, verb, holds)
            else:
                self.changes.append(self._change(column, workload, intent, verb))

    def _hold(self, column: Column, workload: Ref, intent: Intent, verb: Verb | None, holds: tuple[Hold, ...]) -> None:
        if column.rules[intent.rule].kind == "prune" and intent.verdict is Verdict.UNKNOWN and not intent.state:
            return  # no row was shown: nothing says that there is anything to prune
        held = held_of(self._change(column, workload, intent, verb or Verb.RELEASE), holds)
        self.held.append(held if verb is not None else msgspec.structs.replace(held, verb=None, observed=""))

    def _change(self, column: Column, workload: Ref, intent: Intent, verb: Verb) -> Change:
        rule = column.rules[intent.rule]
        state = self.one.snapshot.states[intent.state]
        return Change(
            unit=self._unit(intent.row),
            workload=workload,
            verb=verb,
            from_=state.assigned,
            to=rule.value.version,
            reason=self.causes.reason(column, intent),
            steps=(),
            origin=self.causes.origin(column, intent),
            observed=self.digest(intent.row, intent.state, removal=verb is Verb.REMOVE),
            extra_versions=state.extra_versions,
            settings=rule.value.settings,
            settings_from=_settings_from(state, rule.value),
            downgrade=self.order.goes_back(column, state.assigned, rule.value.version),
            size=self.one.snapshot.units.size(intent.row),
        )

    def _unit(self, row: int) -> Ref:
        found = self.refs.get(row)
        if found is None:
            found = self.refs[row] = self.one.snapshot.units.ref(row)
        return found


def _settings_from(state: State, desired: Desired) -> Settings:
    """Return what the settings of a version are that stays with others."""
    return state.settings if state.assigned == desired.version and state.settings != desired.settings else ()


def _reviewed(maker: _Maker, compiler: Compiler) -> tuple[tuple[Change, ...], Review, Waiting]:
    """Return the changes that may go now, what the platform says of them by their new positions, and what waits for its turn."""
    review = compiler.review(maker.changes) if maker.changes else Review()
    going, held, review = vetoed(maker.changes, review)
    maker.held += [held_of(change, reasons) for change, reasons in held]
    maker.one.standings = standings(maker.one, maker.held)
    going, waiting, review = paced(maker.one, going, maker.held, review)
    maker.held += [held_of(change, reasons, stage_of(reasons)) for change, reasons in waiting]
    maker.held.sort(key=_held_order)
    going, review = with_shares(maker.one, going, review)
    return tuple(going), review, waiting


def held_of(change: Change, reasons: tuple[Hold, ...], stage: int = 0) -> Held:
    """Return a change as a held one, of a later stage of the same run where it is."""
    return Held(
        unit=change.unit,
        workload=change.workload,
        verb=change.verb,
        from_=change.from_,
        to=change.to,
        reasons=reasons,
        stage=stage,
        reason=change.reason,
        origin=change.origin,
        size=change.size,
        downgrade=change.downgrade,
        settings=change.settings,
        observed=change.observed,
    )


def _held_order(held: Held) -> tuple[str, str, str]:
    return held.workload.name, held.workload.id, held.unit.id


def _set_steps(changes: tuple[Change, ...], actions: tuple[Action, ...], later: Mapping[int, tuple[str, ...]]) -> None:
    """Name each change's calls: they are known only once the calls are compiled, and the changes are not yet given out."""
    steps: dict[str, Step] = {}
    for action in actions:
        step = steps.setdefault(action.call, Step(action.call))
        for slot in action.slots:
            msgspec.structs.force_setattr(changes[slot], "steps", (*changes[slot].steps, step))
    for position, calls in later.items():
        following = tuple(Step(call, "later") for call in calls)
        msgspec.structs.force_setattr(changes[position], "steps", (*changes[position].steps, *following))


def _missing(one: FleetAssessment) -> Iterator[Held]:
    units = len(one.reach)
    for name, why in one.resolution.missing:
        if one.filters.workload([name]):
            yield Held(
                unit=Ref("*", units_in_words(units)),
                workload=Ref("", name),
                verb=None,
                from_=None,
                to=None,
                reasons=(Hold(HoldReason.VERSION_NOT_FOUND, why),),
                origin=one.document.locate(("spec", "workloads", name)),
            )


def _summary(one: FleetAssessment, changes: tuple[Change, ...], held: int) -> Summary:
    def count(*found: Verdict) -> int:
        return sum(judged.count(*found) for judged in one.judged)

    slots = sum(sum(judged.tally.values()) for judged in one.judged) - count(Verdict.UNMANAGED)
    out = count(Verdict.UNKNOWN, Verdict.DIFFERS, Verdict.MISSING, Verdict.SURPLUS, Verdict.LEFTOVER, Verdict.NEXT)
    verbs = [change.verb for change in changes]
    return Summary(
        units=len(one.reach),
        slots=slots,
        synced=slots - out,
        held=held,
        unmanaged=unmanaged(one),
        changes=Counts(*(verbs.count(verb) for verb in (Verb.RELEASE, Verb.REPLACE, Verb.REMOVE))),
        unknown=count(Verdict.UNKNOWN),
        converging=count(Verdict.CONVERGING, Verdict.REMOVING),
        waiting=count(Verdict.WAITING, Verdict.PAUSED),
        failed=count(Verdict.FAILED, Verdict.RETRY),
        stuck=count(Verdict.STUCK, Verdict.AHEAD),
        dropped=one.resolution.dropped,
    )
