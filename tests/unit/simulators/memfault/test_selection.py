"""The order of versions, and the selection rule, held to a naive statement of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault.selection import Offer, Rules, choose, natural_key, order_of, semver_key

VERSIONS = [f"{major}.{minor}.0" for major in (1, 2) for minor in (0, 1, 2, 10)]
RANK = {version: n for n, version in enumerate(VERSIONS)}

versions = st.sampled_from(VERSIONS)
offers = st.lists(
    st.builds(Offer, versions, st.none() | versions, st.booleans(), st.just("") | versions), max_size=7, unique=True
)
rules = st.builds(Rules, st.sampled_from(["semver", "natural"]), st.booleans(), st.booleans())


def naive(current: str, active: list[Offer], rule: Rules) -> list[str]:
    """The versions that the rule allows, said one after the other as in the facts."""
    known = [o for o in active if not rule.minimum or not o.minimum or RANK[o.minimum] <= RANK[current]]
    deltas = [o.version for o in known if o.base == current and RANK[o.version] > RANK[current]]
    if deltas:
        return deltas
    full = [o for o in known if o.base is None]
    steps = [o.version for o in full if o.must_pass_through and RANK[o.version] > RANK[current]]
    if steps:
        return [min(steps, key=RANK.__getitem__)]
    higher = [o.version for o in full if RANK[o.version] > RANK[current]]
    if higher:
        return [max(higher, key=RANK.__getitem__)]
    if rule.downgrade and full:
        best = max((o.version for o in full), key=RANK.__getitem__)
        return [best] if best != current else []
    return []


@given(versions, offers, rules)
def test_the_rule(current: str, active: list[Offer], rule: Rules) -> None:
    allowed = naive(current, active, rule)
    chosen = choose(current, active, rule)
    assert (chosen is None) is (not allowed)
    if chosen is not None:
        assert chosen in active
        assert chosen.version in allowed


@given(offers, rules)
def test_without_a_version_the_newest_is_given(active: list[Offer], rule: Rules) -> None:
    chosen = choose(None, active, rule)
    full = [o.version for o in active if o.base is None]
    assert (chosen.version if chosen else None) == max(full, key=RANK.__getitem__, default=None)


@given(versions, offers, st.builds(Rules, st.just("semver"), st.booleans(), st.just(False)))
def test_taking_what_is_given_ends(current: str, active: list[Offer], rule: Rules) -> None:
    for _ in range(len(VERSIONS)):
        chosen = choose(current, active, rule)
        if chosen is None:
            return
        assert RANK[chosen.version] > RANK[current]
        current = chosen.version
    assert choose(current, active, rule) is None


@given(versions, offers, st.builds(Rules, st.just("semver"), st.booleans(), st.just(True)))
def test_taking_what_is_given_ends_with_downgrades_too(current: str, active: list[Offer], rule: Rules) -> None:
    seen = []
    for _ in range(3 * len(VERSIONS)):
        chosen = choose(current, [o for o in active if o.base is None and not o.minimum], rule)
        if chosen is None:
            return
        seen.append(chosen.version)
        current = chosen.version
    raise AssertionError(f"it goes round: {seen}")


def test_the_example_of_semver() -> None:
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.0.0+a", "1.0.0+b", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    ]  # fmt: skip
    key = order_of(ordered, "semver")
    assert all(key(a) < key(b) for a, b in pairwise(ordered))


@pytest.mark.parametrize(
    "ordered", [["fw-2", "fw-10b", "fw-10"], ["1.0.0-rc1", "1.0.0", "1.0.0+1", "1.0.1"], ["1.0.0.1", "1.0.0"]]
)
def test_natural_order(ordered: list[str]) -> None:
    key = order_of(ordered, "natural")
    assert all(key(a) < key(b) for a, b in pairwise(ordered))


def test_one_version_out_of_line_makes_it_natural() -> None:
    assert order_of(["1.0.0", "1.0"], "semver") is natural_key
    assert order_of(["1.0.0", "1.0.1"], "semver") is semver_key
    assert order_of(["1.0.0", "1.0.1"], "natural") is natural_key


@given(st.lists(st.text("ab019.-+ /", max_size=8), max_size=8, unique=True))
def test_any_texts_can_be_ordered(texts: list[str]) -> None:
    key = order_of(texts, "natural")
    assert all(key(a) <= key(b) for a, b in pairwise(sorted(texts, key=key)))
