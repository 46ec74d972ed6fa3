"""What a pass of a watch reports of its fleets: what is new when it begins, and how each stands when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

from reconciler.core.drift import Memory
from reconciler.core.news import Moment, news, unread
from reconciler.core.tally import passed
from reconciler.engine.attribution import attributed
from reconciler.engine.milestones import unrecorded
from reconciler.engine.plan import PlanResult
from reconciler.model.event import AnyEvent, Passed
from reconciler.model.outcome import Outcome
from reconciler.model.plan import FleetPlan


def begun(
    planned: PlanResult,
    memories: MutableMapping[str, Memory],
    moment: Moment,
    corrects: Callable[[FleetPlan], bool],
) -> Iterator[AnyEvent]:
    """Yield what is new of all fleets since the pass before. `corrects` says whether changes of a fleet are sent in this one."""
    fleets = planned.plan.fleets
    before = {one.fleet: memories.setdefault(one.fleet, Memory()).snapshot for one in fleets}
    readable = [one for one in fleets if not one.error]
    yield from unrecorded(planned.history, readable, at=moment.at, run=moment.run)
    found: list[AnyEvent] = []
    for fleet in fleets:
        memory = memories[fleet.fleet]
        if fleet.error:
            found += unread(memory, fleet, moment)
        else:
            stays = not corrects(fleet)
            found += news(memory, fleet, planned.assessments[fleet.fleet], moment, stays=stays)
    yield from attributed(found, planned, before)


def ended(
    planned: PlanResult,
    memories: Mapping[str, Memory],
    outcomes: Sequence[Outcome],
    moment: Moment,
    *,
    number: int,
    waited: bool,
) -> Iterator[Passed]:
    """Yield how each fleet stands after a pass, and what came of its corrections."""
    came: dict[str, Counter[str]] = {}
    for one in outcomes:
        came.setdefault(one.fleet, Counter())[one.result.value] += 1
    for fleet in planned.plan.fleets:
        yield passed(
            fleet,
            None if fleet.error else planned.assessments[fleet.fleet],
            moment,
            number=number,
            waited=waited,
            outcomes=came.get(fleet.fleet, {}),
            unwell=memories[fleet.fleet].unwell,
        )
