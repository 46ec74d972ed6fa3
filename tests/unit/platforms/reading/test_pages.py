"""A malformed item costs what it is about, a field that decides nothing costs itself, and no page is lost for either."""

from __future__ import annotations

import json
from typing import Any, Generic

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.reading.pages import Decorative, Item, Malformed, Page, Pages


class Inner(msgspec.Struct):
    key: str
    hint: Decorative[int | None] = None


class Thing(msgspec.Struct, rename="camel"):
    id: str
    version_name: str | None = None
    size: Decorative[float | None] = None
    inner: Inner | None = None
    label: Decorative[Inner | None] = None
    parts: Decorative[list[Inner] | None] = None
    needed: list[Inner] = []


class Collection(msgspec.Struct, Generic[Item]):
    items: list[Item]
    total: int

    def page(self) -> Page[Item]:
        return Page(self.items, self.total)


THINGS = Pages(Collection, Thing, ordered=True)


def page(*items: Any) -> Page[Thing]:
    return THINGS(json.dumps({"items": items, "total": len(items)}).encode())


def test_a_page_as_documented() -> None:
    found = page({"id": "a", "versionName": "v1", "size": 2}, {"id": "b"})
    assert (found.items, found.ids, found.total) == ([Thing("a", "v1", 2.0), Thing("b")], ["a", "b"], 2)
    assert (found.malformed, found.notes) == ([], [])


def test_decorative_fields_cost_themselves_alone() -> None:
    found = page({"id": "a", "versionName": "v1", "size": "12", "label": 5, "inner": {"key": "k", "hint": "no"}})
    assert found.items == [Thing("a", "v1", inner=Inner("k"))]
    assert found.notes == [
        "size: Expected `float | null`, got `str`",
        "hint: Expected `int | null`, got `str`",
        "label: Expected `object | null`, got `int`",
    ]


def test_what_is_in_a_decorative_list_costs_itself_alone() -> None:
    found = page(
        {"id": "a", "parts": [{"key": "k", "hint": "no"}, None, 5, {"hint": 1}]}, {"id": "b", "parts": {"key": "k"}}
    )
    assert found.items == [Thing("a", parts=[Inner("k")]), Thing("b")]
    assert found.notes == [
        "hint: Expected `int | null`, got `str`",
        "parts: Expected `object`, got `null`",
        "parts: Expected `object`, got `int`",
        "parts: key is missing",
        "parts: Expected `array | null`, got `object`",
    ]


def test_what_is_in_any_other_list_costs_the_item() -> None:
    found = page({"id": "a", "needed": [None]})
    assert (found.items, found.malformed[0].fields) == ([], {"id": "a"})


def test_other_fields_cost_the_item_alone() -> None:
    found = page({"id": "a", "versionName": 5, "size": 1}, {"id": "b"}, {"versionName": "v1", "inner": {"hint": 1}}, 7)
    assert found.items == [Thing("b")]
    assert (found.size, found.ids) == (4, ["a", "b"])
    version, nameless, number = found.malformed
    assert version == Malformed({"id": "a", "size": 1.0}, "versionName: Expected `str | null`, got `int`")
    assert (version.text("id"), version.text("version_name"), version.text("size")) == ("a", "", "")
    assert nameless == Malformed({"version_name": "v1"}, "id is missing; inner: key is missing")
    assert number == Malformed({}, "Expected `object`, got `int` - at `$.items[...]`") or number.fields == {}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"items": 5, "total": 1}', b'{"items": []}'])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        THINGS(body)


ANY = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x"]) | st.just([1]) | st.just({"key": "k"})
FIELDS = st.dictionaries(
    st.sampled_from(["id", "versionName", "size", "inner", "label", "parts", "needed", "other"]), ANY
)


@given(st.lists(FIELDS | ANY, max_size=4))
def test_every_item_is_counted_and_reads_as_it_would_alone(items: list[Any]) -> None:
    found = page(*items)
    assert found.size == len(items)
    alone = [page(one) for one in items]
    assert found.items == [item for one in alone for item in one.items]
    assert [one.fields for one in found.malformed] == [one.fields for part in alone for one in part.malformed]
    assert found.notes == [note for one in alone for note in one.notes]
