"""Pages of a collection, decoded strictly and fast; item by item where one has an unexpected shape.

So a malformed item costs what it is about and not its page, and a field that decides nothing costs only itself: declared
`Decorative`, a value of another type than documented becomes the field's default, and a note says so. Only what says
identity, version, state or status may make anything unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

Item = TypeVar("Item")

_DECORATIVE = msgspec.Meta(extra={"decorative": True})
Decorative = Annotated[Item, _DECORATIVE]
"""The type of a field that decides nothing. It needs a default."""


class Malformed(NamedTuple):
    """An item that cannot be used as it is: the fields that could be read, by their names in our type, and what is wrong."""

    fields: dict[str, Any]
    why: str

    def text(self, name: str) -> str:
        """Return a field that is a text; empty where there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""


class Page(msgspec.Struct, Generic[Item]):
    """One page of a collection, and how many items the platform says there are over all pages.

    `declared` is what the platform says of the page, where it does: its number, from 0, and how many items a page has.
    """

    items: list[Item]
    total: int
    declared: tuple[int, int] | None = None
    ids: list[str] = []
    """Those of all items in the page's order, where the collection is ordered by them."""
    malformed: list[Malformed] = []
    notes: list[str] = []
    """Decorative fields that were left out."""
    content: bytes = b""
    """The page as it came, for ordered collections: raw fields refer into it anyway."""

    @property
    def size(self) -> int:
        """Return how many items came."""
        return len(self.items) + len(self.malformed)


class Items(Generic[Item]):
    """Decodes single items of one type: strictly, else field by field."""

    def __init__(self, kind: type[Item]) -> None:
        self._kind: Any = kind
        self._strict = msgspec.json.Decoder(kind)
        self._strict_list = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type] # the type of the items

    def read(self, raw: bytes | msgspec.Raw, notes: list[str]) -> Item | Malformed:
        """Return the item, or what of it can be read; `notes` gets the decorative fields that were left out."""
        try:
            return self._strict.decode(raw)
        except msgspec.ValidationError as error:
            why = str(error)
        try:
            values = _fields.decode(raw)
        except msgspec.ValidationError:
            return Malformed({}, why)
        found: dict[str, Any] = {}
        wrong: list[str] = []
        for field in self._fields:
            value = values.get(field.key)
            if value is None:
                wrong += [f"{field.key} is missing"] if field.required else []
                continue
            read = field.read(value, notes)
            if not isinstance(read, Malformed):
                found[field.name] = read
            elif field.decorative:
                notes.append(f"{field.key}: {read.why}")
            else:
                wrong.append(f"{field.key}: {read.why}")
        if wrong:
            return Malformed(found, "; ".join(wrong))
        item: Item = self._kind(**found)
        return item

    def one(self, raw: bytes | msgspec.Raw, notes: list[str]) -> Item:
        """Return the item; raise msgspec.ValidationError for one that cannot be used as it is."""
        found = self.read(raw, notes)
        if isinstance(found, Malformed):
            raise msgspec.ValidationError(found.why)
        return found

    def each(self, raw: bytes | msgspec.Raw, key: str, notes: list[str]) -> list[Item]:
        """Return the items of a list that decides nothing, as far as it is one and they can be read; the rest is noted."""
        try:
            return self._strict_list.decode(raw)
        except msgspec.ValidationError as error:
            why = str(error)
        try:
            values = _list.decode(raw)
        except msgspec.ValidationError:
            notes.append(f"{key}: {why}")
            return []
        found: list[Item] = []
        for one in values:
            read = self.read(one, notes)
            if isinstance(read, Malformed):
                notes.append(f"{key}: {read.why}")
            else:
                found.append(read)
        return found

    @cached_property
    def _fields(self) -> list[_Field]:
        return [_Field(one) for one in msgspec.structs.fields(self._kind)]


class _Field:
    """One field of a type; structs in it are read field by field, too. Of a decorative list an item costs itself alone."""

    def __init__(self, field: msgspec.structs.FieldInfo) -> None:
        kind = field.type
        self.name, self.key, self.required = field.name, field.encode_name, field.required
        self.decorative = _DECORATIVE in getattr(kind, "__metadata__", ())
        structs = [one for one in _members(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        self._several = any(get_origin(one) is list for one in _union(kind))
        self._decoder = msgspec.json.Decoder(kind)
        self._items: Items[Any] | None = Items(structs[0]) if len(structs) == 1 else None

    def read(self, value: msgspec.Raw, notes: list[str]) -> Any:
        """Return the value, or Malformed."""
        try:
            return self._decoder.decode(value)
        except msgspec.ValidationError as error:
            why = str(error)
        first = bytes(value)[:1]
        if self._items is not None and first == b"[" and self._several and self.decorative:
            return self._items.each(value, self.key, notes)
        if self._items is None or first != b"{" or self._several:
            return Malformed({}, why)
        return self._items.read(value, notes)


def _union(kind: Any) -> tuple[Any, ...]:
    """Return what a type, without `Annotated` around it, is a union of; itself where it is none."""
    inner = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    return get_args(inner) if get_origin(inner) in {UnionType, Union} else (inner,)


def _members(kind: Any) -> Iterator[Any]:
    """Yield what a type is a union of, and instead of a list what is in it."""
    for one in _union(kind):
        yield get_args(one)[0] if get_origin(one) is list else one


class Pages(Generic[Item]):
    """Decodes pages of one kind of item.

    `collection` is the generic struct around the items; its `page()` gives them as a Page. `ordered` keeps the ids of
    the items, for a collection that comes in their order.
    """

    def __init__(self, collection: Any, item: type[Item], *, ordered: bool = False) -> None:
        self._strict = msgspec.json.Decoder(collection[item])
        self._raw = msgspec.json.Decoder(collection[msgspec.Raw])
        self._items = Items(item)
        self._ordered = ordered

    def __call__(self, content: bytes) -> Page[Item]:
        """Return the page; raise msgspec.DecodeError when the body is no page at all."""
        try:
            page: Page[Item] = self._strict.decode(content).page()
        except msgspec.ValidationError:
            return self._one_by_one(content)
        if self._ordered:
            page.ids = [item.id for item in page.items]  # type: ignore[attr-defined] # ordered collections are by id
            page.content = content
        return page

    def _one_by_one(self, content: bytes) -> Page[Item]:
        raws: Page[msgspec.Raw] = self._raw.decode(content).page()
        page: Page[Item] = Page([], raws.total, raws.declared, content=content if self._ordered else b"")
        for raw in raws.items:
            read = self._items.read(raw, page.notes)
            if isinstance(read, Malformed):
                page.malformed.append(read)
            else:
                page.items.append(read)
            if self._ordered and (one := _id(read)):
                page.ids.append(one)
        return page


def _id(item: Any) -> str:
    return item.text("id") if isinstance(item, Malformed) else item.id


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
