"""The deployment rows, in columns: a quarter of a million devices with four flows each must fit and be fast.

A row is a number. Contents (a version name with its etag) are interned, so that a million rows hold two small numbers
each. What is rare (logs that differ from the plain history) is kept beside the columns.
"""

from array import array
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, UnsetType

from reconciler.simulators.losant.inventory import NOTHING, Content

LOGS_KEPT = 50


class Log(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One entry of a row's history, in the shape of the vendor's schema; `date` is ISO text."""

    change_type: str
    source_type: str
    source_id: str
    date: str
    new_value: str | UnsetType | None = UNSET
    previous_value: str | UnsetType | None = UNSET
    attempted_value: str | UnsetType | None = UNSET
    new_etag: str | UnsetType = UNSET
    previous_etag: str | UnsetType = UNSET
    attempted_etag: str | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Deployments:
    """Columns by row number; `row_of[flow][device]` finds the row of a pair, -1 where there is none."""

    def __init__(self) -> None:
        self.device = array("l")
        self.flow = array("l")
        self.desired = array("l")
        self.current = array("l")
        self.created = array("q")
        self.updated = array("q")
        self.alive = bytearray()
        self.logs: dict[int, list[Log]] = {}
        self.row_of: list[array[int]] = []
        self.contents: list[Content] = [NOTHING]
        self._content_ids: dict[Content, int] = {NOTHING: 0}

    def __len__(self) -> int:
        return len(self.device)

    def intern(self, content: Content) -> int:
        """The small number of a content."""
        number = self._content_ids.get(content)
        if number is None:
            number = self._content_ids[content] = len(self.contents)
            self.contents.append(content)
        return number

    def widen(self, flows: int, devices: int) -> None:
        """Make room in the index for so many flows and devices."""
        while len(self.row_of) < flows:
            self.row_of.append(array("l"))
        for column in self.row_of:
            column.extend([-1] * (devices - len(column)))

    def find(self, flow: int, device: int) -> int:
        """The row of a pair, -1 where there is none."""
        return self.row_of[flow][device]

    def add(self, device: int, flow: int, now: int) -> int:
        """A new row with nothing desired and nothing current."""
        row = len(self.device)
        self.extend([device], flow, [0], [0], [now], [now])
        return row

    def extend(
        self,
        devices: list[int],
        flow: int,
        desired: list[int],
        current: list[int],
        created: list[int],
        updated: list[int],
    ) -> None:
        """Many new rows of one flow at once."""
        index, row = self.row_of[flow], len(self.device)
        self.device.extend(devices)
        self.flow.extend([flow] * len(devices))
        self.desired.extend(desired)
        self.current.extend(current)
        self.created.extend(created)
        self.updated.extend(updated)
        self.alive.extend(b"\x01" * len(devices))
        for device in devices:
            index[device] = row
            row += 1

    def drop(self, row: int) -> None:
        """Take a row out of every listing; its pair may get a new row later."""
        self.alive[row] = 0
        self.logs.pop(row, None)
        self.row_of[self.flow[row]][self.device[row]] = -1

    def of_device(self, device: int) -> list[int]:
        """The rows of a device, by flow."""
        return [row for column in self.row_of if (row := column[device]) >= 0]

    def of_flow(self, flow: int) -> list[int]:
        """The rows of a flow, by device."""
        return [row for row in self.row_of[flow] if row >= 0]

    def live(self) -> Iterator[int]:
        """All rows that are listed, in order of id."""
        return (row for row, alive in enumerate(self.alive) if alive)

    def with_version(self, rows: Iterable[int], version: str, where: str) -> list[int]:
        """Those of the rows that hold a version name; `where` is desired, current or either."""
        numbers = {n for n, content in enumerate(self.contents) if content.version == version}
        desired, current = self.desired, self.current
        if where == "desired":
            return [row for row in rows if desired[row] in numbers]
        if where == "current":
            return [row for row in rows if current[row] in numbers]
        return [row for row in rows if desired[row] in numbers or current[row] in numbers]
