"""The nouns of a simulated application: devices, flows, versions and their content.

Ids are 24 hexadecimal characters that grow with creation, as the platform's are.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

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
    """What a slot is told or says it runs: a version name and the etag of its content; both None is nothing."""

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
class RuntimeFailure:
    """An error that a flow met while it ran on a device."""

    device: str
    version: str | None
    message: str
    time: int


@dataclass(slots=True)
class Flow:
    """A workflow with its versions by name, in order of creation."""

    index: int
    id: str
    name: str
    flow_class: str
    created: int
    updated: int
    versions: dict[str, Version] = field(default_factory=dict)
    failures: list[RuntimeFailure] = field(default_factory=list)
