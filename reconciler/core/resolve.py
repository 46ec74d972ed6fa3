"""Manifest + inventory → which rule decides each slot.

Precedence: workload < its overrides in order < pins; pruning fills what those leave out. The answer is one column of rule
numbers per workload, over the units that the fleet speaks of; rule 0 stands for "no rule of this fleet", so a slot outside
the scope can never be touched.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from itertools import compress
from operator import itemgetter

import msgspec

from reconciler.core.names import Names
from reconciler.core.select import Mask, Rows, both, either, mask, mask_of, named_in, rows_in, selectors_in, without
from reconciler.core.unmatched import no_unit, unmatched
from reconciler.model.desired import ABSENT, UNMANAGED, Desired, Want, version
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import ChannelRef, Choice, Document, FleetSpec, Manifest, Selector, WorkloadSpec
from reconciler.model.origin import Path
from reconciler.model.snapshot import Workload
from reconciler.model.unit import Ref, Units

Channels = dict[str, dict[str, str]]
"""Versions by channel, then by workload name."""


def channels_of(manifest: Manifest) -> Channels:
    """Return the versions of each channel, by workload."""
    return {name: dict(document.spec.versions) for name, document in manifest.channels.items()}


class Rule(msgspec.Struct, frozen=True, gc=False):
    """A line of a manifest that says what some slots should be. `kind` is scope, workload, override, pin or prune."""

    value: Desired
    path: Path
    kind: str


WORKLOAD_UNITS = len(("spec", "workloads", "NAME", "units"))
RENAMED = "if it was renamed, name its id, which stays"
EVERYBODY = Selector(all=True)
OUTSIDE = Rule(UNMANAGED, (), "scope")


class Column(msgspec.Struct):
    """The rules of one workload, and which of them wins for each unit that they speak of."""

    workload: Workload
    rules: list[Rule]
    rows: Rows
    """Those that some rule speaks of."""
    winners: array[int]
    """The number of the rule that wins, by position in `rows`."""
    spoken: list[tuple[int, Rows]]
    """(rule number, units it speaks of) in order of precedence, for explaining who lost; pins are not in here."""
    unnarrowed: bool = False
    """Whether the workload is meant for every unit of the scope, whoever comes."""

    def winner(self, row: int) -> int:
        """Return the number of the rule that decides a slot."""
        position = self.rows.position(row)
        return 0 if position < 0 else self.winners[position]

    def set(self, rows: Iterable[int]) -> None:
        """Let the last rule win for units that are spoken of."""
        last, winners = len(self.rules) - 1, self.winners
        for position in self.rows.positions(rows):
            winners[position] = last

    def rule(self, row: int) -> Rule:
        """Return the rule that decides a slot."""
        return self.rules[self.winner(row)]

    def claims(self) -> Rows | list[int]:
        """Return the rows of the slots that the fleet claims: those that some rule manages."""
        managed = [rule.value.want is not Want.UNMANAGED for rule in self.rules]
        if all(managed[1:]):
            return self.rows
        return list(compress(self.rows, map(managed.__getitem__, self.winners)))


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong with manifests as this inventory shows it, and the slots it is about: nothing goes to those."""

    diagnostic: Diagnostic
    fleets: tuple[str, ...]
    """The fleets that say it."""
    workloads: frozenset[str]
    """Ids."""
    rows: Iterable[int]


class Resolution(msgspec.Struct):
    """What one fleet says of an inventory."""

    document: Document
    scope: Rows
    columns: dict[str, Column]
    """By workload id."""
    missing: list[tuple[str, str]]
    """(name of a listed workload, why it could not be identified)."""
    prune_unsafe: list[str]
    """Why nothing may be pruned, if so."""
    dropped: int
    """Units that matched the scope but cannot be assigned to."""
    keys: dict[str, tuple[str, ...]]
    """What the manifest calls workloads, by workload id."""
    warnings: list[Diagnostic]
    mistakes: list[Mistake]
    whole: bool
    """Whether the scope is every unit of the application, now and whoever comes."""
    label_keys: frozenset[str]
    uses_names: bool

    @property
    def spec(self) -> FleetSpec:
        """Return the fleet's spec."""
        spec: FleetSpec = self.document.spec
        return spec

    def names(self, workload: Workload | Ref) -> tuple[str, ...]:
        """Return all that a workload goes by here: its id, the platform's name for it, and what the manifest calls it."""
        return (workload.id, workload.name, *self.keys.get(workload.id, ()))


def resolve(document: Document, channels: Channels, units: Units, workloads: tuple[Workload, ...]) -> Resolution:
    """Return which rule decides each slot of a fleet, and what the inventory shows to be wrong or odd about that."""
    return _Resolver(document, channels, units, workloads).run()


class _Resolver:
    """Carries what all steps of one resolution share."""

    def __init__(self, document: Document, channels: Channels, units: Units, workloads: tuple[Workload, ...]) -> None:
        self.document = document
        self.spec: FleetSpec = document.spec
        self.channels = channels
        self.units = units
        self.workloads = workloads
        self.names = Names(self.spec, workloads)
        self.identified = self.names.identified
        self.warnings: list[Diagnostic] = []
        self.mistakes: list[Mistake] = []

    def run(self) -> Resolution:
        for code, message, path in self.names.warnings:
            self._warn(code, message, path)
        inside = self._mask(self.spec.units, ("spec", "units"))
        pins = self._pins()
        inside, dropped = self._drop_unassignable(inside, {row for row, _, _ in pins})
        scope = rows_in(inside)
        columns: dict[str, Column] = {}
        for name, workload in self.identified.items():
            known = columns.get(workload.id)
            if known is not None:
                other = known.rules[1].path
                self._mistake(
                    "workload-twice",
                    f"{other[-1]!r} and {name!r} are the same workload, {workload.name} ({workload.id})",
                    ("spec", "workloads", name),
                    {workload.id},
                    scope,
                    Related("the other entry", self.document.locate(other)),
                )
            columns[workload.id] = self._column(name, self.spec.workloads[name], workload, inside, scope)
        self._apply_pins(pins, columns, scope)
        self._prune_others(columns, scope)
        inner = list(self._all_selectors())
        return Resolution(
            document=self.document,
            scope=scope,
            columns=columns,
            missing=self.names.missing,
            prune_unsafe=self.names.prune_unsafe,
            dropped=dropped,
            keys=self.names.keys,
            warnings=self.warnings,
            mistakes=self.mistakes,
            whole=self.spec.units == EVERYBODY,
            label_keys=frozenset(key for one in inner for key in one.tags or {}),
            uses_names=bool(self.spec.pins) or any(one.names or one.cohorts for one in inner),
        )

    # --- scope ------------------------------------------------------------------------------------------------------

    def _mask(self, selector: Selector, path: Path, *names: str) -> Mask:
        """Return the units that a selector means, for the workloads of these names, or for all of the fleet."""
        for one in selectors_in(selector):
            for name in named_in(one, self.units):
                rows = self.units.named(name)
                if len(rows) > 1:
                    self._ambiguous(name, rows, path, names)
        self._unmatched(selector, path)
        return mask(selector, self.units)

    def _unmatched(self, selector: Selector, path: Path) -> None:
        """Warn of names and ids that no unit has: the units they meant may have been renamed, and are now taken for others."""
        names, ids = unmatched(selector, self.units)
        if names or ids:
            self._warn("no-match", f"{no_unit([*names, *ids], self.units)}; {RENAMED}", path)
        if names and path[1] == "workloads" and len(path) == WORKLOAD_UNITS:
            self.names.prune_unsafe.append(
                f"{no_unit(names, self.units)}, so a renamed unit may be taken for one that is left out"
            )

    def _drop_unassignable(self, scope: Mask, pinned: set[int]) -> tuple[Mask, int]:
        if 0 not in self.units.assignable:
            return scope, 0
        assignable = bytes(self.units.assignable)
        strangers = without(scope, assignable)
        named = {self.units.index.get(unit_id) for one in self._all_selectors() for unit_id in one.ids or []} | pinned
        kept = mask_of((row for row in rows_in(strangers) if row in named), self.units)
        return either(both(scope, assignable), kept), strangers.count(1) - kept.count(1)

    def _all_selectors(self) -> list[Selector]:
        tops = [self.spec.units]
        for spec in self.spec.workloads.values():
            tops += [spec.units] if spec.units is not None else []
            tops += [override.units for override in spec.overrides]
        return [one for top in tops for one in selectors_in(top)]

    # --- workloads --------------------------------------------------------------------------------------------------

    def _column(self, name: str, spec: WorkloadSpec, workload: Workload, inside: Mask, scope: Rows) -> Column:
        path: Path = ("spec", "workloads", name)
        reach = inside if spec.units is None else both(inside, self._mask(spec.units, (*path, "units"), name))
        rules = [OUTSIDE, Rule(self._desired(spec, name), path, "workload")]
        prunes = self.spec.prune != "none" and spec.units is not None
        inner = scope if spec.units is None else rows_in(reach)
        column = Column(workload, rules, inner, array("I", [1]) * len(inner), [(1, inner)])
        column.unnarrowed = spec.units is None or spec.units == EVERYBODY
        if prunes:
            rules.append(Rule(ABSENT, ("spec", "prune"), "prune"))
            column.rows = scope
            column.winners = array("I", (1 if inside else 2 for inside in column.rows.of(reach)))
        for position, override in enumerate(spec.overrides):
            where: Path = (*path, "overrides", position)
            warned = len(self.warnings)
            meant = rows_in(both(reach, self._mask(override.units, (*where, "units"), name)))
            if not meant and len(self.warnings) == warned:
                self._warn("no-match", f"this override of {name!r} matches none of the workload's units", where)
            rules.append(Rule(self._desired(override, name), where, "override"))
            column.spoken.append((len(rules) - 1, meant))
            column.set(meant)
        return column

    def _desired(self, choice: Choice, name: str) -> Desired:
        if choice.absent:
            return ABSENT
        if choice.unmanaged or choice.version is None:
            return UNMANAGED
        if isinstance(choice.version, ChannelRef):
            return self._from_channel(choice.version.channel, choice, name)
        return version(choice.version, tuple(sorted(choice.settings.items())))

    def _from_channel(self, channel: str, choice: Choice, name: str) -> Desired:
        return version(self.channels[channel][name], tuple(sorted(choice.settings.items())))

    # --- pins -------------------------------------------------------------------------------------------------------

    def _pins(self) -> list[tuple[int, str, Path]]:
        """Return (row, key as typed, path) of each pinned unit that exists."""
        found: list[tuple[int, str, Path]] = []
        for key in sorted(self.spec.pins):
            path: Path = ("spec", "pins", key)
            rows = self.units.meant(key)
            if len(rows) > 1:
                self._ambiguous(key, rows, path, tuple(self.spec.pins[key]))
            elif not rows:
                message = f"{no_unit([key], self.units)}: this pin holds nothing; {RENAMED}"
                self._warn("no-match", message, path)
            else:
                found.append((rows[0], key, path))
        return found

    def _apply_pins(self, pins: list[tuple[int, str, Path]], columns: dict[str, Column], scope: Rows) -> None:
        seen: dict[int, str] = {}
        for row, key, path in pins:
            if seen.setdefault(row, key) != key:
                names = {*self.spec.pins[key], *self.spec.pins[seen[row]]}
                message = f"{seen[row]!r} and {key!r} are the same unit"
                self._mistake("pin-twice", message, path, self._ids(names), {row})
            for name, pin in sorted(self.spec.pins[key].items(), key=itemgetter(0)):
                workload = self.identified.get(name)
                if workload is None:
                    continue
                column = columns[workload.id]
                where: Path = (*path, name)
                if row not in scope or row not in column.spoken[0][1]:
                    self._pin_outside(key, row, name, where, inside_scope=row in scope)
                    continue
                value = version(pin) if isinstance(pin, str) else self._desired(pin, name)
                column.rules.append(Rule(value, where, "pin"))
                column.set([row])

    def _ids(self, names: Iterable[str]) -> set[str]:
        """Return the ids of the workloads that the fleet lists under these names."""
        return {self.identified[name].id for name in names if name in self.identified}

    def _pin_outside(self, key: str, row: int, name: str, path: Path, *, inside_scope: bool) -> None:
        outer: Path = ("spec", "workloads", name, "units") if inside_scope else ("spec", "units")
        what = f"the units of workload {name!r}" if inside_scope else "the scope of its fleet"
        self._mistake(
            "pin-outside",
            f"the pin of {name!r} on {key!r} is outside {what}",
            path,
            self._ids([name]),
            {row},
            Related(what, self.document.locate(outer)),
        )

    # --- pruning ----------------------------------------------------------------------------------------------------

    def _prune_others(self, columns: dict[str, Column], scope: Rows) -> None:
        if self.spec.prune != "all":
            return
        for workload in self.workloads:
            if workload.id not in columns:
                rules = [OUTSIDE, Rule(ABSENT, ("spec", "prune"), "prune")]
                columns[workload.id] = Column(workload, rules, scope, array("I", [1]) * len(scope), [(1, scope)])

    # --- findings ---------------------------------------------------------------------------------------------------

    def _ambiguous(self, name: str, rows: list[int], path: Path, workloads: tuple[str, ...]) -> None:
        ids = ", ".join(self.units.ids[row] for row in rows)
        message = f"{len(rows)} units are named {name!r}: use an id: {ids}"
        every = {one.id for one in self.workloads} if self.spec.prune == "all" else self._ids(self.identified)
        self._mistake("ambiguous-name", message, path, self._ids(workloads) if workloads else every, rows)

    def _warn(self, code: str, message: str, path: Path) -> None:
        origin = self.document.locate(path)
        self.warnings.append(Diagnostic(code=code, message=message, severity=Severity.WARNING, origin=origin))

    def _mistake(  # what is wrong, where, and what it is about
        self, code: str, message: str, path: Path, workloads: Collection[str], rows: Iterable[int], *related: Related
    ) -> None:
        found = Diagnostic(code=code, message=message, origin=self.document.locate(path), related=related)
        self.mistakes.append(Mistake(found, (self.document.name,), frozenset(workloads), rows))
