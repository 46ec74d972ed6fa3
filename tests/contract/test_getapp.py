"""GetApp's steps, end to end: whatever the open questions answer, passes lead to what is wanted, and no further."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from reconciler.engine.apply import Applying
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.model.change import Change, Reason, Review, Verb
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.event import Intended, Settled
from reconciler.model.fleet import FleetSpec, Selector, WorkloadSpec
from reconciler.model.observation import Phase
from reconciler.model.origin import NOWHERE
from reconciler.model.outcome import ReceiptKind, Result
from reconciler.model.release import Release
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Platform
from reconciler.simulators.clock import ManualClock
from reconciler.simulators.getapp import GetAppSimulator, Shape, Variants, simulator
from reconciler.testing.changes import question_of
from reconciler.testing.subject import Rig, RunClock, Subject
from tests.contract.subjects_getapp import GETAPP_AGENT, GETAPP_CDN, connected, connection

WORKLOAD = "radio"
PASSES = 20

SUBJECTS = pytest.mark.parametrize("subject", [GETAPP_CDN, GETAPP_AGENT], ids=str)
VARIANTS = pytest.mark.parametrize(("question", "answer"), [("swagger", "on"), *GETAPP_CDN.variants], ids=str)


def wishes(snapshot: Snapshot, to: str | None) -> list[Change]:
    """Return what a manifest that wants one version (or none) everywhere asks of the slots that differ."""
    changes = []
    for row in range(len(snapshot.units)):
        state = snapshot.state(WORKLOAD, row)
        there = state.assigned == to and not state.extra_versions and state.phase is Phase.SETTLED
        if there or state.phase in (Phase.UNKNOWN, Phase.MOVING) or (to is None and not state.stages):
            continue
        verb = Verb.REMOVE if to is None else Verb.RELEASE if state.assigned in (None, to) else Verb.REPLACE
        changes.append(
            Change(
                unit=snapshot.units.ref(row),
                workload=next(one.ref for one in snapshot.workloads if one.id == WORKLOAD),
                verb=verb,
                from_=state.assigned,
                to=to,
                reason=Reason.CHANGE,
                steps=(),
                origin=NOWHERE,
                observed="",
                extra_versions=state.extra_versions,
            )
        )
    return changes


def a_pass(rig: Rig, to: str | None, *, units: frozenset[str] | None = None) -> tuple[list[str], Review]:
    """Do one pass; return the calls that were made, and what the platform said of the changes.

    What was prepared is looked up again in the same pass, and in no other: nothing is remembered.
    """
    calls, review, revealed = _a_look(rig, to, units, frozenset())
    if revealed:
        rig.clock.sleep(10.0)
        more, review, _ = _a_look(rig, to, units, revealed)
        calls += more
    rig.clock.sleep(60.0)
    return calls, review


def _a_look(
    rig: Rig, to: str | None, units: frozenset[str] | None, probe: frozenset[Release]
) -> tuple[list[str], Review, frozenset[Release]]:
    platform = rig.platform
    snapshot = platform.observe(Query())
    assert snapshot.coverage.complete, snapshot.coverage.problems
    changes = [one for one in wishes(snapshot, to) if units is None or one.unit.id in units]
    wanted = {Release(WORKLOAD, to): [one.unit.id for one in changes]} if to is not None else {}
    catalog = platform.catalog(wanted, snapshot, probe=probe)
    review = platform.review(changes, snapshot, catalog)
    going = [change for position, change in enumerate(changes) if position not in review.holds]
    actions = platform.compile(going, snapshot, catalog, fleet_wide=())
    assert sorted(slot for action in actions for slot in action.slots) == list(range(len(going)))
    assert [action.stage for action in actions] == sorted(action.stage for action in actions)
    for action in actions:
        receipt = platform.execute(action, rig.deadline)
        assert receipt.kind is ReceiptKind.ACCEPTED, receipt
    revealed = frozenset(release for action in actions for release in action.reveals)
    return [action.call for action in actions], review, revealed


def passes(rig: Rig, to: str | None, *, units: frozenset[str] | None = None) -> list[str]:
    """Do passes until none calls anything; return all calls."""
    calls: list[str] = []
    for _ in range(PASSES):
        made, _ = a_pass(rig, to, units=units)
        if not made:
            return calls
        calls += made
    raise AssertionError(f"no end after {PASSES} passes: {calls}")


@SUBJECTS
@VARIANTS
def test_passes_bring_a_version_everywhere(subject: Subject, question: str, answer: str) -> None:
    rig = subject.rig(25, 3, variants={question: answer}, offline=0.0, failing=0.0, delivery=True)
    for version in ("1.0.0", "1.3.0"):
        calls = passes(rig, version)
        assert {"getapp.prepare", "getapp.deliver"} <= set(calls)
        assert ("getapp.push" in calls) is (subject is GETAPP_CDN and answer != "not-needed")
        slots = {slot: value for slot, value in rig.truth().items() if slot[1] == WORKLOAD}
        side_by_side = (question, answer) == ("multi-version", "side-by-side")
        if not (side_by_side and subject is GETAPP_CDN):  # no uninstall over the CDN: an older request leaves the newer
            assert set(slots.values()) == {(version, version)}
    after = rig.truth()
    assert passes(rig, "1.3.0") == []
    assert rig.truth() == after


@VARIANTS
def test_passes_take_a_project_from_an_agent(question: str, answer: str) -> None:
    rig = GETAPP_AGENT.rig(1, 3, variants={question: answer})
    calls = passes(rig, None)
    assert "getapp.uninstall" in calls
    assert not [slot for slot in rig.truth() if slot[1] == WORKLOAD]


def test_a_cdn_has_no_uninstall_and_says_so() -> None:
    rig = GETAPP_CDN.rig(5, 3, offline=0.0, failing=0.0)
    calls, review = a_pass(rig, None)
    assert calls == []
    assert {hold.code.value for holds in review.holds.values() for hold in holds} == {"unsupported"}


def test_an_agent_that_only_records_uninstalls_is_not_asked_for_ever() -> None:
    rig = GETAPP_AGENT.rig(1, 3, variants={"uninstall": "records-only"}, failing=0.0)
    assert passes(rig, None) == ["getapp.uninstall"]
    snapshot = rig.platform.observe(Query())
    state = snapshot.state(WORKLOAD, 0)
    assert (state.assigned, state.phase) == (None, Phase.MOVING)
    assert state.reported is not None
    assert Condition(ConditionCode.UNINSTALL_ASKED) in state.conditions


def test_devices_that_are_away_are_held_and_told_later() -> None:
    rig = GETAPP_CDN.rig(20, 3, offline=0.5, failing=0.0)
    snapshot = rig.platform.observe(Query())
    away = [row for row in range(20) if snapshot.state(WORKLOAD, row).phase is Phase.UNKNOWN]
    assert away
    assert all(snapshot.units[row].reach.name == "DISCONNECTED" for row in away)
    silent = (Condition(ConditionCode.NOT_REPORTING),)
    assert all(snapshot.state(WORKLOAD, row).conditions == silent for row in away)


# --- processes that know nothing of each other ----------------------------------------------------------------------


def world_of(clock: ManualClock, prepare: float, push: str = "not-needed") -> GetAppSimulator:
    """Return a fleet whose server takes so many seconds to prepare a release."""
    shape = Shape(units=4, workloads=3, versions=4, seed=1, offline=0.0, failing=0.0, settle=2.0, prepare=prepare)
    return simulator(shape, clock=clock, variants=Variants({"cdn-push": push}))


def planned_for(
    world: GetAppSimulator, clock: ManualClock, to: str, topology: str = "cdn", **spec: Any
) -> tuple[PlanResult, list[httpx.Request]]:
    """Plan as a process of its own; return its plan, and the requests."""
    seen: list[httpx.Request] = []
    platform = connected(world, clock, msgspec.structs.replace(connection(topology, {}), **spec), seen)
    workloads = {WORKLOAD: WorkloadSpec(version=to)}
    question = question_of(FleetSpec(connection="plant", units=Selector(names=["*"]), workloads=workloads))
    return plan(question, lambda _: platform, RunClock(clock)), seen


def one_pass(world: GetAppSimulator, clock: ManualClock, to: str) -> list[str]:
    """Plan and apply once without waiting, as a process of its own; return its calls."""
    planned, _ = planned_for(world, clock, to)
    options = Options(wait=False, concurrency=1, allow=dict.fromkeys(("replace", "release"), "test"))
    events = list(Applying(planned, options, RunClock(clock), run="pass").events())
    clock.advance(10.0)
    return [event.kind for event in events if isinstance(event, Intended)]


def test_each_process_sends_prepare_again_until_it_is_done_and_delivers_in_that_pass() -> None:
    clock = ManualClock()
    world = world_of(clock, prepare=25.0)
    calls = [one_pass(world, clock, "1.0.0") for _ in range(6)]
    prepare, deliver, deploy = "getapp.prepare", "getapp.deliver", "getapp.deploy"
    assert calls[:5] == [[prepare], [prepare], [prepare], [prepare, deliver], [deploy]]
    assert not {prepare, deliver, deploy} & set(calls[5])


def test_what_a_preparation_reveals_goes_in_the_same_pass_although_other_calls_came_between() -> None:
    clock = ManualClock()
    world = world_of(clock, prepare=0.0)
    platform = connected(world, clock, connection("cdn", {}), [])
    snapshot = platform.observe(Query())
    first = [one for one in wishes(snapshot, "1.0.0") if one.unit.id == snapshot.units.ids[0]]
    catalog = platform.catalog({Release(WORKLOAD, "1.0.0")}, snapshot, probe={Release(WORKLOAD, "1.0.0")})
    (delivery,) = platform.compile(first, snapshot, catalog, fleet_wide=())
    assert platform.execute(delivery, clock.now + 60.0).kind is ReceiptKind.ACCEPTED
    clock.advance(30.0)
    assert one_pass(world, clock, "1.0.0") == ["getapp.prepare", "getapp.deploy", "getapp.deliver"]


# --- what the platform refuses to a device ----------------------------------------------------------------------------


@pytest.mark.parametrize("topology", ["cdn", "agent"])
@pytest.mark.parametrize("mode", ["offering", "delivery"])
def test_a_refusal_holds_its_device_alone_in_the_platforms_words_before_anything_is_sent(
    topology: str, mode: str
) -> None:
    clock = ManualClock()
    world = world_of(clock, prepare=0.0)
    ids = [*world.world.fleet.devices]
    refused = ids[0] if topology == "agent" else ids[1]
    world.world.restrict(refused, WORKLOAD, "1.0.0", "needs storage: 40 MB free", mode)
    planned, seen = planned_for(world, clock, "1.0.0", topology)
    (fleet,) = planned.plan.fleets
    shown = mode == "offering"  # a policy that is enforced later does not show
    held = {one.unit.id: [(hold.code.value, hold.text) for hold in one.reasons] for one in fleet.held}
    assert held == ({refused: [("not-offered", "needs storage: 40 MB free")]} if shown else {})
    others = {*ids} - {refused} if topology == "cdn" else set()
    assert {change.unit.id for change in fleet.changes} == others | (set() if shown else {refused})
    assert "availability" not in msgspec.json.encode(planned.plan).decode()
    assert not [one for one in seen if "bypass_policy" in one.url.params]
    assert one_pass(world, clock, "1.0.0")
    world.world.restrict(refused, WORKLOAD, "1.0.0", "")
    planned, _ = planned_for(world, clock, "1.0.0", topology)
    assert planned.plan.fleets[0].held == ()


def test_what_is_pushed_is_pushed_once_and_without_a_route_the_plan_says_so() -> None:
    clock = ManualClock()
    world = world_of(clock, prepare=0.0, push="needed")
    without = msgspec.structs.replace(connection("cdn", {}).routes, push=None)
    planned, _ = planned_for(world, clock, "1.0.0", routes=without, delivery=None)
    assert "radio 1.0.0 was not pushed to 3 devices" in str(planned.plan.fleets[0].warnings)
    planned, _ = planned_for(world, clock, "1.0.0", delivery=None)
    options = Options(allow=dict.fromkeys(("replace", "release"), "test"))
    events = list(Applying(planned, options, RunClock(clock), run="all").events())
    assert [event.kind for event in events if isinstance(event, Intended)].count("getapp.push") == 1
    assert {(row["assigned"], row["runs"]) for row in world.world.state() if row["project"] == WORKLOAD} == {
        ("1.0.0", "1.0.0")
    }


# --- errors wherever they are told ----------------------------------------------------------------------------------


def applied(
    platform: Platform, clock: RunClock, to: str | None, *, wait: bool = True
) -> tuple[list[str], set[tuple[str, Result, str]]]:
    """Plan and apply; return the calls, and what came of slots."""
    spec = WorkloadSpec(version=to) if to is not None else WorkloadSpec(absent=True)
    fleet = FleetSpec(connection="plant", units=Selector(names=["*"]), workloads={WORKLOAD: spec})
    planned = plan(question_of(fleet), lambda _: platform, clock)
    allow = dict.fromkeys(("replace", "release", "remove"), "test")
    events = list(Applying(planned, Options(allow=allow, wait=wait), clock, run="errors").events())
    ended = {
        (one.outcome.unit.id, one.outcome.result, one.outcome.detail) for one in events if isinstance(one, Settled)
    }
    return [one.kind for one in events if isinstance(one, Intended)], ended


@pytest.mark.parametrize("state", ["deploy", "downloaded", "installed"])
def test_an_installation_that_fails_is_sent_once_a_run_and_told_with_its_text(state: str) -> None:
    def elsewhere(body: bytes) -> bytes:
        return body.replace(b'"state":"deploy"', b'"state":"%b"' % state.encode())

    rig = GETAPP_AGENT.rig(
        1, 2, failing=1.0, variants={"auto-deploy": "never", "repeat-action": "200"}, rewrite=elsewhere
    )
    text = "the installer ended with exit code 1; the installed version was kept"
    for expected in (["getapp.deliver", "getapp.deploy"], ["getapp.deploy"]):
        calls, ended = applied(rig.platform, rig.clock, "1.3.0")
        assert (calls, [one[1:] for one in ended]) == (expected, [(Result.FAILED, text)])


def test_a_removal_that_fails_is_told_with_its_text() -> None:
    def failing(body: bytes) -> bytes:
        said = body.replace(b'"deviceReleaseStatus":"Uninstall"', b'"deviceReleaseStatus":"Error"')
        return said if said == body else said.replace(b'"errMsg":null', b'"errMsg":"uninstaller exit 3"')

    rig = GETAPP_AGENT.rig(1, 2, variants={"uninstall": "records-only"}, failing=0.0, rewrite=failing)
    calls, ended = applied(rig.platform, rig.clock, None)
    assert (calls, [one[1:] for one in ended]) == (["getapp.uninstall"], [(Result.FAILED, "uninstaller exit 3")])


def test_a_device_that_a_master_says_it_did_not_reach_is_one_failure() -> None:
    """It is active, since it reported within a day, but not connected now: no document tells that beforehand."""
    clock = ManualClock()
    shape = Shape(units=6, workloads=2, versions=4, seed=1, offline=0.0, failing=0.0, settle=2.0)
    world = simulator(
        shape, clock=clock, variants=Variants({"cdn-partial-failure": "listed", "cdn-push": "not-needed"})
    )
    seen: list[httpx.Request] = []
    platform = connected(world, clock, connection("cdn", {}, delivery=False), seen)
    world.world.set_online("edge-000003", False)
    _, ended = applied(platform, RunClock(clock), "1.3.0")
    failed = {(unit, detail) for unit, result, detail in ended if result is Result.FAILED}
    assert failed == {("edge-000003", "the device is not connected")}
    assert {result for _, result, _ in ended} == {Result.FAILED, Result.DONE}


def test_a_run_that_does_not_wait_says_what_was_accepted_and_what_follows() -> None:
    rig = GETAPP_AGENT.rig(1, 2, failing=0.0, variants={"auto-deploy": "never"})
    calls, ended = applied(rig.platform, rig.clock, "1.3.0", wait=False)
    assert calls == ["getapp.deliver"]
    assert [one[1:] for one in ended] == [(Result.WAITING, "accepted; not waited for; another run sends getapp.deploy")]
