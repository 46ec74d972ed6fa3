"""The inventory of a connection: units in columns, so that a quarter of a million of them stay small."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from enum import IntEnum
from itertools import accumulate

import msgspec

Labels = tuple[tuple[str, str], ...]
"""Tags of a unit as (key, value) pairs, sorted; a key may come twice."""


class Reach(IntEnum):
    """Whether a unit can be reached now, as far as the platform knows."""

    UNKNOWN = 0
    CONNECTED = 1
    DISCONNECTED = 2


class Ref(msgspec.Struct, frozen=True, gc=False):
    """A unit or workload as people and plans name it: the platform's id, and its name."""

    id: str
    name: str


class Unit(msgspec.Struct, frozen=True):
    """One row of `Units`, made on demand."""

    row: int
    id: str
    name: str
    labels: Labels
    reach: Reach
    size: int
    agent: str | None
    assignable: bool


class Units(msgspec.Struct, kw_only=True, eq=False):
    """Columns of equal length over units, sorted by id, which are distinct; row numbers are positions in every column.

    `label_sets[labels[row]]` are the tags of a row; equal sets share a number. `sizes` is None when each unit is one
    device. `assignable[row]` is 0 for units the platform cannot assign versions to. `agents[row]` indexes
    `agent_versions`, whose entry 0 is None.
    """

    ids: list[str]
    names: list[str]
    labels: array[int]
    label_sets: list[Labels]
    reach: bytearray
    assignable: bytearray
    agents: array[int]
    agent_versions: list[str | None]
    sizes: array[int] | None = None
    index: dict[str, int] = {}
    """The row of each id; made here."""
    masks: dict[tuple[str, ...], bytes] = {}
    """What `core.select` keeps of tags that many units have."""
    _by_name: dict[str, list[int]] | None = None
    _by_label: tuple[array[int], array[int]] | None = None
    _by_tag: dict[str, dict[str, array[int]]] = {}

    def __post_init__(self) -> None:
        self.index = {unit_id: row for row, unit_id in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Unit:
        return Unit(
            row=row,
            id=self.ids[row],
            name=self.names[row],
            labels=self.label_sets[self.labels[row]],
            reach=Reach(self.reach[row]),
            size=self.size(row),
            agent=self.agent_versions[self.agents[row]],
            assignable=bool(self.assignable[row]),
        )

    def ref(self, row: int) -> Ref:
        """Return id and name of a row."""
        return Ref(self.ids[row], self.names[row])

    def size(self, row: int) -> int:
        """Return how many devices the unit stands for."""
        return 1 if self.sizes is None else self.sizes[row]

    def named(self, name: str) -> list[int]:
        """Return the rows that bear exactly this name."""
        if self._by_name is None:
            found: dict[str, list[int]] = {}
            for row, other in enumerate(self.names):
                found.setdefault(other, []).append(row)
            self._by_name = found  # whole: threads may ask at the same time
        return self._by_name.get(name, [])

    def meant(self, key: str) -> list[int]:
        """Return the rows that an id means, or else a name."""
        row = self.index.get(key)
        return self.named(key) if row is None else [row]

    def key(self, row: int) -> str:
        """Return what a manifest or a command calls a unit: its name where that means it and no other, else its id."""
        name = self.names[row]
        return name if name and len(self.named(name)) == 1 and name not in self.index else self.ids[row]

    def tagged(self, key: str) -> Mapping[str, Sequence[int]]:
        """Return the label sets with a tag, by number, by the tag's value."""
        found = self._by_tag.get(key)
        if found is None:
            found = {}
            for number, labels in enumerate(self.label_sets):
                for value in {value for tag, value in labels if tag == key}:
                    found.setdefault(value, array("I")).append(number)
            self._by_tag[key] = found
        return found

    def labelled(self, number: int) -> Sequence[int]:
        """Return the rows of one label set."""
        if self._by_label is None:
            ends = array("I", accumulate(map(Counter(self.labels).__getitem__, range(len(self.label_sets))), initial=0))
            self._by_label = array("I", sorted(range(len(self)), key=self.labels.__getitem__)), ends
        rows, ends = self._by_label
        return rows[ends[number] : ends[number + 1]]

    def forget(self) -> None:
        """Forget what was looked up of names and labels."""
        self._by_name, self._by_label, self._by_tag, self.masks = None, None, {}, {}

    def replaced(self, changed: Iterable[Unit]) -> Units:
        """Return the same units, some of which are other than before; their ids, classes and sizes stay. Itself where none is."""
        different = [one for one in changed if one != self[one.row]]
        if not different:
            return self
        found = copy(self)  # with the rows of ids, which making it anew would find once more
        if any(one.name != self.names[one.row] for one in different):
            found.names = self.names[:]
        if any(one.labels != self.label_sets[self.labels[one.row]] for one in different):
            found.labels, found.label_sets = self.labels[:], self.label_sets[:]
        if any(one.reach != self.reach[one.row] for one in different):
            found.reach = self.reach[:]
        if any(one.agent != self.agent_versions[self.agents[one.row]] for one in different):
            found.agents, found.agent_versions = self.agents[:], self.agent_versions[:]
        found.forget()
        labels = {one: number for number, one in enumerate(found.label_sets)}
        agents = {one: number for number, one in enumerate(found.agent_versions)}
        for one in different:
            found.names[one.row], found.reach[one.row] = one.name, one.reach
            found.labels[one.row] = labels.setdefault(one.labels, len(labels))
            found.agents[one.row] = agents.setdefault(one.agent, len(agents))
        found.label_sets[:], found.agent_versions[:] = labels, agents
        return found

    @classmethod
    def build(cls, rows: Iterable[Unit]) -> Units:
        """Return the columns of these rows, sorted by id, row numbers given anew. For small inventories and tests."""
        ordered = sorted(rows, key=lambda unit: unit.id)
        label_sets: dict[Labels, int] = {}
        agents: dict[str | None, int] = {None: 0}
        sizes = array("Q", (unit.size for unit in ordered))
        return cls(
            ids=[unit.id for unit in ordered],
            names=[unit.name for unit in ordered],
            labels=array("I", (label_sets.setdefault(unit.labels, len(label_sets)) for unit in ordered)),
            label_sets=list(label_sets),
            reach=bytearray(unit.reach for unit in ordered),
            assignable=bytearray(unit.assignable for unit in ordered),
            agents=array("I", (agents.setdefault(unit.agent, len(agents)) for unit in ordered)),
            agent_versions=list(agents),
            sizes=None if all(size == 1 for size in sizes) else sizes,
        )


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Return tags in their one canonical order."""
    return tuple(sorted(pairs))


class Names:
    """What units or workloads are called side by side: by name, with the id where several bear it, or there is none."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        times = Counter(ref.name for ref in set(refs))
        self._doubtful = {name for name, number in times.items() if number > 1 or not name}

    def __call__(self, ref: Ref) -> str:
        """Return what to call it."""
        return f"{ref.name} ({ref.id})".strip() if ref.name in self._doubtful and ref.id else ref.name


def refs(units: Units, rows: Sequence[int]) -> list[Ref]:
    """Return id and name of several rows, in their order."""
    return [units.ref(row) for row in rows]
