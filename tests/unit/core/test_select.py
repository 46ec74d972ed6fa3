"""Examples of which units a selector means, one for each of its keys."""

from __future__ import annotations

import pytest

from reconciler.core.select import mask, selectors_in
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
