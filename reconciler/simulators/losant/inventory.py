"""The nouns of a simulated application: devices, flows, versions and their content, and the deployment rows.

Ids are 24 hexadecimal characters that grow with creation, as the platform's are. Rows stand in columns: a quarter of a
million devices with four flows each must fit and be fast. A row is a number. Contents (a version name with its etag) are
interned, so that a million rows hold two small numbers each. What is rare (logs that differ from the plain history) is
kept beside the columns.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

Tags = tuple[tuple[str, str], ...]

APPLICATION_IDS = 0x65A0 << 80
FLOW_IDS = 0x65A1 << 80
VERSION_IDS = 0x65A2 << 80
DEVICE_IDS = 0x65A3 << 80
ROW_IDS = 0x65A4 << 80
USER = f"{0x65A5 << 80 | 1:024x}"
API_TOKEN = f"{0x65A6 << 80 | 1:024x}"

EDGE = "edgeCompute"
DEVICE_CLASSES = ("standalone", "gateway", "peripheral", "floating", EDGE, "system", "embedded")
FLOW_CLASSES = ("edge", "embedded", "cloud", "customNode", "experience")

LOGS_KEPT = 50


@lru_cache(maxsize=1 << 16)
def iso(milliseconds: int) -> str:
    """A time as the platform writes it: UTC with milliseconds."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:03d}Z"


def hex_id(base: int, index: int) -> str:
    """The id of the index-th thing of a kind."""
    return f"{base + index:024x}"


def index_of(base: int, text: str) -> int:
    """The index that `hex_id` made this of; any other id gives a number that is no index."""
    return int(text, 16) - base


def triple(version: str) -> tuple[int, ...]:
    """An agent version `N.N.N` as numbers that compare."""
    return tuple(int(part) for part in version.split("."))


def tag_test(entries: Sequence[tuple[str | None, str | None]], combine: str) -> Callable[[Tags], bool]:
    """Whether tags satisfy a filter; an entry with only a key or only a value leaves the other open."""
    gather = all if combine == "and" else any

    def matches(tags: Tags) -> bool:
        return gather(
            any((key is None or key == k) and (value is None or value == v) for k, v in tags) for key, value in entries
        )

    return matches


class Content(NamedTuple):
    """What a slot is assigned or reports: a version name and the etag of its content; both None is nothing."""

    version: str | None
    etag: str | None


NOTHING = Content(None, None)


@dataclass(slots=True)
class Device:
    """A device; times are milliseconds since 1970, `connected` is 1, 0 or None (never connected)."""

    index: int
    id: str
    name: str
    tags: Tags
    device_class: str
    agent: str | None
    connected: int | None
    connection_time: int
    created: int
    updated: int
    failing: bool = False
    deleted: int | None = None
    refused: bool = False


@dataclass(slots=True)
class Version:
    """A version of a flow; `etag` is the identity of its content."""

    id: str
    name: str
    etag: str
    created: int
    updated: int
    minimum_agent: str | None = None
    notes: str = ""
    enabled: bool = True


@dataclass(slots=True)
class Flow:
    """A workflow with its versions by name, in order of creation."""

    index: int
    id: str
    name: str
    flow_class: str
    created: int
    updated: int
    minimum_agent: str | None = None
    versions: dict[str, Version] = field(default_factory=dict)


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
        self.files: dict[int, str] = {}
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
        self.files.pop(row, None)
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
