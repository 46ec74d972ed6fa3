"""What requirements keep between platforms: no call of ours makes a pair that they forbid, and what can be is reached.

A Losant application, a CDN master of GetApp and a Memfault project stand under one clock, tied by a tag. A guard stands
before each simulator and looks at all three worlds at the moment of every write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.fleet import Document, FleetSpec, Override, Selector, WorkloadSpec
from tests.laws.mixed import SITES, Worlds
from tests.laws.mixed_sites import COHORTS, RELEASES, TAG
from tests.laws.said import Git, Place, Said
from tests.laws.strategies import locate
from tests.laws.worlds import Clock, Killed

PLACES: tuple[Place, ...] = (
    ("plant", "modbus-poller"),
    ("plant", "vision"),
    ("yard", "radio"),
    ("yard", "maps"),
    ("field", "main-fw"),
)
RANGES = {">=1.1": RELEASES[1:], "<1.2": RELEASES[:2], ">=1.1,<=1.1.0": RELEASES[1:2]}
RUNS = 6
"""How often is enough: as many stages as there are places, and one run that finds nothing to do."""

MET, LEFT, ASKED = "met", "left", "asked"
"""How a requirement can stand at first: met, what requires on its way out, or something else asked of what is required."""
LIKELY = {MET: 9, ASKED: 9, LEFT: 2, "": 5}
"""In how many of ten cases a fleet wants what is accepted."""

FEWER = settings(max_examples=max(20, settings().max_examples // 3))
"""An example is a whole story in three worlds; the profile `deep` tells hundreds of them."""

Act = Callable[["Worlds"], None]


@pytest.fixture(scope="module", autouse=True)
def _few_at_a_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.platforms.losant.compile.IDS_PER_CALL", 1)
        for module in ("plan", "group"):  # one connection after another, so that an example is the same each time
            patch.setattr(f"reconciler.engine.{module}.at_once", lambda jobs: [job() for job in jobs])
        patch.setattr("reconciler.engine.apply.merged", chain.from_iterable)
        yield


# --- what is drawn ------------------------------------------------------------------------------------------------------


@st.composite
def _choices(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["version"] * 8 + ["absent", "unmanaged"]))
    return {"version": draw(st.sampled_from(RELEASES))} if kind == "version" else {kind: True}


@st.composite
def _versions(draw: st.DrawFn, wanted: str | None, likely: int) -> tuple[str | tuple[str, ...], frozenset[str]]:
    """A range or a list, mostly one that takes the version that is wanted."""
    aim = wanted if draw(st.integers(0, 9)) < likely else None
    if draw(st.booleans()):
        ranges = [text for text, versions in RANGES.items() if aim is None or aim in versions]
        written = draw(st.sampled_from(ranges))
        return written, frozenset(RANGES[written])
    more = draw(st.sets(st.sampled_from(RELEASES), min_size=0 if aim else 1, max_size=2))
    accepted = frozenset(more | ({aim} if aim else set()))
    return tuple(sorted(accepted)), accepted


@st.composite
def gits(draw: st.DrawFn, likely: int = 5) -> Git:
    """A fleet a connection; requirements between any of their workloads, in one direction or the other."""
    order = draw(st.permutations(PLACES))
    choices = {place: draw(_choices()) for place in PLACES}
    pairs = [(holder, goal) for place, holder in enumerate(order) for goal in order[place + 1 :]]
    lines = []
    for holder, goal in draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=2, unique=True)):
        written, accepted = draw(_versions(choices[goal].get("version"), likely))
        joined = holder[0] != goal[0] or not draw(st.integers(0, 2))
        lines.append(Said(holder[0], holder, goal, accepted, written, TAG if joined else None))
    fleets = {}
    for name, make in SITES.items():
        del make
        workloads = {}
        for place in (one for one in PLACES if one[0] == name):
            overrides = (
                [Override(units=Selector(tags={TAG: COHORTS[0]}), **draw(_choices()))]
                if not draw(st.integers(0, 5))
                else []
            )
            requires = {line.goal[1]: line.entry() for line in lines if line.holder == place}
            workloads[place[1]] = WorkloadSpec(**choices[place], overrides=overrides, order="semver", requires=requires)
        units = draw(st.sampled_from([Selector(all=True)] * 3 + [Selector(tags={TAG: list(COHORTS[:2])})]))
        spec = FleetSpec(connection=name, units=units, workloads=workloads, allow_empty=True)
        fleets[name] = Document(name, spec, "f.yaml", locate)
    return Git(fleets, tuple(lines))


ANSWERS: dict[str, tuple[dict[str, str], ...]] = {
    "plant": ({}, {}, {"write-visible": "now"}, {"empty-rows": "dropped"}, {"etags": "absent"}),
    "yard": (
        {},
        {},
        {"auto-deploy": "always"},
        {"auto-deploy": "never"},
        {"gone-rows": "drops"},
        {"multi-version": "deleted"},
        {"multi-version": "uninstalled", "cdn-action-body": "catalog_id+device_ids"},
    ),
    "field": ({}, {}, {"activation-visible": "later"}, {"pull-status": "pulled"}, {"device-shape": "live"}),
}
"""Answers to open questions with which everything can be reached."""

ODD: dict[str, tuple[dict[str, str], ...]] = {"yard": ({"multi-version": "side-by-side"},)}
"""Answers with which what should go stays."""


@st.composite
def worlds(draw: st.DrawFn, *, calm: bool = False) -> Worlds:
    """Three connections whose slots hold anything, and manifests for them. Where it is calm, all can be reached."""
    clock = Clock()
    theme = MET if calm else draw(st.sampled_from(["", MET, LEFT, ASKED]))
    answers = ANSWERS if calm else {name: (*some, *ODD.get(name, ())) for name, some in ANSWERS.items()}
    sites = {name: make(clock, draw(st.sampled_from(answers[name]))) for name, make in SITES.items()}
    found = Worlds(clock, sites, draw(gits(LIKELY[theme])))
    held = st.sampled_from([*RELEASES, None])
    for name, workload in PLACES:
        alike = draw(st.booleans())
        common = draw(held)
        for unit in sites[name].units:
            sites[name].run(workload, unit, common if alike else draw(held))
    plant: Any = sites["plant"]
    plant.crowded = not calm
    if theme:
        _play(theme, found, found.git.lines[0], draw(st.integers(0, 5)))
    clock.sleep(5)
    draw(meddlings(calm=calm))(found)
    return found


def _play(theme: str, found: Worlds, line: Said, number: int) -> None:
    """Have one requirement be met everywhere, the workload that requires being there, and perhaps a change be under way."""
    accepted = sorted(line.accepted)
    others: list[str | None] = [version for version in RELEASES if version not in accepted]
    wanted = found.git.fleets[line.fleet].spec.workloads[line.holder[1]].version
    before = [version for version in RELEASES if version != wanted]
    home, there = found.sites[line.holder[0]], found.sites[line.goal[0]]
    for unit in there.units:
        there.run(line.goal[1], unit, accepted[number % len(accepted)])
    for unit in home.units:
        home.run(line.holder[1], unit, before[number % 2])
    found.clock.sleep(5)
    for unit in home.units if theme == LEFT else ():
        home.late(line.holder[1], unit, None)
    for unit in there.units if theme == ASKED else ():
        there.late(line.goal[1], unit, [*others, None][number % (1 + len(others))])


@st.composite
def meddlings(draw: st.DrawFn, *, calm: bool = False) -> Act:
    """What people and devices do besides: versions asked for by hand, devices that go and come, units that are tied anew."""
    kinds = ["tell", "tell", "run"]
    kinds += [] if calm else ["late", "away", "away", "back", "silence", "fail", "mend", "retag", "odd"]
    acts: list[Act] = []
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.sampled_from(PLACES))
        kind, number = draw(st.sampled_from(kinds)), draw(st.integers(0, 2))
        version = draw(st.sampled_from([*RELEASES, *RELEASES, None]))
        values = draw(st.sampled_from([[COHORTS[number]], [COHORTS[number]], [COHORTS[0]], [], list(COHORTS[:2])]))
        acts.append(_act(kind, place, number, version, values, draw(st.integers(0, 11))))
    pause = draw(st.sampled_from([0.0, 0.0, 60.0, 3600.0]))

    def meddle(found: Worlds) -> None:
        for act in acts:
            act(found)
        found.clock.sleep(pause)

    return meddle


def _act(kind: str, place: Place, number: int, version: str | None, values: list[str], odd: int) -> Act:
    name, workload = place

    def act(found: Worlds) -> None:
        site = found.sites[name]
        unit = site.units[number]
        acts: dict[str, Callable[[], None]] = {
            "tell": lambda: site.tell(workload, unit, version),
            "run": lambda: site.run(workload, unit, version),
            "late": lambda: site.late(workload, unit, version),
            "away": lambda: site.away(unit, True),
            "back": lambda: site.away(unit, False),
            "silence": lambda: site.silence(unit),
            "fail": lambda: site.fail(unit, True),
            "mend": lambda: site.fail(unit, False),
            "retag": lambda: site.retag(unit, values),
            "odd": lambda: site.odd(workload, unit, odd),
        }
        acts[kind]()

    return act


# --- the laws -----------------------------------------------------------------------------------------------------------


@FEWER
@given(worlds(), st.data())
def test_no_call_ever_makes_a_pair_that_a_requirement_forbids(found: Worlds, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        act = data.draw(st.sampled_from(["apply", "apply", "killed", "no wait", "git"]))
        if act == "git":
            found.git = data.draw(gits())
        elif act == "killed":
            found.apply_with(data.draw(st.integers(0, 120)), _die)
        else:
            found.apply(wait=act == "apply")
        assert not found.broken
        data.draw(meddlings())(found)
    found.apply()
    assert not found.broken


def _die() -> None:
    raise Killed


@FEWER
@given(worlds(calm=True))
def test_what_does_not_contradict_itself_is_reached(found: Worlds) -> None:
    contradiction, wishes = found.contradicts(), found.wishes()
    for _ in range(1 if contradiction else RUNS):
        found.apply()
        found.look()
        if all(found.reached(slot, wish) for slot, wish in wishes.items()):
            break
    assert not found.broken
    if not contradiction:
        assert not {slot: wish for slot, wish in wishes.items() if not found.reached(slot, wish)}
        assert not [one for fleet in found.plan().plan.fleets for one in fleet.held]
