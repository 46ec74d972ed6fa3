"""One API call on its way through an endpoint: its query parameters, and the flow that its path names.

Parameters come as official clients send them: flat, or bracket-flattened arrays such as `tagFilter[0][key]`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from reconciler.simulators.losant.access import malformed, not_found
from reconciler.simulators.losant.application import CEILING, Window
from reconciler.simulators.losant.inventory import Flow, Tags
from reconciler.simulators.losant.variants import Variants
from reconciler.simulators.losant.world import LosantWorld
from reconciler.simulators.routes import Call as AnyCall

OBJECT_ID = re.compile(r"[A-Fa-f\d]{24}")
_BRACKETS = re.compile(r"(\w+)\[(\d+)\](?:\[(\w+)\])?")
_TRUE = ("true", "1")
_FALSE = ("false", "0", "")

DEFAULT_PER_PAGE = 100

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
TagKey = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-zA-Z_-]{1,255}\Z")]


class Tag(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of a tag filter; what it does not name is open."""

    key: TagKey | msgspec.UnsetType = msgspec.UNSET
    value: Text | msgspec.UnsetType = msgspec.UNSET

    def matches(self, tags: Tags) -> bool:
        """Whether a device of these tags has one like it."""
        return any(self.key in (msgspec.UNSET, key) and self.value in (msgspec.UNSET, value) for key, value in tags)


TagFilter = Annotated[list[Tag], msgspec.Meta(max_length=100)]
"""Confirmed: JS lib/schemas/deviceTagFilter.json."""


class Parameters:
    """The query of one request. Every reader raises a 400 `Refusal` on a value that does not fit."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.flat: Mapping[str, str] = dict(pairs)

    def text(self, name: str) -> str | None:
        """A text, None where absent or empty."""
        return self.flat.get(name) or None

    def flag(self, name: str) -> bool:
        """A boolean, false where absent; clients write true, false, True, False, 1 or 0."""
        value = self.flat.get(name, "")
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise malformed(f"query parameter {name} must be a boolean")

    def object_id(self, name: str) -> str | None:
        """An object id in lower case."""
        value = self.text(name)
        if value is not None and not OBJECT_ID.fullmatch(value):
            raise malformed(f"query parameter {name} must be an object id")
        return value and value.lower()

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """One of the allowed values."""
        value = self.text(name) or default
        if value not in allowed:
            raise malformed(f"query parameter {name} must be one of {', '.join(allowed)}")
        return value

    def direction(self) -> str:
        """The sort direction, asc or desc (either case)."""
        return self.one_of("sortDirection", ("asc", "desc", "ASC", "DESC"), "asc").lower()

    def number(self, name: str, default: int, least: int) -> int:
        """A whole number that is at least so much."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,9}", value) or int(value) < least:
            raise malformed(f"query parameter {name} must be a number of at least {least}")
        return int(value)

    def window(self, variants: Variants) -> Window:
        """The page asked for; what happens above the ceiling is a variant (section 7, 1)."""
        per_page = self.number("perPage", DEFAULT_PER_PAGE, 1)
        if per_page > CEILING and variants["max-per-page"] == "reject":
            raise malformed(f"query parameter perPage must be at most {CEILING}")
        if per_page > CEILING and variants["max-per-page"] == "clamp":
            per_page = CEILING
        return Window(self.number("page", 0, 0), per_page)

    def values(self, name: str) -> list[str]:
        """One value or an array of values."""
        plain = [value for key, value in self.pairs if key == name]
        return [value for value in (*plain, *(value for _, _, value in self._entries(name))) if value]

    def tags(self, name: str) -> list[Tag]:
        """A tag filter."""
        entries: dict[str, dict[str, str]] = {}
        for index, part, value in self._entries(name):
            entries.setdefault(index, {})[part or ""] = value
        try:
            return msgspec.convert(list(entries.values()), TagFilter)
        except msgspec.ValidationError as error:
            raise malformed(f"query parameter {name}: {error}") from None

    def _entries(self, name: str) -> list[tuple[str, str | None, str]]:
        found = ((_BRACKETS.fullmatch(key), value) for key, value in self.pairs)
        return [(match[2], match[3], value) for match, value in found if match is not None and match[1] == name]


class Call(AnyCall[LosantWorld]):
    """A call of the application."""

    @property
    def parameters(self) -> Parameters:
        """What its query asks for."""
        return Parameters(self.request.query)

    def flow(self) -> Flow:
        """The flow that the path names; 400 for what is no id, 404 for one that the application has not."""
        text = self.path["flow"]
        if not OBJECT_ID.fullmatch(text):
            raise malformed("flowId must be an object id")
        flow = self.world.app.flow_of_id(text)
        if flow is None:
            raise not_found("Flow")
        return flow
