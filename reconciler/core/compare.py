"""Plans, snapshots and manifests → tables of names and texts, in the design's words, so that two of a kind can be compared.

Everything goes by name: units and workloads, overrides by whom they mean, calls by what they do; never by a position in a
list. Where several units bear a name, their ids tell them apart, on both sides alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from reconciler.core.compare_workloads import called, renamed
from reconciler.model.change import Change, Held
from reconciler.model.fleet import Document, Manifest
from reconciler.model.kind import in_words
from reconciler.model.plan import FleetPlan, Plan, Violation
from reconciler.model.unit import Names, Ref, Units

Table = dict[str, "str | Table"]
"""Names → what is said of them. A key that equals its text is a member of a set."""

ORDER = "(order)"
"""Key that says in which order a table's other keys apply, where that matters."""

ARROW = "\N{RIGHTWARDS ARROW}"


NOBODY = frozenset({"", "*"})
"""Ids of what is no unit: a count of several, or none."""


class Renamed:
    """What both sides call things: by the later name, so that what bears another one by now is still the same."""

    def __init__(self, left: Iterable[Ref], right: Iterable[Ref]) -> None:
        before, after = list(left), list(right)
        self._now = {one.id: one.name for one in after if one.id not in NOBODY}
        self._names = Names([*map(self._later, before), *after])
        self.ids = frozenset(one.id for one in before if self._later(one) != one)
        """Of those whose name changed."""

    def __call__(self, ref: Ref) -> str:
        """Return what to call it."""
        return self._names(self._later(ref))

    def of(self, units: Units) -> list[str]:
        """Return what to call all units of an inventory, in their order."""
        return [self(units.ref(row)) for row in range(len(units))]

    def _later(self, ref: Ref) -> Ref:
        return Ref(ref.id, self._now.get(ref.id, ref.name))


# --- plans --------------------------------------------------------------------------------------------------------------


def plans(left: Plan, right: Plan) -> tuple[Table, Table]:
    """Return two plans as tables; times and fingerprints are left out."""
    ours, theirs = list(_entries_of(left)), list(_entries_of(right))
    units = Renamed((one.unit for one in ours), (one.unit for one in theirs))
    workloads = Renamed((one.workload for one in ours), (one.workload for one in theirs))
    return _plan(left, units, workloads), _plan(right, units, workloads)


def _entries_of(plan: Plan) -> Iterator[Change | Held]:
    for fleet in plan.fleets:
        yield from fleet.changes
        yield from fleet.held


def _plan(plan: Plan, units: Renamed, workloads: Renamed) -> Table:
    narrowed: Table = {"filters": plan.filters} if plan.filters else {}
    for one in plan.loosened:
        subject = " ".join(filter(None, (one.fleet, one.kind.value, one.subject, one.came_from)))
        narrowed[f"loosened {subject}"] = f"{one.was or 'nothing'} {ARROW} {one.now or 'nothing'}"
    for changed in plan.connections:
        narrowed[f"connection {changed.connection}"] = f"{changed.edit.value}, {changed.reading.value}"
    entries = list(_entries_of(plan)) if units.ids or workloads.ids else []
    names: Table = {units(one.unit): {"name": one.unit.name} for one in entries if one.unit.id in units.ids}
    names |= {
        workloads(one.workload): {"name": one.workload.name} for one in entries if one.workload.id in workloads.ids
    }
    fleets: Table = {f"fleet {one.fleet}": _fleet_plan(one, units, workloads) for one in plan.fleets}
    return narrowed | ({"renamed": names} if names else {}) | fleets


def _fleet_plan(one: FleetPlan, units: Renamed, workloads: Renamed) -> Table:
    def slot(entry: Change | Held) -> str:
        return f"{units(entry.unit)} {workloads(entry.workload)}"

    return said(
        {
            "connection": one.connection,
            "application": one.basis.target,
            "reading": "complete" if one.basis.complete else "; ".join(one.basis.problems),
            "error": one.error,
            "summary": texts(msgspec.to_builtins(one.summary)),
            "changes": {slot(change): _change(change) for change in one.changes},
            "held": {slot(held): _held(held) for held in one.held},
            "violations": {
                _limit(violation): f"{violation.intended:,} of {violation.of:,}" for violation in one.violations
            },
            "lifted limits": {
                _limit(lifted.violation): f"until {lifted.until}: {lifted.reason}" for lifted in one.lifted
            },
            "calls": _calls(one),
            "versions": {
                f"{workload} {version}": f"content {identity or 'unknown'}"
                for workload, version, identity in one.basis.versions
            },
            "diagnostics": {f"{found.origin} {found.code}": found.message for found in one.diagnostics},
            "warnings": {warning: warning for warning in one.warnings},
        }
    )


def _limit(one: Violation) -> str:
    return f"{one.kind.value} {one.every_holder_of or one.workload}".rstrip()


def _change(change: Change) -> str:
    moves = f"{change.from_ or 'nothing'} {ARROW} {change.to or 'nothing'}"
    settings = "".join(f", {key} {value}" for key, value in change.settings)
    if change.settings_from:
        settings += f" (now {', '.join(f'{key} {value}' for key, value in change.settings_from)})"
    leaving = ", ".join(other for other in change.extra_versions if other != change.to)
    others = f", also removes {leaving}" if leaving else ""
    return f"{change.verb.value} {moves}{settings}{others} ({change.reason.value})"


def _held(held: Held) -> str:
    verb = f"{held.verb.value} " if held.verb is not None else ""
    why = "; ".join(f"{hold.code.value}: {hold.text}" if hold.text else hold.code.value for hold in held.reasons)
    return f"{verb}{held.from_ or 'nothing'} {ARROW} {held.to or 'nothing'}, held: {why}"


def _calls(one: FleetPlan) -> Table:
    slots: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for action in one.actions:
        calls[action.call] += 1
        slots[action.call] += len(action.slots)
    return {call: f"{_count(calls[call], 'call')} for {_count(slots[call], 'slot')}" for call in calls}


# --- manifests ----------------------------------------------------------------------------------------------------------


def manifests(left: Manifest, right: Manifest) -> tuple[Table, Table]:
    """Return two manifests as tables; a workload of the same id is the same one under its later key."""
    renames = {
        name: renamed(document.spec, right.fleets[name].spec)
        for name, document in left.fleets.items()
        if name in right.fleets
    }
    tables = _manifest(left, renames), _manifest(right, {})
    for name, keys in renames.items():
        for old, new in keys.items():
            for table, key in zip(tables, (old, new), strict=True):
                _inner(_inner(_inner(table, f"fleet {name}"), "workloads"), new)["name"] = key
    return tables


def _inner(table: Table, key: str) -> Table:
    return cast("Table", table[key])  # a fleet, its workloads and each of them are tables


def _manifest(one: Manifest, renames: Mapping[str, Mapping[str, str]]) -> Table:
    kinds: tuple[tuple[str, Mapping[str, Document]], ...] = (
        ("connection", one.connections),
        ("channel", one.channels),
        ("fleet", one.fleets),
    )
    return {
        f"{kind} {name}": said(
            {
                "labels": {**document.labels},
                **texts(called(msgspec.to_builtins(document.spec), renames.get(name, {}) if kind == "fleet" else {})),
            }
        )
        for kind, documents in kinds
        for name, document in documents.items()
    }


def texts(values: Mapping[str, Any]) -> Table:
    """Return values as texts by their names; what is None says nothing."""
    return {str(key): _text(value) for key, value in values.items() if value is not None}


def _text(value: Any) -> str | Table:  # any JSON value
    if isinstance(value, Mapping):
        return texts(value)
    if isinstance(value, list):
        return _listed(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _listed(values: list[Any]) -> Table:
    """Return a list keyed by what its members are: plain ones as a set, others by whom or what they are about."""
    table: Table = {}
    for value in values:
        if not isinstance(value, Mapping):
            table[str(value)] = str(value)
            continue
        label = first = _label(value)
        again = 2
        while label in table:
            label = f"{first} ({again})"
            again += 1
        table[label] = texts(value)
    if len(table) > 1 and any(isinstance(value, Mapping) for value in values):
        table[ORDER] = "; ".join(table)
    return table


def _label(value: Mapping[str, Any]) -> str:
    if "units" in value:
        return in_words(value["units"])
    if "workload" in value:
        return f"{value['workload']} {value.get('version', '')}".strip()
    return in_words(value)


# --- both -----------------------------------------------------------------------------------------------------------------


def said(table: Mapping[str, str | Table]) -> Table:
    """Leave out empty texts. Empty tables stay, so that what comes into them later shows as entries of theirs."""
    return {key: value for key, value in table.items() if value != ""}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


Found = tuple[tuple[str, ...], "str | Table | None", "str | Table | None"]
"""The path to what differs, and what stands there on both sides; None where nothing does."""


def differences(left: Table, right: Table, path: tuple[str, ...] = ()) -> Iterator[Found]:
    """Yield where two tables differ, as deep as both go on."""
    for key in left.keys() | right.keys():
        one, other = left.get(key), right.get(key)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from differences(one, other, (*path, key))
        else:
            yield (*path, key), one, other


def summary(value: str | Table) -> str:
    """Return what stands under a key in one line."""
    if isinstance(value, str):
        return value
    return ", ".join(_entries(value))


def _entries(table: Table) -> Iterator[str]:
    for key, value in table.items():
        if not value:
            continue
        if isinstance(value, str):
            yield key if key == value else f"{key} {value}"
        elif _leaves(value) <= SHORT:
            yield f"{key} {summary(value)}"
        else:
            yield f"{len(value):,} {key}"


def _leaves(table: Table) -> int:
    return sum(1 if isinstance(value, str) else _leaves(value) for value in table.values())


SHORT = 3
"""Texts in an inner table that are told one by one; of a longer one only the number is."""
