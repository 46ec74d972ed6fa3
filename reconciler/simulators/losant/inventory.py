"""The nouns of a simulated application: devices, flows, versions and their content, and the deployment rows.

Ids are 24 hexadecimal characters that grow with creation, as the platform's are.
"""

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
CLOUD_FLOW = f"{0x65A7 << 80 | 1:024x}"
NOTEBOOK = f"{0x65A8 << 80 | 1:024x}"

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


@dataclass(slots=True)
class Flow:
    """A workflow with its versions by name and its rows by the device's index, both in order of creation."""

    index: int
    id: str
    name: str
    flow_class: str
    created: int
    updated: int
    minimum_agent: str | None = None
    versions: dict[str, Version] = field(default_factory=dict)
    rows: "dict[int, Row]" = field(default_factory=dict)


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


class Row(msgspec.Struct, gc=False, eq=False):
    """A deployment row: what a flow is to be on a device, and what it is there. Rows of one content share it.

    `logs` are None as long as its history is the plain one; `file` is the device's own, which no write governs.
    `attempt` marks the pending attempt of the device to take what is desired.
    """

    index: int
    device: Device
    flow: Flow
    desired: Content
    current: Content
    created: int
    updated: int
    alive: bool = True
    logs: list[Log] | None = None
    file: str | None = None
    attempt: object = None

    def holds(self, version: str, where: str) -> bool:
        """Whether it has a version: `where` is desired, current or either."""
        return (where != "current" and self.desired.version == version) or (
            where != "desired" and self.current.version == version
        )
