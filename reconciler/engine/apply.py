"""The use case "apply": do what a plan says and nothing else, then watch it settle, then say what came of every change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import count

from reconciler.core.assessment import FleetAssessment
from reconciler.core.bind import Dropped, Slot, bind, bind_staged, slot_of
from reconciler.core.limit import limits_of
from reconciler.engine.passes import Passes
from reconciler.engine.plan import PlanRequest, PlanResult
from reconciler.engine.send import Sender, outcome
from reconciler.engine.settle import Settler
from reconciler.engine.turn import Options, Turn
from reconciler.model.change import Change, Held
from reconciler.model.event import AnyEvent, Finished, Note, Settled, Started
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Plan, Violation
from reconciler.ports import Clock

DONE, ERROR, NOTHING_SENT, INCOMPLETE = 0, 1, 3, 4


class Applying:
    """One run of apply. Iterate `events()`; afterwards `outcomes` and `exit_code` say what came of it."""

    def __init__(  # what a run is made of
        self,
        planned: PlanResult,
        request: PlanRequest,
        options: Options,
        clock: Clock,
        *,
        run: str,
        saved: Plan | None = None,
    ) -> None:
        """Take today's plan and, where a reviewed plan is applied, that: an upper bound."""
        self.planned = planned
        self.request = request
        self.options = options
        self.clock = clock
        self.run = run
        self.saved = saved
        self.outcomes: list[Outcome] = []
        self.blocked: list[tuple[str, Violation]] = []
        self.sent = 0
        self.exit_code = DONE
        self._numbers = count(1)

    def events(self) -> Generator[AnyEvent, None, None]:
        """Do it, telling what happens."""
        began = self.clock.now()
        plan = self.saved or self.planned.plan
        yield Started(
            at=began,
            run=self.run,
            kind="apply",
            fingerprint=plan.fingerprint,
            commit=self.request.commit,
            allowed=tuple(sorted(self.options.allow.items())),
        )
        for fleet in sorted(plan.fleets, key=_last_stage):
            yield from self._fleet(fleet)
        self.exit_code = self._judge(plan)
        results = Counter(one.result for one in self.outcomes)
        now = self.clock.now()
        yield Finished(at=now, results=dict(results), exit_code=self.exit_code, seconds=now - began)

    def _fleet(self, fleet: FleetPlan) -> Iterator[AnyEvent]:
        if fleet.error:
            yield Note(at=self.clock.now(), level="error", fleet=fleet.fleet, message=fleet.error)
            return
        turn = self._turn(fleet.fleet)
        if turn is None:
            yield from self._finish(
                [
                    outcome(
                        fleet.fleet, one, Result.NOT_TRIED, "its connection could not be read, or its fleet is gone"
                    )
                    for one in fleet.changes
                ]
            )
            return
        assessment, today = turn.assessment, turn.today
        going: Sequence[Change] = today.changes
        if self.saved is not None:
            bound = bind(fleet.changes, fleet.basis.versions, today, assessment)
            yield from self._finish([_settled(fleet.fleet, dropped) for dropped in bound.settled])
            going = bound.going
        staged = [held for held in fleet.held if held.stage]
        if self.saved is not None:
            staged, dropped = bind_staged(staged, fleet.basis.versions, today, assessment)
            yield from self._finish([_settled(fleet.fleet, one) for one in dropped])
        blocked = [
            one
            for one in self._violations(today, assessment, going, staged)
            if one.kind.value not in self.options.allow
        ]
        if blocked:
            yield from self._refuse(fleet.fleet, blocked, going)
            return
        if staged or turn.platform.capabilities.steps:
            yield from self._pass_by_pass(turn, going, staged)
        else:
            yield from self._carry_out(turn, going)

    def _violations(
        self, today: FleetPlan, assessment: FleetAssessment, going: Sequence[Change], staged: Sequence[Held]
    ) -> Sequence[Violation]:
        return today.violations if self.saved is None else limits_of(assessment, going, staged)

    def _refuse(self, fleet: str, blocked: Sequence[Violation], going: Sequence[Change]) -> Iterator[AnyEvent]:
        for violation in blocked:
            self.blocked.append((fleet, violation))
            yield Note(at=self.clock.now(), level="error", fleet=fleet, message=violation.message)
        detail = "; ".join(one.message for one in blocked)
        yield from self._finish([outcome(fleet, one, Result.NOT_TRIED, detail) for one in going])

    def _carry_out(self, turn: Turn, going: Sequence[Change]) -> Iterator[AnyEvent]:
        deadline = self.clock.now() + self.options.deadline
        sender = Sender(turn)
        yield from sender.run(going)
        self.sent += sender.sent
        outcomes: dict[Slot, Outcome] = dict(sender.outcomes)
        if self.options.wait:
            settler = Settler(turn.fleet, turn.platform, sender.accepted, self.clock)
            yield from settler.run(deadline)
            outcomes.update(settler.outcomes)
        else:
            outcomes.update(
                (slot, outcome(turn.fleet, change, Result.WAITING, "accepted; not waited for"))
                for slot, change in sender.accepted.items()
            )
        yield from self._finish([outcomes[slot_of(change)] for change in going])

    def _pass_by_pass(self, turn: Turn, going: Sequence[Change], staged: Sequence[Held]) -> Iterator[AnyEvent]:
        """Do the same where changes take several steps or stages."""
        passes = Passes(turn)
        yield from passes.run(going, staged, self.clock.now() + self.options.deadline)
        self.sent += passes.sent
        yield from self._finish(list(passes.outcomes.values()))

    def _finish(self, outcomes: Sequence[Outcome]) -> Iterator[AnyEvent]:
        for one in outcomes:
            self.outcomes.append(one)
            yield Settled(at=self.clock.now(), outcome=one)

    def _turn(self, fleet: str) -> Turn | None:
        """Return a fleet's turn with what was read of it today; None where nothing was."""
        today = next((one for one in self.planned.plan.fleets if one.fleet == fleet and not one.error), None)
        for reading in self.planned.readings.values():
            for assessment in reading.assessments:
                if today is not None and assessment.document.name == fleet:
                    return Turn(
                        fleet=fleet,
                        reading=reading,
                        assessment=assessment,
                        today=today,
                        request=self.request,
                        options=self.options,
                        clock=self.clock,
                        number=self._numbers.__next__,
                    )
        return None

    def _judge(self, plan: Plan) -> int:
        """Return the exit code: only what is really done, or waits for its unit, is a success."""
        results = {one.result for one in self.outcomes}
        errored = plan.errored or self.planned.plan.errored
        if not self.sent:
            if self.blocked:
                return NOTHING_SENT
            if errored:
                return ERROR
            if results == {Result.STALE}:
                return NOTHING_SENT
        unknown = self.saved is None and not self.planned.plan.complete
        if results - {Result.DONE, Result.WAITING} or self.blocked or errored or unknown:
            return INCOMPLETE
        return DONE


def _last_stage(fleet: FleetPlan) -> int:
    """Return the latest stage of a fleet: what others wait for goes before what waits for others."""
    return max((held.stage for held in fleet.held), default=0)


def _settled(fleet: str, dropped: Dropped[Change] | Dropped[Held]) -> Outcome:
    return outcome(fleet, dropped.change, dropped.result, dropped.detail)
