"""Versions by example and by law: semver.org's list, short forms, ranges, natural order, what is none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.versions import LONGEST, later, latest_first, order_of, parse_range, semver, semver_first

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


def test_versions_order_as_the_standard_lists_them() -> None:
    ordered = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0 2.1.0 2.1.1"
    read = [semver(text) for text in ordered.split()]
    assert None not in read
    assert all(left < right for left, right in pairwise(one for one in read if one is not None))


@pytest.mark.parametrize(
    ("short", "full"),
    [("v1.4", "1.4.0"), ("1", "1.0.0"), ("v1.4.0+build.7", "1.4.0"), ("1.4-rc.1", "1.4.0-rc.1"), ("0", "0.0.0")],
)
def test_short_forms_read_as_the_full_ones(short: str, full: str) -> None:
    assert semver(short) == semver(full) is not None


@pytest.mark.parametrize(
    "text", ["", "v", "1.4.0.0", "01.2", "1.02", "1.0.0-01", "1.0.0-", "1.0.0-a..b", "1.0+", "latest", "V1.4", " 1.4", "1.4\n", "\u0661.\u0664"]
)  # fmt: skip
def test_other_texts_are_no_semantic_versions(text: str) -> None:
    assert semver(text) is None
    assert text not in parse_range(">=0-0")


def test_a_text_of_any_length_is_no_danger() -> None:
    assert semver("1" * LONGEST) is not None
    assert semver("1" * 10_000) is None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.4", ["1.4", "v1.4.0", "1.10.0", "2.0.0"], ["1.3.9", "1.4.0-rc.1"]),
        (">1", ["1.0.1", "v2"], ["1.0.0", "1"]),
        ("<=v1.4", ["1.4.0", "1.4.0-rc.1"], ["1.4.1"]),
        ("= 1.4", ["v1.4.0", "1.4.0+b"], ["1.4.1"]),
        (">=1.4, <2", ["1.9.9", "2.0.0-rc.1"], ["2.0.0", "1.3"]),
    ],
)
def test_ranges(text: str, inside: list[str], outside: list[str]) -> None:
    found = parse_range(text)
    assert all(version in found for version in inside)
    assert not any(version in found for version in outside)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.4", "'1.4' is not a bound; write one of >=, <=, >, <, = and a version, such as >=1.4"),
        (">=1.4,", "'' is not a bound"),
        ("^1.4", "'\\^1.4' is not a bound"),
        (">=", "'>=' is not a bound"),
        (">=latest", "'latest' is not a semantic version such as"),
        (">=1.4 <2", "'>=1.4 <2' is not a bound"),
    ],
)
def test_what_is_no_range_is_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_range(text)


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


def test_semver_first_puts_semantic_versions_after_all_others() -> None:
    ordered = ["nightly", "v1", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0", "1.0.0+b", "1.2.0", "1.10.0"]
    assert sorted(set(ordered), key=semver_first) == ordered


@pytest.mark.parametrize("version", ["1.0." + "9" * 5000, "1.0.0-" + "9" * 5000, "1.0.0-a." + "1" * 4301])
def test_a_version_of_any_length_has_its_place(version: str) -> None:
    assert semver_first("0.9.0") < semver_first(version)
