"""Rows of devices become columns, a column a project over the units; what repeats is understood once.

The listing of a fleet is mostly repetition, yet hardly two devices send the same bytes: each took its own seconds for a
download (`downloadDuration`, confirmed, seed 000). So a row is looked up by its bytes, a row of new bytes by the fields
that are used, and a list by its rows; only what is new to all three is worked on. What differs on every device by nature
is used in readings of small fleets alone (`detail`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import EMPTY
from reconciler.model.release import Catalog, Release
from reconciler.model.snapshot import References
from reconciler.model.unit import Units
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.release_info import info_of
from reconciler.platforms.getapp.translate import ReadRow, Rows, read_row, rows_of, unknown_state
from reconciler.platforms.reading.columns import StateColumns

T = TypeVar("T")

KEPT = 16_000_000
"""Bytes of rows and lists that are remembered, about; beyond, it begins anew: what never repeats is not worth keeping."""
LIST = 500
"""Bytes that a remembered list is taken for."""


class Lists(Generic[T]):
    """Gives what a list of rows is made into, the same value for lists of the same meaning, in whatever bytes."""

    def __init__(self, make: Callable[[Rows], T], *, auto: bool, detail: bool = True, kept: int = KEPT) -> None:
        """Take what is made of a meaning; `auto` says that what is downloaded installs itself, `kept` is in bytes."""
        self._detail = detail
        self._make = make
        self._auto = auto
        self._kept = kept
        self._forget()

    def of(self, data: msgspec.Raw) -> T:
        """Return what a device's list is made into. Runs once a device: every operation in it counts."""
        try:
            raws = wire.items(data).items
        except msgspec.DecodeError as error:
            why = Condition(ConditionCode.UNEXPECTED_VALUE, text=f"its list of releases: {clean(str(error))}")
            return self._make(Rows({}, blind=why))
        if self._held > self._kept:
            self._forget()
        seen, numbers = self._seen, []
        for raw in raws:
            content = bytes(raw)
            number = seen.get(content)
            numbers.append(self._read(content) if number is None else number)
        key = tuple(numbers)
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = self._make(rows_of([self._rows[number] for number in key], auto=self._auto))
            self._held += LIST
        return found

    def _forget(self) -> None:
        self._held = 0
        self._seen: dict[bytes, int] = {}
        self._meanings: dict[bytes, int] = {}
        self._rows: list[ReadRow] = []
        self._lists: dict[tuple[int, ...], T] = {}

    def _read(self, content: bytes) -> int:
        """Return the number of a row whose bytes are new; that of another one where they mean the same."""
        row = read_row(content, detail=self._detail)
        meaning = content if row.row is None else msgspec.json.encode(row.row)
        number = self._meanings.get(meaning)
        if number is None:
            number = self._meanings[meaning] = len(self._rows)
            self._rows.append(row)
            self._held += len(meaning)
        self._seen[content] = number
        self._held += len(content)
        return number


class _Known:
    """What one list of rows means: the columns and state numbers it gives, and references that differ from the general."""

    __slots__ = ("blind", "notes", "own", "problems", "slots")

    def __init__(self, rows: Rows, slots: list[tuple[str, int]], own: dict[tuple[str, str], str]) -> None:
        self.slots = slots
        self.own = own
        self.problems = rows.problems
        self.notes = rows.notes
        self.blind = rows.blind


class Slots(StateColumns):
    """States in columns, a column a project over the units; what else the rows show."""

    def __init__(self, units: Units, references: References, *, auto: bool = False, detail: bool = True) -> None:
        """Take the inventory, and catalogIds known before; `auto` says that what is downloaded installs itself."""
        super().__init__(len(units), EMPTY)
        self.units = units
        self.releases: Catalog = {}
        self.references = dict(references)
        self.problems: list[str] = []
        self.own_problems: list[str] = []
        """What is wrong with single devices, of which nothing follows for others."""
        self.notes: set[str] = set()
        """Fields that decide nothing and were left out."""
        self.shown = bytearray(len(units))
        self.unseen = 0
        self._lists = Lists(self._known, auto=auto, detail=detail)
        self._blind: dict[int, int] = {}

    def fold(self, entries: wire.Entries) -> None:
        """Take the rows of devices. The loop runs once a device: every operation in it counts."""
        row_of, columns = self.units.index, self.columns
        for entry in entries.items:
            device = entry.device_id
            unit = row_of.get(device)
            if unit is None:
                self.unseen += 1
                self.problems.append(f"device {device} has releases but is not in the list of devices")
                continue
            if self.shown[unit]:
                self.problems.append(f"the releases of device {device} are listed twice")
                self.blind(
                    unit, Condition(ConditionCode.CONTRADICTION, text="the releases of this device are listed twice")
                )
                continue
            self.shown[unit] = 1
            found = self._lists.of(entry.data)
            for project, number in found.slots:
                columns[project][unit] = number
            if found.own or found.problems or found.blind or found.notes:
                self._note_exceptions(unit, device, found)
        self.notes.update(
            f"an entry of the releases has another type than documented in {one}" for one in entries.notes
        )
        if entries.malformed:
            self.problems.append(f"{entries.malformed} entries of the releases cannot be read: they name no device")

    def blind(self, row: int, why: Condition) -> None:
        """Say that nothing is known of any slot of a unit."""
        self._blind[row] = self.number(unknown_state(why))

    def has_rows(self, row: int) -> bool:
        """Return whether a unit showed anything."""
        return any(column[row] for column in self.columns.values())

    def finish(self, projects: Iterable[str]) -> None:
        """Let units of which nothing is known show that in every project."""
        for project in {*projects, *self.columns} if self._blind else ():
            column = self.column(project)
            for row, number in self._blind.items():
                column[row] = number

    def prove(self, projects: Iterable[str]) -> None:
        """Let slots that devices left out of their own lists be empty for certain, where others were not read."""
        number = len(self.states)
        self.states.append(EMPTY)
        for project in {*projects, *self.columns}:
            column = self.column(project)
            for row, shown in enumerate(self.shown):
                if shown and not column[row]:
                    column[row] = number

    def _note_exceptions(self, unit: int, device: str, found: _Known) -> None:
        self.own_problems += [f"device {device} {problem}" for problem in found.problems]
        self.notes.update(
            f"a row of device {device} has another type than documented in {note}" for note in found.notes
        )
        for (project, version), reference in found.own.items():
            self.references[device, project, version] = reference
        if found.blind:
            self.blind(unit, found.blind)

    def _known(self, rows: Rows) -> _Known:
        """Prepare the columns for lists of this meaning."""
        own: dict[tuple[str, str], str] = {}
        for release in rows.releases:
            key = (release.project_name, release.version)
            if self.references.setdefault(("", *key), release.id) != release.id:
                own[key] = release.id
            self.releases.setdefault(Release(*key), info_of(release))
        slots = [(project, self.number(state)) for project, state in rows.states.items()]
        for project, _ in slots:
            self.column(project)
        return _Known(rows, slots, own)
