"""What may not go as things are, what follows the calls of this pass, and what people should know before they approve.

Half a change is worse than none: one whose later step has no call is held before its first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from reconciler.model.change import Change, Review, Verb
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.release import Availability, Catalog, Preparation, PrepareStatus, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Reach, Ref
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp.compile import NOTHING, PREFIX, calls_of, reference_of, steps_of
from reconciler.platforms.getapp.offers import FREE
from reconciler.platforms.getapp.prepare import RUNNING, must_prepare
from reconciler.platforms.getapp.stages import Stage
from reconciler.platforms.getapp.steps import DELIVER, PUSH, STARTS, UNINSTALL, StepPlan, Table, VersionStep

HALTED: dict[str, str] = {Stage.DELIVERY_HALTED: "delivery", Stage.DEPLOY_HALTED: "installation"}
"""What a person halted, by how far a release has come."""


class Reviewer:
    """Reviews changes against one reading and its catalogue."""

    def __init__(self, snapshot: Snapshot, catalog: Catalog, table: Table) -> None:
        self._snapshot = snapshot
        self._catalog = catalog
        self._table = table
        self._needed: dict[tuple[str, str], str] = {}

    def review(self, changes: Sequence[Change]) -> Review:
        """Return holds, following calls and warnings."""
        holds: dict[int, tuple[Hold, ...]] = {}
        later: dict[int, tuple[str, ...]] = {}
        going: list[Change] = []
        self._needed = {
            (change.unit.id, dependency): f"{change.workload.name} {change.to}"
            for change in changes
            if change.verb is not Verb.REMOVE and change.to is not None
            for dependency in self._catalog.get(Release(change.workload.id, change.to), NOTHING).dependencies
        }
        for position, change in enumerate(changes):
            planned = steps_of(change, self._snapshot)
            reasons = tuple(self._reasons(change, planned))
            if reasons:
                holds[position] = reasons
                continue
            going.append(change)
            following = self._following(change, planned)
            if following:
                later[position] = tuple(PREFIX + step for step in following)
        return Review(holds, later, tuple(self._warnings(going)))

    def _reasons(self, change: Change, planned: StepPlan) -> Iterator[Hold]:
        row = self._snapshot.units.index.get(change.unit.id)
        if row is not None and self._snapshot.units.reach[row] == Reach.DISCONNECTED:
            yield Hold(
                HoldReason.UNREACHABLE,
                "the device is not connected, and commands are not queued: they are sent when it is back",
            )
        yield from self._without_call(planned)
        if planned.now is None:
            yield Hold(HoldReason.UNSUPPORTED, f"{planned.waits}: nothing can be asked for until that has ended")
            return
        version, steps = planned.now.version, calls_of(change, planned.now, self._catalog, self._table)
        if not all(reference_of(change, step, version, self._snapshot, self._catalog) for step in steps):
            text = f"the platform does not show the catalogId of {change.workload.name} {version}"
            yield Hold(HoldReason.VERSION_UNKNOWN, text)
        yield from self._not_offered(change, planned)
        yield from self._depended_on(change, planned.now)
        yield from self._halted(change, planned.now)
        yield from self._unprepared(change, planned.now)

    def _availability(self, change: Change) -> Availability:
        info = self._catalog.get(Release(change.workload.id, change.to or ""), NOTHING)
        return info.availability.get(change.unit.id, FREE)

    def _not_offered(self, change: Change, planned: StepPlan) -> Iterator[Hold]:
        """Yield that the platform refuses the release to this device, or may: agents refuse its first step, or a later one."""
        if not any(one is not None and one.step in STARTS for one in (planned.now, *planned.later)):
            return
        found = self._availability(change)
        if found.refused:
            yield Hold(HoldReason.NOT_OFFERED, clean(found.refused))
        elif found.unread:
            text = f"whether the device may take {change.to} could not be read: {found.unread}"
            yield Hold(HoldReason.VERSION_UNKNOWN, text)

    def _depended_on(self, change: Change, step: VersionStep) -> Iterator[Hold]:
        """Yield that a release comes that needs what would go: it finds it there, and does not bring it again.

        Once it is on the device, its own row protects what it depends on.
        """
        if step.step not in STARTS:
            reference = reference_of(change, step.step, step.version, self._snapshot, self._catalog)
            names = (f"{change.workload.id} {step.version}", reference)
            comer = next((one for name in names if (one := self._needed.get((change.unit.id, name)))), None)
            if comer is not None:
                text = f"{comer} goes to this device and depends on {step.version}"
                yield Hold(HoldReason.PRUNING_UNSAFE, text)

    def _halted(self, change: Change, step: VersionStep) -> Iterator[Hold]:
        """Yield that a person halted what would be started, which is for people to take up again."""
        row = self._snapshot.units.index[change.unit.id]
        what = HALTED.get(dict(self._snapshot.state(change.workload.id, row).stages).get(step.version, ""))
        if what is not None and step.step in STARTS:
            text = f"the {what} of {step.version} was paused or cancelled on the device"
            yield Hold(HoldReason.PAUSED, f"{text}: take it up again there, or ask for another version")

    def _without_call(self, planned: StepPlan) -> Iterator[Hold]:
        """Yield the steps that this connection has no call for."""
        steps = [*([planned.now] if planned.now is not None else []), *planned.later]
        for step in dict.fromkeys(one.step for one in steps):
            if self._table.on(step):
                continue
            if step == UNINSTALL and self._table.fleet:
                text = "a CDN master has no uninstall command (none is documented; release notes announce one for v1.6)"
                hint = f"where yours has one, set the connection's routes.{step}"
                yield Hold(HoldReason.UNSUPPORTED, f"{text}: {hint}")
                continue
            text = f"the documents do not confirm the call that would {step}"
            hint = (
                f"set the connection's routes.{step}; `reconciler doctor` proposes it where the agent describes itself"
            )
            yield Hold(HoldReason.ROUTE_UNVERIFIED, f"{text}: {hint}")

    def _unprepared(self, change: Change, step: VersionStep) -> Iterator[Hold]:
        one = self._catalog.get(Release(change.workload.id, step.version), NOTHING).preparation
        if step.step != DELIVER or one is None:
            return
        if one.status in RUNNING:
            how = f"{one.status.value}, {one.progress or 0:g} %"
            yield Hold(HoldReason.NOT_PREPARED, f"the delivery server still prepares {step.version} ({how})")
        elif one.status is PrepareStatus.ERROR and not must_prepare(one):
            text = f"the delivery server could not prepare {step.version}: {_failure(one)}"
            yield Hold(HoldReason.PREPARATION_FAILED, text)
        elif one.status is PrepareStatus.UNKNOWN:
            text = f"how the preparation of {step.version} stands is not known: {'; '.join(one.notes)}"
            yield Hold(HoldReason.NOT_PREPARED, text)

    def _following(self, change: Change, planned: StepPlan) -> list[str]:
        """Return the steps after the one of this pass, each once."""
        steps = [one.step for one in planned.later]
        ahead = [] if planned.now is None else calls_of(change, planned.now, self._catalog, self._table)[1:]
        return list(dict.fromkeys([*ahead, *steps]))

    # --- warnings ---------------------------------------------------------------------------------------------------

    def _warnings(self, changes: Sequence[Change]) -> Iterator[str]:
        arriving: set[tuple[Ref, str]] = set()
        needed: dict[tuple[Ref, str], int] = defaultdict(int)
        unpushed: dict[tuple[Ref, str], int] = defaultdict(int)
        for change in changes:
            state = self._snapshot.state(change.workload.id, self._snapshot.units.index[change.unit.id])
            if change.verb is not Verb.REMOVE and change.to is not None:
                arriving.add((change.workload, change.to))
                unpushed[change.workload, change.to] += self._unpushed(change)
            elif change.to is None and state.protected:
                for why in {condition.text for condition in state.protected}:
                    needed[change.workload, why] += 1
        for workload, version in sorted(arriving, key=lambda one: (one[0].name, one[0].id, one[1])):
            info = self._catalog.get(Release(workload.id, version), NOTHING)
            yield from _arrival(workload, version, info)
        for (workload, version), count in sorted(unpushed.items(), key=_by_name):
            if count:
                yield (
                    f"{workload.name} {version} was not pushed to {_devices(count)}, which may refuse it: "
                    f"set the connection's routes.{PUSH}"
                )
        for (workload, why), count in sorted(needed.items(), key=_by_name):
            yield f"{workload.name} is removed from {_devices(count)} where {why} may need it"

    def _unpushed(self, change: Change) -> bool:
        """Return whether a delivery goes without the push that it needs, for want of a call."""
        planned = steps_of(change, self._snapshot).now
        delivers = planned is not None and planned.step == DELIVER
        return delivers and not self._availability(change).pushed and not self._table.on(PUSH)


def _arrival(workload: Ref, version: str, info: ReleaseInfo) -> Iterator[str]:
    """Yield what people should know of a release that goes to devices."""
    name = f"{workload.name} {version}"
    if info.extra and msgspec.json.decode(info.extra, type=dict[str, object]).get("autoDeploy") is True:
        # Metadata of a release, confirmed (API release.dto.ts); whether a device obeys is its own affair (section 6).
        yield f"{name} may install itself as soon as it is downloaded (autoDeploy)"
    if info.dependencies:
        yield f"{name} brings along {', '.join(info.dependencies)}"
    one = info.preparation
    if one is not None and one.status is PrepareStatus.ERROR and must_prepare(one):
        yield f"preparing {name} failed and is tried again: {_failure(one)}"


def _failure(one: Preparation) -> str:
    return f"{one.error} ({one.code})"


def _devices(count: int) -> str:
    return f"{count:,} device{'' if count == 1 else 's'}"


def _by_name(item: tuple[tuple[Ref, str], int]) -> tuple[str, str, str]:
    (workload, text), _ = item
    return workload.name, workload.id, text
