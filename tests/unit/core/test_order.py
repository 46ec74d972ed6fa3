"""Semantic versions and ranges by example: the list of semver.org, short forms, and what is none."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reconciler.core.order import LONGEST, parse_range, semver


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
        ("1.4", "'1.4' is no bound; a bound is one of >=, <=, >, <, = and a version, such as >=1.4"),
        (">=1.4,", "'' is no bound"),
        ("^1.4", "'\\^1.4' is no bound"),
        (">=", "'>=' is no bound"),
        (">=latest", "'latest' is no semantic version such as"),
        (">=1.4 <2", "'>=1.4 <2' is no bound"),
    ],
)
def test_what_is_no_range_is_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_range(text)
