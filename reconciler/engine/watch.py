"""The use case "watch": endless passes, each one turn of the loop. Level-based: every pass starts from what is.

A pass never builds on what the last one remembered; memory here only serves to tell what is new (drift), how long to
wait after failures, and which manifests are in force. Limits and holds are never passed.

Manifests come into force when they were read twice the same, `QUIET` apart, or at once where they are those of another
commit: somebody may be writing a file, and the half that is there may lack what holds a version back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator

import msgspec

from reconciler.core.assessment import Filters
from reconciler.core.decide import PlanRequest
from reconciler.core.drift import Memory, drifted
from reconciler.core.status import axes
from reconciler.engine.apply import INCOMPLETE, Applying
from reconciler.engine.group import Open
from reconciler.engine.plan import PlanResult, plan
from reconciler.engine.run import Options
from reconciler.errors import ReconcilerError
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.event import AnyEvent, Blocked, Note, Passed
from reconciler.model.fleet import Manifest
from reconciler.model.plan import FleetPlan
from reconciler.model.provenance import DIRTY, Provenance
from reconciler.model.verdict import Health, Sync
from reconciler.ports import Clock, Source

LONGEST_PAUSE = 900.0
"""Seconds between passes at most, however often passes failed."""

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
    ) -> None:
        """Take where manifests come from, what opens connections, and how to watch.

        `random` gives 0 to 1; `commit` names the commit of manifests, marked where they differ from it.
        """
        self.source = source
        self.open = open_
        self.clock = clock
        self.watched = watched
        self.run = run
        self.random = random
        self.commit = commit
        self.exit_code = 0
        self._good: Manifest | None = None
        self._commit: str | None = None
        self._wrong = False
        self._opened: Open | None = None
        self._memory: dict[str, Memory] = {}
        self._failures = 0
        self._mistaken = 0

    def events(self) -> Generator[AnyEvent, None, None]:
        """Watch, telling what happens. Raises what is wrong with the very first manifests, or with filters from the start."""
        number = 0
        while not self.clock.stopping():
            number += 1
            failed = yield from self._pass(number)
            self._failures = self._failures + 1 if failed else 0
            self.exit_code = failed or self._mistaken
            if self.watched.once or self.clock.sleep(self._pause()):
                break
        if not self.watched.once:
            self.exit_code = 0

    def _pause(self) -> float:
        grown = self.watched.interval * 2.0 ** min(self._failures, 10)
        return min(grown, max(LONGEST_PAUSE, self.watched.interval)) * (1 + JITTER * (2 * self.random() - 1))

    def _pass(self, number: int) -> Generator[AnyEvent, None, int]:
        yield from self._reload()
        if self._good is None or self._opened is None:
            return 1
        request = PlanRequest(
            manifest=self._good,
            filters=self.watched.filters,
            strict=self.watched.strict,
            provenance=Provenance(commit=self._commit or ""),
        )
        try:
            planned = plan(request, self._opened, self.clock)
        except ReconcilerError as error:
            if number == 1:
                raise
            yield self._note("error", error.advised)
            return error.exit_code
        try:
            for fleet in planned.plan.fleets:
                yield from self._tell(fleet, planned)
            applying = yield from self._correct(request, planned)
            yield from self._end(number, planned, applying)
        finally:
            planned.close()  # the next pass may be long away, or be one of other manifests
        errors = any(fleet.error for fleet in planned.plan.fleets)
        mistaken = any(fleet.mistakes for fleet in planned.plan.fleets)
        self._mistaken = INCOMPLETE if self.watched.apply and mistaken else 0
        return (applying.result if applying is not None else 0) or int(errors)

    def _reload(self) -> Generator[AnyEvent, None, None]:
        """Read the manifests; wrong ones and those being written leave the last good ones in force, and that is said."""
        try:
            found = self._settled()
        except ReconcilerError as error:
            if self._good is None:
                raise
            self._wrong = True
            yield self._note("error", f"the manifests are invalid; the last valid ones stay in force: {error}")
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
        """Tell what is wrong with a fleet, and what is new since the last pass: warnings and drift."""
        if fleet.error:
            yield self._note("error", fleet.error, fleet.fleet)
            return
        if fleet.violations and not self.watched.apply:
            yield Blocked(at=self.clock.now(), run=self.run, fleet=fleet.fleet, violations=fleet.violations)
        snapshot = planned.assessment(fleet.fleet).snapshot
        before = self._memory.get(fleet.fleet)
        if before is None or before.snapshot.identity != snapshot.identity:
            before = Memory(snapshot)
        for one in _without(fleet.diagnostics, before.diagnostics):
            yield self._note(one.severity.value, f"{one.origin}: {one.message}", fleet.fleet)
        for one in _without(before.diagnostics, fleet.diagnostics):
            yield self._note("info", f"resolved: {one.origin}: {one.message}", fleet.fleet)
        for warning in fleet.warnings:
            if warning not in before.warnings:
                yield self._note("warning", warning, fleet.fleet)
        yield from drifted(before, fleet, at=self.clock.now(), run=self.run)
        self._memory[fleet.fleet] = Memory(snapshot, fleet.diagnostics, fleet.warnings)

    def _correct(self, request: PlanRequest, planned: PlanResult) -> Generator[AnyEvent, None, Applying | None]:
        """Apply what may go; return the run, None where nothing may."""
        if not self.watched.apply:
            return None
        may: list[FleetPlan] = []
        for fleet in filter(self._goes, planned.plan.fleets):
            mode = request.manifest.fleets[fleet.fleet].spec.mode
            if mode == "apply":
                may.append(fleet)
            else:
                yield self._note("info", f"nothing is sent: the mode of the fleet is {mode}", fleet.fleet)
        if not may:
            return None
        allowed = PlanResult(plan=msgspec.structs.replace(planned.plan, fleets=tuple(may)), groups=planned.groups)
        applying = Applying(allowed, self.watched.options, self.clock, run=self.run)
        yield from applying.events()
        for one in applying.outcomes:
            self._memory[one.fleet].came_of(one)
        return applying

    def _goes(self, fleet: FleetPlan) -> bool:
        """Return whether something of a fleet may go: now or, where this pass waits, once something else took effect."""
        later = self.watched.options.wait and any(held.stage for held in fleet.held)
        return not fleet.error and (later or bool(fleet.changes))

    def _end(self, number: int, planned: PlanResult, applying: Applying | None) -> Iterator[Passed]:
        """Tell of each fleet how it stands after the pass, corrections included."""
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
                outcomes=dict(Counter(one.result.value for one in outcomes if one.fleet == fleet.fleet)),
            )

    def _note(self, level: str, message: str, fleet: str = "") -> Note:
        return Note(at=self.clock.now(), run=self.run, level=level, message=message, fleet=fleet)


def _without(some: Iterable[Diagnostic], known: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return those that say something else than the known ones, whatever lines they stand at."""
    said = {one.message for one in known}
    return [one for one in some if one.message not in said]
