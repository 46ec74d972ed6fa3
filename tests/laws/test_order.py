"""Laws of semantic versions: one order, kept by ranges, and nothing but a semantic version lies in a range."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.versions import parse_range, semver

numbers = st.integers(0, 12)
identifiers = st.one_of(
    numbers.map(str), st.text("ab-0", min_size=1, max_size=3).filter(lambda text: not text.isdigit())
)


@st.composite
def versions(draw: st.DrawFn) -> str:
    """A semantic version, often short, often with a pre-release."""
    body = ".".join(str(draw(numbers)) for _ in range(draw(st.integers(1, 3))))
    pre = draw(st.lists(identifiers, max_size=3))
    build = draw(st.sampled_from(["", "", "+7.x"]))
    return draw(st.sampled_from(["", "v"])) + body + ("-" + ".".join(pre) if pre else "") + build


@given(versions(), versions(), versions())
def test_the_order_is_total_and_every_range_keeps_it(left: str, right: str, third: str) -> None:
    one, other, further = semver(left), semver(right), semver(third)
    assert one is not None
    assert other is not None
    assert further is not None
    assert (one < other) + (one == other) + (one > other) == 1
    if one <= other <= further:
        assert one <= further
        assert right in parse_range(f">={left},<={third}")
    assert (left in parse_range(f">={right}")) == (one >= other) == (left not in parse_range(f"<{right}"))
    assert (left in parse_range(f">{right}")) == (one > other) == (left not in parse_range(f"<={right}"))
    assert (left in parse_range(f"={right}")) == (one == other)


@given(numbers, numbers, numbers, st.lists(identifiers, min_size=1, max_size=3))
def test_a_pre_release_lies_right_below_its_release(major: int, minor: int, patch: int, pre: list[str]) -> None:
    release = f"{major}.{minor}.{patch}"
    early = f"{release}-{'.'.join(pre)}"
    assert early in parse_range(f"<{release}")
    assert early in parse_range(f"<{early}.0")
    if patch:
        assert early in parse_range(f">{major}.{minor}.{patch - 1}")


@given(st.text(max_size=8), versions(), st.sampled_from([">=", "<", "="]))
def test_what_is_no_semantic_version_lies_in_no_range(text: str, bound: str, sign: str) -> None:
    if semver(text) is None:
        assert text not in parse_range(sign + bound)
