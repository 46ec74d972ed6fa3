"""The use case "watch": endless passes, each one turn of the loop. Level-based: every pass starts from what is.

A pass never builds on what the last one remembered; memory here only serves to report what is new (drift), how long to
wait after failures, and which manifests are in force. Limits and holds are never passed.

Manifests come into force when they were read twice the same, `QUIET` apart, or at once where they are those of another
commit: somebody may be writing a file, and the half that is there may lack what holds a version back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator

import msgspec

from reconciler.core.assessment import Filters
from reconciler.core.bind import slot_of
from reconciler.core.decide import PlanRequest
from reconciler.core.detailed import detailed
from reconciler.core.drift import SENT, Memory
from reconciler.core.news import Moment, news, unread
from reconciler.core.remember import Remembering
from reconciler.core.status import axes
from reconciler.engine.apply import Applying
from reconciler.engine.group import Open
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.errors import ManifestError, ReconcilerError
from reconciler.model.event import AnyEvent, Completed, Note, Passed
from reconciler.model.exit_code import DONE, ERROR, INCOMPLETE, NOTHING_SENT
from reconciler.model.fleet import Manifest
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.provenance import DIRTY, Provenance
from reconciler.model.verdict import Health, Sync
from reconciler.ports import Clock, History, Source

LONGEST_PAUSE = 900.0
"""Seconds between passes at most, however often passes failed."""

LIMIT_WINDOW = "24h"
"""What went in this time counts against limits where a fleet does not say, and a history is kept."""

QUIET = 2.0
"""Seconds between two readings that must agree before manifests which no commit has come into force."""

READINGS = 30
"""Readings after which a watch without any manifest in force gives up waiting for them to stay the same."""

JITTER = 0.1
"""Share of the pause that is random, so that many watchers do not call in step."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """How to watch. `interval` in seconds. `apply` lets fleets whose own mode is `apply` be changed."""

    interval: float = 60.0
    once: bool = False
    apply: bool = False
    detailed: bool = False
    """Whether the exit code says what was found and not corrected, where nothing went wrong."""
    filters: Filters = Filters()
    strict: bool = False
    options: Options = Options(wait=False)


class Watching:
    """One watch. Iterate `events()`; it ends after a stop, or after one pass with `once`."""

    def __init__(  # the world of a watch
        self,
        source: Source,
        open_: Callable[[Manifest], Open],
        clock: Clock,
        watched: Watched,
        *,
        run: str,
        random: Callable[[], float],
        commit: Callable[[Manifest], str | None],
        keep: Callable[[Plan], None] | None = None,
        history: History | None = None,
    ) -> None:
        """Take where manifests come from, what opens connections, and how to watch.

        `random` gives 0 to 1; `commit` names the commit of manifests, marked where they differ from it; `keep` takes the
        plan of each pass before anything of it is sent. Every event must be recorded in `history` before the next is taken.
        """
        self.source = source
        self.open = open_
        self.clock = clock
        self.watched = watched
        self.run = run
        self.random = random
        self.commit = commit
        self.keep = keep
        self.history = history or Remembering(clock.now(), durable=False)
        self.exit_code = 0
        self._good: Manifest | None = None
        self._commit: str | None = None
        self._wrong = False
        self._opened: Open | None = None
        self._memory: dict[str, Memory] = {}
        self._failures = 0
        self._slower = False
        """Whether the next pass should come later: what was read or sent failed. What only a person can end slows nothing."""
        self._found = DONE
        self._fleets = 0
        self._unplanned = ""
        """Why the last pass had no plan, where that was reported."""
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
            if self._fleets or not self.clock.stopping():
                yield self._completed(number, self.clock.monotonic() - began)
            self._failures = self._failures + 1 if self._slower else 0
            self.exit_code = failed or self._found
            if self.watched.once or self.clock.sleep(self._pause()):
                break
        if not self.watched.once:
            self.exit_code = 0

    def _pause(self) -> float:
        grown = self.watched.interval * 2.0 ** min(self._failures, 10)
        return min(grown, max(LONGEST_PAUSE, self.watched.interval)) * (1 + JITTER * (2 * self.random() - 1))

    def _pass(self, number: int) -> Generator[AnyEvent, None, int]:
        self._slower = True
        yield from self._reload()
        if self._good is None or self._opened is None:
            return 1
        request = PlanRequest(
            manifest=self._good,
            filters=self.watched.filters,
            strict=self.watched.strict,
            provenance=Provenance(commit=self._commit or ""),
            lifted=self.watched.options.lifted,
            limit_window=LIMIT_WINDOW,
        )
        try:
            planned = plan(request, self._opened, self.clock, self.history)
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
        try:
            if self.keep is not None:
                self.keep(planned.plan)
            for fleet in planned.plan.fleets:
                yield from self._tell(fleet, planned)
            applying = yield from self._correct(planned)
            yield from self._end(number, planned, applying)
        finally:
            planned.close()  # the next pass may be long away, or be one of other manifests
        sent = applying.result if applying is not None else DONE
        self._slower = sent not in {DONE, NOTHING_SENT} or all(fleet.error for fleet in planned.plan.fleets)
        self._found = self._remaining(planned.plan, applying)
        return self._result(planned.plan, applying)

    def _remaining(self, found: Plan, applying: Applying | None) -> int:
        """Return the exit code that says what a pass leaves where nothing failed."""
        if self.watched.apply and any(fleet.mistakes for fleet in found.fleets):
            return INCOMPLETE
        if not self.watched.detailed:
            return DONE
        outcomes = applying.outcomes if applying is not None else []
        return detailed(found, {(one.fleet, one.unit.id, one.workload.id) for one in outcomes if one.result in SENT})

    def _reload(self) -> Generator[AnyEvent, None, None]:
        """Read the manifests; wrong ones and those being written leave the last good ones in force, and that is said."""
        try:
            found = self._settled()
        except ReconcilerError as error:
            if self._good is None:
                raise
            self._wrong = True
            yield self._note(
                "error", f"the manifests are invalid; the last valid ones stay in force: {_findings(error)}"
            )
            return
        if found is None and self.clock.stopping():
            return
        if found is None:
            words = "nothing is done" if self._good is None else "the last ones stay in force"
            yield self._note("warning", f"the manifests are being written; {words} until they stay the same")
            return
        manifest, commit = found
        if self._good is None or manifest.digest != self._good.digest:
            if self._good is not None:
                yield self._note("info", "the manifests changed")
            for warning in manifest.warnings:
                yield self._note("warning", f"{warning.origin}: {warning.message}".removeprefix(": "))
            self._opened = self.open(manifest)
            self._observed.clear()
            self._memory = {name: one for name, one in self._memory.items() if name in manifest.fleets}
        elif self._wrong:
            yield self._note("info", "the manifests are valid again")
        self._good, self._commit, self._wrong = manifest, commit, False

    def _settled(self) -> tuple[Manifest, str | None] | None:
        """Return manifests that nobody is writing, and their commit; None where they do not stay the same.

        With some in force one more reading is enough for this pass; without any there is nothing else to do than to wait.
        """
        before = self.source.load()
        commit = self.commit(before)
        if self._good is not None and before.digest == self._good.digest:
            return before, commit
        if commit and not commit.endswith(DIRTY) and commit != self._commit:
            again = self.source.load()
            if again.digest == before.digest and self.commit(again) == commit:
                return again, commit
            before = again
        for _ in range(READINGS if self._good is None else 1):
            if self.clock.sleep(QUIET):
                return None
            again = self.source.load()
            if again.digest == before.digest:
                return again, self.commit(again)
            before = again
        return None

    def _tell(self, fleet: FleetPlan, planned: PlanResult) -> Iterator[AnyEvent]:
        """Yield what is new of a fleet since the last pass."""
        memory, moment = self._memory.setdefault(fleet.fleet, Memory()), Moment(self.clock.now(), self.run)
        if fleet.error:
            yield from unread(memory, fleet, moment)
            return
        stays = not self._corrects(fleet)
        yield from news(memory, fleet, planned.assessment(fleet.fleet), moment, stays=stays)

    def _corrects(self, fleet: FleetPlan) -> bool:
        """Return whether changes of a fleet may be sent in this pass: limits and its own mode allow it."""
        if not self.watched.apply or self._mode(fleet.fleet) != "apply":
            return False
        return all(one.kind.value in self.watched.options.allow for one in fleet.violations)

    def _mode(self, fleet: str) -> str:
        """Return the mode that a fleet's manifest gives it."""
        mode: str = self._good.fleets[fleet].spec.mode if self._good is not None else ""
        return mode

    def _correct(self, planned: PlanResult) -> Generator[AnyEvent, None, Applying | None]:
        """Apply what may be sent; return the run, or None. That limits block a fleet was reported before."""
        if not self.watched.apply:
            return None
        may: list[FleetPlan] = []
        for fleet in filter(self._goes, planned.plan.fleets):
            mode = self._mode(fleet.fleet)
            if self._corrects(fleet):
                may.append(fleet)
            elif mode != "apply" and fleet.fleet not in self._observed:
                self._observed.add(fleet.fleet)
                yield self._note("info", f"nothing is sent: the mode of the fleet is {mode}", fleet.fleet)
        if not may:
            return None
        allowed = msgspec.structs.replace(planned, plan=msgspec.structs.replace(planned.plan, fleets=tuple(may)))
        applying = Applying(allowed, self.watched.options, self.clock, run=self.run)
        yield from applying.events()
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
        return self._goes(fleet) and self._mode(fleet.fleet) == "apply" and not self._corrects(fleet)

    def _goes(self, fleet: FleetPlan) -> bool:
        """Return whether a change of a fleet may be sent: now or, where this pass waits, once another change took effect."""
        later = self.watched.options.wait and any(held.follows for held in fleet.held)
        return not fleet.error and (later or bool(fleet.changes))

    def _end(self, number: int, planned: PlanResult, applying: Applying | None) -> Iterator[Passed]:
        """Yield the state of each fleet after the pass, corrections included."""
        outcomes = applying.outcomes if applying is not None else []
        for fleet in planned.plan.fleets:
            both = (Sync.UNKNOWN, Health.UNKNOWN) if fleet.error else axes(planned.assessment(fleet.fleet))
            yield Passed(
                at=self.clock.now(),
                run=self.run,
                fleet=fleet.fleet,
                number=number,
                sync=both[0].value,
                health=both[1].value,
                changes=len(fleet.changes),
                held=len(fleet.held),
                violations=len(fleet.violations),
                mistakes=len(fleet.mistakes),
                waited=self.watched.options.wait,
                reasons=dict(Counter(code for held in fleet.held for code in {one.code.value for one in held.reasons})),
                outcomes=dict(Counter(one.result.value for one in outcomes if one.fleet == fleet.fleet)),
            )

    def _completed(self, number: int, seconds: float) -> Completed:
        return Completed(at=self.clock.now(), run=self.run, number=number, fleets=self._fleets, seconds=seconds)

    def _note(self, level: str, message: str, fleet: str = "") -> Note:
        return Note(at=self.clock.now(), run=self.run, level=level, message=message, fleet=fleet)


def _findings(error: ReconcilerError) -> str:
    """Return what is wrong with manifests on one line."""
    if not isinstance(error, ManifestError):
        return str(error)
    first, *more = (f"{one.origin}: {one.message}" for one in error.diagnostics)
    return f"{first}; {len(more):,} more: run `reconciler validate`" if more else first
