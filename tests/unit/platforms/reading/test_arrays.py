"""Arrays that come in parts: the same items as at once, in whatever parts, and no more held than a few of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.platforms.getapp import wire
from reconciler.platforms.reading import arrays as arrays_module
from reconciler.platforms.reading.arrays import arrays

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('[]{},:"\\ aé', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.dictionaries(st.text("ab}", max_size=2), inner, max_size=2), max_size=4)
        | st.dictionaries(st.text('a"},{', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
devices = st.fixed_dictionaries(
    {"deviceId": st.text("ab", min_size=1, max_size=3)}, optional={"isMaster": st.booleans(), "data": values}
)
bodies = st.lists(devices | devices | devices | values, max_size=12) | values.map(lambda inner: {"data": inner})
spaces = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", ":"), (",\t", ":")])


def parts_of(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def ended(function: Callable[[], Any]) -> Any:
    """Return what a function returns, or that it found no array."""
    try:
        return function()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no array"


def at_once(content: bytes) -> Any:
    found = wire.entries(content)
    return [(one.device_id, one.is_master, bytes(one.data)) for one in found.items], found.malformed


def in_parts(content: bytes, size: int) -> Any:
    items, odd = [], 0
    for found in arrays(parts_of(content, size), wire.entries):
        items += [(one.device_id, one.is_master, bytes(one.data)) for one in found.items]
        odd += found.malformed
    return items, odd


@given(bodies, spaces, st.integers(1, 60), st.integers(0, 40))
@example([{"deviceId": "a", "data": "},{"}, {"deviceId": "b"}, {"no": [{}, {}]}], (",", ":"), 7, 0)
def test_in_parts_is_as_at_once(body: Any, space: tuple[str, str], size: int, cut: int) -> None:
    """Bodies that end early are no arrays either way."""
    content = json.dumps(body, separators=space).encode()
    content = content[: len(content) - cut] if cut < len(content) else content
    assert ended(lambda: in_parts(content, size)) == ended(lambda: at_once(content))


@given(bodies, spaces, st.integers(1, 60))
def test_ids_alone_are_the_same_ids(body: Any, space: tuple[str, str], size: int) -> None:
    content = json.dumps(body, separators=space).encode()

    def ids() -> list[str]:
        return [one.device_id for found in arrays(parts_of(content, size), wire.presences) for one in found]

    assert ended(ids) == ended(lambda: [one.device_id for one in wire.entries(content).items])


def largest(content: bytes, size: int) -> int:
    """Return the most bytes that were decoded at once."""
    seen: list[int] = []

    def decode(piece: bytes) -> int:
        seen.append(len(piece))
        return len(msgspec.json.decode(piece))

    assert sum(arrays(parts_of(content, size), decode)) == len(json.loads(content))
    return max(seen)


@pytest.mark.parametrize("separators", [(",", ":"), (",\n  ", ": ")])
def test_no_more_is_held_than_a_part_and_an_item(separators: tuple[str, str]) -> None:
    item = {"deviceId": "edge", "data": {"enrollment": {"platform": "x"}, "disks": [{"free": 1}, {"free": 2}]}}
    content = json.dumps([item] * 1000, separators=separators).encode()
    assert largest(content, 500) <= 500 + 2 * len(content) // 1000


def test_an_item_longer_than_parts_is_waited_for_and_then_parts_are_small_again() -> None:
    long = {"data": [{"n": number} for number in range(1000)]}
    content = json.dumps([{"n": 1}] * 100 + [long] + [{"n": 1}] * 5000, separators=(",", ":")).encode()
    assert largest(content, 300) < 4 * len(json.dumps(long))


def test_effort_stays_in_proportion_where_nothing_can_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """One item full of candidates that all lead nowhere: decoded as often as its length can be doubled, times the tries."""
    monkeypatch.setattr(arrays_module, "TRIES", 2)
    content = json.dumps([{"data": [{}] * 5000}], separators=(",", ":")).encode()
    decoded: list[int] = []

    def decode(piece: bytes) -> object:
        decoded.append(len(piece))
        return msgspec.json.decode(piece)

    assert len(list(arrays(parts_of(content, 100), decode))) == 1
    assert sum(decoded) < 6 * len(content)
