"""Manifest + inventory → which rule decides each slot.

Precedence: workload < its overrides in order < pins; pruning fills what those leave out. The answer is one column of rule
numbers per workload; rule 0 stands for "no rule of this fleet", so a slot outside the scope can never be touched.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from itertools import compress
from operator import itemgetter

import msgspec

from reconciler.core.names import suggestion
from reconciler.core.select import Mask, both, either, is_glob, mask, selectors_in, without
from reconciler.model.desired import ABSENT, UNMANAGED, Desired, Want, version
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import ChannelRef, Choice, Document, FleetSpec, Selector, WorkloadSpec
from reconciler.model.origin import Path
from reconciler.model.snapshot import Workload
from reconciler.model.unit import Units

Channels = dict[str, dict[str, str]]
"""Versions by channel, then by workload name."""


class Rule(msgspec.Struct, frozen=True, gc=False):
    """A line of a manifest that says what some slots should be. `kind` is scope, workload, override, pin or prune."""

    value: Desired
    path: Path
    kind: str


EVERYBODY = Selector(all=True)
OUTSIDE = Rule(UNMANAGED, (), "scope")


class Column(msgspec.Struct):
    """The rules of one workload and, per unit, the number of the one that wins."""

    workload: Workload
    rules: list[Rule]
    winners: array[int]
    masks: list[tuple[int, Mask]]
    """(rule number, units it speaks of) in order of precedence, for explaining who lost; pins are not in here."""
    unnarrowed: bool = False
    """Whether the workload is meant for every unit of the scope, whoever comes."""

    def rule(self, row: int) -> Rule:
        """Return the rule that decides a slot."""
        return self.rules[self.winners[row]]


class Resolution(msgspec.Struct):
    """What one fleet says of an inventory."""

    document: Document
    scope: Mask
    columns: dict[str, Column]
    """By workload id."""
    missing: list[tuple[str, str]]
    """(name of a listed workload, why it could not be identified)."""
    prune_unsafe: list[str]
    """Why nothing may be pruned, if so."""
    dropped: int
    """Units that matched the scope but cannot be assigned to."""
    diagnostics: list[Diagnostic]
    whole: bool
    """Whether the scope is every unit of the application, now and whoever comes."""
    label_keys: frozenset[str]
    uses_names: bool

    @property
    def spec(self) -> FleetSpec:
        """Return the fleet's spec."""
        spec: FleetSpec = self.document.spec
        return spec


def resolve(document: Document, channels: Channels, units: Units, workloads: tuple[Workload, ...]) -> Resolution:
    """Return which rule decides each slot of a fleet. Findings of any severity are in `diagnostics`."""
    return _Resolver(document, channels, units, workloads).run()


class _Resolver:
    """Carries what all steps of one resolution share."""

    def __init__(self, document: Document, channels: Channels, units: Units, workloads: tuple[Workload, ...]) -> None:
        self.document = document
        self.spec: FleetSpec = document.spec
        self.channels = channels
        self.units = units
        self.workloads = workloads
        self.diagnostics: list[Diagnostic] = []
        self.missing: list[tuple[str, str]] = []
        self.prune_unsafe: list[str] = []
        self.by_name: dict[str, list[int]] | None = None

    def run(self) -> Resolution:
        scope = self._mask(self.spec.units, ("spec", "units"))
        pins = self._pins()
        scope, dropped = self._drop_unassignable(scope, {row for row, _, _ in pins})
        columns: dict[str, Column] = {}
        for name, spec in sorted(self.spec.workloads.items()):
            workload = self._identify(name, spec)
            if workload is None:
                continue
            if workload.id in columns:
                known = columns[workload.id].rules[1].path
                self._error(
                    "workload-twice",
                    f"{known[-1]!r} and {name!r} are the same workload, {workload.name} ({workload.id})",
                    ("spec", "workloads", name),
                    Related("the other entry", self.document.locate(known)),
                )
            columns[workload.id] = self._column(name, spec, workload, scope)
        self._apply_pins(pins, columns, scope)
        self._prune_others(columns, scope)
        inner = list(self._all_selectors())
        return Resolution(
            document=self.document,
            scope=scope,
            columns=columns,
            missing=self.missing,
            prune_unsafe=self.prune_unsafe,
            dropped=dropped,
            diagnostics=self.diagnostics,
            whole=self.spec.units == EVERYBODY,
            label_keys=frozenset(key for one in inner for key in one.tags or {}),
            uses_names=bool(self.spec.pins) or any(one.names or one.cohorts for one in inner),
        )

    # --- scope ------------------------------------------------------------------------------------------------------

    def _mask(self, selector: Selector, path: Path) -> Mask:
        for one in selectors_in(selector):
            for name in one.names or []:
                rows = [] if is_glob(name) else self._rows_named(name)
                if len(rows) > 1:
                    self._ambiguous(name, rows, path)
        return mask(selector, self.units)

    def _drop_unassignable(self, scope: Mask, pinned: set[int]) -> tuple[Mask, int]:
        assignable = bytes(self.units.assignable)
        strangers = without(scope, assignable)
        if not any(strangers):
            return scope, 0
        named = {self.units.index.get(unit_id) for one in self._all_selectors() for unit_id in one.ids or []} | pinned
        kept = bytearray(len(scope))
        for row in compress(range(len(scope)), strangers):
            kept[row] = row in named
        return either(both(scope, assignable), bytes(kept)), sum(strangers) - sum(kept)

    def _all_selectors(self) -> list[Selector]:
        tops = [self.spec.units]
        for spec in self.spec.workloads.values():
            tops += [spec.units] if spec.units is not None else []
            tops += [override.units for override in spec.overrides]
        return [one for top in tops for one in selectors_in(top)]

    # --- workloads --------------------------------------------------------------------------------------------------

    def _identify(self, name: str, spec: WorkloadSpec) -> Workload | None:
        path: Path = ("spec", "workloads", name)
        named = [workload for workload in self.workloads if workload.name == name]
        if spec.id is not None:
            found = next((workload for workload in self.workloads if workload.id == spec.id), None)
            if found is None:
                self._unidentified(name, f"no workload has the id {spec.id}", path)
                return None
            if found.name != name:
                self.prune_unsafe.append(f"workload {spec.id} is named {found.name!r} on the platform, not {name!r}")
                self._warn("workload-renamed", self.prune_unsafe[-1], path)
            return found
        if len(named) > 1:
            ids = ", ".join(sorted(workload.id for workload in named))
            self._unidentified(name, f"several workloads are named {name!r}: add `id:` with one of {ids}", path)
            return None
        if not named:
            near = suggestion(name, [workload.name for workload in self.workloads])
            self._unidentified(name, f"the platform has no workload named {name!r}{near}", path)
            return None
        return named[0]

    def _unidentified(self, name: str, why: str, path: Path) -> None:
        self.missing.append((name, why))
        self.prune_unsafe.append(why)
        self._warn("workload-not-found", why, path)

    def _column(self, name: str, spec: WorkloadSpec, workload: Workload, scope: Mask) -> Column:
        path: Path = ("spec", "workloads", name)
        reach = scope if spec.units is None else both(scope, self._mask(spec.units, (*path, "units")))
        rules = [OUTSIDE, Rule(self._desired(spec, name, path), path, "workload")]
        winners = array("I", iter(reach))
        masks: list[tuple[int, Mask]] = [(1, reach)]
        for position, override in enumerate(spec.overrides):
            where: Path = (*path, "overrides", position)
            meant = both(reach, self._mask(override.units, (*where, "units")))
            if not any(meant):
                self._warn("no-match", f"this override of {name!r} matches none of the workload's units", where)
            rules.append(Rule(self._desired(override, name, where), where, "override"))
            masks.append((len(rules) - 1, meant))
            for row in compress(range(len(meant)), meant):
                winners[row] = len(rules) - 1
        if self.spec.prune != "none" and spec.units is not None:
            rules.append(Rule(ABSENT, ("spec", "prune"), "prune"))
            for row in compress(range(len(scope)), without(scope, reach)):
                winners[row] = len(rules) - 1
        return Column(workload, rules, winners, masks, unnarrowed=spec.units is None or spec.units == EVERYBODY)

    def _desired(self, choice: Choice, name: str, path: Path) -> Desired:
        if choice.absent:
            return ABSENT
        if choice.unmanaged or choice.version is None:
            return UNMANAGED
        if isinstance(choice.version, ChannelRef):
            return self._from_channel(choice.version.channel, choice, name, path)
        return version(choice.version, tuple(sorted(choice.settings.items())))

    def _from_channel(self, channel: str, choice: Choice, name: str, path: Path) -> Desired:
        found = self.channels.get(channel, {}).get(name)
        if found is None:
            self._error("channel-without-workload", f"channel {channel!r} has no version for {name!r}", path)
            return UNMANAGED
        return version(found, tuple(sorted(choice.settings.items())))

    # --- pins -------------------------------------------------------------------------------------------------------

    def _pins(self) -> list[tuple[int, str, Path]]:
        """Return (row, key as typed, path) of each pinned unit that exists."""
        found: list[tuple[int, str, Path]] = []
        for key in sorted(self.spec.pins):
            path: Path = ("spec", "pins", key)
            row = self.units.index.get(key)
            rows = [row] if row is not None else self._rows_named(key)
            if len(rows) > 1:
                self._ambiguous(key, rows, path)
            elif not rows:
                self._warn("no-match", f"no unit has the id or name {key!r}", path)
            else:
                found.append((rows[0], key, path))
        return found

    def _apply_pins(self, pins: list[tuple[int, str, Path]], columns: dict[str, Column], scope: Mask) -> None:
        by_name = {name: column for column in columns.values() for name in self._names_of(column.workload)}
        seen: dict[int, str] = {}
        for row, key, path in pins:
            if seen.setdefault(row, key) != key:
                self._error("pin-twice", f"{seen[row]!r} and {key!r} are the same unit", path)
            for name, pin in sorted(self.spec.pins[key].items(), key=itemgetter(0)):
                column = by_name.get(name)
                if column is None:
                    continue
                where: Path = (*path, name)
                if not scope[row] or not column.masks[0][1][row]:
                    self._pin_outside(key, name, where, inside_scope=bool(scope[row]))
                    continue
                value = version(pin) if isinstance(pin, str) else self._desired(pin, name, where)
                column.rules.append(Rule(value, where, "pin"))
                column.winners[row] = len(column.rules) - 1

    def _names_of(self, workload: Workload) -> list[str]:
        return [
            name
            for name, spec in self.spec.workloads.items()
            if spec.id == workload.id or (spec.id is None and name == workload.name)
        ]

    def _pin_outside(self, key: str, name: str, path: Path, *, inside_scope: bool) -> None:
        outer: Path = ("spec", "workloads", name, "units") if inside_scope else ("spec", "units")
        what = f"the units of workload {name!r}" if inside_scope else "the scope of its fleet"
        self._error(
            "pin-outside",
            f"the pin of {name!r} on {key!r} is outside {what}",
            path,
            Related(what, self.document.locate(outer)),
        )

    # --- pruning ----------------------------------------------------------------------------------------------------

    def _prune_others(self, columns: dict[str, Column], scope: Mask) -> None:
        if self.spec.prune != "all":
            return
        for workload in self.workloads:
            if workload.id not in columns:
                rule = Rule(ABSENT, ("spec", "prune"), "prune")
                columns[workload.id] = Column(workload, [OUTSIDE, rule], array("I", iter(scope)), [(1, scope)])

    # --- findings ---------------------------------------------------------------------------------------------------

    def _rows_named(self, name: str) -> list[int]:
        if self.by_name is None:
            self.by_name = defaultdict(list)
            for row, other in enumerate(self.units.names):
                self.by_name[other].append(row)
        return self.by_name.get(name, [])

    def _ambiguous(self, name: str, rows: list[int], path: Path) -> None:
        ids = ", ".join(self.units.ids[row] for row in rows)
        self._error("ambiguous-name", f"{len(rows)} units are named {name!r}: use an id: {ids}", path)

    def _warn(self, code: str, message: str, path: Path) -> None:
        self._add(code, message, path, Severity.WARNING)

    def _error(self, code: str, message: str, path: Path, *related: Related) -> None:
        self._add(code, message, path, Severity.ERROR, related)

    def _add(self, code: str, message: str, path: Path, severity: Severity, related: tuple[Related, ...] = ()) -> None:
        self.diagnostics.append(
            Diagnostic(
                code=code, message=message, severity=severity, origin=self.document.locate(path), related=related
            )
        )


def claimed(column: Column) -> Mask:
    """Return the slots of a workload that a fleet claims: those some rule manages."""
    managed = [rule.value.want is not Want.UNMANAGED for rule in column.rules]
    return bytes(map(managed.__getitem__, column.winners))
