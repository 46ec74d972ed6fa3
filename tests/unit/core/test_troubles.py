"""Which troubles passes show, when they are over, and what a target is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.remember import Remembering
from reconciler.core.throttle import HOUR, Hourly, Throttle
from reconciler.core.troubles import End, Troubles, recovered
from reconciler.core.unwell import MOST
from reconciler.model.change import Verb
from reconciler.model.drift import ActorKind, DriftCause
from reconciler.model.event import (
    AnyEvent,
    Blocked,
    Completed,
    Drifted,
    Halted,
    Met,
    Note,
    Notified,
    Passed,
    RollbackFailed,
    RolledBack,
    Ruled,
    Settled,
)
from reconciler.model.event_parts import Failing
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.notice import Cause, Delivery, Notice, NoticeKind, key
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.ruling import Command, RolloutId, Ruling
from reconciler.model.unit import Ref

POLLER = Ref("w1", "poller")
ALL = tuple(NoticeKind)
ROLLOUT = RolloutId("austin", "w1", "v2")


def passed(fleet: str = "austin", **fields: Any) -> Passed:
    how = {"sync": "synced", "health": "healthy", "changes": 0, "held": 0, "violations": 0, "read_at": 1.0, **fields}
    return Passed(at=1.0, run="r", fleet=fleet, number=1, **how)


def unread(fleet: str = "austin") -> Passed:
    return passed(fleet, sync="unknown", health="unknown", read_at=None, error="no route")


def done(**fields: Any) -> Completed:
    return Completed(at=1.0, run="r", **{"number": 1, "fleets": 1, "seconds": 1.0, "manifests_at": 1.0, **fields})


def drift(unit: str = "u1", fleet: str = "austin", **fields: Any) -> Drifted:
    return Drifted(
        **fields,
        at=1.0,
        run="r",
        fleet=fleet,
        unit=Ref(unit, unit),
        workload=POLLER,
        was="v2",
        now="v7",
        desired="v2",
        verb=Verb.REPLACE,
    )


def failing(slots: int = 1, version: str | None = "v2") -> Failing:
    return Failing(workload=POLLER, version=version, slots=slots, units=(Ref("u1", "gw-1"),), error="disk full")


def settled(result: Result, unit: str = "u1") -> Settled:
    outcome = Outcome(fleet="austin", unit=Ref(unit, unit), workload=POLLER, verb=Verb.REPLACE, to="v2", result=result)
    return Settled(at=1.0, run="r", outcome=outcome)


def halted(version: str = "v2") -> Halted:
    rollout = RolloutId("austin", "w1", version)
    return Halted(
        at=1.0,
        run="r",
        rollout=rollout,
        workload=POLLER,
        failed=3,
        attempted=9,
        units=tuple(Ref(f"u{n}", f"u{n}") for n in range(5)),
    )


def ruled(command: Command) -> Ruled:
    return Ruled(
        at=1.0, run="r", rollout=ROLLOUT, workload=POLLER, ruling=Ruling(command=command, reason="x", by="me", at=1.0)
    )


class Told:
    """One target over several passes; `after` returns what one more pass tells it, by kind."""

    def __init__(
        self, *kinds: NoticeKind, fleets: tuple[str, ...] = ("*",), per_hour: int = 100, before: str = ""
    ) -> None:
        self.troubles = Troubles()
        self.throttle = Throttle(kinds or ALL, fleets, Hourly(per_hour), {before: 1} if before else {})
        self.time = 0.0
        self.silent: tuple[str, ...] = ()
        self.limited: tuple[Notice, ...] = ()
        self.rest: dict[NoticeKind, int] = {}

    def after(self, *events: AnyEvent, end: Completed | None = None) -> list[tuple[NoticeKind, list[Notice]]]:
        for event in (*events, end or done()):
            self.troubles.record(event)
        news = self.throttle.news(self.troubles, self.time)
        self.silent, self.limited, self.rest = news.silent, news.limited, dict(news.rest)
        return [(some[0].kind, list(some)) for some in news.messages]

    def kinds(self, *events: AnyEvent, end: Completed | None = None) -> list[NoticeKind]:
        return [kind for kind, _ in self.after(*events, end=end)]


F, R, D, H, X = NoticeKind.FAILURE, NoticeKind.RECOVERY, NoticeKind.DRIFT, NoticeKind.HOLD, NoticeKind.HALT


@pytest.mark.parametrize(
    ("bad", "kind", "cause"),
    [
        ((passed(failing=(failing(),)),), F, Cause.FAILING),
        ((unread(),), F, Cause.UNREAD),
        ((passed(held=2, reasons={"version-not-found": 2}),), H, Cause.HELD),
        ((passed(violations=1),), H, Cause.LIMIT),
        ((passed(mistakes=2),), H, Cause.MISTAKE),
    ],
    ids=lambda value: value.value if isinstance(value, Cause) else "",
)
def test_a_trouble_is_told_when_it_begins_and_when_it_ends_and_not_between(
    bad: tuple[AnyEvent, ...], kind: NoticeKind, cause: Cause
) -> None:
    told = Told()
    ((first, (notice,)),) = told.after(*bad)
    assert (first, notice.cause, notice.fleet) == (kind, cause, "austin")
    assert told.kinds(*bad) == []
    ((last, (over,)),) = told.after(passed())
    assert (last, over.cause, over.fleet, over.key) == (R, cause, "austin", notice.key)
    assert told.kinds(passed()) == []
    assert told.kinds(*bad) == [kind], "it began anew"


def test_manifests_that_are_invalid_and_a_plan_that_cannot_be_made_are_of_all_fleets() -> None:
    told = Told(fleets=("no-such-fleet",))
    assert told.kinds(end=done(invalid="bad YAML")) == [F]
    assert told.kinds(end=done(unplanned="a cycle")) == [F, R], "and the manifests are valid again"
    assert told.kinds(end=done()) == [R]


def test_what_cannot_be_read_proves_neither_that_anything_is_over_nor_that_it_is_not() -> None:
    told = Told()
    told.after(passed(failing=(failing(),), mistakes=1))
    assert told.kinds(unread()) == [F]
    assert told.kinds(passed(sync="unknown", mistakes=1)) == [R], "the connection"
    assert told.kinds(end=done(unplanned="a cycle")) == [F]
    assert told.kinds(passed(mistakes=1)) == [R]


def test_where_only_the_largest_failures_are_named_one_that_is_not_named_may_be_there_still() -> None:
    told = Told()
    told.after(passed(failing=(failing(version="v1"),)))
    told.after(passed(failing=tuple(failing(5, f"w{number}") for number in range(MOST))))
    (fails,) = [of for of in told.throttle._sent if '"v1"' in of]
    assert told.troubles.end(fails) is End.NOT_YET


def test_a_failure_that_grows_tenfold_is_told_again() -> None:
    told = Told()
    assert told.kinds(passed(failing=(failing(1),))) == [F]
    assert told.kinds(passed(failing=(failing(9),))) == []
    assert told.kinds(passed(failing=(failing(10),))) == [F]
    assert told.kinds(passed(failing=(failing(3),))) == []
    assert told.kinds(passed(failing=(failing(12),))) == []
    assert told.kinds(passed(failing=(failing(300),))) == [F]


def test_drift_is_told_with_its_units_and_is_over_when_they_are_back() -> None:
    told = Told()
    ((_, (notice,)),) = told.after(*(drift(f"u{number}") for number in range(5)), passed(sync="out of sync"))
    assert (notice.slots, len(notice.units), notice.now, notice.version) == (5, 3, "v7", "v2")
    assert told.kinds(passed(sync="out of sync")) == []
    assert told.kinds(drift("u1"), passed(sync="out of sync")) == [], "it was not back"
    assert told.kinds(drift("u9"), passed(sync="out of sync")) == [D]
    assert told.kinds(settled(Result.FAILED), passed(sync="out of sync")) == []
    corrected = [settled(Result.DONE, f"u{number}") for number in (0, 1, 2, 3, 4, 9)]
    assert told.kinds(*corrected, passed(sync="out of sync")) == [R], "something else is out of sync"
    assert told.kinds(drift("u1"), passed(sync="out of sync")) == [D]
    assert told.kinds(passed()) == [R]


def test_what_is_tried_again_is_no_recovery_until_it_is_seen_to_be_well() -> None:
    told = Told()
    assert told.kinds(passed(failing=(failing(),))) == [F]
    for _ in range(3):
        assert told.kinds(passed(unsettled=(failing(),))) == [], "it is sent once more"
        assert told.kinds(passed(failing=(failing(),))) == [], "and fails once more"
    assert told.kinds(passed(unsettled=(failing(version="v3"),))) == [R], "what is tried again is another version"


def test_where_only_some_of_what_is_tried_again_is_named_one_that_is_not_may_be_tried_still() -> None:
    told = Told()
    told.after(passed(failing=(failing(version="v1"),)))
    assert told.kinds(passed(unsettled=tuple(failing(0, f"w{number}") for number in range(MOST)))) == []
    assert told.kinds(passed()) == [R]


def test_a_preparation_that_is_tried_again_is_no_recovery() -> None:
    told = Told()
    assert told.kinds(passed(held=1, reasons={"preparation-failed": 1})) == [H]
    assert told.kinds(passed(held=1, reasons={"not-prepared": 1})) == []
    assert told.kinds(passed(held=1, reasons={"preparation-failed": 1})) == []
    assert told.kinds(passed()) == [R]


def test_what_is_held_is_not_over_while_the_state_of_slots_is_unknown() -> None:
    told = Told()
    assert told.kinds(passed(held=1, reasons={"no-artifact": 1})) == [H]
    assert told.kinds(passed(sync="unknown", held=1, reasons={"unknown": 1})) == []
    assert told.kinds(passed()) == [R]


def test_drift_is_not_over_while_a_slot_is_astray_though_the_fleet_is_in_sync() -> None:
    told = Told()
    assert told.kinds(drift(cause=DriftCause.UNIT), passed(astray=1)) == [D]
    assert told.kinds(passed(astray=1)) == []
    assert told.kinds(drift(cause=DriftCause.UNIT), passed(astray=1)) == [], "the same slot, which was not back"
    assert told.kinds(passed()) == [R]
    assert told.kinds(drift(cause=DriftCause.UNIT), passed(astray=1)) == [D]


def test_drift_is_told_with_who_made_it_and_what_holds_its_correction() -> None:
    audit = Hold(HoldReason.SUSPENDED, "audit")
    told = Told()
    ((_, notices),) = told.after(
        drift("u1", by="ann", by_kind=ActorKind.USER),
        drift("u2", by="ann", by_kind=ActorKind.USER, holds=(audit, audit)),
        drift("u3", cause=DriftCause.UNIT),
        drift("u4", by="ann", by_kind=ActorKind.USER),
        passed(sync="out of sync"),
    )
    assert [(one.slots, one.by, one.by_kind, one.held, one.drift) for one in notices] == [
        (2, "ann", ActorKind.USER, (), DriftCause.PLATFORM),
        (1, "ann", ActorKind.USER, (HoldReason.SUSPENDED,), DriftCause.PLATFORM),
        (1, "", None, (), DriftCause.UNIT),
    ]


def test_drift_of_an_earlier_process_is_over_once_the_fleet_is_in_sync() -> None:
    told = Told(before='["drift","austin"]')
    assert told.kinds(passed(sync="out of sync")) == []
    assert told.kinds(passed()) == [R]


def test_a_halt_is_told_once_for_each_time_and_a_person_ends_it_in_silence() -> None:
    told = Told()
    ((_, (notice,)),) = told.after(halted(), passed())
    assert (notice.slots, notice.of, len(notice.units), notice.workload) == (3, 9, 3, "poller")
    assert told.kinds(halted(), passed()) == [], "the same halt, seen again"
    assert told.kinds(passed()) == []
    assert told.kinds(ruled(Command.PAUSE), passed()) == []
    assert not told.silent
    assert told.kinds(ruled(Command.RESUME), passed()) == []
    assert told.silent == (notice.key,)
    assert told.kinds(halted(), passed()) == [X]
    assert told.kinds(passed()) == []
    assert told.kinds(halted(), passed()) == [X], "somebody resumed it elsewhere, and it halted again"
    assert (
        told.kinds(
            Met(at=1.0, run="r", rollout=RolloutId("austin", "w1", "v3"), workload=POLLER, wave=0, met=True), passed()
        )
        == []
    )
    assert told.silent == (notice.key,), "git asks for another version"


def test_a_halt_and_a_word_on_it_in_one_pass_are_no_news() -> None:
    assert Told().kinds(halted(), ruled(Command.ABORT), passed()) == []


def rolled_back() -> RolledBack:
    one = halted()
    return RolledBack(
        at=1.0, run="r", rollout=one.rollout, workload=POLLER, to="v1", branch="rollback/x", commit="c", pushed=True
    )


def not_rolled_back(error: str, *, known: bool = False) -> RollbackFailed:
    one = halted()
    return RollbackFailed(at=1.0, run="r", rollout=one.rollout, workload=POLLER, error=error, known=known)


def test_what_became_of_a_rollback_is_told_once_and_ends_with_the_halt() -> None:
    told, back = Told(), NoticeKind.ROLLBACK
    assert told.kinds(halted(), not_rolled_back("gone"), passed()) == [X, back]
    assert told.kinds(not_rolled_back("gone", known=True), passed()) == []
    ((_, (again,)),) = told.after(not_rolled_back("refused"), passed())
    assert (again.cause, again.text) == (Cause.NOT_ROLLED_BACK, "refused")
    ((_, (made,)),) = told.after(rolled_back(), passed())
    assert (made.cause, made.text, made.now, made.version) == (Cause.ROLLBACK, "rollback/x", "v1", again.version)
    assert told.kinds(ruled(Command.RESUME), passed()) == []
    assert len(told.silent) == 3
    assert Told().kinds(halted(), rolled_back(), ruled(Command.ABORT), passed()) == []


def test_where_others_make_passes_over_other_groups_only_its_own_passes_end_what_no_fleet_is_about() -> None:
    unplanned = key(Cause.UNPLANNED, "group")
    for of in (unplanned, key(Cause.UNPLANNED), key(Cause.MANIFESTS), key(Cause.UNPLANNED, "other")):
        told = Told(before=of)
        told.troubles = Troubles("group")
        ended = told.after(passed())
        assert bool(ended) == (of == unplanned)
        assert [one.fleet for _, some in ended for one in some] == [""] * len(ended)
    told = Told()
    told.troubles = Troubles("group")
    ((_, (notice,)),) = told.after(end=done(unplanned="the database is gone"))
    assert notice.key == unplanned


def test_a_fleet_that_leaves_the_manifests_takes_its_troubles_along() -> None:
    told = Told()
    told.after(passed(mistakes=1), drift(), passed("dallas"))
    assert told.kinds(passed("dallas")) == []
    assert len(told.silent) == 2
    assert told.kinds(passed("dallas"), passed(mistakes=1)) == [H]


def test_another_watch_of_other_fleets_ends_nothing() -> None:
    told = Told(before='["mistake","elsewhere"]')
    assert told.kinds(passed()) == []
    assert told.silent == ()


@pytest.mark.parametrize(
    "reason", sorted({"suspended", "quarantined", "paused", "unreachable", "unknown"} & set(HoldReason))
)
def test_what_a_person_holds_or_time_ends_needs_nobody(reason: str) -> None:
    assert Told().kinds(passed(held=1, reasons={reason: 1})) == []


def test_the_limits_that_are_broken_are_told_with_it() -> None:
    over = Violation(kind=LimitKind.REMOVE, intended=40, allowed=3)
    ((_, (notice,)),) = Told().after(Blocked(at=1.0, run="r", fleet="austin", violations=(over,)), passed(violations=1))
    assert (notice.violations, notice.slots) == ((over,), 40)


def test_a_target_is_told_only_what_it_wants() -> None:
    told = Told(F, fleets=("plant-*",))
    assert told.kinds(passed(failing=(failing(),)), passed("plant-1", mistakes=1)) == []
    assert told.kinds(unread("plant-1")) == [F]
    assert told.kinds(passed("plant-1")) == [], "it does not want the end"
    assert len(told.silent) == 1


def test_what_did_not_get_through_is_told_again() -> None:
    told = Told()
    ((_, (notice,)),) = told.after(unread())
    told.throttle.forget([notice.key, "never told"])
    assert told.kinds(unread()) == [F]


def test_the_rest_of_an_hour_is_counted_and_told_in_one() -> None:
    told = Told(per_hour=1)
    assert told.kinds(unread(), drift(fleet="b"), passed("b", sync="out of sync")) == [F], "the most urgent"
    assert [one.kind for one in told.limited] == [D]
    told.time = HOUR - 1
    assert told.kinds(passed(), passed("b", sync="out of sync")) == []
    assert (told.rest, [one.kind for one in told.limited]) == ({}, [R])
    told.time = HOUR
    assert told.kinds(passed(), passed("b", sync="out of sync")) == []
    assert told.rest == {D: 1, R: 1}


def test_an_hour_slides() -> None:
    hourly = Hourly(2)
    assert [hourly.room(at) for at in (0.0, 1.0, 2.0, HOUR, HOUR + 0.5, HOUR + 1)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_history_remembers_what_was_told_until_its_end_was() -> None:
    remembered = Remembering(0.0, durable=True)

    def say(kind: NoticeKind, result: Delivery, *keys: str) -> None:
        remembered.record(
            Notified(
                at=1.0, run="r", target="ops", kind=kind, result=result, title="t", keys=keys, sizes=(2,) * len(keys)
            )
        )

    say(F, Delivery.FAILED, "a")
    assert remembered.memory({}, 0.0).notified == {}
    say(F, Delivery.SENT, "a", "b", "c")
    assert remembered.memory({}, 0.0).notified == {("ops", one): 2 for one in "abc"}
    say(R, Delivery.FAILED, "a")
    say(R, Delivery.SENT, "b")
    say(R, Delivery.SILENT, "c")
    assert remembered.memory({}, 0.0).notified == {("ops", "a"): 2}


def test_what_is_merely_said_is_no_trouble() -> None:
    assert Told().kinds(Note(at=1.0, run="r", level="error", message="the disk is full"), passed()) == []


def test_what_is_over_is_named_by_its_key() -> None:
    troubles = Troubles()
    for event in (passed(failing=(failing(),), reasons={"no-artifact": 1}), done()):
        troubles.record(event)
    found = {one.cause: one for one in map(recovered, troubles.now)}
    fails = found[Cause.FAILING]
    assert (fails.fleet, fails.workload, fails.version, fails.text) == ("austin", "poller", "v2", "")
    assert found[Cause.HELD].text == "no-artifact"
    assert recovered('["manifests"]').fleet == ""
