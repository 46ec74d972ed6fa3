"""Two readings → tables of what differs between them: there are millions of slots, and most are alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import msgspec

from reconciler.core.compare import Renamed, Table, said, texts
from reconciler.model.observation import State
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach, Ref, Unit, Units, refs


def snapshots(left: Snapshot, right: Snapshot) -> tuple[Table, Table]:
    """Return two readings as tables, of units and slots only those that differ: most are alike, and there are many.

    When they were read is left out, and so are slots with nothing in them.
    """
    both = left, right
    called = Renamed(*(refs(one.units, range(len(one.units))) for one in both))
    workloads = Renamed(*([workload.ref for workload in one.workloads] for one in both))
    names = [called.of(one.units) for one in both]
    tables = [_head(one, workloads) for one in both]
    alike = _same_as_first([_features(one.units, called) for one in both])
    rows = _Rows(*names)
    for one, table, name, unlike in zip(both, tables, names, rows.unlike(*alike), strict=True):
        table["units"] = {name[row]: _unit(one.units[row], called) for row in unlike}
    states = [[_state(state) for state in one.states] for one in both]
    numbers = _same_as_first([[None, *map(_key, some[1:])] for some in states])  # 0: nothing was shown
    slots: list[Table] = [{}, {}]
    for workload in sorted({workloads(one.ref) for snapshot in both for one in snapshot.workloads}):
        columns = [_column(one, workload, workloads) for one in both]
        alike = [[number[at] for at in column] for number, column in zip(numbers, columns, strict=True)]
        for table, name, column, state, unlike in zip(slots, names, columns, states, rows.unlike(*alike), strict=True):
            table |= {f"{name[row]} {workload}": state[column[row]] for row in unlike if column[row]}
    for table, found in zip(tables, slots, strict=True):
        table["slots"] = found
    return tables[0], tables[1]


def _head(one: Snapshot, workloads: Renamed) -> Table:
    return {
        "application": one.identity,
        "reading": "complete" if one.coverage.complete else "; ".join(one.coverage.problems),
        "workloads": {workloads(workload.ref): _workload(workload.ref, workloads) for workload in one.workloads},
    }


class _Rows:
    """The rows of two inventories, matched by what their units are called."""

    def __init__(self, left: list[str], right: list[str]) -> None:
        self._names = left, right
        self._alike = left == right
        self._places = (
            [] if self._alike else [dict(zip(names, range(len(names)), strict=True)) for names in (left, right)]
        )

    def unlike(self, left: Sequence[int], right: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the rows of both whose number is not that of the same unit on the other side, or that only one has."""
        if self._alike:
            rows = [row for row, (one, other) in enumerate(zip(left, right, strict=True)) if one != other]
            return rows, rows
        ours, theirs = self._places
        return self._alone(self._names[0], theirs, left, right), self._alone(self._names[1], ours, right, left)

    def _alone(self, names: list[str], others: dict[str, int], ours: Sequence[int], theirs: Sequence[int]) -> list[int]:
        places = map(others.get, names)
        return [row for row, at in enumerate(places) if at is None or ours[row] != theirs[at]]


def _same_as_first(sides: list[list[object]]) -> list[list[int]]:
    """Return values as numbers that are the same where they are."""
    known: dict[object, int] = {}
    return [[known.setdefault(value, len(known)) for value in side] for side in sides]


def _features(units: Units, called: Renamed) -> list[object]:
    """Return all that is told of each unit; of names only those that changed are."""
    names = (name if unit in called.ids else "" for unit, name in zip(units.ids, units.names, strict=True))
    sizes = units.sizes or repeat(1, len(units))
    labels, agents = (
        map(units.label_sets.__getitem__, units.labels),
        map(units.agent_versions.__getitem__, units.agents),
    )
    return list(zip(units.ids, names, labels, units.reach, agents, units.assignable, sizes, strict=True))


def _key(table: Table) -> object:
    return tuple(table.items())


def _column(one: Snapshot, workload: str, workloads: Renamed) -> Sequence[int]:
    """Return the column of the workload that is called so; all 0 where there is none."""
    found = next((mine.id for mine in one.workloads if workloads(mine.ref) == workload), "")
    return one.column(found)


def _workload(ref: Ref, renamed: Renamed) -> str | Table:
    return {"id": ref.id, "name": ref.name} if ref.id in renamed.ids else ref.id


def _unit(unit: Unit, renamed: Renamed) -> Table:
    tags: dict[str, str | Table] = {}
    for key, value in unit.labels:
        tags[key] = f"{tags[key]}, {value}" if key in tags else value
    return said(
        {
            "id": unit.id,
            "name": unit.name if unit.id in renamed.ids else "",
            "tags": tags,
            "reach": Reach(unit.reach).name.lower(),
            "agent": unit.agent or "",
            "devices": str(unit.size) if unit.size != 1 else "",
            "class": "" if unit.assignable else "not assignable",
        }
    )


def _state(state: State) -> Table:
    shown = msgspec.to_builtins(state)
    shown.pop("since", None)
    shown.pop("extra_versions", None)
    shown["also present"] = ", ".join(state.extra_versions)
    shown["settings"] = ", ".join(f"{key} {value}" for key, value in state.settings)
    return said(texts(shown))
