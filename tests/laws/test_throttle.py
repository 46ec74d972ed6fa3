"""Laws of notifications: once until it ends, never more in an hour than a target takes, and nothing lost without a count."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.throttle import HOUR, Hourly, Throttle
from reconciler.core.troubles import Troubles
from reconciler.model.event import Completed, Passed
from reconciler.model.event_parts import Failing
from reconciler.model.notice import NoticeKind
from reconciler.model.unit import Ref

FLEETS = ("a", "b", "c")
PASSES = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {fleet: st.sampled_from(["well", "fails", "mistake", "unread", "left"]) for fleet in FLEETS}
        ),
        st.sampled_from([0.0, 60.0, 1800.0, HOUR]),
    ),
    max_size=30,
)
"""How each fleet is in each pass, and the seconds until the next."""


def _passed(fleet: str, how: str) -> Passed:
    failing = Failing(workload=Ref("w", "w"), version="v", slots=1, units=())
    return Passed(
        at=1.0,
        run="r",
        fleet=fleet,
        number=1,
        sync="unknown" if how == "unread" else "synced",
        health="healthy",
        changes=0,
        held=0,
        violations=0,
        mistakes=int(how == "mistake"),
        failing=(failing,) if how == "fails" else (),
        error="no route" if how == "unread" else "",
        read_at=None if how == "unread" else 1.0,
    )


@given(PASSES, st.integers(1, 4))
def test_once_until_it_ends_within_the_hour_and_nothing_is_lost(
    passes: list[tuple[dict[str, str], float]], most: int
) -> None:
    troubles, throttle = Troubles(), Throttle(tuple(NoticeKind), ["*"], Hourly(most), {})
    now, sent = 0.0, list[float]()
    offered, told, counted = Counter[NoticeKind](), Counter[NoticeKind](), Counter[NoticeKind]()
    open_: set[str] = set()
    for fleets, pause in passes:
        for fleet, how in fleets.items():
            if how != "left":
                troubles.record(_passed(fleet, how))
        troubles.record(Completed(at=1.0, run="r", number=1, fleets=3, seconds=1.0, manifests_at=1.0))
        news = throttle.news(troubles, now)
        sent += [now] * (len(news.messages) + bool(news.rest))
        counted.update(news.rest)
        for one in (*news.limited, *(notice for some in news.messages for notice in some)):
            offered[one.kind] += 1
            if one.kind is NoticeKind.RECOVERY:
                assert one.key in open_, "only what was begun ends"
                open_.remove(one.key)
            else:
                assert one.key not in open_, "what has not ended does not begin again"
                open_.add(one.key)
        told.update(notice.kind for some in news.messages for notice in some)
        open_ -= set(news.silent)
        assert open_ >= set(troubles.now), "what is there is told, or counted"
        now += pause
    assert all(sum(start <= at < start + HOUR for at in sent) <= most for start in sent)
    assert offered == told + counted + throttle._left, "what was not sent is counted, or is still to be"
