"""The use case "apply": let in what a plan says and nothing else, run the loop to its end, and say what came of every change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from reconciler.core.begin import begin
from reconciler.core.ending import ended
from reconciler.core.progress import Progress
from reconciler.core.subset import excess
from reconciler.engine.group import GroupReader, View
from reconciler.engine.parallel import merged
from reconciler.engine.plan import PlanResult
from reconciler.engine.reconcile import Reconciling
from reconciler.engine.run import Options, Run
from reconciler.model.event import AnyEvent, Blocked, Finished, Note, Settled, Started
from reconciler.model.exit_code import DONE, ERROR, INCOMPLETE, NOTHING_SENT
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Plan, Violation
from reconciler.ports import Clock


class Applying:
    """One run of apply. Iterate `events()`; afterwards `outcomes` and `exit_code` say what came of it."""

    def __init__(  # what a run is made of
        self,
        planned: PlanResult,
        options: Options,
        clock: Clock,
        *,
        run: str,
        saved: Plan | None = None,
        reviewed: Sequence[Plan] = (),
        reported: bool = False,
        author: str = "",
        new: Callable[[Outcome], bool] = lambda _: True,
    ) -> None:
        """Take today's plan and, where a reviewed plan is applied, that: an upper bound.

        `reported` says that what today's reading shows of unanswered calls was reported, `new` whether it is news what became
        of a change before anything was sent. With `reviewed` plans today's is carried out, if it is no more than what these have together.
        """
        self.planned = planned
        self.options = options
        self.saved = saved
        self.reviewed = tuple(reviewed)
        self.reported = reported
        self.author = author
        self.new = new
        self.excess = excess(planned.plan, reviewed) if reviewed else ()
        self.lifted = tuple((fleet.fleet, one) for fleet in planned.plan.fleets for one in fleet.lifted)
        self.run = Run(run, options, clock)
        self.outcomes: list[Outcome] = []
        self.blocked: list[tuple[str, Violation]] = []
        self.mistakes = [(fleet.fleet, one) for fleet in planned.plan.fleets for one in fleet.mistakes]
        self.sent = 0
        self.interrupted = False
        self.seen = {name: one for _, view in planned.groups for name, one in view.plans.items()}
        """What was decided last, by fleet."""
        self.result = DONE
        """The exit code, were there no mistakes in manifests."""

    @property
    def exit_code(self) -> int:
        """Return how the command ends: what a mistake in manifests holds is not applied, even if the rest succeeds."""
        return self.result if self.result or not self.mistakes else INCOMPLETE

    def events(self) -> Generator[AnyEvent, None, None]:
        """Apply, yielding events. Groups run in parallel."""
        plan = self.saved or self.planned.plan
        commits = {fleet.basis.commit for fleet in self.planned.plan.fleets}
        yield Started(
            at=self.run.now(),
            run=self.run.id,
            kind="apply",
            fingerprint=plan.fingerprint,
            commit=next(iter(commits)) if len(commits) == 1 else None,
            author=self.author,
            allowed=tuple(sorted(self.options.allow.items())),
            lifted=self.lifted,
            reviewed=tuple(one.fingerprint for one in self.reviewed),
        )
        if not self.reported:
            yield from self.planned.resolved(at=self.run.now(), run=self.run.id)
        begun: dict[str, Progress] = {}
        for fleet in plan.fleets if not self.excess else ():
            yield from self._begin(fleet, begun)
        yield from self._exceeded()
        loops = [self._loop(reader, view, begun) for reader, view in self.planned.groups]
        yield from merged([loop.events() for loop in loops])
        for loop in loops:
            self.outcomes += loop.outcomes
            self.sent += loop.sent
            self.interrupted |= loop.interrupted
            self.seen.update(loop.plans)
        self.result = self._judge(plan)
        results = Counter(one.result for one in self.outcomes)
        yield Finished(
            at=self.run.now(),
            run=self.run.id,
            results=dict(results),
            exit_code=self.exit_code,
            seconds=self.run.seconds,
        )

    def _loop(self, reader: GroupReader, view: View, begun: Mapping[str, Progress]) -> Reconciling:
        return Reconciling(reader, view, {fleet: begun[fleet] for fleet in view.plans if fleet in begun}, self.run)

    def _begin(self, fleet: FleetPlan, begun: dict[str, Progress]) -> Iterator[AnyEvent]:
        """Let a fleet in, or say why it is not."""
        if fleet.error:
            yield Note(at=self.run.now(), run=self.run.id, level="error", fleet=fleet.fleet, message=fleet.error)
            return
        today = self.seen.get(fleet.fleet)
        if today is None or today.error:
            text = "its connection could not be read, or its fleet is gone"
            yield from self._finish([ended(fleet.fleet, one, Result.NOT_TRIED, text) for one in fleet.changes])
            return
        found = begin(
            fleet if self.saved is None else today,
            self.planned.assessments[fleet.fleet],
            None if self.saved is None else fleet,
            allowed=self.options.allow,
            wait=self.options.wait,
            steps=self.planned.readings[today.connection].seen.steps,
            fail_fast=self.options.fail_fast,
            ends=self.run.now() + (self.run.left if self.options.wait else 0.0),
        )
        if found.blocked:
            self.blocked += [(fleet.fleet, violation) for violation in found.blocked]
            yield Blocked(at=self.run.now(), run=self.run.id, fleet=fleet.fleet, violations=found.blocked)
        yield from self._finish([one for one in found.outcomes if self.new(one)])
        begun[fleet.fleet] = found.progress

    def _exceeded(self) -> Iterator[Blocked]:
        """Say what is more than was reviewed."""
        for fleet in dict.fromkeys(one.fleet for one in self.excess):
            mine = tuple(one for one in self.excess if one.fleet == fleet)
            yield Blocked(at=self.run.now(), run=self.run.id, fleet=fleet, violations=(), excess=mine)

    def _finish(self, outcomes: Sequence[Outcome]) -> Iterator[AnyEvent]:
        for one in outcomes:
            self.outcomes.append(one)
            yield Settled(at=self.run.now(), run=self.run.id, outcome=one)

    def _judge(self, plan: Plan) -> int:
        """Return the exit code: only what is really done, or waits for its unit, is a success; a wait that was cut is none."""
        results = {one.result for one in self.outcomes}
        errored = plan.errored or self.planned.plan.errored
        if not self.sent:
            if self.blocked or self.excess:
                return NOTHING_SENT
            if errored:
                return ERROR
            if results == {Result.STALE}:
                return NOTHING_SENT
        unknown = self.saved is None and not self.planned.plan.complete
        if results - {Result.DONE, Result.WAITING} or self.blocked or errored or unknown or self.interrupted:
            return INCOMPLETE
        return DONE
