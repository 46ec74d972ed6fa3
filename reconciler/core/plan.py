"""A judged fleet → its plan: changes, held ones, calls, violations, warnings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

import msgspec

from reconciler.core.assessment import FleetAssessment, unmanaged
from reconciler.core.basis import basis, moved_to
from reconciler.core.changes import Maker, held_of
from reconciler.core.forecast import Waiting, forecast, with_shares
from reconciler.core.guards.allow import admitted
from reconciler.core.guards.limit import loads
from reconciler.core.guards.pace import paced, stage_of
from reconciler.core.guards.platform import vetoed
from reconciler.core.guards.requirement import Gates
from reconciler.core.guards.spent import forgetful
from reconciler.core.impact import shares
from reconciler.core.mix import mixes
from reconciler.core.rollouts import standings
from reconciler.core.warn import lapsed, units_in_words, warnings
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Held, Refusals, Review, Step, Verb
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.plan import Basis, Counts, FleetPlan, Summary
from reconciler.model.release import Catalog
from reconciler.model.unit import Ref
from reconciler.model.verdict import Verdict


class Compiler(Protocol):
    """What a platform knows of changes: `review` and `compile` of the port, for one reading and its catalogue. Pure."""

    def review(self, changes: Sequence[Change]) -> Review:
        """Say which changes may not go, what follows, and what to warn of."""
        ...

    def compile(
        self,
        changes: Sequence[Change],
        fleet_wide: Collection[str],
        *,
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Turn changes into calls; `fleet_wide`: ids of workloads for which the fleet speaks of every unit alike."""
        ...


NO_GATES: Gates = {}
WORKLOAD, UNIT = attrgetter("workload.name", "workload.id"), attrgetter("unit.id")


def fleet_plan(  # a fleet, what is known of it, and where its manifests came from
    one: FleetAssessment,
    catalog: Catalog,
    compiler: Compiler,
    *,
    manifest: str,
    commit: str | None,
    gates: Gates = NO_GATES,
) -> FleetPlan:
    """Return the plan of a judged fleet. `manifest` is the manifests' digest, `gates` what requirements say of workloads."""
    maker = Maker(one, catalog, gates)
    changes, review, waiting = _reviewed(one, maker, compiler)
    actions = _compiled(one, compiler, changes)
    _set_steps(changes, actions, review.later)
    missing = tuple(_missing(one))
    judged = admitted(one.document, loads(one), len(one.resolution.scope), one.patience.now)
    return FleetPlan(
        fleet=one.document.name,
        connection=one.connection,
        platform=one.platform,
        basis=basis(one, changes, maker.held, catalog, manifest=manifest, commit=commit),
        summary=_summary(one, changes, len(maker.held) + len(missing)),
        changes=changes,
        actions=actions,
        held=(*missing, *maker.held),
        diagnostics=one.diagnostics,
        violations=judged.violations,
        lifted=judged.lifted,
        warnings=(*warnings(one), *lapsed(one, catalog), *forgetful(one), *review.warnings),
        releases=moved_to(changes, catalog),
        shares=tuple(shares(one, changes)),
        mix=tuple(mixes(one)),
        rollouts=forecast(one, changes, actions, waiting, partial(_compiled, one, compiler)),
    )


def _compiled(one: FleetAssessment, compiler: Compiler, changes: Sequence[Change]) -> tuple[Action, ...]:
    return compiler.compile(changes, one.fleet_wide, wide=not one.by_ids) if changes else ()


def failed_fleet(name: str, *, connection: str, platform: str, target: str, manifest: str, error: str) -> FleetPlan:
    """Return the plan of a fleet whose connection could not be read: nothing, and why."""
    return FleetPlan(
        fleet=name,
        connection=connection,
        platform=platform,
        basis=Basis(target=target, manifest=manifest, complete=False, problems=(error,)),
        summary=Summary(units=0, slots=0, synced=0, held=0, unmanaged=0, changes=Counts()),
        error=error,
    )


def _reviewed(one: FleetAssessment, maker: Maker, compiler: Compiler) -> tuple[tuple[Change, ...], Review, Waiting]:
    """Return the changes that may go now, what the platform says of them by their new positions, and what waits for its turn."""
    review = compiler.review(maker.changes) if maker.changes else Review()
    going, held, review = vetoed(maker.changes, review)
    maker.held += [held_of(change, reasons) for change, reasons in held]
    one.standings = standings(one, maker.held)
    going, waiting, review = paced(one, going, review)
    distinct = {id(reasons): reasons for _, reasons in waiting}  # few, and shared by many
    stages = {key: stage_of(reasons) for key, reasons in distinct.items()}
    maker.held += [held_of(change, reasons, stages[id(reasons)]) for change, reasons in waiting]
    maker.held = list(_in_order(maker.held))
    going, review = with_shares(one, going, review)
    return tuple(going), review, waiting


def _in_order(held: Sequence[Held]) -> Iterator[Held]:
    """Yield held changes by workload, then unit. They come nearly so, and there may be very many."""
    found: dict[tuple[str, str], list[Held]] = {}
    for key, some in groupby(held, WORKLOAD):
        found.setdefault(key, []).extend(some)
    for key in sorted(found):
        yield from sorted(found[key], key=UNIT)


def _set_steps(changes: tuple[Change, ...], actions: tuple[Action, ...], later: Mapping[int, tuple[str, ...]]) -> None:
    """Name each change's calls: they are known only once the calls are compiled, and the changes are not yet given out."""
    steps: dict[str, Step] = {}
    for action in actions:
        step = steps.setdefault(action.call, Step(action.call))
        alone = (step,)
        for slot in action.slots:
            before = changes[slot].steps
            msgspec.structs.force_setattr(changes[slot], "steps", (*before, step) if before else alone)
    for position, calls in later.items():
        following = tuple(Step(call, "later") for call in calls)
        msgspec.structs.force_setattr(changes[position], "steps", (*changes[position].steps, *following))


def _missing(one: FleetAssessment) -> Iterator[Held]:
    units = len(one.reach)
    for name, why in one.resolution.missing:
        if one.filters.workload([name]):
            yield Held(
                unit=Ref("*", units_in_words(units)),
                workload=Ref("", name),
                verb=None,
                from_=None,
                to=None,
                reasons=(Hold(HoldReason.VERSION_NOT_FOUND, why),),
                origin=one.document.locate(("spec", "workloads", name)),
            )


def _summary(one: FleetAssessment, changes: tuple[Change, ...], held: int) -> Summary:
    def count(*found: Verdict) -> int:
        return sum(judged.count(*found) for judged in one.judged)

    slots = sum(sum(judged.tally.values()) for judged in one.judged) - count(Verdict.UNMANAGED)
    out = count(Verdict.UNKNOWN, Verdict.DIFFERS, Verdict.MISSING, Verdict.SURPLUS, Verdict.LEFTOVER, Verdict.NEXT)
    verbs = [change.verb for change in changes]
    return Summary(
        units=len(one.reach),
        slots=slots,
        synced=slots - out,
        held=held,
        unmanaged=unmanaged(one),
        changes=Counts(*(verbs.count(verb) for verb in (Verb.RELEASE, Verb.REPLACE, Verb.REMOVE))),
        unknown=count(Verdict.UNKNOWN),
        converging=count(Verdict.CONVERGING, Verdict.REMOVING),
        waiting=count(Verdict.WAITING, Verdict.PAUSED),
        failed=count(Verdict.FAILED, Verdict.RETRY),
        stuck=count(Verdict.STUCK, Verdict.AHEAD),
        dropped=one.resolution.dropped,
    )
