"""Laws of rollouts, over worlds where units fail, go and come back while a version spreads, pass after pass."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.waves import Waves
from reconciler.model.change import Verb
from reconciler.model.fleet import Failure, Rollout, Selector, Wave
from reconciler.model.memory import Memory, Went
from reconciler.model.observation import Phase, State
from reconciler.model.plan import FleetPlan
from reconciler.model.quantity import percent
from reconciler.model.ruling import RolloutId
from reconciler.model.snapshot import Snapshot
from tests.laws.strategies import NOW
from tests.unit.core.rolling import DOWN, ID, UP, assessed, going, plan_of, rollout_of, seen

OLD, MOVING, REPORTS, FAILS = "old", "moving", "reports", "fails"
STATES = {
    OLD: State(assigned="v1", reported="v1"),
    MOVING: State(assigned="v2", reported="v1", phase=Phase.MOVING, since=NOW),
    REPORTS: State(assigned="v2", reported="v2"),
    FAILS: State(assigned="v2", reported="v1", phase=Phase.FAILED, since=NOW),
}
HAS = frozenset({MOVING, REPORTS, FAILS})

tags = st.sampled_from(["canary", "broad"])
shares = st.sampled_from(["10%", "30%", "50%", "80%"])
selected = st.builds(Selector, tags=st.fixed_dictionaries({"ring": tags}))
waves = st.lists(st.builds(Wave, units=selected, percent=st.none() | shares) | shares, min_size=1, max_size=4)
rollouts = st.builds(
    Rollout,
    waves=waves,
    max_moving=st.none() | st.sampled_from(["1", "3", "25%"]),
    success=st.none() | st.sampled_from(["50%", "90%"]),
    failure=st.none() | st.builds(Failure, percent=st.sampled_from(["10%", "50%"]), minimum=st.integers(1, 3)),
)


class World:
    """Units of which each has a ring, a reach and a state; the version may never be reported by some."""

    def __init__(self, rings: Sequence[str], reach: Sequence[bool]) -> None:
        self.rings = rings
        self.reach = list(reach)
        self.states = [OLD] * len(rings)
        self.time = NOW

    def read(self) -> Snapshot:
        reach = {number: UP if there else DOWN for number, there in enumerate(self.reach)}
        found = seen([STATES[one] for one in self.states], rings=self.rings, reach=reach)
        return msgspec.structs.replace(found, read_at=self.time)

    def plan(self, rollout: Rollout, went: Sequence[Went] = ()) -> FleetPlan:
        return plan_of(rollout, self.read(), memory=Memory(went=tuple(went)))

    def apply(self, plan: FleetPlan) -> list[Went]:
        for unit in going(plan):
            self.states[int(unit[1:])] = MOVING
        return [
            Went(
                fleet="fleet",
                unit=unit,
                workload="w1",
                verb=Verb.REPLACE,
                size=1,
                to="v2",
                at=self.time,
                answered=self.time,
            )
            for unit in going(plan)
        ]

    def live(self, bits: int, *, never: bool) -> None:
        """Let every unit do something, as the bits say: report, fail, go away, come back."""
        for number in range(len(self.states)):
            luck = (bits >> 3 * number) & 7
            if luck == 0:
                self.reach[number] = not self.reach[number]
            elif self.states[number] == MOVING and self.reach[number] and luck < 6:
                self.states[number] = FAILS if never or luck == 1 else REPORTS

    def reachable(self, numbers: Sequence[int], *states: str) -> list[int]:
        return [one for one in numbers if self.reach[one] and (not states or self.states[one] in states)]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    rings = draw(st.lists(tags, min_size=1, max_size=12))
    return World(
        rings, draw(st.lists(st.sampled_from([True, True, True, False]), min_size=len(rings), max_size=len(rings)))
    )


lives = st.lists(st.integers(0, 2**36 - 1), min_size=1, max_size=8)


def members(world: World, rollout: Rollout) -> list[list[int]]:
    """Return which units each wave has, the rest last."""
    snapshot = world.read()
    one = assessed(rollout, snapshot)
    found = Waves(rollout, snapshot.units).membership(ID, one.unfiltered[0].column, frozenset({1}))
    places = [found.of(position)[0].wave for position in range(len(world.rings))]
    return [[unit for unit, place in enumerate(places) if place == wave] for wave in range(len(rollout.waves) + 1)]


@given(world=worlds(), rollout=rollouts, bits=lives)
def test_a_wave_goes_only_when_all_before_it_were_attempted_and_report(
    world: World, rollout: Rollout, bits: list[int]
) -> None:
    waves = members(world, rollout)
    needs = percent(rollout.success or "100%")
    for luck in bits:
        plan = world.plan(rollout)
        first = {number: wave for wave, numbers in enumerate(waves) for number in numbers}
        for unit in going(plan):
            assert world.reach[int(unit[1:])]
            for earlier in waves[: first[int(unit[1:])]]:
                there = world.reachable(earlier)
                failed = [one for one in earlier if world.states[one] == FAILS and not world.reach[one]]
                assert not world.reachable(earlier, OLD)
                reports = world.reachable(earlier, REPORTS)
                assert not earlier or (reports and len(reports) * 100 >= needs * (len(there) + len(failed)))
        for wave, one in zip(waves, rollout_of(plan).waves, strict=False):
            absent = [unit for unit in wave if not world.reach[unit] and world.states[unit] != FAILS]
            assert one.attempted == len([unit for unit in wave if unit not in absent and world.states[unit] in HAS])
        world.apply(plan)
        world.live(luck, never=False)


@given(world=worlds(), rollout=rollouts, bits=lives)
def test_a_version_that_nobody_ever_reports_never_goes_beyond_the_forecast(
    world: World, rollout: Rollout, bits: list[int]
) -> None:
    most = rollout_of(world.plan(rollout)).most
    for luck in bits:
        world.apply(world.plan(rollout))
        assert len([one for one in world.states if one in HAS]) <= most
        world.live(luck, never=True)


@given(world=worlds(), rollout=rollouts, bits=lives)
def test_those_that_come_back_catch_up_without_a_burst(world: World, rollout: Rollout, bits: list[int]) -> None:
    everybody = range(len(world.rings))
    for luck in bits:
        plan = world.plan(rollout)
        bound = rollout_of(plan).at_once
        before = len(world.reachable(everybody, MOVING, FAILS))
        world.apply(plan)
        if bound is not None:
            assert len(world.reachable(everybody, MOVING, FAILS)) <= max(bound, before)
        world.live(luck, never=False)


@given(world=worlds(), rollout=rollouts, bits=lives)
def test_a_reading_from_before_a_call_opens_nothing(world: World, rollout: Rollout, bits: list[int]) -> None:
    """Every unit reports at once; but what was asked in the instant of the reading counts as asked, not as reporting."""
    for _ in bits:
        plan = world.plan(rollout)
        went = world.apply(plan)
        world.states = [REPORTS if one == MOVING else one for one in world.states]
        again = world.plan(rollout, went)
        if went and rollout.max_moving is None:
            assert not going(again)
        world.time += 1


@given(world=worlds(), rollout=rollouts)
def test_in_the_end_everybody_who_is_there_has_it(world: World, rollout: Rollout) -> None:
    for _ in range(100):
        plan = world.plan(rollout)
        world.apply(plan)
        world.states = [REPORTS if one == MOVING else one for one in world.states]
        if not going(plan):
            break
    blocked = [wave for wave in members(world, rollout) if wave and not world.reachable(wave)]
    assert blocked or not world.reachable(range(len(world.rings)), OLD)


@given(rings=st.lists(tags, min_size=2, max_size=12), rollout=rollouts, gone=st.integers(1, 11))
def test_nobodys_wave_changes_when_others_come_or_go(rings: list[str], rollout: Rollout, gone: int) -> None:
    left = rings[: max(1, len(rings) - gone)]
    fewer = members(World(left, [True] * len(left)), rollout)
    every = members(World(rings, [True] * len(rings)), rollout)
    assert fewer == [[unit for unit in wave if unit < len(left)] for wave in every]
    assert sorted(unit for wave in every for unit in wave) == list(range(len(rings)))


@given(fleet=st.text(min_size=1, max_size=3), version=st.text(min_size=1, max_size=3), low=st.integers(1, 50))
def test_a_larger_percentage_takes_whom_the_smaller_took(fleet: str, version: str, low: int) -> None:
    snapshot = seen([STATES[OLD]] * 30)
    column = assessed(Rollout(), snapshot).unfiltered[0].column

    def taken(share: int) -> set[int]:
        found = Waves(Rollout(waves=[f"{share}%"]), snapshot.units)
        membership = found.membership(RolloutId(fleet, "w1", version), column, frozenset({1}))
        return {position for position in range(30) if membership.of(position)[0].wave == 0}

    assert taken(low) <= taken(low * 2)
