"""The intents of a judged fleet → changes, and changes that are held.

A million slots come to few kinds of them: what one needs follows from its rule, its state and its verdict. So all of that is
found once for each kind; a slot adds its unit, and the digest of what it looked like.
"""

from __future__ import annotations

import msgspec

from reconciler.core.assessment import FleetAssessment
from reconciler.core.causes import Causes
from reconciler.core.digest import SlotDigest
from reconciler.core.guards import Vetoes, behind
from reconciler.core.guards.case import Scene
from reconciler.core.guards.requirement import Gates
from reconciler.core.impact import Order
from reconciler.core.judge import Intent, Judged, verb_of
from reconciler.core.resolve import Column
from reconciler.model.change import Change, Held, Verb
from reconciler.model.desired import Desired, Settings
from reconciler.model.hold import Hold
from reconciler.model.observation import State
from reconciler.model.release import Catalog
from reconciler.model.unit import Ref
from reconciler.model.verdict import Verdict

NOBODY = Ref("", "")


class Kind(msgspec.Struct):
    """What slots of one workload have in common that need the same for the same reason."""

    verb: Verb | None
    state: int
    holds: tuple[Hold, ...]
    change: Change
    """All that is the same of their changes."""
    proves_nothing: bool
    """Whether it is only that no row was shown: nothing says that there is anything to prune."""
    observed: dict[int, str] = {}
    """Digests, by the number of the unit's tags."""


class Maker:
    """Makes the changes of one fleet, held ones apart: both by workload, then unit."""

    def __init__(self, one: FleetAssessment, catalog: Catalog, gates: Gates) -> None:
        self.changes: list[Change] = []
        self.held: list[Held] = []
        self._one = one
        self._gates = gates
        self._vetoes = Vetoes(Scene(one.resolution, one.snapshot, catalog, one.mistakes, one.patience.now, one.lifted))
        self._digest = SlotDigest(one.resolution, one.snapshot)
        self._refs: dict[int, Ref] = {}
        self._causes = Causes(one)
        self._order = Order(one)
        for judged in one.judged:  # sorted by workload, each in the order of its rows: that of the units
            self._workload(judged)

    def _workload(self, judged: Judged) -> None:
        one, column, kinds = self._one, judged.column, dict[object, Kind]()
        agents, assignable = one.snapshot.units.agents, one.snapshot.units.assignable
        mistakes = one.mistakes.holds(column.workload.id)
        before = None if one.base is None else one.base.columns.get(column.workload.id)
        for intent in judged.intents:
            row = intent.row
            wrong = mistakes.get(row, ()) if mistakes else ()
            then = -1 if before is None else before.winner(row)
            key = (intent.rule, intent.state, intent.verdict, agents[row], assignable[row], then, wrong)
            kind = kinds.get(key)
            if kind is None:
                kind = kinds[key] = self._kind(column, intent)
            if not kind.proves_nothing:
                self._slot(column, intent, kind)

    def _slot(self, column: Column, intent: Intent, kind: Kind) -> None:
        change, holds = self._change(intent.row, kind), kind.holds
        if kind.verb is not None and (gate := self._gates.get(column.workload.id)) is not None:
            holds = (*holds, *gate.holds(intent.row, kind.verb, kind.change.to))
        if self._one.tip is not None:
            holds = (*holds, *behind.holds(self._one, column, intent))
        if kind.verb is None:
            self.held.append(msgspec.structs.replace(held_of(change, holds), verb=None, observed=""))
        elif holds:
            self.held.append(held_of(change, holds))
        else:
            self.changes.append(change)

    def _change(self, row: int, kind: Kind) -> Change:
        units = self._one.snapshot.units
        unit = self._refs.get(row)
        if unit is None:
            unit = self._refs[row] = units.ref(row)
        observed = kind.observed.get(units.labels[row])
        if observed is None:
            observed = self._digest(row, kind.state, removal=kind.verb is Verb.REMOVE)
            if not self._digest.names_count:
                kind.observed[units.labels[row]] = observed
        if units.sizes is None:
            return msgspec.structs.replace(kind.change, unit=unit, observed=observed)
        return msgspec.structs.replace(kind.change, unit=unit, observed=observed, size=units.sizes[row])

    def _kind(self, column: Column, intent: Intent) -> Kind:
        rule, state = column.rules[intent.rule], self._one.snapshot.states[intent.state]
        verb = verb_of(intent.verdict, state, rule.value)
        change = Change(
            unit=NOBODY,
            workload=column.workload.ref,
            verb=verb or Verb.RELEASE,
            from_=state.assigned,
            to=rule.value.version,
            reason=self._causes.reason(column, intent),
            steps=(),
            origin=self._causes.origin(column, intent),
            observed="",
            extra_versions=state.extra_versions,
            settings=rule.value.settings,
            settings_from=_settings_from(state, rule.value),
            downgrade=self._order.goes_back(column, state.assigned, rule.value.version),
        )
        proves_nothing = rule.kind == "prune" and intent.verdict is Verdict.UNKNOWN and not intent.state
        return Kind(verb, intent.state, self._vetoes(column, intent), change, proves_nothing)


def _settings_from(state: State, desired: Desired) -> Settings:
    """Return what the settings of a version are that stays with others."""
    return state.settings if state.assigned == desired.version and state.settings != desired.settings else ()


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
