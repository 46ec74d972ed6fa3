"""Passes of watch: what counts as drift, what a pass says of itself, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.engine.manifests import QUIET, READINGS, Reloading
from reconciler.engine.plan import PlanResult
from reconciler.engine.run import Options
from reconciler.engine.watch import JITTER, LONGEST_PAUSE, Watching
from reconciler.engine.watched import Watched
from reconciler.errors import ManifestError, ReconcilerError, SettingsError
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.drift import DriftCause
from reconciler.model.event import (
    AnyEvent,
    Blocked,
    Called,
    Differing,
    Drifted,
    InForce,
    Note,
    Passed,
    Settled,
)
from reconciler.model.fleet import Limits, Manifest, Selector, Suspend
from reconciler.model.observation import Phase, State
from reconciler.model.origin import Origin
from reconciler.model.outcome import Result
from reconciler.model.quantity import iso
from reconciler.model.release import ReleaseInfo
from reconciler.model.snapshot import Coverage, Query, Snapshot
from reconciler.model.unit import Reach
from tests.unit.engine.memory import LOST, REFUSED, Clock, Memory, gone, request

INTERVAL = 60.0
NO_FILTERS = Filters()


class Between(Clock):
    """Pauses between passes let something happen each, first entry first; after the last one the watch ends."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens = list(happens)
        self.pauses: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []
        """What happens while a pass waits to read manifests again, first entry first."""

    def within(self, seconds: float) -> bool:
        """Let time pass within a pass."""
        if seconds == QUIET and self.meanwhile:
            self.meanwhile.pop(0)()
        return self.stop

    def sleep(self, seconds: float) -> bool:
        super().sleep(seconds)
        if seconds < INTERVAL:
            return self.within(seconds)
        self.pauses.append(seconds)
        if not self.happens:
            return True
        self.happens.pop(0)()
        return False


class Git:
    """Manifests as they are now, or why they cannot be read; `commit` is theirs."""

    def __init__(self, asked: PlanRequest, commit: str | None = "c") -> None:
        self.now: Manifest | ReconcilerError = asked.manifest
        self.commit = commit

    def load(self) -> Manifest:
        if isinstance(self.now, ReconcilerError):
            raise self.now
        return self.now

    def say(self, asked: PlanRequest, digest: str = "changed", commit: str | None = None) -> None:
        self.now = msgspec.structs.replace(asked.manifest, digest=digest)
        self.commit = commit


def watched(
    memory: Memory, git: Git | None = None, *, apply: bool = True, filters: Filters = NO_FILTERS
) -> list[AnyEvent]:
    """Watch until nothing more happens between passes; return what was told after the first manifests came into force."""
    how = Watched(interval=INTERVAL, apply=apply, filters=filters, options=Options(concurrency=1, wait=False))
    told = list(watch_of(memory, git or Git(request()), how).events())
    return [one for one in told if not isinstance(one, InForce) or one.changed]


def watch_of(memory: Memory, source: Git, how: Watched, keep: Callable[[PlanResult], None] | None = None) -> Watching:
    """Return a watch of a platform in memory."""
    return Watching(
        Reloading(source, lambda _: source.commit, memory.clock, "w"),
        lambda manifest: lambda name: memory,
        memory.clock,
        how,
        run="w",
        random=lambda: 0.5,
        keep=keep,
    )


def passes(*happens: Callable[[Memory], object], count: int = 4) -> Memory:
    """Return a platform at which something happens between passes."""
    clock = Between()
    memory = Memory(clock, count)
    clock.happens = [lambda one=one: one(memory) for one in happens]  # type: ignore[misc]  # bound now
    return memory


def drifts(events: list[AnyEvent]) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(one.unit.id, one.was, one.now, one.desired) for one in events if isinstance(one, Drifted)]


def test_what_somebody_changed_is_drift_once_and_says_what_was_there() -> None:
    memory = passes(lambda one: one.set("u1", "7"), lambda one: None)
    events = watched(memory)
    assert drifts(events) == [("u1", "2", "7", "2")]
    assert memory.calls == [("2", ("u0", "u1", "u2", "u3")), ("2", ("u1",))]
    memory = passes(lambda one: one.set("u1", "7"), lambda one: None)
    assert drifts(watched(memory, apply=False)) == [("u1", "1", "7", "2")], "it is told once, though it stays"


def test_our_own_changes_and_those_of_git_are_no_drift() -> None:
    assert drifts(watched(passes(lambda one: None))) == []
    memory, git = passes(lambda one: git.say(request("3"))), Git(request())
    events = watched(memory, git)
    assert drifts(events) == []
    assert [(one.fleets, one.commit) for one in events if isinstance(one, InForce)] == [(1, "")]
    assert memory.calls[-1] == ("3", ("u0", "u1", "u2", "u3"))


def test_what_git_asks_for_anew_and_what_a_unit_leaves_by_itself_have_their_causes() -> None:
    memory, git = passes(lambda one: git.say(request("3"))), Git(request("1"))
    watching = watched(memory, git, apply=False)
    assert [one.cause for one in watching if isinstance(one, Differing)] == [DriftCause.GIT]

    def leave(one: Memory) -> None:
        one.slots["u1", "w1"] = State("1", "0")

    def come_back(one: Memory) -> None:
        one.slots["u1", "w1"] = State("1", "1")

    events = watched(passes(leave, come_back), Git(request("1")), apply=False)
    (left,) = (one for one in events if isinstance(one, Drifted))
    assert (left.unit.id, left.was, left.now, left.desired, left.cause) == ("u1", "1", "0", "1", DriftCause.UNIT)


def test_no_connection_is_kept_open_between_passes() -> None:
    open_then: list[bool] = []

    def look(one: Memory) -> None:
        open_then.append(not one.closed)
        one.closed = False

    watched(passes(look, look))
    assert open_then == [False, False]


def test_a_unit_that_merely_comes_back_is_no_drift() -> None:
    def hide(one: Memory) -> None:
        del one.units["u1"]
        one.slots["u1", "w1"] = State("1", "1")

    def show(one: Memory) -> None:
        one.units["u1"] = Reach.CONNECTED

    events = watched(passes(hide, show))
    assert drifts(events) == []


def test_what_was_not_known_before_is_no_drift() -> None:
    memory = passes(lambda one: one.slots.update({("u1", "w1"): State("7", "7")}))
    memory.slots["u1", "w1"] = State(phase=Phase.UNKNOWN)
    assert drifts(watched(memory)) == []


@pytest.mark.parametrize("works", [True, False])
def test_a_call_whose_answer_was_lost_is_no_drift_whatever_came_of_it(works: bool) -> None:
    memory = passes(lambda one: one.set("u0", "2") if works else None, count=1)
    memory.script = [LOST] * 4
    memory.unreadable = [None, gone()]
    assert drifts(watched(memory)) == []


def test_what_nobody_knows_to_have_been_there_is_not_told() -> None:
    memory = passes(lambda one: one.set("u0", "7"), count=1)
    memory.script = [LOST] * 4
    assert drifts(watched(memory)) == []


def test_a_change_that_the_platform_refuses_is_no_drift() -> None:
    memory = passes(lambda one: None, count=1)
    memory.script = [REFUSED] * 2
    assert drifts(watched(memory)) == []


def test_an_accepted_call_without_effect_is_no_drift() -> None:
    memory = passes(lambda one: one.set("u0", "1"), count=1)
    assert drifts(watched(memory)) == []


def test_a_pass_ends_after_its_corrections_and_counts_them() -> None:
    events = watched(passes(lambda one: None))
    assert {event.run for event in events} == {"w"}
    names = [type(event).__name__ for event in events]
    assert names.index("Passed") > names.index("Finished") > names.index("Called")
    first, second = (event for event in events if isinstance(event, Passed))
    assert (first.number, first.changes, first.outcomes) == (1, 4, {"still waiting": 4})
    assert (second.number, second.changes, second.outcomes) == (2, 0, {})


def test_limits_are_never_passed_and_that_is_told() -> None:
    memory = passes(lambda one: None)
    events = watched(memory, Git(request(limits=Limits(replace="1"))))
    assert memory.calls == []
    assert len([event for event in events if isinstance(event, Blocked)]) == 1
    assert [event.violations for event in events if isinstance(event, Passed)] == [1, 1]


def test_a_fleet_that_is_merely_observed_is_not_changed() -> None:
    memory = passes(lambda one: None)
    events = watched(memory, Git(request(mode="observe")))
    assert not [event for event in events if isinstance(event, Called)]
    assert {one.message for one in events if isinstance(one, Note)} == {
        "nothing is sent: the mode of the fleet is observe"
    }


def test_wrong_manifests_leave_the_last_good_ones_in_force_and_every_pass_says_so() -> None:
    wrong = ManifestError([Diagnostic(code="missing", message="version is missing")])
    good = request()
    git = Git(good)
    memory = passes(
        lambda one: setattr(git, "now", wrong), lambda one: None, lambda one: setattr(git, "now", good.manifest)
    )
    events = watched(memory, git)
    stays = "the manifests are invalid; the last valid ones stay in force"
    assert [said.partition(":")[0] for said in notes(events)] == [stays, stays, "the manifests are valid again"]
    assert len([event for event in events if isinstance(event, Passed)]) == 4
    git.now = wrong
    with pytest.raises(ManifestError):
        watched(passes(), git)


def test_wrong_manifests_are_one_line() -> None:
    one = Diagnostic(code="missing", message="version is missing", origin=Origin("a.yaml", 3, 1))
    git = Git(request())
    memory = passes(lambda _: setattr(git, "now", ManifestError([one, one, one])), lambda _: None)
    assert notes(watched(memory, git))[0].endswith(
        ": a.yaml:3:1: version is missing; 2 more: run `reconciler validate`"
    )


def notes(events: list[AnyEvent]) -> list[str]:
    return [one.message for one in events if isinstance(one, Note)]


@pytest.mark.parametrize("commit", [None, "c-dirty", "c"])
def test_half_a_file_never_comes_into_force(commit: str | None) -> None:
    """The commit of what is in force says nothing of a file that somebody writes anew."""
    git = Git(request("1"), "c")
    memory = passes(lambda one: git.say(request("7"), "half", commit), lambda one: None)
    assert isinstance(memory.clock, Between)
    memory.clock.meanwhile = [lambda: git.say(request("3"), "whole", commit)]
    events = watched(memory, git)
    assert notes(events) == [
        "the manifests are being written; the last ones stay in force until they stay the same",
    ]
    assert [one.commit for one in events if isinstance(one, InForce)] == [commit or ""]
    assert {version for version, _ in memory.calls} == {"3"}


def test_what_another_commit_has_comes_into_force_at_once() -> None:
    git = Git(request("1"), "c")
    memory = passes(lambda one: git.say(request("3"), commit="d"))
    before = memory.clock.monotonic()
    watched(memory, git)
    assert {version for version, _ in memory.calls} == {"3"}
    assert memory.clock.monotonic() - before == 2 * INTERVAL


def test_a_commit_whose_files_are_just_being_checked_out_is_read_again() -> None:
    """Both are read between two files: what is there changes while git says that it is the commit's."""
    git = Git(request("7"), "d")
    memory = passes()
    first = msgspec.structs.replace(request("7").manifest, digest="half")
    whole = msgspec.structs.replace(request("3").manifest, digest="whole")
    read = iter([first])
    git.load = lambda: next(read, whole)  # type: ignore[method-assign]  # a reading
    watched(memory, git)
    assert {version for version, _ in memory.calls} == {"3"}


def test_the_first_manifests_are_read_until_they_stay_the_same() -> None:
    git = Git(request("7"), None)
    memory = passes()
    assert isinstance(memory.clock, Between)
    memory.clock.meanwhile = [lambda: git.say(request("8"), "more"), lambda: git.say(request("3"), "whole")]
    assert notes(watched(memory, git)) == []
    assert {version for version, _ in memory.calls} == {"3"}


def test_a_watch_that_finds_nothing_but_half_files_does_nothing_and_says_so() -> None:
    git = Git(request("7"), None)
    memory = passes()
    assert isinstance(memory.clock, Between)
    memory.clock.meanwhile = [lambda one=one: git.say(request("7"), str(one)) for one in range(READINGS)]  # type: ignore[misc]  # bound now
    assert notes(watched(memory, git)) == ["the manifests are being written; nothing is done until they stay the same"]
    assert memory.calls == []


def test_a_stop_while_manifests_are_read_again_ends_quietly() -> None:
    git = Git(request("7"), None)
    memory = passes()
    assert isinstance(memory.clock, Between)
    memory.clock.meanwhile = [lambda: setattr(memory.clock, "stop", True)]
    assert watched(memory, git) == []


def test_warnings_about_manifests_are_told_when_they_come_into_force() -> None:
    asked = request("1")
    warning = Diagnostic(code="x", severity=Severity.WARNING, message="this is odd", origin=Origin("a.yaml", 3, 1))
    git = Git(msgspec.structs.replace(asked, manifest=msgspec.structs.replace(asked.manifest, warnings=(warning,))))
    assert notes(watched(passes(lambda one: None), git)) == ["a.yaml:3:1: this is odd"]


def test_a_filter_that_matches_nothing_ends_a_watch_that_begins_and_is_told_by_one_that_goes_on() -> None:
    with pytest.raises(SettingsError, match="--unit u9 matches no unit"):
        watched(passes(lambda one: None), filters=Filters(units=("u9",)))
    nothing = request("2")
    nothing = msgspec.structs.replace(nothing, manifest=msgspec.structs.replace(nothing.manifest, fleets={}))
    git = Git(request("2"))
    told = notes(watched(passes(lambda one: git.say(nothing, commit="d"), lambda one: None), git))
    assert told == ["the manifests have no Fleet (add one; `reconciler import` writes one from what is running)"]


def test_what_a_plan_warns_of_is_told_once() -> None:
    memory = passes(lambda one: None, lambda one: None)
    end = iso(memory.clock.time + 1.5 * INTERVAL)
    audit = request("2", suspend=Suspend(reason="audit", until=end))
    told = [one for one in watched(memory, Git(audit)) if isinstance(one, Note)]
    assert [(one.level, one.fleet, one.message) for one in told] == [
        (
            "warning",
            "fleet",
            f"the suspension (audit) lasted until {end}, not included; it would have held 4 changes",
        )
    ]


def test_passes_that_fail_pause_longer_and_longer() -> None:
    memory = passes(*[lambda one: None] * 6)
    memory.unreadable = [gone()] * 5
    events = watched(memory)
    assert isinstance(memory.clock, Between)
    pauses = memory.clock.pauses
    assert pauses[:4] == [120.0, 240.0, 480.0, LONGEST_PAUSE]
    assert pauses[5] == 60.0
    assert all(pause <= LONGEST_PAUSE * (1 + JITTER) for pause in pauses)
    assert [(one.level, one.message) for one in events if isinstance(one, Note)][:1] == [
        ("error", "memory: list: no connection")
    ]


def test_a_mistake_in_manifests_is_told_once_and_slows_no_pass() -> None:
    """It holds its own slots; what else drifts is corrected in the very next pass."""
    memory = passes(lambda one: one.set("u1", "7"), lambda one: None)
    wrong = request(pins={"u3": {"poller": "9"}}, units=Selector(ids=["u0", "u1", "u2"]))
    events = watched(memory, Git(wrong))
    told = [one for one in notes(events) if "outside" in one]
    assert len(told) == 1
    assert {unit: memory.slots[unit, "w1"].assigned for unit in memory.units} == {
        "u0": "2",
        "u1": "2",
        "u2": "2",
        "u3": "1",
    }
    assert isinstance(memory.clock, Between)
    assert memory.clock.pauses == [INTERVAL] * 3


def test_what_a_limit_blocks_slows_no_pass() -> None:
    memory = passes(*[lambda one: None] * 3)
    blocked = request("2", limits=Limits(replace="1"))
    assert [one.fleet for one in watched(memory, Git(blocked)) if isinstance(one, Blocked)] == ["fleet"]
    assert isinstance(memory.clock, Between)
    assert memory.clock.pauses == [INTERVAL] * 4, "only a person ends it, and nothing is sent"


def test_a_version_that_is_not_there_is_told_with_its_line_and_when_it_is() -> None:
    git = Git(request("2"))
    memory = passes(lambda one: git.say(request("99"), commit="d"), lambda one: git.say(request("3"), commit="e"))
    memory.catalogue = {"99": ReleaseInfo(found=False)}
    told = [one for one in notes(watched(memory, git)) if "99" in one]
    assert told == [
        "fleet.yaml: the platform has no version 99 of poller",
        "resolved: fleet.yaml: the platform has no version 99 of poller",
    ]


def test_a_mistake_that_comes_later_is_told_when_it_comes() -> None:
    memory = passes(lambda one: one.names.update(u3="u0"), lambda one: None)
    events = watched(memory, Git(request(units=Selector(names=["u0", "u1"]))))
    told = [(one.level, one.fleet) for one in events if isinstance(one, Note) and "2 units are named" in one.message]
    assert told == [("error", "fleet")]
    assert [one.mistakes for one in events if isinstance(one, Passed)] == [0, 1, 1]


def test_a_mistake_that_is_mended_is_told_and_told_again_when_it_comes_back() -> None:
    renamed, own = (lambda one, name=name: one.names.update(u3=name) for name in ("u0", "u3"))
    events = watched(passes(renamed, own, renamed), Git(request(units=Selector(names=["u0", "u1"]))))
    told = [(one.level, one.message[:9]) for one in events if isinstance(one, Note)]
    assert [level for level, _ in told] == ["error", "info", "error"]
    assert told[1] == ("info", "resolved:")
    assert [one.mistakes for one in events if isinstance(one, Passed)] == [0, 1, 0, 1]


def test_what_another_application_shows_is_no_drift() -> None:
    def elsewhere(one: Memory) -> None:
        one.identity = "memory:other"
        one.set("u1", "7")

    assert not drifts(watched(passes(elsewhere)))


def test_a_mistake_at_another_line_is_the_same_mistake() -> None:
    git = Git(request(pins={"u3": {"poller": "9"}}, units=Selector(ids=["u0"])))
    (fleet,) = git.load().fleets.values()
    lower = msgspec.structs.replace(fleet, locate=lambda _: Origin("f.yaml", 40, 1))
    moved = msgspec.structs.replace(git.load(), fleets={fleet.name: lower}, digest="lower")
    memory = passes(lambda _: setattr(git, "now", moved))
    assert len([one for one in notes(watched(memory, git)) if "outside" in one]) == 1


def test_a_fleet_that_comes_back_is_told_of_anew() -> None:
    git = Git(request(pins={"u3": {"poller": "9"}}, units=Selector(ids=["u0"])))
    wrong = git.load()
    (fleet,) = wrong.fleets.values()
    other = msgspec.structs.replace(wrong, fleets={"other": msgspec.structs.replace(fleet, name="other")}, digest="o")
    memory = passes(lambda _: setattr(git, "now", other), lambda _: setattr(git, "now", wrong))
    assert len([one for one in notes(watched(memory, git)) if "outside" in one]) == 3


def once(memory: Memory, git: Git, *, apply: bool = False, detailed: bool = True, **options: Any) -> int:
    """Return the exit code of a single pass."""
    how = Watched(once=True, apply=apply, detailed=detailed, options=Options(wait=False, **options))
    watching = watch_of(memory, git, how)
    list(watching.events())
    return watching.exit_code


SUSPENDED = request("2", suspend=Suspend(reason="audit"))
LIMITED = request("2", limits=Limits(replace="1"))
NO_VERSION = {"2": ReleaseInfo(found=False)}


@pytest.mark.parametrize(
    ("asked", "catalogue", "apply", "code"),
    [
        (request("1"), {}, False, 0),
        (request("2"), {}, False, 2),
        (request("2"), {}, True, 0),
        (request("2", mode="observe"), {}, True, 2),
        (SUSPENDED, {}, False, 2),
        (SUSPENDED, {}, True, 2),
        (LIMITED, {}, False, 3),
        (LIMITED, {}, True, 3),
        (request("2"), NO_VERSION, False, 5),
        (request("2"), NO_VERSION, True, 5),
        (LIMITED, NO_VERSION, False, 5),
    ],
)
def test_a_single_pass_says_by_its_exit_code_what_it_left(
    asked: PlanRequest, catalogue: dict[str, ReleaseInfo], apply: bool, code: int
) -> None:
    memory = Memory(Clock())
    memory.catalogue = catalogue
    assert once(memory, Git(asked), apply=apply) == code


def test_what_failed_comes_before_what_was_found() -> None:
    refusing, half, gone_ = (Memory(Clock()) for _ in range(3))
    refusing.script = [REFUSED] * 20
    assert once(refusing, Git(request("2")), apply=True) == 4
    half.coverage = Coverage(False, ("a page is missing",))
    assert once(half, Git(LIMITED)) == 1
    gone_.unreadable = [gone()]
    assert once(gone_, Git(request("2"))) == 1


def test_without_being_asked_for_what_was_found_drift_is_no_failure() -> None:
    assert once(Memory(Clock()), Git(request("2")), detailed=False) == 0


def test_a_limit_that_a_person_lifts_leaves_nothing() -> None:
    lifted = request("2", limits=Limits(replace="0"))
    assert once(Memory(Clock()), Git(lifted), apply=True) == 3
    assert once(Memory(Clock()), Git(lifted), apply=True, allow={"replace": "a test"}) == 0


def test_the_plan_of_a_pass_is_kept_before_anything_of_it_goes() -> None:
    memory = Memory(Clock())
    kept: list[tuple[int, int]] = []
    how = Watched(once=True, apply=True, options=Options(wait=False))

    def keep(planned: PlanResult) -> None:
        kept.append((len(planned.plan.fleets[0].changes), len(memory.calls)))

    list(watch_of(memory, Git(request("2")), how, keep).events())
    assert kept == [(4, 0)]
    assert memory.calls


def test_what_a_watch_leaves_undone_is_told_once_and_again_when_git_asks_for_something_else() -> None:
    git = Git(request("2"))
    memory = passes(lambda one: None, lambda one: git.say(request("3"), commit="d"), lambda one: one.set("u1", "7"))
    events = watched(memory, git, apply=False)
    told = [(one.now, one.desired, [unit.id for unit in one.units]) for one in events if isinstance(one, Differing)]
    everyone = ["u0", "u1", "u2", "u3"]
    assert told == [("1", "2", everyone), ("1", "3", everyone)]
    assert drifts(events) == [("u1", "1", "7", "3")]


def test_what_was_accepted_is_told_again_when_it_has_ended() -> None:
    def settle(one: Memory) -> None:
        one.slots["u1", "w1"] = State("2", "1", Phase.FAILED, error="no space")
        del one.units["u2"]

    memory = passes(settle, lambda one: None)
    memory.settled = False
    events = watched(memory)
    told = [(one.outcome.unit.id, one.outcome.result, one.outcome.detail) for one in events if isinstance(one, Settled)]
    assert [result for _, result, _ in told[:4]] == [Result.WAITING] * 4
    assert set(told[4:]) >= {("u1", Result.FAILED, "no space"), ("u2", Result.STALE, "the unit is gone")}
    assert len(told[4:]) == len({unit for unit, _, _ in told[4:]}), "each end is told once"


def test_a_fleet_that_is_blocked_or_cannot_be_read_is_told_once_and_when_that_is_over() -> None:
    git = Git(LIMITED)
    memory = passes(
        lambda one: None,
        lambda one: setattr(one, "unreadable", [gone()]),
        lambda one: setattr(one, "unreadable", [gone()]),
        lambda one: None,
        lambda one: git.say(request("2"), commit="d"),
    )
    events = watched(memory, git)
    told = [one.message if isinstance(one, Note) else "blocked" for one in events if isinstance(one, Note | Blocked)]
    assert told == [
        "blocked",
        "memory: list: no connection",
        "it can be read again",
        "no longer blocked by a limit",
    ]


class StoppedWhileReading(Memory):
    """A platform whose reading a signal cuts off."""

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        self.clock.stop = True
        self.coverage = Coverage(False, ("the run was asked to stop",))
        return super().observe(query, since)


def test_a_pass_that_is_stopped_while_it_reads_says_and_sends_nothing() -> None:
    memory = StoppedWhileReading(Between())
    assert watched(memory, Git(request("2"))) == []
    assert memory.calls == []
