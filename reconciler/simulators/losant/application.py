"""One simulated application: its devices, flows and deployment rows, its time, and its listings.

A listing is an ordered selection of things. Its pages are kept as bytes until anything changes, so that a benchmark
measures its client.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeVar

import msgspec

from reconciler.simulators.clock import Clock, Timeline
from reconciler.simulators.losant.inventory import (
    APPLICATION_IDS,
    DEVICE_IDS,
    EDGE,
    FLOW_IDS,
    NOTHING,
    VERSION_IDS,
    Content,
    Device,
    Flow,
    Row,
    Tags,
    Version,
    hex_id,
    index_of,
)
from reconciler.simulators.losant.variants import Variants

T = TypeVar("T")

CEILING = 1000
"""Items that a page has at most."""
KEPT = 64
"""Listings that are kept at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """A page number (from 0) and how many items a page has."""

    page: int
    per_page: int


@dataclass(slots=True)
class Listing(Generic[T]):
    """Members in order, and the pages encoded so far."""

    members: Sequence[T]
    pages: dict[Window, bytes] = field(default_factory=dict)

    def page(self, window: Window, about: Mapping[str, Any], payload: Callable[[T], object]) -> bytes:
        """One page as JSON; `about` are the collection's own fields."""
        encoded = self.pages.get(window)
        if encoded is None:
            start = window.page * window.per_page
            items = [payload(member) for member in self.members[start : start + window.per_page]]
            counts = {"count": len(items), "totalCount": len(self.members)}
            encoded = self.pages[window] = msgspec.json.encode({"items": items, **counts, **about})
        return encoded


class Application(Timeline):
    """The state of the simulated platform. `settle` is how many seconds an online device needs for a new version.

    Applications of different `number` have different ids.
    """

    def __init__(self, clock: Clock, variants: Variants, settle: float, number: int = 1) -> None:
        super().__init__(clock)
        self.id = hex_id(APPLICATION_IDS, number)
        self.variants = variants
        self.settle = settle
        self.devices: list[Device] = []
        self.flows: list[Flow] = []
        self.rows: list[Row] = []
        """All that there ever were, by their index."""
        self._listings: dict[Hashable, Listing[Any]] = {}
        self._listed = 0
        self._versions_made = count(1)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return round(self.seconds() * 1000)

    def listing(self, key: Hashable, select: Callable[[], Sequence[T]]) -> Listing[T]:
        """The listing under this key, selected where it is not at hand."""
        if self._listed != self.changes or (key not in self._listings and len(self._listings) >= KEPT):
            self._listings, self._listed = {}, self.changes
        found = self._listings.get(key)
        if found is None:
            found = self._listings[key] = Listing(select())
        return found

    def device(self, text: str) -> Device | None:
        """The live device of an id, or else of a name."""
        found = self.device_of_id(text)
        return found or next((d for d in self.devices if d.name == text and d.deleted is None), None)

    def device_of_id(self, text: str, *, deleted: bool = False) -> Device | None:
        """The device of an id; deleted ones only when asked for."""
        try:
            index = index_of(DEVICE_IDS, text)
        except ValueError:
            return None
        if not 0 <= index < len(self.devices):
            return None
        device = self.devices[index]
        return device if device.deleted is None or deleted else None

    def flow(self, text: str) -> Flow | None:
        """The flow of an id, or else of a name."""
        return self.flow_of_id(text) or next((f for f in self.flows if f.name == text), None)

    def flow_of_id(self, text: str) -> Flow | None:
        """The flow of an id."""
        return next((f for f in self.flows if f.id == text.lower()), None)

    def add_device(
        self, name: str, tags: Tags, device_class: str = EDGE, agent: str | None = "2.5.0", connected: int | None = 1
    ) -> Device:
        """A new device without deployments."""
        now, index = self.now(), len(self.devices)
        agent = agent if device_class == EDGE else None
        device = Device(index, hex_id(DEVICE_IDS, index), name, tags, device_class, agent, connected, now, now, now)
        self.devices.append(device)
        return device

    def add_flow(self, name: str, flow_class: str = "edge") -> Flow:
        """A new flow without versions."""
        now, index = self.now(), len(self.flows)
        flow = Flow(index, hex_id(FLOW_IDS, index), name, flow_class, now, now)
        self.flows.append(flow)
        return flow

    def rows_of(self, device: Device) -> list[Row]:
        """The rows of a device, by flow."""
        return [row for flow in self.flows if (row := flow.rows.get(device.index)) is not None]

    def add_row(
        self,
        device: Device,
        flow: Flow,
        desired: Content = NOTHING,
        current: Content = NOTHING,
        born: int | None = None,
    ) -> Row:
        """A new row, now unless it says when it was made."""
        born = self.now() if born is None else born
        row = flow.rows[device.index] = Row(len(self.rows), device, flow, desired, current, born, born)
        self.rows.append(row)
        return row

    def drop_row(self, row: Row) -> None:
        """Take a row out of every listing; its pair may get a new row later."""
        row.alive = False
        del row.flow.rows[row.device.index]

    def add_version(self, flow: Flow, name: str, minimum_agent: str | None = None, notes: str = "") -> Version:
        """A new version of a flow, or new content under a name that it has."""
        number, now = next(self._versions_made), self.now()
        fresh = hex_id(VERSION_IDS, number)
        etag = f"{number:08x}"
        old = flow.versions.get(name)
        if old is None:
            version = Version(fresh, name, etag, now, now, minimum_agent, notes)
        else:
            kept = old.id if self.variants["overwrite-id"] == "same" else fresh
            version = Version(kept, name, etag, old.created, max(now, old.updated + 1), minimum_agent, notes)
        flow.versions[name] = version
        flow.updated = now
        return version
