"""Examples of which units a selector means, one for each of its keys."""

from __future__ import annotations

from itertools import product
from operator import and_

import pytest

from reconciler.core.select import both, mask, rows_in, selectors_in, without
from reconciler.model.fleet import Selector
from reconciler.model.unit import Reach, Unit, Units, labels_of

UNITS = Units.build(
    Unit(0, id_, name, labels_of(tags), Reach.CONNECTED, 1, None, assignable=True)
    for id_, name, tags in [
        ("a", "gw-1", [("site", "austin"), ("ring", "canary")]),
        ("b", "gw-2", [("site", "austin"), ("site", "boston")]),
        ("c", "beta", []),
    ]
)


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        (Selector(), ""),
        (Selector(all=True), "abc"),
        (Selector(all=False), ""),
        (Selector(ids=["c", "a", "gone"]), "ac"),
        (Selector(names=["gw-*"]), "ab"),
        (Selector(names=["beta", "gw-2"]), "bc"),
        (Selector(cohorts=["a", "beta"]), "ac"),
        (Selector(tags={"site": "austin"}), "ab"),
        (Selector(tags={"site": ["boston", "cork"]}), "b"),
        (Selector(tags={"site": "*"}), "ab"),
        (Selector(tags={"site": "austin", "ring": "canary"}), "a"),
        (Selector(not_=Selector(ids=["a"])), "bc"),
        (Selector(all=True, not_=Selector(tags={"site": "austin"})), "c"),
        (Selector(any=[Selector(ids=["a"]), Selector(names=["beta"])]), "ac"),
        (Selector(any=[]), ""),
        (Selector(names=["gw-*"], any=[Selector(ids=["a"]), Selector(names=["beta"])]), "a"),
    ],
    ids=str,
)
def test_a_selector_means(selector: Selector, meant: str) -> None:
    found = mask(selector, UNITS)
    assert "".join(id_ for id_, chosen in zip(UNITS.ids, found, strict=True) if chosen) == meant


def test_selectors_within_are_found_at_every_depth() -> None:
    inner = Selector(not_=Selector(all=True))
    whole = Selector(any=[Selector(ids=["a"]), inner])
    assert list(selectors_in(whole)) == [whole, Selector(ids=["a"]), inner, Selector(all=True)]


def test_few_units_of_many_are_combined_as_any_are() -> None:
    """However many there are: what is narrow is gone through one by one."""
    size = 1000
    masks = [bytes(row % step == 0 for row in range(size)) for step in (1, 2, 500)] + [bytes(size)]
    for left, right in product(masks, masks):
        assert both(left, right) == bytes(map(and_, left, right))
        assert without(left, right) == bytes(one and not other for one, other in zip(left, right, strict=True))
        assert [*rows_in(left)] == [row for row in range(size) if left[row]]


def test_a_tag_of_many_units_is_looked_up_once_and_anew_once_tags_changed() -> None:
    units = Units.build(UNITS[row] for row in range(3))
    austin = Selector(tags={"site": "austin"})
    found = mask(austin, units)
    assert mask(austin, units) is found
    moved = Unit(0, "a", "gw-1", (), Reach.CONNECTED, 1, None, assignable=True)
    assert mask(austin, units.replaced([moved])) == b"\x00\x01\x00"
    assert mask(austin, units) == found == b"\x01\x01\x00"
