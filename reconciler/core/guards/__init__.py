"""What may not go, and why.

There are two kinds of guard, one file a subject: a *veto* looks at one slot and gives typed reasons; an *admission* looks at
everything a fleet intends, and lets all of it go or nothing (`allow`), or chooses what goes now (`pace`).
Nothing else in the program decides whether a change may go. Words are made in `views`.
"""

from __future__ import annotations

from reconciler.core.guards import manifest, unknown, version, window
from reconciler.core.guards.case import Case, Scene, Veto
from reconciler.core.judge import Intent
from reconciler.core.resolve import Column
from reconciler.model.hold import Hold
from reconciler.model.verdict import Verdict

ALWAYS: tuple[Veto, ...] = (manifest.veto_mistake, manifest.veto_suspended, unknown.veto)
"""Vetoes that speak of slots of which nothing is known, too."""

VETOES: tuple[Veto, ...] = (
    *ALWAYS,
    unknown.veto_paused,
    unknown.veto_pruning,
    version.veto_unit,
    manifest.veto_quarantined,
    version.veto,
    window.veto,
)
"""In the order in which their reasons are listed. `requirement` and `platform` come after them: they compare slots."""


class Vetoes:
    """The vetoes of one fleet. Slots that agree in all that vetoes depend on share one answer."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._answers: dict[object, tuple[Hold, ...]] = {}

    def __call__(self, column: Column, intent: Intent) -> tuple[Hold, ...]:
        """Return the reasons that hold a slot which needs something; none: it may go."""
        rule, units = column.rules[intent.rule], self._scene.snapshot.units
        mistakes = self._scene.mistakes.holds(column.workload.id).get(intent.row, ())
        unit = units.agents[intent.row], units.assignable[intent.row]
        key = column.workload.id, rule.value, rule.kind, intent.state, intent.verdict, *unit, mistakes
        found = self._answers.get(key)
        if found is None:
            case = Case(
                scene=self._scene,
                column=column,
                rule=rule,
                state=self._scene.snapshot.states[intent.state],
                verdict=intent.verdict,
                agent=units.agent_versions[units.agents[intent.row]],
                assignable=bool(units.assignable[intent.row]),
                mistakes=mistakes,
            )
            vetoes = ALWAYS if intent.verdict is Verdict.UNKNOWN else VETOES
            found = self._answers[key] = tuple(hold for veto in vetoes for hold in veto(case))
        return found
