"""What apply keeps over a simulated Losant application: it converges, touches nothing else, and calls little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.assessment import FleetAssessment
from reconciler.core.judge import CHANGES
from reconciler.core.resolve import Resolution, resolve
from reconciler.engine.plan import PlanResult
from reconciler.model.desired import Want
from reconciler.model.event import Called
from reconciler.model.fleet import Document, Selector
from reconciler.model.outcome import Result
from reconciler.model.plan import FleetPlan
from reconciler.model.unit import Reach
from reconciler.simulators.exchange import Request
from reconciler.simulators.losant import Variants
from reconciler.views import plan_json
from tests.laws import worlds
from tests.laws.worlds import FLOWS, RELEASES, Rows, Site, drain, meddling, newcomer, simple

IDS_PER_CALL = 3
wide_modes = st.sampled_from(["never", "scope", "scope", "proved"])


@pytest.fixture(scope="module", autouse=True)
def _few_ids_a_call() -> Iterator[None]:
    """Let calls be full after a few units, so that small applications need several and wide calls pay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.platforms.losant.compile.IDS_PER_CALL", IDS_PER_CALL)
        yield


def resolved(site: Site, fleet: Document) -> Resolution:
    """Return what a fleet wants of the application as it is."""
    site.faulty(False)
    snapshot = site.snapshot()
    return resolve(fleet, {}, snapshot.units, snapshot.workloads)


def wishes(site: Site, fleet: Document) -> dict[tuple[str, str], str | None]:
    """Return what a fleet wants of each slot it manages, None for absent."""
    found = resolved(site, fleet)
    ids = site.snapshot().units.ids
    return {
        (ids[row], flow): column.rule(row).value.version
        for flow, column in found.columns.items()
        for row in range(len(ids))
        if column.rule(row).value.want is not Want.UNMANAGED
    }


def only(planned: PlanResult) -> tuple[FleetPlan, FleetAssessment]:
    """Return the one fleet of a plan."""
    plan_json.check(planned.plan)
    entry = planned.plan.fleets[0]
    return entry, planned.assessments[entry.fleet]


def differing(before: Rows, after: Rows) -> dict[tuple[str, str], str | None]:
    """Return the slots whose desired version is another, with the new one."""
    return {slot: after.get(slot) for slot in before.keys() | after.keys() if before.get(slot) != after.get(slot)}


@given(worlds.fleets(), worlds.variants(), wide_modes, meddling(), st.integers(1, 5), st.sampled_from([0.0, 0.3]))
def test_after_apply_has_settled_only_held_slots_remain(
    fleet: Document,
    variants: Variants,
    wide: str,
    meddle: Callable[[Site], None],
    seed: int,
    share: float,
) -> None:
    site = Site(seed=seed, offline=share, failing=share, variants=variants, wide_calls=wide)
    meddle(site)
    request = site.request(fleet)
    planned = site.plan(request)
    entry, _ = only(planned)
    assert entry.basis.complete
    before = site.rows()
    run = site.apply(request, planned=planned, deadline=60.0)
    after = site.rows()
    changes = {(change.unit.id, change.workload.id): change.to for change in entry.changes}
    assert differing(before, after) == {slot: to for slot, to in changes.items() if before.get(slot) != to}
    assert len(run.outcomes) == len(changes)
    left, assessment = only(site.plan(request))
    assert not left.changes
    assert {held.unit.id for held in left.held} <= {held.unit.id for held in entry.held}
    for judged in assessment.judged:
        assert all(found not in CHANGES or left.held for found, _, _ in judged.tally)
    results = Counter(outcome.result for outcome in run.outcomes)
    assert set(results) <= {Result.DONE, Result.WAITING, Result.FAILED}
    assert run.exit_code == (4 if results[Result.FAILED] else 0)
    units = site.snapshot().units
    for outcome in run.outcomes:
        if outcome.result is Result.WAITING and "no" not in variants.answers.values():
            assert units[units.index[outcome.unit.id]].reach is not Reach.CONNECTED
    if not share:
        assert not results[Result.FAILED]


@given(worlds.fleets(), worlds.variants(), wide_modes, st.integers(1, 5))
def test_calls_are_few(fleet: Document, variants: Variants, wide: str, seed: int) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide)
    entry, assessment = only(site.plan(site.request(fleet)))
    site.apply(site.request(fleet))
    groups = Counter((change.workload.id, change.to) for change in entry.changes)
    sent = Counter((flow, to) for flow, to, _ in site.released())
    assert sum(sent.values()) == len(entry.actions)
    for group, slots in groups.items():
        assert sent[group] <= -(-slots // IDS_PER_CALL)
    assert set(sent) <= set(groups)
    wides = [action for action in entry.actions if action.wide]
    if wide == "never":
        assert not wides
    if wide == "scope":
        assert {action.request.body["flowId"] for action in wides} <= assessment.fleet_wide


def test_a_whole_application_moves_with_one_wide_call() -> None:
    site = Site(units=12)
    apply = site.apply(site.request(simple("v1.0.0")))
    assert apply.exit_code == 0
    site.simulator.calls.clear()
    assert site.apply(site.request(simple("v1.2.0"))).exit_code == 0
    assert [(to, devices) for _, to, devices in site.released()] == [("v1.2.0", ())]


@given(
    worlds.fleets(),
    worlds.variants(but=["max-per-page"]),
    wide_modes,
    st.integers(1, 5),
    st.integers(0, 30),
    st.sampled_from(FLOWS),
    st.sampled_from(RELEASES),
    st.sampled_from([(), (("site", "austin"),), (("ring", "broad"), ("site", "berlin"))]),
)
def test_nothing_outside_scope_and_changes_is_hit_whoever_comes_meanwhile(
    fleet: Document,
    variants: Variants,
    wide: str,
    seed: int,
    moment: int,
    flow: str,
    held: str,
    tags: tuple[tuple[str, str], ...],
) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide)
    request = site.request(fleet)
    planned = site.plan(request)
    entry, _ = only(planned)
    before = site.rows()
    strangers: list[str] = []
    left = [moment]

    def arrive(request: Request) -> None:
        """Let a foreign holder of a version appear before the n-th request, but for the blink between count and call."""
        left[0] -= 1
        if left[0] == 0 and not (wide == "proved" and request.path.endswith("/replace")):
            strangers.append(newcomer(site, flow, held, tags))

    site.wire.before = arrive
    site.apply(request, planned=planned, deadline=60.0)
    site.wire.before = lambda request: None
    changes = {(change.unit.id, change.workload.id): change.to for change in entry.changes}
    wanted = wishes(site, fleet)
    for slot, to in differing(before, site.rows()).items():
        if slot[0] in strangers:
            assert to in {held, wanted.get(slot, held)}
        else:
            assert slot in changes
            assert changes[slot] == to


@given(
    worlds.fleets(),
    worlds.variants(),
    wide_modes,
    st.integers(1, 3),
    st.sampled_from(["before", "after", "between"]),
    st.integers(1, 6),
)
def test_killed_after_any_call_and_run_again_it_converges(
    fleet: Document, variants: Variants, wide: str, seed: int, where: str, number: int
) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide)
    request = site.request(fleet)
    changes = {(change.unit.id, change.workload.id): change.to for change in only(site.plan(request))[0].changes}
    left = [number]

    def die(request: Request) -> None:
        if request.method == "POST":
            left[0] -= 1
            if left[0] == 0:
                raise worlds.Killed

    if where != "between":
        setattr(site.wire, where, die)
    events = site.applying(request).events()
    try:
        for event in events:
            if where == "between" and isinstance(event, Called):
                left[0] -= 1
                if left[0] == 0:
                    events.close()
    except worlds.Killed:
        pass
    site.wire.before = site.wire.after = lambda request: None
    site.clock.sleep(5)
    site.simulator.calls.clear()
    told = site.rows()
    again = site.apply(request)
    assert again.exit_code == 0
    for flow, to, devices in site.released():
        assert all(told.get((device, flow)) != to for device in devices)
    assert not only(site.plan(request))[0].changes
    rows = site.rows()
    assert all(rows.get(slot) == to for slot, to in changes.items())


@given(worlds.fleets(), worlds.fleets(), worlds.variants(), wide_modes, meddling(), st.integers(1, 5))
def test_a_saved_plan_does_nothing_that_git_or_the_plan_forbids(
    then: Document, now: Document, variants: Variants, wide: str, meddle: Callable[[Site], None], seed: int
) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide)
    saved = site.plan(site.request(then)).plan
    planned = {(change.unit.id, change.workload.id): change for change in saved.fleets[0].changes}
    versions = {(flow, version): identity for flow, version, identity in saved.fleets[0].basis.versions}
    assigned = site.rows()
    meddle(site)
    before = site.rows()
    run = site.applying(site.request(now), saved=saved)
    today = {(flow, version): identity for flow, version, identity in only(run.planned)[0].basis.versions}
    drain(run.events())
    wanted = wishes(site, now)
    assert len(run.outcomes) == len(planned)
    for slot, to in differing(before, site.rows()).items():
        change = planned[slot]
        assert to == change.to == wanted[slot]
        assert before.get(slot) == change.from_ == assigned.get(slot)
        if to is not None:
            assert versions[slot[1], to] == today[slot[1], to]


@given(worlds.fleets(), worlds.variants(), wide_modes, st.integers(1, 5))
def test_a_saved_plan_does_everything_in_an_unchanged_world(
    fleet: Document, variants: Variants, wide: str, seed: int
) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide)
    request = site.request(fleet)
    saved = site.plan(request).plan
    run = site.applying(request, saved=saved)
    drain(run.events())
    assert {outcome.result for outcome in run.outcomes} <= {Result.DONE}
    assert run.exit_code == 0
    assert site.plan(request).plan.fleets[0].summary.changes.total == 0
    again = site.applying(request, saved=saved)
    drain(again.events())
    assert {outcome.result for outcome in again.outcomes} <= {Result.DONE}
    assert (again.exit_code, again.sent) == (0, 0)


def test_units_that_cannot_be_reached_are_waited_for_no_longer_than_needed() -> None:
    site = Site(units=12, offline=1.0)
    run = site.apply(site.request(simple()), deadline=600.0)
    assert {outcome.result for outcome in run.outcomes} == {Result.WAITING}
    assert run.exit_code == 0
    assert site.clock.now() - worlds.NOW < 60
    assert {unit.reach for unit in map(site.snapshot().units.__getitem__, range(12))} == {Reach.DISCONNECTED}


def test_two_fleets_share_an_application() -> None:
    site = Site(units=12)
    ours = worlds.fleet(simple("v1.2.0", Selector(tags={"ring": "broad"})).spec, "a")
    theirs = worlds.fleet(simple("v1.0.0", Selector(not_=Selector(tags={"ring": "broad"}))).spec, "b")
    run = site.apply(site.request(ours, theirs))
    assert run.exit_code == 0
    assert set(site.rows().items()) >= {**wishes(site, ours), **wishes(site, theirs)}.items()


KINDS = (
    "429",
    "500",
    "reset",
    "lost",
    "slow",
    "truncate",
    "html",
    "short",
    "empty",
    "shift",
    "lag",
    "partial",
    "masked",
    "gone",
)


@pytest.mark.parametrize("kind", [*KINDS, "expire"])
@settings(max_examples=max(20, settings().max_examples // 3))
@given(
    fleet=worlds.fleets(),
    variants=worlds.variants(),
    wide=wide_modes,
    seed=st.integers(1, 10_000),
    share=st.sampled_from([0.0, 0.0, 0.3]),
)
def test_under_any_fault_no_slot_gets_worse_and_the_exit_code_tells_the_truth(
    kind: str, fleet: Document, variants: Variants, wide: str, seed: int, share: float
) -> None:
    site = Site(units=12, seed=seed, variants=variants, wide_calls=wide, offline=share)
    site.faults.configure(kind, 0.02 if kind == "expire" else 0.2)
    before = site.rows()
    wanted = wishes(site, fleet)
    site.faulty()
    request = site.request(fleet)
    planned = site.plan(request)
    site.faulty(kind != "expire" or not planned.plan.errored)
    run = site.apply(request, planned=planned, deadline=120.0)
    assert len(site.simulator.calls.writes) <= 40 * (1 + len(before))
    assert site.clock.now() - worlds.NOW < 3600
    site.faulty(False)
    site.clock.sleep(30)
    after = site.rows()
    for slot in before.keys() & after.keys():
        assert after[slot] in {before[slot], wanted.get(slot, before[slot])}
    if run.exit_code == 0:
        now = wishes(site, fleet)
        held = {(one.unit.id, one.workload.id) for entry in planned.plan.fleets for one in entry.held}
        for slot in before.keys() & now.keys():
            if now[slot] == wanted.get(slot):
                assert after.get(slot) == now[slot] or slot in held
    results = {outcome.result for outcome in run.outcomes}
    assert (run.exit_code == 0) <= (results <= {Result.DONE, Result.WAITING})
    if results & {Result.FAILED, Result.UNKNOWN}:
        assert run.exit_code in {1, 4}
