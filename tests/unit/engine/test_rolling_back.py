"""A halted rollout is taken back in git until the history says that it was: with pauses, by any process, each failure said once."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from reconciler.core.remember import Remembering
from reconciler.core.track_record import TrackRecord
from reconciler.engine.rollback import FIRST, LONGEST, RollingBack, versions_of
from reconciler.errors import JournalError, SourceError, Unreachable
from reconciler.model.event import AnyEvent, Halted, Met, RollbackFailed, RolledBack, Ruled
from reconciler.model.fleet import Manifest, Rollout
from reconciler.model.memory import Memory as Remembered
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Listed, ReleaseInfo, ReleaseList
from reconciler.model.repository import TakenBack
from reconciler.model.rollout import RolloutPlan, RolloutState
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref
from tests.unit.engine.memory import Clock, Memory, planned, request

ROLLOUT, POLLER = RolloutId("fleet", "w1", "2"), Ref("w1", "poller")
HALTED = Halted(at=0.0, run="w", rollout=ROLLOUT, workload=POLLER, failed=3, attempted=4)
GONE = SourceError("the host is gone", hint="wait")
MADE = TakenBack(to="1", branch="b", commit="c", pushed=True, new=True)


class Branches:
    """Takes versions back, or fails, as is said; the last word holds."""

    def __init__(self, *says: TakenBack | SourceError) -> None:
        self.says = list(says)
        self.asked: list[tuple[RolloutId, str, str]] = []
        self.records: list[TrackRecord] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def take_back(self, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord) -> TakenBack:
        self.asked.append((rollout, workload.name, reason))
        self.records.append(record)
        self.meanwhile()
        found = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(found, SourceError):
            raise found
        return found


def manifest(on_failure: str | None = "rollback") -> Manifest:
    rollout = None if on_failure is None else Rollout(on_failure=on_failure)
    return request(rollout=rollout).manifest


class Watch:
    """Passes over one halted rollout, of a process whose history outlives it."""

    def __init__(self, *says: TakenBack | SourceError) -> None:
        self.clock = Clock()
        self.branches = Branches(*says)
        self.history = Remembering(0.0, durable=True)
        self.history.record(HALTED)
        self.platform = Memory(self.clock)
        self.manifest = manifest()
        one = RolloutPlan(
            rollout=ROLLOUT, workload=POLLER, state=RolloutState.HALTED, units=4, rest=1, failed=3, attempted=4
        )
        self.plan = msgspec.structs.replace(planned(self.platform, request()).plan.fleets[0], rollouts=(one,))

    def state(self, state: RolloutState) -> FleetPlan:
        (one,) = self.plan.rollouts
        return msgspec.structs.replace(self.plan, rollouts=(msgspec.structs.replace(one, state=state),))

    def passes(self, seconds: float = 0.0, *, renewed: bool = False, plan: FleetPlan | None = None) -> list[AnyEvent]:
        """Make one pass after so many seconds, by a process that knows nothing of the one before."""
        self.clock.time += seconds
        rolling = RollingBack(self.branches, self.history, self.clock, lambda _: self.platform)
        found: list[AnyEvent] = []
        for event in rolling.events([plan or self.plan], self.manifest, "w", renewed=renewed):
            self.history.record(event)
            found.append(event)
        return found


def test_it_is_taken_back_once_where_its_fleet_says_so() -> None:
    watch = Watch(MADE)
    (event,) = watch.passes()
    assert isinstance(event, RolledBack)
    assert (event.to, event.branch, event.pushed, event.new) == ("1", "b", True, True)
    assert watch.branches.asked == [(ROLLOUT, "poller", "rollout halted: 3 of 4 devices failed")]
    assert [watch.passes(10_000.0, renewed=True), len(watch.branches.asked)] == [[], 1]


@pytest.mark.parametrize("other", [manifest("halt"), manifest(None), msgspec.structs.replace(manifest(), fleets={})])
def test_no_fleet_that_does_not_ask_for_it_is_taken_back(other: Manifest) -> None:
    watch = Watch(MADE)
    watch.manifest = other
    assert (watch.passes(), watch.branches.asked) == ([], [])


@pytest.mark.parametrize("state", [one for one in RolloutState if one is not RolloutState.HALTED])
def test_only_what_stands_halted_is_taken_back(state: RolloutState) -> None:
    watch = Watch(MADE)
    assert (watch.passes(plan=watch.state(state)), watch.branches.asked) == ([], [])


def test_a_branch_that_another_process_made_ends_it_too() -> None:
    watch = Watch(msgspec.structs.replace(MADE, new=False))
    (event,) = watch.passes()
    assert isinstance(event, RolledBack)
    assert not event.new
    assert watch.passes() == []


def test_what_failed_is_tried_again_after_longer_and_longer_pauses_and_said_once() -> None:
    watch = Watch(GONE)
    pauses, known = [], []
    for _ in range(9):
        (event,) = watch.passes()
        assert isinstance(event, RollbackFailed)
        assert event.error == "the host is gone (wait)"
        pauses.append(event.pause)
        known.append(event.known)
        assert watch.passes(event.pause - 1.0) == [], "its pause is not over"
        watch.clock.time += 1.0
    assert pauses[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert pauses[-1] == LONGEST
    assert known == [False, *[True] * 8]
    watch.branches.says = [SourceError("it refuses")]
    (other,) = watch.passes()
    assert isinstance(other, RollbackFailed)
    assert not other.known
    watch.branches.says = [MADE]
    (made,) = watch.passes(other.pause)
    assert isinstance(made, RolledBack)


def test_other_manifests_and_a_clock_that_went_back_end_the_pause() -> None:
    watch = Watch(GONE)
    for _ in range(3):
        assert len(watch.passes(renewed=True)) == 1
    assert watch.passes() == []
    watch.clock.step = -3600.0
    assert len(watch.passes()) == 1


def test_a_stop_in_the_middle_is_no_failure() -> None:
    watch = Watch(GONE)
    watch.branches.meanwhile = lambda: setattr(watch.clock, "stop", True)
    assert (watch.passes(), len(watch.branches.asked)) == ([], 1)
    assert (watch.passes(), len(watch.branches.asked)) == ([], 1), "nothing begins after a stop"


def test_a_halt_after_a_resume_is_another_one() -> None:
    watch = Watch(MADE)
    watch.passes()
    ruling = Ruling(command=Command.RESUME, reason="r", by="ann", at=1.0)
    watch.history.record(Ruled(at=1.0, run="w", rollout=ROLLOUT, workload=POLLER, ruling=ruling))
    watch.history.record(HALTED)
    assert len(watch.passes()) == 1


def test_a_history_that_cannot_be_read_lets_nothing_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(MADE)

    def memory(*_: object) -> Remembered:
        raise JournalError("gone")

    monkeypatch.setattr(watch.history, "memory", memory)
    assert (watch.passes(), watch.branches.asked) == ([], [])


def test_what_the_history_and_the_platform_know_of_versions_is_handed_on() -> None:
    watch = Watch(MADE)
    one = RolloutId("fleet", "w1", "1")
    watch.history.record(Met(at=7.0, run="w", rollout=one, workload=POLLER, wave=0, met=True, whole=True))
    watch.passes()
    (record,) = watch.branches.records
    assert (record.complete, record.halted) == ({"1": 7.0}, frozenset({"2"}))


def listing(*versions: str, notes: tuple[str, ...] = ()) -> ReleaseList:
    return ReleaseList(tuple(Listed(POLLER, one, ReleaseInfo(True)) for one in versions), notes)


@pytest.mark.parametrize(
    ("answer", "there", "why"),
    [
        (lambda: listing("1", "2"), {"1", "2"}, ""),
        (listing, None, "it lists no version of poller"),
        (lambda: listing("1", notes=("page 2 was not read",)), None, "page 2 was not read"),
    ],
)
def test_which_versions_there_are_is_known_only_where_the_platform_says_so_for_certain(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], ReleaseList], there: set[str] | None, why: str
) -> None:
    platform = Memory(Clock())
    monkeypatch.setattr(platform, "releases", lambda _: answer())
    assert versions_of(lambda _: platform, "c", "poller") == (there, why)


def test_a_platform_that_does_not_answer_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    platform = Memory(Clock())

    def releases(_: object) -> ReleaseList:
        raise Unreachable("no route", operation="list")

    monkeypatch.setattr(platform, "releases", releases)
    assert versions_of(lambda _: platform, "c", "poller") == (None, "list: no route")
