"""The rules said again, slowly and plainly, one unit at a time: what the fast core is compared with."""

from __future__ import annotations

from fnmatch import fnmatchcase

from reconciler.core.select import is_glob, selectors_in
from reconciler.model.desired import ABSENT, UNMANAGED, Desired, version
from reconciler.model.fleet import ChannelRef, Choice, Document, FleetSpec, Selector, WorkloadSpec
from reconciler.model.snapshot import Snapshot, Workload
from reconciler.model.unit import Unit, Units
from tests.laws.strategies import CHANNELS


def all_units(units: Units) -> list[Unit]:
    """Return every unit as a value."""
    return [units[row] for row in range(len(units))]


def selects(selector: Selector, unit: Unit) -> bool:
    """Return whether a selector means a unit."""
    said: list[bool] = []
    if selector.all is not None:
        said.append(selector.all)
    if selector.ids is not None:
        said.append(unit.id in selector.ids)
    if selector.cohorts is not None:
        said.append(unit.id in selector.cohorts or matches(unit.name, selector.cohorts))
    if selector.names is not None:
        said.append(matches(unit.name, selector.names))
    for key, wanted in (selector.tags or {}).items():
        patterns = [wanted] if isinstance(wanted, str) else wanted
        said.append(any(tag == key and matches(value, patterns) for tag, value in unit.labels))
    if selector.not_ is not None:
        said.append(not selects(selector.not_, unit))
    if selector.any is not None:
        said.append(any(selects(one, unit) for one in selector.any))
    return bool(said) and all(said)


def matches(text: str, patterns: list[str]) -> bool:
    """Return whether a text equals or matches any of the patterns."""
    return any(text == pattern or fnmatchcase(text, pattern) for pattern in patterns)


def pinned(spec: FleetSpec, unit: Unit, units: Units) -> str | None:
    """Return the key of the unit's pins: its id, or a name that only it bears (and that is no unit's id)."""
    if unit.id in spec.pins:
        return unit.id
    names = [one.name for one in all_units(units)]
    return (
        unit.name if unit.name in spec.pins and unit.name not in units.index and names.count(unit.name) == 1 else None
    )


def named_by_id(spec: FleetSpec) -> set[str]:
    """Return all ids that the selectors of a fleet name."""
    found: set[str] = set()

    def look(selector: Selector) -> None:
        found.update(selector.ids or [])
        for one in [*(selector.any or []), *([selector.not_] if selector.not_ else [])]:
            look(one)

    look(spec.units)
    for workload in spec.workloads.values():
        for selector in [workload.units, *(override.units for override in workload.overrides)]:
            if selector is not None:
                look(selector)
    return found


def in_scope(spec: FleetSpec, unit: Unit, units: Units) -> bool:
    """Return whether a unit is in a fleet's scope."""
    if not selects(spec.units, unit):
        return False
    return unit.assignable or unit.id in named_by_id(spec) or pinned(spec, unit, units) is not None


def identified(spec: FleetSpec, snapshot: Snapshot) -> dict[str, tuple[str, WorkloadSpec]]:
    """Return what a fleet says, by workload id, of the workloads that can be told."""
    found: dict[str, tuple[str, WorkloadSpec]] = {}
    for name, said in spec.workloads.items():
        if said.id is not None:
            meant = [one for one in snapshot.workloads if one.id == said.id]
        else:
            meant = [one for one in snapshot.workloads if one.name == name]
        if len(meant) == 1:
            found[meant[0].id] = name, said
    return found


def prunes_safely(spec: FleetSpec, snapshot: Snapshot) -> bool:
    """Return whether all listed workloads and all units that these name are there, and the reading proved everything."""
    known = identified(spec, snapshot)
    bearing = {*snapshot.units.names, *snapshot.units.ids}
    for _, said in known.values():
        for one in selectors_in(said.units) if said.units is not None else ():
            exact = {name for name in one.names or () if not is_glob(name)} - {*snapshot.units.names}
            if exact or not {name for name in one.cohorts or () if not is_glob(name)} <= bearing:
                return False
    names = {workload.id: workload.name for workload in snapshot.workloads}
    return (
        snapshot.coverage.complete
        and {name for name, _ in known.values()} == set(spec.workloads)
        and all(names[workload_id] == name for workload_id, (name, _) in known.items())
    )


def wish(fleet: Document, snapshot: Snapshot, unit: Unit, workload: Workload) -> tuple[Desired, bool]:
    """Return what a fleet wants of a slot, and whether that is pruning."""
    spec: FleetSpec = fleet.spec
    if not in_scope(spec, unit, snapshot.units):
        return UNMANAGED, False
    known = identified(spec, snapshot)
    if workload.id not in known:
        return (ABSENT, True) if spec.prune == "all" else (UNMANAGED, False)
    name, said = known[workload.id]
    if said.units is not None and not selects(said.units, unit):
        return (ABSENT, True) if spec.prune != "none" else (UNMANAGED, False)
    found = desired(said, name)
    for override in said.overrides:
        if selects(override.units, unit):
            found = desired(override, name)
    key = pinned(spec, unit, snapshot.units)
    if key is not None and name in spec.pins[key]:
        found = desired(spec.pins[key][name], name)
    return found, False


def desired(choice: Choice | str, name: str) -> Desired:
    """Return what a choice means."""
    if isinstance(choice, str):
        return version(choice)
    settings = tuple(sorted(choice.settings.items()))
    if isinstance(choice.version, ChannelRef):
        return version(CHANNELS[choice.version.channel][name], settings)
    if choice.version is not None:
        return version(choice.version, settings)
    return ABSENT if choice.absent else UNMANAGED
