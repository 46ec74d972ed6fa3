"""What is to be said of changes before they go: what the platform cannot do, what follows, what people should know.

Devices are counted, none holds anything: a release that one of a thousand cannot take goes to the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from reconciler.core.versions import later, semver
from reconciler.model.change import Change, Review, Verb
from reconciler.model.condition import ConditionCode
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import State
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import Snapshot
from reconciler.model.unit import Labels
from reconciler.platforms.memfault.columns import CHECKS, hardware_of
from reconciler.platforms.memfault.compile import PULL, active_in, full, share_of, state_of_slot
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.wire import ARROW, SYMBOLS


class _Case(msgspec.Struct, frozen=True):
    """A change with what is known of its slot and its version."""

    change: Change
    state: State
    active: list[str]
    labels: Labels
    info: ReleaseInfo


def review_changes(changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog, *, redraw: bool) -> Review:
    """Return what is to be said of changes; `redraw` lets activations be made anew that cannot be raised."""
    holds: dict[int, tuple[Hold, ...]] = {}
    following: dict[int, tuple[str, ...]] = {}
    warnings: list[str] = []
    active = active_in(snapshot)
    for position, change in enumerate(changes):
        case = _case(change, snapshot, catalog, full(active.get((change.unit.id, change.workload.id), {})))
        found = tuple(_holds(case))
        if found:
            holds[position] = found
            continue
        if _leaves_some(case):
            following[position] = (PULL,)
        warnings += _warnings(case, redraw=redraw)
    return Review(holds, following, tuple(warnings))


def _case(change: Change, snapshot: Snapshot, catalog: Catalog, active: list[str]) -> _Case:
    row = snapshot.units.index.get(change.unit.id)
    labels = () if row is None else snapshot.units[row].labels
    info = catalog.get(Release(change.workload.id, change.to or ""), ReleaseInfo(found=None))
    return _Case(change, state_of_slot(snapshot, change), active, labels, info)


def _holds(case: _Case) -> Iterator[Hold]:
    change = case.change
    if change.to is None or change.verb is Verb.REMOVE:
        return
    value = dict(change.settings).get(ROLLOUT, 100)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        yield Hold(HoldReason.UNSUPPORTED, f"{ROLLOUT} must be a whole number from 1 to 100, not {value!r}")
    elif change.to == case.state.assigned:
        yield from _narrowing(case.state, value)
    elif change.to not in case.active and _payloads(case.info) == []:
        yield Hold(HoldReason.NO_ARTIFACT, f"no payload was uploaded for {change.to}: no device could take it")


def _narrowing(state: State, value: int) -> Iterator[Hold]:
    """Yield why a percentage cannot become what it should: the sample cannot be shrunk, inferred (the UI only raises)."""
    now = share_of(state.settings)
    if value < now:
        text = (
            f"{state.assigned} is active for {now} % and cannot be narrowed to {value} %: devices that have it keep it; "
            "pull it or ask for no less"
        )
        yield Hold(HoldReason.UNSUPPORTED, text)
    elif value == now:
        yield Hold(HoldReason.UNSUPPORTED, f"it is active for all devices: leave `{ROLLOUT}: 100` out")


def _payloads(info: ReleaseInfo) -> list[str] | None:
    """Return for which hardware versions there are payloads; None where no answer says so."""
    if not info.found or info.artifacts is None:
        return None
    return [artifact.hardware for artifact in info.artifacts if artifact.kind != SYMBOLS]


def _leaves_some(case: _Case) -> bool:
    """Return whether lower versions will be left to pull once this change took effect."""
    version, state = case.change.to, case.state
    if version is None or case.change.verb is Verb.REMOVE or version == state.assigned:
        return False
    kept = state.assigned if share_of(case.change.settings) < 100 and not state.settings else None
    active = {name for name in (state.assigned, *state.extra_versions) if name is not None and ARROW not in name}
    return any(later(version, name) for name in active - {kept})


def _warnings(case: _Case, *, redraw: bool) -> Iterator[str]:
    change = case.change
    where = f"{change.workload.name} on {change.unit.name}"
    if change.to is None:
        for version, count in case.state.spread:
            yield f"{where}: nothing is uninstalled: {_devices(count, 'keeps', 'keep')} {version}"
        return
    if change.verb is Verb.REMOVE:
        return
    if not change.size:
        yield f"{where}: the cohort has no devices; nothing will show whether {change.to} works"
    if change.to == case.state.assigned:
        if redraw:
            what = f"{change.to} is pulled and activated anew: the sample of devices is drawn again"
            yield f"{where}: should the server refuse to raise it, {what}"
        return
    yield from (f"{where}: {text}" for text in _unfit(case, change.to))


def _unfit(case: _Case, version: str) -> Iterator[str]:
    """Yield how many devices of a cohort cannot take a version, and why."""
    payloads = _payloads(case.info)
    hardware = hardware_of(case.labels, case.change.workload.id)
    if payloads is not None and "" not in payloads:
        seen_lately = f"{sum(hardware.values()):,} devices seen lately"
        for name, count in sorted(hardware.items()):
            if name not in payloads:
                yield f"{version} has no artifact for hardware {name}: {count:,} of {seen_lately} cannot take it"
    found = (one for one in case.state.conditions if one.code is ConditionCode.REPORTS_UNRELEASED)
    unordered = {name for one in found for name in one.versions if semver(name) is None}
    spread = [(seen, count) for seen, count in case.state.spread if seen not in unordered]
    minimum = case.info.min_version
    if minimum:
        below = sum(count for seen, count in spread if later(minimum, seen))
        if below:
            yield f"{version} needs {minimum} or later: {_devices(below, 'runs', 'run')} less"
    if (CHECKS, "off") not in case.labels:
        ahead = sum(count for seen, count in spread if later(seen, version))
        if ahead:
            yield f"{_devices(ahead, 'runs', 'run')} a later version than {version} and will not go back to it"


def _devices(count: int, one: str, several: str) -> str:
    return f"{count:,} device {one}" if count == 1 else f"{count:,} devices {several}"
