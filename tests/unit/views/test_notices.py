"""Messages about troubles: what is alike is one line, nothing foreign breaks out, and the length is bounded."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.drift import ActorKind, DriftCause
from reconciler.model.hold import HoldReason
from reconciler.model.notice import Cause, Notice, NoticeKind, key
from reconciler.model.plan import LimitKind, Violation
from reconciler.model.unit import Ref
from reconciler.views.notice_text import MOST, message, summary

KINDS = {
    Cause.DRIFT: NoticeKind.DRIFT,
    Cause.HALT: NoticeKind.HALT,
    Cause.HELD: NoticeKind.HOLD,
    Cause.LIMIT: NoticeKind.HOLD,
    Cause.MISTAKE: NoticeKind.HOLD,
}


def notice(cause: Cause, fleet: str = "austin", kind: NoticeKind | None = None, **fields: Any) -> Notice:
    kind = kind or KINDS.get(cause, NoticeKind.FAILURE)
    return Notice(key=key(cause, fleet), kind=kind, cause=cause, fleet=fleet, **fields)


def text(*notices: Notice) -> str:
    return message(notices, at=1.0, run="r").text


OVER = Violation(kind=LimitKind.REMOVE, percent="10%", intended=40, allowed=3, of=30)
UNITS = (Ref("1", "gw-1"), Ref("2", "gw-2"))
ONE: dict[str, Any] = {
    "workload": "poller",
    "now": "v1",
    "version": "v2",
    "slots": 1,
    "units": UNITS[:1],
    "units_in_all": 1,
}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            notice(Cause.DRIFT, workload="poller", now="v1", version="v2", slots=5000, units=UNITS, units_in_all=5000),
            "- austin: somebody changed poller on 5,000 units (gw-1, gw-2 and 4,998 more): v1 is assigned, git says v2",
        ),
        (
            notice(Cause.DRIFT, workload="poller", now=None, version="v2", slots=1, units=UNITS[:1], units_in_all=1),
            "- austin: somebody changed poller on 1 unit (gw-1): nothing is assigned, git says v2",
        ),
        (
            notice(Cause.DRIFT, **ONE, by="5f1", by_kind=ActorKind.WORKFLOW),
            "- austin: workflow 5f1 changed poller on 1 unit (gw-1): v1 is assigned, git says v2",
        ),
        (
            notice(Cause.DRIFT, **ONE, by="", by_kind=ActorKind.USER),
            "- austin: a user changed poller on 1 unit (gw-1): v1 is assigned, git says v2",
        ),
        (
            notice(Cause.DRIFT, **ONE, by="Ann", held=(HoldReason.SUSPENDED, HoldReason.OUTSIDE_WINDOW)),
            (
                "- austin: Ann changed poller on 1 unit (gw-1): v1 is assigned, git says v2;"
                " the correction is held: fleet suspended and outside the maintenance window"
            ),
        ),
        (
            notice(Cause.DRIFT, **ONE, drift=DriftCause.UNIT),
            "- austin: poller on 1 unit (gw-1) changed by itself: v1 is reported, v2 is assigned",
        ),
        (
            notice(
                Cause.FAILING, workload="poller", version="v2", slots=2, units=UNITS, units_in_all=2, text="disk full"
            ),
            "- austin: poller v2 fails on 2 units (gw-1, gw-2): disk full",
        ),
        (
            notice(Cause.FAILING, workload="poller", version="v2", slots=2, units=UNITS, units_in_all=2),
            "- austin: poller v2 fails on 2 units (gw-1, gw-2)",
        ),
        (notice(Cause.UNREAD, text="no route"), "- austin: cannot be read: no route"),
        (
            notice(Cause.MANIFESTS, "", text="m.yaml:3:1: bad"),
            "- the manifests are invalid; the last valid ones stay in force: m.yaml:3:1: bad",
        ),
        (notice(Cause.UNPLANNED, "", text="a cycle"), "- there is no plan: a cycle"),
        (
            notice(Cause.HALT, workload="poller", version="v2", slots=300, of=900, units=UNITS, units_in_all=3),
            "- austin: the rollout of poller v2 is halted: 300 of 900 devices failed (gw-1, gw-2 and 1 more)",
        ),
        (
            notice(Cause.HALT, workload="poller", version="v2", slots=3, of=9),
            "- austin: the rollout of poller v2 is halted: 3 of 9 devices failed",
        ),
        (notice(Cause.HELD, text="version-not-released", slots=1), "- austin: 1 change is held: version not released"),
        (notice(Cause.HELD, text="of-a-later-version", slots=2), "- austin: 2 changes are held: of-a-later-version"),
        (notice(Cause.MISTAKE, slots=2), "- austin: 2 mistakes in manifests; see `reconciler plan`"),
    ],
)
def test_each_trouble_has_its_words(one: Notice, words: str) -> None:
    assert text(one) == words


def test_a_limit_says_what_the_plan_says() -> None:
    assert text(notice(Cause.LIMIT, violations=(OVER,), slots=40)).startswith("- austin: blocked: ")


@pytest.mark.parametrize("cause", list(Cause))
def test_the_end_of_each_trouble_has_words(cause: Cause) -> None:
    over = notice(cause, kind=NoticeKind.RECOVERY, workload="poller", version="v2", text="no-artifact")
    assert len(text(over)) > len("- austin: over") or cause in {Cause.HALT, Cause.ROLLBACK, Cause.NOT_ROLLED_BACK}


def test_what_is_alike_in_many_fleets_is_one_line() -> None:
    some = [notice(Cause.UNREAD, f"f{number:03}", text="no route") for number in range(300)]
    one = message(some, at=1.0, run="r")
    assert one.title == "Failure: 300 fleets (f000, f001, f002 and 297 more)"
    assert one.text == "- f000, f001, f002 and 297 more: cannot be read: no route"
    assert (len(one.keys), len(one.fleets)) == (300, 300)


def test_a_message_is_bounded_and_the_largest_come_first() -> None:
    some = [notice(Cause.FAILING, f"f{number:03}", workload=f"w{number}", slots=number) for number in range(100)]
    lines = text(*some).split("\n")
    assert len(lines) == MOST + 1
    assert "w99" in lines[0]
    assert lines[-1] == "- … and 80 more of other kinds"


def test_the_largest_of_a_key_is_what_is_remembered() -> None:
    small, large = (notice(Cause.DRIFT, workload=name, slots=slots) for name, slots in (("a", 2), ("b", 200)))
    assert message([large, small], at=1.0, run="r").sizes == (3,)


def test_what_is_about_all_fleets_says_so() -> None:
    assert message([notice(Cause.UNPLANNED, "", text="x")], at=1.0, run="r").title == "Failure: all fleets"


@pytest.mark.parametrize("cause", [Cause.FAILING, Cause.DRIFT])
def test_foreign_text_stays_on_its_line_and_in_its_code_span(cause: Cause) -> None:
    nasty = "a\n- b ` @everyone <script> \u202e \x1b[31m"
    some: dict[str, Any] = {
        "workload": nasty,
        "version": nasty,
        "slots": 1,
        "units": (Ref("1", nasty),),
        "units_in_all": 1,
    }
    found = notice(cause, **some, text=nasty) if cause is Cause.FAILING else notice(cause, **some, by=nasty)
    one = message([found], at=1.0, run="r")
    assert "\n" not in one.text + one.markdown + one.title
    assert (one.text + one.markdown).isprintable()
    outside = "".join(one.markdown.replace("``", "\0").split("\0")[::2])
    assert "@everyone" not in outside
    assert "<script>" not in outside


def test_the_rest_of_an_hour_is_told_by_numbers() -> None:
    one = summary({NoticeKind.DRIFT: 1200, NoticeKind.HOLD: 2}, at=1.0, run="r")
    assert (one.title, one.keys) == ("1,202 more notices", ())
    assert "1,200 drift and 2 hold" in one.text
