"""The use case "watch": endless passes, each one turn of the loop. Level-based: every pass starts from what is.

A pass never builds on what the last one remembered; memory here only serves to report what is new (drift), how long to
wait after failures, and which manifests are in force. Limits and holds are never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import msgspec

from reconciler.core.bind import slot_of
from reconciler.core.decide import PlanRequest
from reconciler.core.detailed import detailed
from reconciler.core.digest import sealed
from reconciler.core.drift import SENT, Memory
from reconciler.core.news import Moment
from reconciler.core.remember import Remembering
from reconciler.engine.apply import Applying
from reconciler.engine.claiming import Claiming
from reconciler.engine.group import Open, groups_of
from reconciler.engine.manifests import Manifests
from reconciler.engine.milestones import unrecorded
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.propose import Carried, standing
from reconciler.engine.recent import Recent
from reconciler.engine.reporting import begun, ended
from reconciler.engine.rollback import RollingBack
from reconciler.engine.wake import Wake
from reconciler.engine.watched import Watched
from reconciler.errors import ReconcilerError
from reconciler.model.event import AnyEvent, Completed, Note
from reconciler.model.exit_code import DONE, ERROR, INCOMPLETE, NOTHING_SENT
from reconciler.model.fleet import Manifest
from reconciler.model.memory import NOTHING_REMEMBERED
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.provenance import Provenance
from reconciler.ports import Clock, History, Rollbacks

LONGEST_PAUSE = 900.0
"""Seconds between passes at most, however often passes failed."""

LIMIT_WINDOW = "24h"
"""What went in this time counts against limits where a fleet does not say, and a history is kept."""

JITTER = 0.1
"""Share of the pause that is random, so that many watchers do not call in step."""


class Watching:
    """One watch. Iterate `events()`; it ends after a stop, or after one pass with `once`."""

    def __init__(  # the world of a watch
        self,
        manifests: Manifests,
        open_: Callable[[Manifest], Open],
        clock: Clock,
        watched: Watched,
        *,
        run: str,
        random: Callable[[], float],
        keep: Callable[[PlanResult], None] | None = None,
        history: History | None = None,
        told: dict[str, Memory] | None = None,
        recent: Recent | None = None,
        wake: Wake | None = None,
        rollbacks: Rollbacks | None = None,
    ) -> None:
        """Take the manifests in force, what opens connections, and how to watch.

        `random` gives 0 to 1; `keep` takes what each pass saw and plans, before anything of it is sent; `told` is what the pass
        before reported of each fleet, and takes what this one reports; readings may go on from those that are `recent`.
        Every event must be recorded in `history` before the next is taken.
        """
        self.manifests = manifests
        self.open = open_
        self.clock = clock
        self.watched = watched
        self.run = run
        self.random = random
        self.keep = keep
        self.history = history or Remembering(clock.now(), durable=False)
        self.wake = wake or Wake()
        self.rollbacks = rollbacks
        self.exit_code = 0
        self._opened: Open | None = None
        self._memory = {} if told is None else told
        self._recent = recent or Recent(1, clock)
        self._failures = 0
        self._slower = False
        """Whether the next pass should come later: what was read or sent failed. What only a person can end slows nothing."""
        self._found = DONE
        self._fleets = 0
        self._held: ReconcilerError | None = None
        self._applying: Applying | None = None
        """The run of the pass that goes on."""
        self._approved: dict[str, FleetPlan] = {}
        """The plans that a person approved, by fleet."""
        self._unplanned = ""
        """Why the last pass had no plan, where that was reported."""
        self._claiming = Claiming(self.history)
        self._carried = Carried()
        self._observed: set[str] = set()
        """Fleets of which it was reported that they are only observed."""

    def events(self) -> Generator[AnyEvent, None, None]:
        """Watch, yielding events. Raises what is wrong with the very first manifests, or with filters from the start."""
        number = 0
        while not self.clock.stopping():
            number += 1
            began = self.clock.monotonic()
            self._fleets = 0
            failed = yield from self._pass(number)
            self._failures = self._failures + 1 if self._slower else 0
            self.exit_code = failed or self._found
            pause = 0.0 if self.watched.once else self._pause()
            if self._fleets or not self.clock.stopping():
                yield self._completed(number, self.clock.monotonic() - began, pause)
            if self.watched.once or self.wake.rest(self.clock, pause):
                break
        if not self.watched.once:
            self.exit_code = 0

    @property
    def failed(self) -> bool:
        """Return whether the last pass failed, and the next one should come later."""
        return self._failures > 0

    def hold(self, error: ReconcilerError) -> None:
        """Send nothing more in this pass: what is sent could not be recorded. The next one looks whether it can."""
        self._held = error
        if self._applying is not None:
            self._applying.run.hold()

    def _pause(self) -> float:
        grown = self.watched.interval * 2.0 ** min(self._failures, 10)
        return min(grown, max(LONGEST_PAUSE, self.watched.interval)) * (1 + JITTER * (2 * self.random() - 1))

    def _pass(self, number: int) -> Generator[AnyEvent, None, int]:
        self._slower = True
        yield from self._reload()
        manifest = self.manifests.manifest
        if manifest is None or self._opened is None:
            return 1
        request = PlanRequest(
            manifest=manifest,
            filters=self.watched.filters,
            strict=self.watched.strict,
            provenance=Provenance(commit=self.manifests.commit or ""),
            lifted=self.watched.options.lifted,
            limit_window=LIMIT_WINDOW,
        )
        try:
            groups = groups_of(request)
            if self.watched.apply:
                fleets = [one for one in manifest.fleets if self._mode(one) != "observe"]
                for level, message in self._claiming.take(request, groups, self._opened, fleets):
                    yield self._note(level, message)
            planned = plan(request, self._opened, self.clock, self.history, groups, self._recent, self._may_go)
        except ReconcilerError as error:
            if number == 1:
                raise
            if error.advised != self._unplanned:
                yield self._note("error", error.advised)
            self._unplanned = error.advised
            return error.exit_code
        if self._unplanned:
            yield self._note("info", "there is a plan again")
        self._unplanned = ""
        if self.clock.stopping():  # what was cut off in the middle of a reading says nothing
            planned.close()
            return ERROR
        self._fleets = len(planned.plan.fleets)
        for remark in self._recent.remarks():
            yield self._note("info", remark)
        try:
            if self.keep is not None:
                self.keep(planned)
            yield from planned.resolved(at=self.clock.now(), run=self.run)
            yield from self._propose(planned)
            yield from begun(planned, self._memory, self._moment(), self._corrects)
            applying = yield from self._correct(planned)
            last = yield from self._end(number, planned, applying)
            yield from self._roll_back(planned.plan, manifest, self._opened)
            held = yield from self._report_held()
        finally:
            self._applying = None
            planned.close()  # the next pass may be long away, or be one of other manifests
        sent = applying.result if applying is not None else DONE
        self._slower = sent not in {DONE, NOTHING_SENT} or all(fleet.error for fleet in planned.plan.fleets)
        self._found = self._remaining(last, applying if last is planned.plan else None)
        return self._result(planned.plan, applying) or held

    def _roll_back(self, found: Plan, manifest: Manifest, opened: Open) -> Iterator[AnyEvent]:
        """Take back in git what stands halted, of the fleets that this watch acts for."""
        if self.rollbacks is not None and self.watched.apply and self._held is None:
            plans = [one for one in found.fleets if self._mode(one.fleet) != "observe" and self._acts(one)]
            rolling = RollingBack(self.rollbacks, self.history, self.clock, opened)
            yield from rolling.events(plans, manifest, self.run, renewed=self.manifests.moved)

    def _acts(self, fleet: FleetPlan) -> bool:
        """Return whether no other process acts on the application of a fleet."""
        return fleet.connection not in self._claiming.theirs

    def _report_held(self) -> Generator[AnyEvent, None, int]:
        """Say that the history could not be written, and return the exit code of that."""
        error, self._held = self._held, None
        if error is None:
            return DONE
        yield self._note("error", f"{error.advised}; until it can be, nothing is sent")
        self._held = None  # the note could not be recorded either
        return error.exit_code

    def _remaining(self, found: Plan, applying: Applying | None) -> int:
        """Return the exit code that says what a pass leaves where nothing failed."""
        if self.manifests.problem:
            return ERROR
        if self.watched.apply and any(fleet.mistakes for fleet in found.fleets):
            return INCOMPLETE
        if not self.watched.detailed:
            return DONE
        outcomes = applying.outcomes if applying is not None else []
        return detailed(found, {(one.fleet, one.unit.id, one.workload.id) for one in outcomes if one.result in SENT})

    def _reload(self) -> Generator[AnyEvent, None, None]:
        """Look for manifests; those that are new are opened, and what was reported of fleets that are gone is forgotten."""
        yield from self.manifests.reload()
        manifest = self.manifests.manifest
        if manifest is not None and self.manifests.changed:
            self._opened = self.open(manifest)
            self._observed.clear()
            if self.manifests.moved:
                self._recent.clear()
            for name in self._memory.keys() - manifest.fleets.keys():
                del self._memory[name]

    def _moment(self) -> Moment:
        return Moment(self.clock.now(), self.run, self.manifests.moved)

    def _propose(self, planned: PlanResult) -> Iterator[AnyEvent]:
        """Find out which plans were approved, and propose those of the other fleets that wait for a person."""
        self._approved = {}
        asking = [one for one in planned.plan.fleets if self.watched.apply and self._mode(one.fleet) == "propose"]
        targets = {one.fleet: one.basis.target for one in asking}
        memory = self.history.memory(targets, self.clock.now()) if asking else NOTHING_REMEMBERED
        for fleet in filter(self._goes, asking):
            if self._unlimited(fleet):
                judged = planned.assessments[fleet.fleet]
                one = standing(planned.plan, fleet, judged, memory, at=self.clock.now(), run=self.run)
                if one.proposed is not None:
                    yield one.proposed
                if one.approved is not None:
                    self._approved[fleet.fleet] = one.approved

    def _may_go(self, fleet: FleetPlan) -> bool:
        """Return whether something of a fleet may be sent in this pass, approved or still to be approved."""
        acts = self.watched.apply and self._mode(fleet.fleet) != "observe"
        return acts and self._unlimited(fleet) and self._goes(fleet)

    def _corrects(self, fleet: FleetPlan) -> bool:
        """Return whether changes of a fleet may be sent in this pass: limits and its own mode allow it, or a person did."""
        may = self._mode(fleet.fleet) == "apply" or fleet.fleet in self._approved
        return self.watched.apply and may and self._unlimited(fleet) and self._acts(fleet)

    def _unlimited(self, fleet: FleetPlan) -> bool:
        """Return whether no limit blocks a fleet."""
        return all(one.kind.value in self.watched.options.allow for one in fleet.violations)

    def _mode(self, fleet: str) -> str:
        """Return the mode of a fleet: the one that its manifest gives it, or the watch where that may do less."""
        manifest = self.manifests.manifest
        mode: str = manifest.fleets[fleet].spec.mode if manifest is not None else ""
        return "propose" if mode == "apply" and self.watched.propose else mode

    def _correct(self, planned: PlanResult) -> Generator[AnyEvent, None, Applying | None]:
        """Apply what may be sent; return the run, or None. That limits block a fleet was reported before."""
        if not self.watched.apply:
            return None
        may: list[FleetPlan] = []
        for fleet in filter(self._goes, planned.plan.fleets):
            mode = self._mode(fleet.fleet)
            if self._corrects(fleet):
                may.append(fleet)
            elif mode == "observe" and fleet.fleet not in self._observed:
                self._observed.add(fleet.fleet)
                yield self._note("info", f"nothing is sent: the mode of the fleet is {mode}", fleet.fleet)
        if not may:
            return None
        allowed = msgspec.structs.replace(planned, plan=msgspec.structs.replace(planned.plan, fleets=tuple(may)))
        saved = None
        if self._approved:
            bound = tuple(self._approved.get(one.fleet, one) for one in may)
            saved = sealed(msgspec.structs.replace(planned.plan, fleets=bound))
        options = self.watched.options
        self._carried.begin(self._approved)
        applying = self._applying = Applying(
            allowed, options, self.clock, run=self.run, reported=True, saved=saved, new=self._carried.new
        )
        self._recent.changed({one.connection for one in may})
        yield from applying.events()
        self._carried.take(applying.outcomes)
        changes = {(fleet.fleet, *slot_of(one)): one for fleet in may for one in fleet.changes}
        for one in applying.outcomes:
            self._memory[one.fleet].came_of(one, changes.get((one.fleet, one.unit.id, one.workload.id)))
        return applying

    def _result(self, found: Plan, applying: Applying | None) -> int:
        """Return how a pass went, as an exit code: what came of its corrections, of fleets that limits block as well."""
        if self.watched.apply and any(self._blocked(fleet) for fleet in found.fleets):
            return INCOMPLETE if applying is not None and applying.sent else NOTHING_SENT
        return (applying.result if applying is not None else DONE) or (ERROR if found.errored else DONE)

    def _blocked(self, fleet: FleetPlan) -> bool:
        mine = self._mode(fleet.fleet) == "apply" and self._acts(fleet)
        return mine and self._goes(fleet) and not self._corrects(fleet)

    def _goes(self, fleet: FleetPlan) -> bool:
        """Return whether a change of a fleet may be sent: now or, where this pass waits, once another change took effect."""
        later = self.watched.options.wait and any(held.follows for held in fleet.held)
        return not fleet.error and (later or bool(fleet.changes))

    def _end(self, number: int, planned: PlanResult, applying: Applying | None) -> Generator[AnyEvent, None, Plan]:
        """Yield the state of each fleet after the pass; return the plan that was made last.

        Where the units were waited for, what was sent is read once more: what is reported last is so at the end.
        """
        waited, outcomes = self.watched.options.wait, applying.outcomes if applying is not None else []
        if waited and applying is not None and applying.sent:
            waited = not self.clock.stopping()
            if waited:
                planned = planned.again({one.fleet for one in outcomes}, self.clock.now())
                yield from unrecorded(self.history, planned.plan.fleets, at=self.clock.now(), run=self.run)
        moment = Moment(self.clock.now(), self.run)
        yield from ended(planned, self._memory, outcomes, moment, number=number, waited=waited)
        return planned.plan

    def _completed(self, number: int, seconds: float, pause: float) -> Completed:
        at, loaded, commit = self.clock.now(), self.manifests.read_at, self.manifests.commit or ""
        head = Completed(at=at, run=self.run, number=number, fleets=self._fleets, seconds=seconds, pause=pause)
        why = {"invalid": self.manifests.problem, "unplanned": self._unplanned}
        return msgspec.structs.replace(head, manifests_at=loaded, commit=commit, **why)

    def _note(self, level: str, message: str, fleet: str = "") -> Note:
        return Note(at=self.clock.now(), run=self.run, level=level, message=message, fleet=fleet)
