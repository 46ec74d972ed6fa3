"""The selection rule, held to a naive statement of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulators.memfault.selection import Offer, Rules, choose

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


def test_the_order_of_activation_means_nothing() -> None:
    one, two = Offer("1.2.0"), Offer("1.10.0")
    assert choose("1.0.0", [one, two], Rules()) is choose("1.0.0", [two, one], Rules()) is two


def test_versions_that_are_no_semver() -> None:
    assert choose("fw-9", [Offer("fw-10"), Offer("fw-8")], Rules()) == Offer("fw-10")
