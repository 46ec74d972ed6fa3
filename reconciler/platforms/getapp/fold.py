"""Rows of devices become columns, a column a project over the units."""

from __future__ import annotations

from array import array

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.model.snapshot import References
from reconciler.model.unit import Units
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.lists import Lists
from reconciler.platforms.getapp.translate import Rows, unknown_state
from reconciler.platforms.getapp.wire import RowRelease


class _Known:
    """What one list of rows means: the columns and state numbers it gives, and references that differ from the general."""

    __slots__ = ("blind", "own", "problems", "slots")

    def __init__(self, rows: Rows, slots: list[tuple[str, int]], own: dict[tuple[str, str], str]) -> None:
        self.slots = slots
        self.own = own
        self.problems = rows.problems
        self.blind = rows.blind


class Slots:
    """States in columns, a column a project over the units."""

    def __init__(self, units: Units, *, auto: bool = False) -> None:
        """Take the inventory; `auto` says that what is downloaded installs itself."""
        self.units = units
        self.states: list[State] = [UNSEEN]
        self.columns: dict[str, array[int]] = {}
        self.releases: dict[tuple[str, str], RowRelease] = {}
        self.references: References = {}
        self.problems: list[str] = []
        self.own_problems: list[str] = []
        """What is wrong with single devices, of which nothing follows for others."""
        self.shown = bytearray(len(units))
        self._lists = Lists(self._known, auto=auto)
        self._numbers: dict[State, int] = {}
        self._blind: dict[int, int] = {}

    def fold(self, entries: wire.Entries) -> None:
        """Take the rows of devices. The loop runs once a device: every operation in it counts."""
        row_of, columns = self.units.index, self.columns
        for entry in entries.items:
            device = entry.device_id
            unit = row_of.get(device)
            if unit is None:
                self.problems.append(f"device {device} has releases but is not in the list of devices")
                continue
            if self.shown[unit]:
                self.problems.append(f"the releases of device {device} are listed twice")
                self._blind[unit] = self._interned(
                    unknown_state(
                        Condition(ConditionCode.CONTRADICTION, text="it lists the releases of this device twice")
                    )
                )
                continue
            self.shown[unit] = 1
            found = self._lists.of(entry.data)
            for project, number in found.slots:
                columns[project][unit] = number
            if found.own or found.problems or found.blind:
                self._peculiar(unit, device, found)
        if entries.odd:
            self.problems.append(f"{entries.odd} entries of the releases cannot be read: it is not told whose they are")

    def blind(self, row: int, note: str) -> None:
        """Say that nothing is known of any slot of a unit."""
        self._blind[row] = self._interned(unknown_state(Condition(ConditionCode.UNEXPECTED_VALUE, text=note)))

    def has_rows(self, row: int) -> bool:
        """Return whether a unit showed anything."""
        return any(column[row] for column in self.columns.values())

    def finish(self, projects: set[str]) -> None:
        """Let units of which nothing is known show that in every project."""
        for row, number in self._blind.items():
            for project in projects | set(self.columns):
                self._column(project)[row] = number

    def prove(self, projects: set[str]) -> None:
        """Let slots that devices left out of their own lists be empty for certain, where others were not read."""
        number = len(self.states)
        self.states.append(EMPTY)
        for project in projects | set(self.columns):
            column = self._column(project)
            for row, shown in enumerate(self.shown):
                if shown and not column[row]:
                    column[row] = number

    def _peculiar(self, unit: int, device: str, found: _Known) -> None:
        self.own_problems += [f"device {device} {problem}" for problem in found.problems]
        for (project, version), reference in found.own.items():
            self.references[device, project, version] = reference
        if found.blind:
            self.blind(unit, found.blind)

    def _known(self, rows: Rows) -> _Known:
        """Prepare the columns for lists of this meaning."""
        own: dict[tuple[str, str], str] = {}
        for release in rows.releases:
            key = (release.project_name, release.version)
            general = self.references.setdefault(("", *key), release.id)
            if general != release.id:
                own[key] = release.id
            self.releases.setdefault(key, release)
        slots = [(project, self._interned(state)) for project, state in rows.states.items()]
        for project, _ in slots:
            self._column(project)
        return _Known(rows, slots, own)

    def _column(self, project: str) -> array[int]:
        column = self.columns.get(project)
        if column is None:
            column = self.columns[project] = array("I", bytes(4 * len(self.units)))
        return column

    def _interned(self, state: State) -> int:
        if state == State():
            return 0
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self.states)
            self.states.append(state)
        return number
