"""The order of versions is total, and semver's where all versions are semantic."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.memfault.order import later, latest_first, order_of

NUMBERS = st.integers(0, 30).map(str)
WORDS = st.sampled_from(["alpha", "beta", "rc", "x-y", "0", "1", "2", "10", "a1"])
BEFORE = st.lists(WORDS, max_size=3).map(".".join)
SEMANTIC = st.builds(
    lambda core, before, build: ".".join(core) + (f"-{before}" if before else "") + (f"+{build}" if build else ""),
    st.lists(NUMBERS, min_size=3, max_size=3),
    BEFORE,
    st.sampled_from(["", "1", "abc"]),
)
ANY = st.one_of(SEMANTIC, st.text("01v.-+ab", min_size=1, max_size=8))


@given(st.lists(ANY, unique=True, max_size=8))
def test_total_and_the_same_whatever_comes_first(versions: list[str]) -> None:
    key = order_of(versions)
    ordered = latest_first(versions)
    assert sorted(ordered) == sorted(versions)
    assert ordered == latest_first(reversed(versions))
    assert all(key(high) > key(low) for high, low in pairwise(ordered))


@given(ANY, ANY)
def test_one_of_two_different_versions_is_the_later_one(one: str, other: str) -> None:
    assert later(one, other) + later(other, one) == (one != other)


@given(SEMANTIC, SEMANTIC)
def test_agrees_with_the_precedence_of_semver(one: str, other: str) -> None:
    expected = precedence(one, other)
    if expected:
        assert later(one, other) == (expected > 0)


def precedence(one: str, other: str) -> int:
    """Return semver.org section 11 word by word: negative, zero or positive."""
    (core, before), (other_core, other_before) = (_split(text) for text in (one, other))
    if core != other_core:
        return 1 if core > other_core else -1
    if not before or not other_before:
        return bool(other_before) - bool(before)
    for left, right in zip(before, other_before, strict=False):
        if left == right:
            continue
        if left.isdecimal() and right.isdecimal():
            return int(left) - int(right)
        if left.isdecimal() != right.isdecimal():
            return -1 if left.isdecimal() else 1
        return -1 if left < right else 1
    return len(before) - len(other_before)


def _split(text: str) -> tuple[list[int], list[str]]:
    core, _, before = text.partition("+")[0].partition("-")
    return [int(part) for part in core.split(".")], before.split(".") if before else []


def test_natural_where_one_is_not_semantic() -> None:
    assert latest_first(["v1.2", "v1.10", "v1.10-rc", "v1.9+b", "v1.9+a"]) == [
        "v1.10", "v1.10-rc", "v1.9+b", "v1.9+a", "v1.2",
    ]  # fmt: skip
    assert later("1.1", "1.01") != later("1.01", "1.1")


def test_more_digits_than_an_int_is_read_from() -> None:
    many = "9" * 5000
    assert latest_first([f"{many}.0.0", "1.0.0", f"1.0.0-{many}"])[0] == f"{many}.0.0"
    assert later(f"v{many}", "v1")
