"""Losant's JSON, decoded into the few fields that are used (losant.md sections 2.1, 3 and 4).

Pages decode strictly and fast. When an item of a page has an unexpected shape, that page is decoded item by item, so
that one odd row costs one slot and not a page. Tags and logs stay raw bytes: they are decoded where they matter.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """Return the id."""
        ...


Item = TypeVar("Item", bound=Identified)


class Row(msgspec.Struct, gc=False):
    """One edge deployment: a (device, edge workflow) pair. None is nothing wanted, or nothing there."""

    id: str
    deviceId: str
    flowId: str
    desiredVersion: str | None = None
    currentVersion: str | None = None
    desiredEtag: str | None = None
    currentEtag: str | None = None
    flowClass: Literal["edge", "customNode"] = "edge"
    lastUpdated: str | None = None
    logs: msgspec.Raw = msgspec.Raw(b"[]")


class OddRow(msgspec.Struct):
    """An edge deployment with values of unexpected types: which slot it is can be told, no more."""

    id: str
    deviceId: str
    flowId: str
    desiredVersion: Any = None
    currentVersion: Any = None
    flowClass: Any = "edge"


class Named(msgspec.Struct):
    """The workflow's name in an edge deployment, looked at only for workflows that the listing did not show."""

    flowId: str
    flowName: str = ""


class Log(msgspec.Struct):
    """One entry of an edge deployment's history."""

    changeType: str
    date: str
    attemptedValue: str | None = None
    attemptedEtag: str | None = None
    error: str | None = None


class Link(msgspec.Struct, gc=False):
    """Whether a device is connected: 1, 0 or null."""

    connected: Any = None


class Device(msgspec.Struct, gc=False):
    """One device of any class."""

    id: str
    name: str = ""
    deviceClass: str = ""
    tags: msgspec.Raw = msgspec.Raw(b"[]")
    edgeAgentVersion: str | None = None
    connectionInfo: Link | None = None


class OddDevice(msgspec.Struct):
    """A device with values of unexpected types."""

    id: str
    name: Any = None


class Tag(msgspec.Struct, gc=False):
    """One tag; a key may come twice on one device."""

    key: str
    value: str


class Flow(msgspec.Struct):
    """One edge workflow."""

    id: str
    name: str


class Version(msgspec.Struct):
    """One version of a workflow."""

    id: str
    version: str
    flowId: str = ""
    lastUpdated: str = ""
    minimumAgentVersion: str | None = None
    notes: str | None = None
    enabled: bool = True


class Newest(msgspec.Struct):
    """The newest item of a collection."""

    id: str
    creationDate: str = ""


class Success(msgspec.Struct):
    """The answer to every write: `{"success": true}`, confirmed (JS lib/schemas/success.json)."""

    success: bool


class Page(msgspec.Struct, Generic[Item]):
    """One page of a collection, and how many items the platform says there are over all pages.

    `items` are as expected; `odd` are not, each with what is wrong with it; `lost` counts those of which not even the
    id could be read. `ids` are those of items and odd ones in the page's order.
    """

    items: list[Item]
    total: int
    ids: list[str]
    odd: list[tuple[Any, str]] = []
    lost: int = 0
    content: bytes = b""
    """The page as it came; items refer into it anyway."""

    @property
    def size(self) -> int:
        """Return how many items came."""
        return len(self.ids) + self.lost


class _Collection(msgspec.Struct, Generic[Item]):
    items: list[Item]
    totalCount: int


class _Loose(msgspec.Struct):
    items: list[msgspec.Raw]
    totalCount: int


class Pages(Generic[Item]):
    """Decodes pages of one kind of item. `odd` is the type for items that are not as expected, where there is one."""

    def __init__(
        self, collection: type[_Collection[Item]], item: type[Item], odd: type[Identified] | None = None
    ) -> None:
        """Take the types."""
        self._strict = msgspec.json.Decoder(collection)
        self._item = msgspec.json.Decoder(item)
        self._odd = msgspec.json.Decoder(odd) if odd is not None else None

    def __call__(self, content: bytes) -> Page[Item]:
        """Return the page; raise msgspec.DecodeError when the body is no page at all."""
        try:
            found = self._strict.decode(content)
        except msgspec.ValidationError:
            return self._one_by_one(content)
        return Page(found.items, found.totalCount, [item.id for item in found.items], content=content)

    def _one_by_one(self, content: bytes) -> Page[Item]:
        found = msgspec.json.decode(content, type=_Loose)
        page: Page[Item] = Page([], found.totalCount, [], [], content=content)
        for raw in found.items:
            try:
                item = self._item.decode(raw)
            except msgspec.ValidationError as error:
                self._keep_odd(page, raw, str(error))
            else:
                page.items.append(item)
                page.ids.append(item.id)
        return page

    def _keep_odd(self, page: Page[Item], raw: msgspec.Raw, why: str) -> None:
        if self._odd is not None:
            try:
                odd = self._odd.decode(raw)
            except msgspec.ValidationError:
                pass
            else:
                page.odd.append((odd, why))
                page.ids.append(odd.id)
                return
        page.lost += 1


rows = Pages(_Collection[Row], Row, OddRow)
devices = Pages(_Collection[Device], Device, OddDevice)
flows = Pages(_Collection[Flow], Flow)
versions = Pages(_Collection[Version], Version)
newest = Pages(_Collection[Newest], Newest)
version = msgspec.json.Decoder(Version).decode
success = msgspec.json.Decoder(Success).decode
logs = msgspec.json.Decoder(list[Log]).decode
tags = msgspec.json.Decoder(list[Tag]).decode


class _Names(msgspec.Struct):
    items: list[msgspec.Raw]


def flow_names(content: bytes) -> dict[str, str]:
    """Return workflow names by id as the rows of a page tell them; what cannot be read is left out."""
    names: dict[str, str] = {}
    for raw in msgspec.json.decode(content, type=_Names).items:
        try:
            named = msgspec.json.decode(raw, type=Named)
        except msgspec.ValidationError:
            continue
        if named.flowName:
            names.setdefault(named.flowId, named.flowName)
    return names
