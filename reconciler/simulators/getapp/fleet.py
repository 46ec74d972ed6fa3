"""The simulated installation: a master with its children, the catalog, and its time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from reconciler.simulators.clock import Clock, Timeline
from reconciler.simulators.getapp.catalog import Catalog, Held, Row
from reconciler.simulators.getapp.variants import Variants

DAY = 86_400.0


@dataclass(slots=True, eq=False)
class Device:
    """A device and its rows by catalogId. `seen` is when an offline one was last connected.

    `frozen` are the rows whose movement waits for the device to return; `labels` are custom fields of its metadata;
    `pushed` what was pushed to it; `restricted` why it may not take a release, and the mode in which that is enforced.
    Both are by catalogId.
    """

    number: int
    id: str
    name: str
    type: str
    platform: str
    labels: dict[str, str]
    rows: dict[str, Held] = field(default_factory=dict)
    online: bool = True
    seen: float = 0.0
    failing: bool = False
    frozen: set[str] = field(default_factory=set)
    pushed: set[str] = field(default_factory=set)
    restricted: dict[str, tuple[str, str]] = field(default_factory=dict)
    key: bytes = b""

    def __post_init__(self) -> None:
        self.key = msgspec.json.encode(self.id)


class Fleet(Timeline):
    """The state of the simulated platform. `settle` is how many seconds a phase takes on a device."""

    punctual = True

    def __init__(self, clock: Clock, variants: Variants, settle: float) -> None:
        super().__init__(clock)
        self.variants = variants
        self.settle = settle
        self.catalog = Catalog()
        self.devices: dict[str, Device] = {}
        self.broken_until = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self.seconds()

    @property
    def master(self) -> Device:
        """The device that runs the master agent."""
        return next(iter(self.devices.values()))

    def seen(self, held: Held) -> Row:
        """How a row looks now."""
        return held if isinstance(held, Row) else held.seen(self.now(), self.settle)

    def active(self, device: Device) -> bool:
        """Whether it reported within 24 hours (confirmed: cdn-configure.md, `inactive_device_hours`)."""
        return device.online or self.now() - device.seen <= DAY

    def knows(self, device: Device, catalog_id: str) -> bool:
        """Whether a device has a release in its catalog; to a child it must be pushed (confirmed: a2a-parent-management.md)."""
        known = device is self.master or catalog_id in device.pushed or catalog_id in device.rows
        return known or self.variants["cdn-push"] == "not-needed"

    def chosen(self, ids: Iterable[str]) -> Iterator[Device]:
        """The devices of these ids, each once and in their own order; all where none is named."""
        wanted = set(ids)
        return (device for device in self.devices.values() if not wanted or device.id in wanted)
