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


class Row(msgspec.Struct, gc=False, rename="camel"):
    """One edge deployment: a (device, edge workflow) pair. None is nothing wanted, or nothing there."""

    id: str
    device_id: str
    flow_id: str
    desired_version: str | None = None
    current_version: str | None = None
    desired_etag: str | None = None
    current_etag: str | None = None
    flow_class: Literal["edge", "customNode"] = "edge"
    last_updated: str | None = None
    logs: msgspec.Raw = msgspec.Raw(b"[]")


class OddRow(msgspec.Struct, rename="camel"):
    """An edge deployment with values of unexpected types: which slot it is can be told, no more."""

    id: str
    device_id: str
    flow_id: str
    desired_version: Any = None
    current_version: Any = None
    flow_class: Any = "edge"


class Named(msgspec.Struct, rename="camel"):
    """The workflow's name in an edge deployment, looked at only for workflows that the listing did not show."""

    flow_id: str
    flow_name: str = ""


class Log(msgspec.Struct, rename="camel"):
    """One entry of an edge deployment's history."""

    change_type: str
    date: str
    attempted_value: str | None = None
    attempted_etag: str | None = None
    error: str | None = None


class Link(msgspec.Struct, gc=False):
    """Whether a device is connected: 1, 0 or null."""

    connected: Any = None


class Device(msgspec.Struct, gc=False, rename="camel"):
    """One device of any class."""

    id: str
    name: str = ""
    device_class: str = ""
    tags: msgspec.Raw = msgspec.Raw(b"[]")
    edge_agent_version: str | None = None
    connection_info: Link | None = None


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


class Version(msgspec.Struct, rename="camel"):
    """One version of a workflow."""

    id: str
    version: str
    flow_id: str = ""
    last_updated: str = ""
    minimum_agent_version: str | None = None
    notes: str | None = None
    enabled: bool = True


class Newest(msgspec.Struct, rename="camel"):
    """The newest item of a collection."""

    id: str
    creation_date: str = ""


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


class _Collection(msgspec.Struct, Generic[Item], rename="camel"):
    items: list[Item]
    total_count: int


class _Loose(msgspec.Struct, rename="camel"):
    items: list[msgspec.Raw]
    total_count: int


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
        return Page(found.items, found.total_count, [item.id for item in found.items], content=content)

    def _one_by_one(self, content: bytes) -> Page[Item]:
        found = msgspec.json.decode(content, type=_Loose)
        page: Page[Item] = Page([], found.total_count, [], [], content=content)
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
        if named.flow_name:
            names.setdefault(named.flow_id, named.flow_name)
    return names
