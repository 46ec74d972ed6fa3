"""A month of watch in seconds: whatever git, people, devices, networks and clocks do, and wherever it is killed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.fleet import Failure, Keep, Rollout, Selector, Wave
from tests.laws.keeping import File, Kept
from tests.laws.mixed_sites import COHORTS, RELEASES, TAG, Site
from tests.laws.months import DAY, HOUR, Cohorts, Gateways, Happening, Month, Pace, Policy, Rigs

SITES: dict[str, Any] = {"ids": Gateways, "sizes": Cohorts, "steps": Rigs}
FEWER = settings(
    max_examples=(settings.default or settings()).max_examples // 6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
KINDS = [
    "commit",
    "commit",
    "revert",
    "ban",
    "drift",
    "drifts",
    "drifts",
    "cut",
    "lost",
    "offline",
    "back",
    "fail",
    "mend",
    "bad",
]
KINDS += ["killed", "killed", "dies", "merge", "nothing", "nothing"]
OF_FILES = ["full", "full", "room", "beside", "beside"]


def selected(site: type[Site], cohort: str) -> Selector:
    return Selector(cohorts=[cohort]) if site is Cohorts else Selector(tags={TAG: cohort})


@st.composite
def policies(draw: st.DrawFn, site: type[Site]) -> Policy:
    waves: list[Any] = [[Wave(units=selected(site, one)) for one in COHORTS[:2]], ["30%", "100%"], []]
    if site is Cohorts:
        first, second, third = (selected(site, one) for one in COHORTS)
        whole = Wave(units=first, share="100%")
        waves.append([Wave(units=first, share="50%"), whole])
        waves.append([Wave(units=first, share="25%"), Wave(units=second, share="50%"), whole, Wave(units=third)])
    rollout = Rollout(
        waves=draw(st.sampled_from(waves)),
        max_moving=None if site is Cohorts else draw(st.sampled_from([None, "1", "2"])),
        success=draw(st.sampled_from([None, "50%"])),
        failure=draw(st.sampled_from([None, Failure(percent="30%", minimum=1)])),
        soak=draw(st.sampled_from([None, "2h"])),
        deadline="2h",
        on_failure=draw(st.sampled_from(["halt", "rollback"])),
    )
    halting = Rollout(waves=waves[0], success="50%", failure=Failure(percent="30%", minimum=1), deadline="2h")
    return Policy(
        rollout=draw(st.sampled_from([rollout, rollout, halting, None])),
        opens=draw(st.sampled_from([None, 2, 20])),
        lasts=draw(st.sampled_from([3, 12])),
        most=draw(st.sampled_from([None, None, 4, 9])),
        keep=Keep(per=TAG) if site is not Cohorts and draw(st.booleans()) else None,
    )


@st.composite
def happenings(draw: st.DrawFn, kinds: list[str] = KINDS) -> tuple[float, Happening]:
    pause = draw(st.sampled_from([60.0, 300.0, HOUR, HOUR, 5 * HOUR, 26 * HOUR]))
    kind, number, version = draw(st.sampled_from(kinds)), draw(st.integers(0, 8)), draw(st.sampled_from(RELEASES))

    def happens(month: Month) -> None:
        happen(month, kind, number, version)

    happens.__name__ = f"{kind}_{number}_{version}"
    return pause, happens


def happen(month: Month, kind: str, number: int, version: str) -> None:
    """Let something happen."""
    site = month.site
    unit = site.units[number % len(site.units)]
    if kind == "commit":
        month.version = version
    elif kind == "revert":
        month.version = RELEASES[0]
    elif kind == "ban":
        month.banned ^= {version}
    elif kind == "bad":
        month.version = version
        for one in site.units[number % 2 :: 2]:
            fails(month, one, True)
    elif kind in {"drift", "drifts"}:
        for place in range(1 if kind == "drift" else 3):
            site.tell(month.workload, site.units[(number + place) % len(site.units)], version)
    else:
        befall(month, kind, number, unit)


def befall(month: Month, kind: str, number: int, unit: str) -> None:
    """Let devices, networks, processes and clocks do something."""
    if kind in {"cut", "lost"}:
        month.cut, month.lose = number * number, kind == "lost"
    elif kind == "offline":
        away(month, unit, True)
    elif kind == "back":
        away(month, unit, False)
    elif kind in {"fail", "mend"}:
        fails(month, unit, kind == "fail")
    elif kind == "killed":
        month.dies_in = number * 2
    elif kind == "dies":
        month.kill_at = number % 3
    elif kind == "forgets":
        month.forgets = True
        month.forgot, month.halted = month.clock.now(), set()
        month.dies_in = 0
    elif kind == "clock":
        month.clock.step -= HOUR
    elif kind == "merge":
        month.merge()
    elif kind in {"full", "room"}:
        month.kept.fill(kind == "full")
    elif kind == "beside":
        month.beside()


def fails(month: Month, unit: str, failing: bool) -> None:
    month.site.fail(unit, failing)
    month.failing = month.failing | {unit} if failing else month.failing - {unit}


def away(month: Month, unit: str, gone: bool) -> None:
    month.site.away(unit, gone)
    if isinstance(month.site, Cohorts):
        return  # who is there is not told of cohorts
    master = getattr(getattr(month.site.simulator.world, "fleet", None), "master", None)
    site: Any = month.site
    if master is not None and site.world.fleet.devices[unit] is master:
        return
    if gone:
        month.offline.setdefault(unit, month.clock.time)
    else:
        month.offline.pop(unit, None)


def calm(month: Month) -> None:
    """Let everybody be there, and well."""
    month.calm = True
    month.kept.fill(False)
    month.banned = set()
    for unit in month.site.units:
        away(month, unit, False)
        month.site.fail(unit, False)
    month.failing = set()


def nothing(month: Month) -> None:
    """Let time pass."""


@st.composite
def months(draw: st.DrawFn, kind: str, kinds: list[str] = KINDS, keeping: type[Kept] = Kept) -> Month:
    clock = Pace()
    site = SITES[kind](clock, {})
    story = draw(st.lists(happenings(kinds), min_size=5, max_size=15))
    policy = draw(policies(SITES[kind]))
    if policy.rollout is not None and policy.rollout.failure is not None:
        story.insert(0, draw(happenings(["bad"])))
    quiet: list[tuple[float, Happening]] = [(HOUR, calm), *[(5 * HOUR, nothing)] * 360]
    month = Month(site, clock, policy, keeping(clock.now), [*story, *quiet])
    for unit in site.units:
        site.run(month.workload, unit, RELEASES[0])
    clock.time += DAY
    return month


def hold(month: Month) -> None:
    """Live it, and look whether every promise was kept."""
    month.live()
    assert not month.broken, "\n".join(month.broken[:5])
    assert not month.unexplained(), month.plan


@pytest.mark.parametrize("kind", list(SITES))
def test_a_month_keeps_every_promise_and_ends_as_git_says(kind: str) -> None:
    FEWER(given(months(kind))(hold))()


@pytest.mark.parametrize("kind", list(SITES))
def test_a_clock_set_back_and_a_history_that_is_gone_send_nothing_twice(kind: str) -> None:
    FEWER(given(months(kind, [*KINDS, "clock", "forgets", "forgets"]))(hold))()


@pytest.mark.usefixtures("empty_history")
@pytest.mark.parametrize("kind", list(SITES))
def test_a_history_in_a_file_that_was_killed_full_and_shared_breaks_none_of_them(kind: str) -> None:
    FEWER(given(months(kind, [*KINDS, *OF_FILES, "clock", "forgets"], File))(hold))()
