"""Why a slot is among the changes, and which line a person must look at: the one that changed, where a base tells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import Intent
from reconciler.core.resolve import Column, Rule
from reconciler.model.change import Reason
from reconciler.model.fleet import ChannelRef, Choice, FleetSpec, Selector
from reconciler.model.origin import Origin, Path
from reconciler.model.verdict import Verdict

DECIDING = ("channel", "version", "absent", "unmanaged")
OF_VERDICT = {Verdict.RETRY: Reason.RETRY, Verdict.NEXT: Reason.NEXT, Verdict.LEFTOVER: Reason.LEFTOVER}


class Causes:
    """The causes of one fleet's changes. Slots whose rules are the same, then and now, share one answer."""

    def __init__(self, one: FleetAssessment) -> None:
        self.one = one
        self._origins: dict[tuple[str, int, int], Origin] = {}

    def reason(self, column: Column, intent: Intent) -> Reason:
        """Return why a slot needs something."""
        found = OF_VERDICT.get(intent.verdict)
        if found is not None:
            return found
        rule, state = column.rules[intent.rule], self.one.snapshot.states[intent.state]
        if intent.verdict is Verdict.DIFFERS and state.overwritten and state.assigned == rule.value.version:
            return Reason.OVERWRITTEN
        if self.one.base is not None:
            before = self._then(column)
            same = before is not None and before.rule(intent.row).value == rule.value
            return Reason.DRIFT if same else Reason.CHANGE
        return Reason.PRUNE if rule.kind == "prune" else Reason.OUT_OF_SYNC

    def origin(self, column: Column, intent: Intent) -> Origin:
        """Return the line that changed, where the base tells which; else the line of the rule in force."""
        before = self._then(column)
        winner = -1 if before is None else before.winner(intent.row)
        key = (column.workload.id, intent.rule, winner)
        found = self._origins.get(key)
        if found is None:
            then = None if before is None else before.rules[winner]
            found = self._origins[key] = self._line(column.rules[intent.rule], then)
        return found

    def _then(self, column: Column) -> Column | None:
        """Return what the base says of a workload."""
        return None if self.one.base is None else self.one.base.columns.get(column.workload.id)

    def _line(self, rule: Rule, before: Rule | None) -> Origin:
        path = rule.path
        if self.one.base is not None and (before is None or before.value != rule.value):
            base, now = self.one.base.spec, self.one.resolution.spec
            channel = channel_of(choice_at(now, path))
            if before is not None and channel and channel == channel_of(choice_at(base, before.path)):
                if before.value.settings == rule.value.settings:
                    return self.one.channels[channel].locate(("spec", "versions", workload_of(path)))
            elif _said(choice_at(base, path)) == _said(choice_at(now, path)):
                left = before.path if before is not None and choice_at(now, before.path) is not None else path
                path = next(chain(_selectors(base, now, path), _selectors(base, now, left)), path)
            elif (key := deciding(choice_at(now, path))) is not None:
                path = (*path, key)
        return self.one.document.locate(path)


def _selectors(was: FleetSpec, now: FleetSpec, path: Path) -> Iterator[Path]:
    """Yield the selectors around a rule that are not as they were, narrowest first."""
    for where in (path, path[:3]) if path[1] == "workloads" else ():
        if _units(was, where) != _units(now, where):
            yield (*where, "units")
    if was.units != now.units:
        yield ("spec", "units")


def choice_at(spec: FleetSpec, path: Path) -> Choice | str | None:
    """Return what stands at the path of a rule; None where there is nothing, or no choice at all (pruning)."""
    match path[1:]:
        case ("workloads", str(name)):
            return spec.workloads.get(name)
        case ("workloads", str(name), "overrides", int(position)):
            overrides = spec.workloads[name].overrides if name in spec.workloads else []
            return overrides[position] if position < len(overrides) else None
        case ("pins", str(unit), str(name)):
            return spec.pins.get(unit, {}).get(name)
    return None


def deciding(choice: Choice | str | None) -> str | None:
    """Return the key that says what a choice wants: its line is the one that somebody changed."""
    return next((key for key in DECIDING if getattr(choice, key, None) is not None), None)


def channel_of(choice: Choice | str | None) -> str:
    """Return the channel that gives a choice its version; empty where none does."""
    if isinstance(choice, Choice) and isinstance(choice.version, ChannelRef):
        return choice.version.channel
    return ""


def workload_of(path: Path) -> str:
    """Return what the manifest calls the workload of a rule."""
    return str(path[-1] if path[1] == "pins" else path[2])


def _said(choice: Choice | str | None) -> object:
    """Return what a choice says, whoever it is for."""
    return (choice.version, choice.absent, choice.unmanaged, choice.settings) if isinstance(choice, Choice) else choice


def _units(spec: FleetSpec, path: Path) -> Selector | None:
    found = choice_at(spec, path)
    units: Selector | None = getattr(found, "units", None)
    return units
