"""Membership: in which waves the units of a rollout are."""

from __future__ import annotations

from array import array

import pytest

from reconciler.core.resolve import Column
from reconciler.core.waves import Membership, Stop, Waves, turns
from reconciler.model.fleet import Rollout, Selector, Wave
from reconciler.model.ruling import RolloutId
from reconciler.model.unit import Units
from tests.unit.core.rolling import CANARY, ID, OLD, WAVES, assessed, name_of, seen

UNITS = 40


def membership(rollout: Rollout, *, units: int = UNITS, outside: int = 0) -> Membership:
    """Return the waves of a fleet, of which the last units are pinned."""
    snapshot = seen([OLD] * units)
    one = assessed(rollout, snapshot, pins={name_of(units - 1 - number): {"poller": "v2"} for number in range(outside)})
    return Waves(rollout, snapshot.units).membership(ID, one.unfiltered[0].column, frozenset({1}))


def waves(found: Membership, units: int = UNITS) -> list[list[int]]:
    return [[stop.wave for stop in found.of(position)] for position in range(units)]


def test_the_first_wave_that_takes_a_unit_has_it_and_the_rest_comes_last() -> None:
    found = waves(membership(Rollout(waves=[Wave(units=CANARY), "30%"])))
    assert found[:2] == [[0], [0]]
    order = turns(ID, map(name_of, range(UNITS)))
    early = [position for position in range(2, UNITS) if order[position] < ((3 << 64) // 10).to_bytes(8, "big")]
    assert [position for position, one in enumerate(found) if one == [1]] == early
    assert early
    assert all(one == [2] for position, one in enumerate(found) if position >= 2 and position not in early)


def test_a_percentage_of_what_a_selector_matches_takes_others_later() -> None:
    broad = Selector(tags={"ring": "broad"})
    found = waves(membership(Rollout(waves=[Wave(units=broad, percent="30%"), Wave(units=broad), "100%"])))
    assert found[:2] == [[2], [2]]
    assert {one[0] for one in found[2:]} == {0, 1}


def test_percentages_are_cumulative_and_growing_ones_hold_those_before() -> None:
    def early(*shares: str) -> set[int]:
        found = waves(membership(Rollout(waves=[*shares, "100%"])))
        return {position for position, one in enumerate(found) if one[0] < len(shares)}

    assert early("10%") <= early("10%", "50%") == early("50%")
    assert len(early("50%")) in range(10, 31)


def test_who_comes_or_goes_changes_nobodys_wave() -> None:
    rollout = Rollout(waves=["10%", "40%", "100%"])
    assert waves(membership(rollout))[:20] == waves(membership(rollout, units=20), 20)


def test_units_that_another_rule_decides_are_in_no_wave() -> None:
    found = membership(Rollout(waves=["20%", "100%"]), outside=3)
    assert [found.of(position) for position in range(UNITS - 3, UNITS)] == [()] * 3
    assert all(found.of(position) for position in range(UNITS - 3))
    assert (
        membership(Rollout(waves=[Wave(units=CANARY, share="5%"), Wave(share="100%")]), outside=3).of(UNITS - 1) == ()
    )


def test_a_wave_may_stop_at_a_share_of_a_unit() -> None:
    rollout = Rollout(
        waves=[Wave(units=CANARY, share="10%"), Wave(units=CANARY, share="50%"), "30%", Wave(share="60%")]
    )
    found = membership(rollout)
    early = next(position for position in range(2, UNITS) if found.of(position)[0].wave == 2)
    late = next(position for position in range(2, UNITS) if found.of(position)[0].wave == 3)
    assert found.of(early) == (Stop(2),)
    assert found.of(late) == (Stop(3, 60), Stop(4))
    canary = found.of(0)
    assert canary[:2] == (Stop(0, 10), Stop(1, 50))
    assert canary[2:] in {(Stop(2),), (Stop(3, 60), Stop(4))}


def test_a_share_below_one_that_was_taken_is_no_stop() -> None:
    found = membership(Rollout(waves=[Wave(share="50%"), Wave(units=CANARY, share="20%"), Wave(share="100%")]))
    assert found.of(0) == found.of(9) == (Stop(0, 50), Stop(2))


def test_hundreds_of_waves_are_told_apart() -> None:
    found = membership(Rollout(waves=[f"{number / 4:g}%" for number in range(1, 400)]))
    places = [found.of(position)[0].wave for position in range(UNITS)]
    order = turns(ID, map(name_of, range(UNITS)))
    assert sorted(range(UNITS), key=places.__getitem__) == sorted(range(UNITS), key=order.__getitem__)
    assert max(places) > 255


@pytest.mark.parametrize(
    "other", [RolloutId("fleet2", "w1", "v2"), RolloutId("fleet", "w2", "v2"), RolloutId("fleet", "w1", "v3")]
)
def test_each_rollout_has_an_order_of_its_own(other: RolloutId) -> None:
    ids = [name_of(number) for number in range(UNITS)]
    ranks = (dict(zip(ids, turns(one, ids), strict=True)) for one in (ID, other))
    mine, others = (sorted(ids, key=rank.__getitem__) for rank in ranks)
    assert mine != others
    assert {len(one) for one in turns(ID, ids)} == {8}


def test_waves_are_named_as_written() -> None:
    assert Waves(WAVES, seen([OLD]).units).rules == ["units tags ring canary", "100%"]


def test_an_empty_fleet_has_no_members() -> None:
    units: Units = seen([]).units
    column = Column(seen([]).workloads[0], [], assessed(WAVES, seen([])).unfiltered[0].column.rows, array("I"), [])
    assert not list(Waves(WAVES, units).membership(ID, column, frozenset({1})).column)
