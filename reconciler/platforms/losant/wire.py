"""Losant's JSON, decoded into the few fields that are used (losant.md sections 2.1, 3 and 4).

Tags and logs stay raw bytes: they are decoded where they matter.
"""

from __future__ import annotations

from typing import Any, Generic, Literal

import msgspec

from reconciler.platforms.reading.pages import Decorative, Item, Items, Page, Pages


class Row(msgspec.Struct, gc=False, rename="camel"):
    """One edge deployment: a (device, edge workflow) pair. None is nothing wanted, or nothing there.

    `file_name` is set where the workflow comes from a file on the device.
    """

    id: str
    device_id: str
    flow_id: str
    desired_version: str | None = None
    current_version: str | None = None
    desired_etag: str | None = None
    current_etag: str | None = None
    flow_class: Literal["edge", "customNode"] = "edge"
    file_name: Any = None
    last_updated: Decorative[str | None] = None
    logs: msgspec.Raw = msgspec.Raw(b"[]")


class Named(msgspec.Struct, rename="camel"):
    """The workflow's name in an edge deployment, looked at only for workflows that the listing did not show."""

    flow_id: str
    flow_name: Decorative[str] = ""


class Log(msgspec.Struct, rename="camel"):
    """One entry of an edge deployment's history. Whatever stands in `error` is one."""

    change_type: Decorative[str] = ""
    date: Decorative[str] = ""
    source_type: Decorative[str] = ""
    source_id: Decorative[str] = ""
    new_value: Decorative[str | msgspec.UnsetType | None] = msgspec.UNSET
    previous_value: Decorative[str | None] = None
    attempted_value: Decorative[str | None] = None
    new_etag: Decorative[str | None] = None
    attempted_etag: Decorative[str | None] = None
    error: Any = None


class Link(msgspec.Struct, gc=False):
    """Whether a device is connected: 1, 0 or null."""

    connected: Any = None


class Device(msgspec.Struct, gc=False, rename="camel"):
    """One device of any class."""

    id: str
    name: Decorative[str] = ""
    device_class: Decorative[str] = ""
    tags: msgspec.Raw = msgspec.Raw(b"[]")
    edge_agent_version: Decorative[str | None] = None
    connection_info: Decorative[Link | None] = None


class Tag(msgspec.Struct, gc=False):
    """One tag; a key may come twice on one device."""

    key: str
    value: str | int | float | bool


class Flow(msgspec.Struct, rename="camel"):
    """One edge workflow."""

    id: str
    name: Decorative[str] = ""
    minimum_agent_version: Decorative[str | None] = None


class Version(msgspec.Struct, rename="camel"):
    """One version of a workflow."""

    id: str
    version: str
    creation_date: Decorative[str] = ""
    last_updated: Decorative[str] = ""
    minimum_agent_version: Decorative[str | None] = None
    notes: Decorative[str | None] = None
    enabled: Decorative[bool | None] = None


class Newest(msgspec.Struct, rename="camel"):
    """The newest item of a collection."""

    id: str
    creation_date: Decorative[str] = ""


class Deleted(msgspec.Struct, rename="camel"):
    """A device that was deleted, and can be restored."""

    id: str
    deleted_at: Decorative[str] = ""


class _Success(msgspec.Struct):
    success: bool


class _Collection(msgspec.Struct, Generic[Item], rename="camel"):
    items: list[Item]
    total_count: int

    def page(self) -> Page[Item]:
        """Return it as a page."""
        return Page(self.items, self.total_count)


rows = Pages(_Collection, Row, ordered=True)
devices = Pages(_Collection, Device, ordered=True)
flows = Pages(_Collection, Flow, ordered=True)
versions = Pages(_Collection, Version, ordered=True)
newest = Pages(_Collection, Newest)
deleted = Pages(_Collection, Deleted)
_success = msgspec.json.Decoder(_Success).decode
logs = Items(Log)
tags = Items(Tag)
_named = Pages(_Collection, Named)
_version = Items(Version)
_whole = msgspec.json.Decoder(_Collection[Any]).decode


def version(content: bytes) -> tuple[Version, list[str]]:
    """Return a version and what was left out; raise msgspec.DecodeError where it does not say which version it is."""
    notes: list[str] = []
    return _version.one(content, notes), notes


def item(content: bytes, item_id: str) -> dict[str, Any]:
    """Return all that a page says of one of its items."""
    return next(one for one in _whole(content).items if isinstance(one, dict) and one.get("id") == item_id)


def success(content: bytes) -> None:
    """Take the answer to every write, `{"success": true}`, confirmed (JS lib/schemas/success.json)."""
    _success(content)


def flow_names(content: bytes) -> dict[str, str]:
    """Return workflow names by id as the rows of a page give them; what cannot be read is left out."""
    names: dict[str, str] = {}
    for named in _named(content).items:
        if named.flow_name:
            names.setdefault(named.flow_id, named.flow_name)
    return names
