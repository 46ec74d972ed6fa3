"""Pages become columns as they arrive, and are dropped: no row of a reading is kept.

`Inventory` folds devices into the units; `Slots` folds edge deployments into one array of state numbers a workflow.
Both note in words what keeps the reading from proving what it does not show.
"""

from __future__ import annotations

from array import array
from collections.abc import Container
from itertools import islice
from operator import lt
from typing import NamedTuple

from msgspec.structs import replace

from reconciler.model.condition import ConditionCode
from reconciler.model.unit import Labels, Units
from reconciler.platforms.losant.translate import (
    CUSTOM_NODE,
    EDGE,
    ERROR,
    facts_of,
    labels_from,
    reach_of,
    state_of,
    state_of_malformed,
    unknown,
)
from reconciler.platforms.losant.wire import Device, Row, flow_names, item
from reconciler.platforms.reading.columns import StateColumns, places
from reconciler.platforms.reading.pages import Malformed, Page

ASSIGNABLE = "edgeCompute"
"""Only devices of this class can receive an edge workflow, confirmed (DOC19 docs/edge-compute/edge-deployments.md)."""


class _Columns(NamedTuple):
    """What is kept of devices, of one page or of all."""

    ids: list[str]
    names: list[str]
    labels: array[int]
    reach: bytearray
    assignable: bytearray
    agents: array[int]

    def sorted(self) -> _Columns:
        """Return them sorted by id, each id once."""
        rows = sorted({unit: row for row, unit in enumerate(self.ids)}.items())
        return _Columns(
            ids=[unit for unit, _ in rows],
            names=[self.names[row] for _, row in rows],
            labels=array("I", (self.labels[row] for _, row in rows)),
            reach=bytearray(self.reach[row] for _, row in rows),
            assignable=bytearray(self.assignable[row] for _, row in rows),
            agents=array("I", (self.agents[row] for _, row in rows)),
        )


class Inventory:
    """The devices of all classes. Pages may be folded in any order: the units are the same."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self.edge = 0
        self._pages: list[_Columns] = []
        self._label_sets: dict[Labels, int] = {(): 0}
        self._texts: dict[bytes, int] = {}
        self._agent_versions: dict[str | None, int] = {None: 0}

    def fold(self, page: Page[Device]) -> None:
        """Take one page."""
        devices, agents = page.items, self._agent_versions
        columns = _Columns(
            ids=[device.id for device in devices],
            names=[device.name or device.id for device in devices],
            labels=array("I", [self._label(device) for device in devices]),
            reach=bytearray([reach_of(device.connection_info) for device in devices]),
            assignable=bytearray([device.device_class == ASSIGNABLE for device in devices]),
            agents=array("I", [agents.setdefault(device.edge_agent_version, len(agents)) for device in devices]),
        )
        self.problems += [f"a device cannot be read, not even its id: {one.why}" for one in page.malformed]
        self.notes.update(page.notes)
        self.edge += sum(columns.assignable)
        self._pages.append(columns)

    def _label(self, device: Device) -> int:
        text = bytes(device.tags)
        number = self._texts.get(text)
        if number is None:
            notes: list[str] = []
            labels = labels_from(text, notes)
            self.notes.update(f"device {device.id}: {note}" for note in notes)
            number = self._label_sets.setdefault(labels, len(self._label_sets))
            if not notes:
                self._texts[text] = number
        return number

    def units(self) -> Units:
        """Return the columns, sorted by id and without repetitions however the pages came. To be asked for once."""
        self._pages.sort(key=lambda page: page.ids[:1])
        label_sets = sorted(self._label_sets)
        versions = [None, *sorted(version for version in self._agent_versions if version is not None)]
        new_label = places(self._label_sets, label_sets)
        new_agent = places(self._agent_versions, versions)
        whole = _Columns([], [], array("I"), bytearray(), bytearray(), array("I"))
        for page in self._pages:
            whole.ids.extend(page.ids)
            whole.names.extend(page.names)
            whole.labels.extend(map(new_label.__getitem__, page.labels))
            whole.reach.extend(page.reach)
            whole.assignable.extend(page.assignable)
            whole.agents.extend(map(new_agent.__getitem__, page.agents))
        self._pages.clear()
        self._texts.clear()
        if not all(map(lt, whole.ids, islice(whole.ids, 1, None))):
            whole = whole.sorted()
        return Units(
            ids=whole.ids,
            names=whole.names,
            labels=whole.labels,
            label_sets=label_sets,
            reach=whole.reach,
            assignable=whole.assignable,
            agents=whole.agents,
            agent_versions=versions,
        )


class Slots:
    """The rows of edge workflows as state numbers, a column a workflow over the units."""

    def __init__(self, units: Units, listed: Container[str], detail: str = "") -> None:
        self.units = units
        self._detailed = {*(units.meant(detail) or units.meant(detail.partition("/")[0]))} if detail else set()
        self.table = StateColumns(len(units))
        self.unlisted: dict[str, str] = {}
        self.strays: set[str] = set()
        self.elsewhere: set[str] = set()
        """Ids of the rows that stand in no slot."""
        self.problems: list[str] = []
        self.notes: set[str] = set()
        self._listed = listed
        self._places: dict[tuple[str, str | None, str | None], tuple[array[int], int]] = {}
        """Column and number of what rows say that ask for nothing that is not there, by flow, version and etag."""

    def fold(self, page: Page[Row]) -> None:
        """Take one page. The loop runs once for each row: every step counts.

        Most rows say what others said before. Often one is of the unit behind that of the row before: calls name units
        in the order of their ids, and comparing with that one costs less than finding it among all.
        """
        known, index, ids, detailed = self._places, self.units.index, self.units.ids, self._detailed
        failing = page.content.rfind(ERROR) >= 0  # which is three times faster here than any search forwards
        behind, unit = len(ids), -1
        for row in page.items:
            unit, device = unit + 1, row.device_id
            if unit >= behind or ids[unit] != device:
                unit = index.get(device, -1)
            version, etag = row.desired_version, row.desired_etag
            place = known.get((row.flow_id, version, etag))
            if (
                place is None
                or unit < 0
                or row.current_version != version
                or row.current_etag != etag
                or row.flow_class != EDGE
                or row.file_name is not None
                or detailed
                or (failing and ERROR in bytes(row.logs))
            ):
                self._fold_row(row, unit, page, failing=failing)
                continue
            column, number = place
            if column[unit]:
                number = self._twice(row, number, column[unit])
            column[unit] = number
        for one in page.malformed:
            self._add_malformed(one, page)
        self.notes.update(page.notes)

    def _fold_row(self, row: Row, unit: int, page: Page[Row], *, failing: bool) -> None:
        """Take a row that needs a closer look, and remember what it says where nothing but its text decides."""
        if row.flow_class == CUSTOM_NODE:
            self.elsewhere.add(row.id)
            return
        if unit < 0:
            self.elsewhere.add(row.id)
            self._stray(row)
            return
        column = self.table.columns.get(row.flow_id)
        if column is None:
            column = self._column(row.flow_id, page)
        alike = row.desired_version == row.current_version and row.desired_etag == row.current_etag
        if alike and row.file_name is None and not (failing and ERROR in bytes(row.logs)):
            said = (row.flow_id, row.desired_version, row.desired_etag)
            place = self._places.get(said)
            number = self._number(row) if place is None else place[1]
            self._places[said] = column, number
        else:
            number = self._number(row)
        if column[unit]:
            number = self._twice(row, number, column[unit])
        column[unit] = self._detail(row.id, number, page) if unit in self._detailed else number

    def _number(self, row: Row) -> int:
        notes: list[str] = []
        number = self.table.number(state_of(row, notes))
        self.notes.update(f"edge deployment {row.id}: {note}" for note in notes)
        return number

    def _column(self, flow: str, page: Page[Row]) -> array[int]:
        """Return a new column; a workflow that was not listed bears the name that its rows give."""
        if flow not in self._listed:
            self.unlisted[flow] = flow_names(page.content).get(flow, flow)
        return self.table.column(flow)

    def _stray(self, row: Row) -> None:
        """Note a row of a device that the inventory does not show; an empty one claims nothing."""
        if row.desired_version is not None or row.current_version is not None:
            self.strays.add(row.device_id)

    def _twice(self, row: Row, number: int, first: int) -> int:
        """Return the state of a slot that two rows are about: nobody can say which of them holds.

        What the device loads from a file of its own stands beside what it was given.
        """
        shown, other = self.table.states[first], self.table.states[number]
        if bool(shown.protected) != bool(other.protected):
            given, file = (other, shown) if shown.protected else (shown, other)
            return self.table.number(replace(given, conditions=(*given.conditions, *file.protected)))
        self.problems.append(f"device {row.device_id} has two rows of workflow {row.flow_id}")
        text = "two edge deployments for one device and workflow"
        return self.table.number(unknown(shown.assigned, shown.reported, text, ConditionCode.CONTRADICTION))

    def _add_malformed(self, one: Malformed, page: Page[Row]) -> None:
        """Take a row that cannot be read: where it says whose it is, the slot is unknown."""
        device, flow = one.text("device_id"), one.text("flow_id")
        if not (one.text("id") and device and flow):
            self.problems.append(f"an edge deployment cannot be read, not even whose it is: {one.why}")
            return
        if one.text("flow_class") == CUSTOM_NODE:
            self.elsewhere.add(one.text("id"))
            return
        unit = self.units.index.get(device)
        if unit is None:
            self.strays.add(device)
            return
        column = self.table.columns.get(flow)
        if column is None:
            column = self._column(flow, page)
        number = self.table.number(state_of_malformed(one))
        column[unit] = self._detail(one.text("id"), number, page) if unit in self._detailed else number

    def _detail(self, row: str, number: int, page: Page[Row]) -> int:
        return self.table.number(replace(self.table.states[number], facts=facts_of(item(page.content, row))))
