"""The simulated installation: a master with its children, the catalog, its time and what is still to happen.

Nothing runs in the background. An effect that is due at a time happens when somebody looks at that time or later:
`advance` first carries out, in order, everything that is due. Meanwhile the clock shows the moment of each effect, so
that what follows from it begins then, however late somebody looks.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import msgspec

from reconciler.simulators.clock import Clock
from reconciler.simulators.exchange import Json
from reconciler.simulators.getapp.catalog import Catalog
from reconciler.simulators.getapp.rows import Held, Row
from reconciler.simulators.getapp.variants import Variants

DAY = 86_400.0


@dataclass(slots=True, eq=False)
class Device:
    """A device and its rows by catalogId. `seen` is when an offline one was last connected.

    `frozen` are the rows whose movement waits for the device to return; `labels` are custom fields of its metadata.
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
    key: bytes = b""

    def __post_init__(self) -> None:
        self.key = msgspec.json.encode(self.id)


class Fleet:
    """The state of the simulated platform. `settle` is how many seconds a phase takes on a device."""

    def __init__(self, clock: Clock, variants: Variants, settle: float) -> None:
        self.clock = clock
        self.variants = variants
        self.settle = settle
        self.catalog = Catalog()
        self.devices: dict[str, Device] = {}
        self.broken_until = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._moment: float | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock() if self._moment is None else self._moment

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            self._moment, _, effect = heapq.heappop(self._due)
            effect()
        self._moment = None

    def later(self, seconds: float, effect: Callable[[], None]) -> None:
        """Have an effect happen in so many seconds; at once if that is none."""
        if seconds <= 0:
            effect()
        else:
            heapq.heappush(self._due, (self.now() + seconds, next(self._order), effect))

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

    def chosen(self, ids: Iterable[str]) -> Iterator[Device]:
        """The devices of these ids, each once and in their own order; all where none is named."""
        wanted = set(ids)
        return (device for device in self.devices.values() if not wanted or device.id in wanted)

    def enrollment(self, device: Device) -> dict[str, Json]:
        """Who a device is (confirmed: agent-cdn/get-cdn-device)."""
        return {
            "deliverySource": "cache",
            "deviceId": device.id,
            "deviceType": [device.type],
            "platform": device.platform,
            "platformId": "platform-1",
            "urlGetAppServerAvailable": ["https://getapp.example"],
        }

    def metadata(self, device: Device) -> dict[str, Json]:
        """What a device is like (confirmed: agent-cdn/get-cdn-device); custom fields stand beside it (inferred)."""
        number = device.number
        return {
            "battery": None,
            "ipAddress": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "location": None,
            "macAddress": f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            "name": device.name,
            "os": "linux",
            "osRelease": "6.6",
            "storageAvailable": 64_000_000_000,
            "urlGetAppServerActive": "https://getapp.example",
            **device.labels,
        }
