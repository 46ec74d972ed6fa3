"""Maps, charts and lines of what happened: pure folds of what is known."""

from __future__ import annotations

import pytest

from reconciler.model.change import Verb
from reconciler.model.event import Acted, AnyEvent, Completed, Drifted, Note, Settled, Settling
from reconciler.model.fleet import Override, Selector, WorkloadSpec
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.report import Spread
from reconciler.model.ruling import Act
from reconciler.model.unit import Reach, Ref
from reconciler.web.chart import HEIGHT, KINDS, REST, WIDTH, charts
from reconciler.web.heat import heat, totals
from reconciler.web.shapes import CourseAnswer, CoursePoint
from reconciler.web.telling import told
from tests.unit.engine.memory import NOW, Clock, Memory, planned, request

POLLER = Ref("w1", "poller")


def test_each_unit_has_the_letter_of_its_worst_slot() -> None:
    memory = Memory(Clock(), count=8, assigned="2")
    memory.slots["u1", "w1"] = State("1", "1")
    memory.slots["u2", "w1"] = State("2", "1", Phase.FAILED, error="no space")
    memory.slots["u3", "w1"] = State("2", "1", Phase.MOVING, since=NOW)
    memory.slots["u4", "w1"] = State("2", "1", Phase.MOVING, since=NOW - 9999)
    memory.slots["u5", "w1"] = State("2", "1", Phase.UNKNOWN)
    memory.slots["u6", "w1"] = State("2", "1")
    memory.units["u6"] = Reach.DISCONNECTED
    hands_off = Override(units=Selector(ids=["u7"]), unmanaged=True)
    asked = request(workloads={"poller": WorkloadSpec(version="2", overrides=[hands_off])})
    found = heat(planned(memory, asked).assessments["fleet"])
    assert (found.units, found.worst, found.workloads[0].cells) == (8, "rofmsuw-", "rofmsuw-")
    assert totals(found) == {"f": 1, "s": 1, "u": 1, "o": 1, "w": 1, "m": 1, "r": 1}
    assert found.letters["f"] == "failed"


def test_a_map_has_the_units_of_its_fleet_alone() -> None:
    memory = Memory(Clock(), count=5)
    asked = request(units=Selector(ids=["u1", "u3"]))
    found = heat(planned(memory, asked).assessments["fleet"])
    assert (found.units, found.worst) == (2, "oo")
    nothing = request(units=Selector(ids=["u9"]), allow_empty=True)
    assert heat(planned(memory, nothing).assessments["fleet"]).worst == ""


def point(at: str, **versions: int) -> CoursePoint:
    spread = tuple(
        Spread(workload="poller", version=name, assigned=0, reported=many) for name, many in versions.items()
    )
    return CoursePoint(at=f"2026-11-18T{at}:00Z", standings={}, spread=spread)


def course(*points: CoursePoint) -> CourseAnswer:
    return CourseAnswer(fleet="f", since="2026-11-18T10:00:00Z", until="2026-11-18T12:00:00Z", points=points)


def corners(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def test_what_was_so_stays_so_until_something_else_is() -> None:
    (found,) = charts(course(point("09:00", a=4), point("11:00", a=1, b=3)))
    first, second = found.areas
    assert (first.version, first.now, second.version, second.now, found.whole) == ("a", 1, "b", 3, 4)
    assert corners(first.points)[:4] == [(0, 0), (WIDTH / 2, 0), (WIDTH / 2, HEIGHT * 3 / 4), (WIDTH, HEIGHT * 3 / 4)]
    assert found.rows == (("2026-11-18T09:00:00Z", (4, 0)), ("2026-11-18T11:00:00Z", (1, 3)))


def test_a_chart_begins_where_something_is_known() -> None:
    (found,) = charts(course(point("11:00", a=4), point("11:30", a=4)))
    assert corners(found.areas[0].points)[1][0] == WIDTH / 2
    assert found.rows == (("2026-11-18T11:00:00Z", (4,)),), "nothing changed"
    assert charts(course()) == []


def test_many_versions_are_a_few_and_the_rest() -> None:
    many = {f"v{number}": 10 + number for number in range(KINDS + 3)}
    (found,) = charts(course(point("11:00", **many)))
    assert [one.version for one in found.areas][-1] == REST
    assert sum(one.now for one in found.areas) == sum(many.values())


def drift(number: int, at: float = NOW) -> Drifted:
    unit = Ref(f"u{number}", f"gw-{number}")
    return Drifted(
        at=at, run="r", fleet="f", unit=unit, workload=POLLER, was="1", now="0", desired="1", verb=Verb.REPLACE
    )


def settled(number: int, result: Result) -> Settled:
    unit = Ref(f"u{number}", f"gw-{number}")
    outcome = Outcome(fleet="f", unit=unit, workload=POLLER, verb=Verb.REPLACE, to="2", result=result)
    return Settled(at=NOW, run="r", outcome=outcome)


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([drift(1), drift(2), drift(3)], [3]),
        ([drift(1), drift(2, NOW - 3600)], [1, 1]),
        ([drift(1), Note(at=NOW, run="r", level="info", message="x"), drift(2)], [1, 1, 1]),
        ([settled(1, Result.DONE), settled(2, Result.DONE), settled(3, Result.FAILED)], [2, 1]),
        ([Completed(at=NOW, run="r", number=1, fleets=1, seconds=1.0)], []),
        ([Settling(at=NOW, run="r", fleet="f", done=1, waiting=0, failed=0, pending=0)], []),
    ],
)
def test_what_is_alike_and_follows_on_each_other_is_one_line(events: list[AnyEvent], counts: list[int]) -> None:
    found = told(enumerate(events))
    assert [one.count for one in found] == counts


def test_a_line_leads_to_a_few_of_its_units() -> None:
    (found,) = told(enumerate(map(drift, range(9))))
    assert [one.id for one in found.units] == ["u0", "u1", "u2"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Acted(at=NOW, run="r", act=Act.NOW, by="Ann", reason="x"), "Ann asked for a pass now: x"),
        (
            Acted(at=NOW, run="r", act=Act.SUSPEND, by="Ann", reason="audit", fleet="f"),
            "Ann asked to suspend the fleet: audit; it takes effect once it is committed",
        ),
        (
            Acted(at=NOW, run="r", act=Act.QUARANTINE, by="A\x1b", reason="x", fleet="f", subject="p 2", branch="b", commit="c" * 40),
            f"A\\x1b asked to quarantine p 2: x; it takes effect once the branch b (commit {'c' * 12}) is merged",
        ),
    ],
)  # fmt: skip
def test_what_people_did_is_told(event: Acted, words: str) -> None:
    assert [one.words for one in told([(1, event)])] == [words]
