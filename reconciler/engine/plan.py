"""The use case "plan": read all groups at a time and decide what is to happen. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property, partial

import msgspec

from reconciler.core import unavailable
from reconciler.core.assemble import assemble
from reconciler.core.assessment import Filters, FleetAssessment
from reconciler.core.decide import PlanRequest, Reading, check_filters
from reconciler.core.loosen import loosened
from reconciler.core.migrated import migrated
from reconciler.core.names import known_names
from reconciler.core.remember import Remembering
from reconciler.core.unanswered import resolved
from reconciler.engine.group import Group, GroupReader, Open, View, groups_of
from reconciler.engine.parallel import at_once
from reconciler.engine.recent import Recent
from reconciler.errors import ManifestError
from reconciler.model.event import Resolved
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.provenance import Loosened
from reconciler.ports import Clock, History

STRICT = "with --strict, warnings about manifests are errors, and so are versions that are not available"


class PlanResult(msgspec.Struct, kw_only=True, dict=True):
    """A plan, and what it was made from: each group with its reader and what that saw."""

    plan: Plan
    groups: list[tuple[GroupReader, View]]
    history: History
    """What was asked what it remembers; all events of a run of this plan must be recorded in it."""

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What was read and looked up, by connection; what could not be is missing."""
        return {name: reading for _, view in self.groups for name, reading in view.readings.items()}

    @cached_property
    def assessments(self) -> dict[str, FleetAssessment]:
        """The judged fleets by name."""
        return {name: one for _, view in self.groups for name, one in view.assessments.items()}

    def resolved(self, *, at: float, run: str) -> Iterator[Resolved]:
        """Yield what this reading shows of calls that nobody saw the answer of; only where everything was read."""
        for one in self.assessments.values():
            if one.snapshot.full_at is None:
                yield from resolved(one, at=at, run=run)

    def again(self, fleets: Collection[str], now: float) -> PlanResult:
        """Read the groups of these fleets once more and decide, for what is reported: nothing of it is sent.

        `now` in seconds since 1970. The other groups stay as they were read.
        """
        due = [not view.plans.keys().isdisjoint(fleets) for _, view in self.groups]
        readers = [reader for (reader, _), again in zip(self.groups, due, strict=True) if again]
        views = iter(at_once([partial(reader.read, now) for reader in readers]))
        groups = [
            (reader, next(views) if again else view) for (reader, view), again in zip(self.groups, due, strict=True)
        ]
        found = assemble(
            [one for _, view in groups for one in view.plans.values()],
            now=now,
            read={name: one.snapshot.read_at for _, view in groups for name, one in view.readings.items()},
            filters=self.plan.filters,
            provenance=self.plan.provenance,
        )
        return PlanResult(plan=found, groups=groups, history=self.history)

    def close(self) -> None:
        """Give all connections back."""
        for reader, _ in self.groups:
            reader.close()


def plan(  # what is planned, how it is read, and what is known beforehand
    request: PlanRequest,
    open_: Open,
    clock: Clock,
    history: History | None = None,
    groups: Sequence[Group] | None = None,
    recent: Recent | None = None,
    goes: Callable[[FleetPlan], bool] = lambda _: True,
) -> PlanResult:
    """Make a plan. Raises ManifestError where the request is strict and anything at all is wrong or odd about manifests.

    Connections that requirements refer to are read as well; their fleets are planned only if they are in reach.
    Without a history nothing is remembered. A reading may go on from one that is `recent`, but for the fleets of which
    something `goes`: that rests on full readings. `groups` are those of the request, where they are known already.
    """
    now = clock.now()
    history = history or Remembering(now, durable=False)
    readers = [GroupReader(group, request, open_, clock, history, recent) for group in groups or groups_of(request)]
    views = at_once([partial(_read, reader, now, goes) for reader in readers])
    fleets = [one for view in views for one in view.plans.values()]
    findings = [*request.manifest.warnings, *(finding for one in fleets for finding in one.diagnostics)]
    said = {one.message for one in findings}
    if request.strict:
        findings += [one for one in unavailable.findings(fleets) if one.message not in said]
    if request.strict and findings:
        raise ManifestError(tuple(dict.fromkeys(findings)), hint=STRICT)
    assessed = [one for view in views for one in view.assessments.values()]
    if len(assessed) == len(fleets):  # else some could not be read, or only the base has them
        check_filters(request.filters, assessed, fleets)
    read = {name: reading.snapshot.read_at for view in views for name, reading in view.readings.items()}
    base = request.base
    known = {one.document.name: known_names(one.resolution.spec, one.snapshot.workloads) for one in assessed}
    found = assemble(
        fleets,
        now=clock.now(),
        read=read,
        filters=request.filters.words,
        lifetime=request.lifetime,
        provenance=request.provenance,
        connections=request.connections,
        loosened=()
        if base is None
        else tuple(
            _in_reach(loosened(base, request.manifest, now, known, migrated(request, assessed)), request.filters)
        ),
    )
    return PlanResult(plan=found, groups=list(zip(readers, views, strict=True)), history=history)


def _read(reader: GroupReader, now: float, goes: Callable[[FleetPlan], bool]) -> View:
    """Read a group, in full where what it was decided by is not and something goes."""
    view = reader.read(now)
    partly = any(one.snapshot.full_at is not None for one in view.assessed.values())
    return reader.read(reader.clock.now()) if partly and any(map(goes, view.plans.values())) else view


def _in_reach(found: Iterable[Loosened], filters: Filters) -> Iterator[Loosened]:
    return (one for one in found if filters.fleet(one.fleet))
