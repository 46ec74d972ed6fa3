"""The order of versions, by semver and naturally."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault.versions import natural_key, order_of, semver_key

NUMBERS = st.integers(0, 30)
PARTS = st.lists(st.sampled_from(["alpha", "beta", "rc", "1", "2", "10"]), max_size=3).map(".".join)


@st.composite
def semver(draw: st.DrawFn) -> str:
    base = f"{draw(NUMBERS)}.{draw(NUMBERS)}.{draw(NUMBERS)}"
    before, build = draw(PARTS), draw(PARTS)
    return base + (f"-{before}" if before else "") + (f"+{build}" if build else "")


def test_the_example_of_semver() -> None:
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.0.0+a", "1.0.0+b", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    ]  # fmt: skip
    key = order_of(ordered, "semver")
    assert all(key(a) < key(b) for a, b in pairwise(ordered))


@pytest.mark.parametrize(
    "ordered",
    [
        ["fw-2", "fw-10b", "fw-10"],
        ["1.0.0-rc1", "1.0.0", "1.0.0+1", "1.0.1"],
        ["1.9", "1.10", "2"],
        ["1.0.0.1", "1.0.0"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    key = order_of(ordered, "natural")
    assert all(key(a) < key(b) for a, b in pairwise(ordered))


def test_one_version_out_of_line_makes_it_natural() -> None:
    assert order_of(["1.0.0", "1.0"], "semver") is natural_key
    assert order_of(["1.0.0", "1.0.1"], "semver") is semver_key
    assert order_of(["1.0.0", "1.0.1"], "natural") is natural_key
    with pytest.raises(ValueError, match="semantic"):
        semver_key("1.0")


@given(st.lists(semver(), min_size=1, max_size=8, unique=True), st.sampled_from(["semver", "natural"]))
def test_orders_are_total_and_strict(versions: list[str], rule: str) -> None:
    key = order_of(versions, rule)
    once = sorted(versions, key=key)
    assert all(key(a) < key(b) for a, b in pairwise(once))


@given(st.lists(st.text("ab019.-+ /", max_size=8), max_size=8, unique=True))
def test_any_texts_can_be_ordered(versions: list[str]) -> None:
    key = order_of(versions, "natural")
    assert all(key(a) <= key(b) for a, b in pairwise(sorted(versions, key=key)))
