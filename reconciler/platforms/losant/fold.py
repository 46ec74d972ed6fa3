"""Pages become columns as they arrive, and are dropped: no row of a reading is kept.

`Inventory` folds devices into the units; `Slots` folds edge deployments into one array of state numbers a workflow.
Both note in words what keeps the reading from proving what it does not show.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Sequence

import msgspec

from reconciler.model.observation import UNSEEN, Phase, State
from reconciler.model.unit import Labels, Reach, Units
from reconciler.platforms.losant.translate import (
    CUSTOM_NODE,
    labels_from,
    reach_of,
    state_of,
    state_of_odd,
)
from reconciler.platforms.losant.wire import Device, OddRow, Page, Row, flow_names

ASSIGNABLE = "edgeCompute"
"""Only devices of this class can receive an edge workflow, confirmed (DOC19 docs/edge-compute/edge-deployments.md)."""

_SKIP = 0xFFFFFFFF


class Inventory:
    """The devices of all classes, in the order of their ids."""

    def __init__(self) -> None:
        """Start empty."""
        self.problems: list[str] = []
        self.edge = 0
        self._ids: list[str] = []
        self._names: list[str] = []
        self._labels = array("I")
        self._label_sets: dict[Labels, int] = {(): 0}
        self._texts: dict[bytes, int] = {}
        self._reach = bytearray()
        self._assignable = bytearray()
        self._agents = array("I")
        self._agent_versions: dict[str | None, int] = {None: 0}

    def fold(self, page: Page[Device]) -> None:
        """Take one page."""
        devices, agents = page.items, self._agent_versions
        self._ids += [device.id for device in devices]
        self._names += [device.name or device.id for device in devices]
        self._labels.extend([self._label(device) for device in devices])
        self._reach += bytes([reach_of(device.connection_info) for device in devices])
        self._agents.extend([agents.setdefault(device.edge_agent_version, len(agents)) for device in devices])
        assignable = bytes([device.device_class == ASSIGNABLE for device in devices])
        self._assignable += assignable
        self.edge += sum(assignable)
        for odd, why in page.odd:
            self.problems.append(f"device {odd.id} has an unexpected value: {why}")
            self._ids.append(odd.id)
            self._names.append(odd.name if isinstance(odd.name, str) and odd.name else odd.id)
            self._labels.append(0)
            self._reach.append(Reach.UNKNOWN)
            self._agents.append(0)
            self._assignable.append(False)
        if page.lost:
            self.problems.append(f"{page.lost} devices cannot be read: they have no id")

    def _label(self, device: Device) -> int:
        text = bytes(device.tags)
        number = self._texts.get(text)
        if number is None:
            try:
                labels = labels_from(text)
            except msgspec.DecodeError:
                self.problems.append(f"the tags of device {device.id} have an unexpected shape")
                return 0
            number = self._texts[text] = self._label_sets.setdefault(labels, len(self._label_sets))
        return number

    def units(self) -> Units:
        """Return the columns, sorted by id and without repetitions however the pages came."""
        self._texts.clear()
        order: Sequence[int] = range(len(self._ids))
        if any(left >= right for left, right in zip(self._ids, self._ids[1:], strict=False)):
            order = list({self._ids[row]: row for row in sorted(order, key=self._ids.__getitem__)}.values())
        in_order = isinstance(order, range)
        return Units(
            ids=self._ids if in_order else [self._ids[row] for row in order],
            names=self._names if in_order else [self._names[row] for row in order],
            labels=self._labels if in_order else array("I", (self._labels[row] for row in order)),
            label_sets=list(self._label_sets),
            reach=self._reach if in_order else bytearray(self._reach[row] for row in order),
            assignable=self._assignable if in_order else bytearray(self._assignable[row] for row in order),
            agents=self._agents if in_order else array("I", (self._agents[row] for row in order)),
            agent_versions=list(self._agent_versions),
        )


class Slots:
    """The rows of edge workflows as state numbers, a column a workflow over the units."""

    def __init__(self, units: Units, listed: Container[str]) -> None:
        """Take the inventory, and which workflows the list of workflows showed."""
        self.units = units
        self.unlisted: dict[str, str] = {}
        self._listed = listed
        self.columns: dict[str, array[int]] = {}
        self.states: list[State] = [UNSEEN]
        self.strays: set[str] = set()
        self.problems: list[str] = []
        self._plain: dict[tuple[str | None, str | None, str], int] = {}
        self._numbers: dict[State, int] = {}

    def fold(self, page: Page[Row]) -> None:
        """Take one page. The loop runs once a row of the application: every operation in it counts."""
        row_of, plain, columns = self.units.index, self._plain, self.columns
        for row in page.items:
            version, etag = row.desired_version, row.desired_etag
            number = None
            if version == row.current_version and etag == row.current_etag:
                number = plain.get((version, etag, row.flow_class))
            if number is None:
                number = self._number(row)
            if number == _SKIP:
                continue
            unit = row_of.get(row.device_id)
            if unit is None:
                self._stray(row)
                continue
            column = columns.get(row.flow_id)
            if column is None:
                column = self._column(row.flow_id, page)
            if column[unit]:
                number = self._twice(row, column[unit])
            column[unit] = number
        for odd, why in page.odd:
            self._odd(odd, why, page)
        if page.lost:
            self.problems.append(f"{page.lost} edge deployments cannot be read: it is not told whose they are")

    def _number(self, row: Row) -> int:
        if row.flow_class == CUSTOM_NODE:
            return _SKIP
        number = self._interned(state_of(row))
        if row.desired_version == row.current_version and row.desired_etag == row.current_etag:
            self._plain[row.desired_version, row.desired_etag, row.flow_class] = number
        return number

    def _interned(self, state: State) -> int:
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self.states)
            self.states.append(state)
        return number

    def _column(self, flow: str, page: Page[Row]) -> array[int]:
        """Return a new column; a workflow that was not listed bears the name that its rows give."""
        if flow not in self._listed:
            self.unlisted[flow] = flow_names(page.content).get(flow, flow)
        column = self.columns[flow] = array("I", bytes(4 * len(self.units)))
        return column

    def _stray(self, row: Row) -> None:
        """Note a row of a device that the inventory does not show; an empty one claims nothing."""
        if row.desired_version is not None or row.current_version is not None:
            self.strays.add(row.device_id)

    def _twice(self, row: Row, first: int) -> int:
        """Return the state of a slot that two rows are about: nobody can say which of them holds."""
        shown = self.states[first]
        self.problems.append(f"device {row.device_id} has two rows of workflow {row.flow_id}")
        note = "the platform shows two rows for this slot"
        return self._interned(State(shown.assigned, shown.reported, Phase.UNKNOWN, note=note))

    def _odd(self, odd: OddRow, why: str, page: Page[Row]) -> None:
        if odd.flow_class == CUSTOM_NODE:
            return
        unit = self.units.index.get(odd.device_id)
        if unit is None:
            self.strays.add(odd.device_id)
            return
        column = self.columns.get(odd.flow_id)
        if column is None:
            column = self._column(odd.flow_id, page)
        column[unit] = self._interned(state_of_odd(odd, why))
