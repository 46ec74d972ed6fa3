"""What happened to Connections since the base, and whether a plan may be made with what they say now. Pure.

A request must not send a token elsewhere before somebody merged it. A Connection that it adds or changes is read only if the
base sends the same secrets to the same places; else its change is shown, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from reconciler.model.connection import ConnectionSpec, Requests, Secret
from reconciler.model.fleet import Document
from reconciler.model.provenance import ConnectionChange, ConnectionEdit, FieldEdit, Reading
from reconciler.plugin import Plugins

Documents = Mapping[str, Document]


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """The Connections of a request: as the base has them, as it has them, and those that the plan is made with."""

    base: Documents
    today: Documents
    used: Documents
    fleets: Iterable[Document] = ()
    """Fleets of either side."""
    whole: bool = True
    """Whether all of the base could be read: what is broken may be a Connection."""
    offline: bool = False
    """Whether nothing at all is sent: a recorded snapshot is read."""


def changes(sides: Sides, plugins: Plugins) -> tuple[ConnectionChange, ...]:
    """Return every Connection that is not as it was, by name."""
    return tuple(_Compared(sides, plugins).all())


class _Compared:
    def __init__(self, sides: Sides, plugins: Plugins) -> None:
        self.sides = sides
        self.plugins = plugins
        gone = {self._target(one): name for name, one in sides.base.items() if name not in sides.today}
        self.renamed = {
            name: gone[self._target(one)]
            for name, one in sides.today.items()
            if name not in sides.base and self._target(one) in gone
        }

    def all(self) -> Iterator[ConnectionChange]:
        base, today = self.sides.base, self.sides.today
        for name in sorted({*base, *today} - set(self.renamed.values())):
            before, now = base.get(self.renamed.get(name, name)), today.get(name)
            if before is None or now is None or before.name != name or before.spec != now.spec:
                yield self._change(name, before, now)

    def _change(self, name: str, before: Document | None, now: Document | None) -> ConnectionChange:
        some = now or before
        assert some is not None  # noqa: S101 - one of both sides has it
        edit = ConnectionEdit.CHANGED
        if before is None or now is None:
            edit = ConnectionEdit.ADDED if before is None else ConnectionEdit.REMOVED
        elif before.name != name:
            edit = ConnectionEdit.RENAMED
        names = {one.name for one in (before, now) if one is not None}
        fleets = {one.name for one in self.sides.fleets if one.spec.connection in names}
        return ConnectionChange(
            connection=name,
            edit=edit,
            platform=some.spec.platform,
            reading=self._reading(name, now, used=bool(fleets)),
            renamed_from=before.name if edit is ConnectionEdit.RENAMED and before is not None else "",
            retargeted=before is not None and now is not None and self._target(before) != self._target(now),
            fields=tuple(_fields(before, now)),
            fleets=tuple(sorted(fleets)),
            origin=None if now is None else now.locate(("spec", now.spec.platform)),
        )

    def _reading(self, name: str, now: Document | None, *, used: bool) -> Reading:
        there = self.sides.used.get(name)
        if (None if there is None else there.spec) != (None if now is None else now.spec):
            return Reading.HIDDEN
        first = self.sides.whole and not self.sides.base  # there is nothing that they could be held against
        if now is None or not used or self.sides.offline or first or self._sent_alike(now.spec):
            return Reading.PLANNED
        return Reading.REFUSED

    def _sent_alike(self, spec: ConnectionSpec) -> bool:
        """Return whether the base sends the same secrets to the same places, if there are any."""
        mine = self._sends(spec)
        return not any(_secrets(spec.details)) or any(mine == self._sends(one.spec) for one in self.sides.base.values())

    def _sends(self, spec: ConnectionSpec) -> tuple[str, dict[str, Any]]:
        harmless = self.plugins[spec.platform].harmless
        fields = {
            field.name: getattr(spec.details, field.name)
            for field in msgspec.structs.fields(spec.details)
            if field.encode_name not in harmless
        }
        return spec.platform, {name: value for name, value in fields.items() if not isinstance(value, Requests)}

    def _target(self, one: Document) -> tuple[str, str]:
        spec: ConnectionSpec = one.spec
        try:
            return spec.platform, self.plugins[spec.platform].target(spec.details)
        except ValueError:  # an address that is none
            return spec.platform, repr(spec.details)


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(inner)


def _fields(before: Document | None, now: Document | None) -> Iterator[FieldEdit]:
    """Yield the fields that are not as they were; those of a Connection that came or went, as far as they say something."""
    was, is_now = ({} if one is None else dict(_texts(one.spec)) for one in (before, now))
    for path in dict.fromkeys([*was, *is_now]):
        old, new = was.get(path, ""), is_now.get(path, "")
        if old != new:
            yield FieldEdit(path, old, new)


def _texts(spec: ConnectionSpec) -> Iterator[tuple[str, str]]:
    yield "platform", spec.platform
    yield from _below(spec.details, "")


def _below(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values of a Connection by their paths, defaults included: what a field falls back to is a change, too."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from _below(getattr(value, field.name), f"{path}.{field.encode_name}".removeprefix("."))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _below(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list | tuple) and any(isinstance(inner, msgspec.Struct | Mapping) for inner in value):
        for position, inner in enumerate(value):
            yield from _below(inner, f"{path}[{position}]")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
