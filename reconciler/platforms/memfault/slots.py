"""From what is active for a cohort and what its devices say, to the state of a slot: pure and total.

The service gives a device a delta from its own version, else the lowest must-pass-through release above it, else the
highest full one, confirmed (MDX docs/platform/ota.mdx); so what is assigned to a cohort is its highest active full release,
inferred (memfault.md section 7). A delta that leads above that one comes first, and is what is assigned then: else a
wanted version would seem settled while devices are led past it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC

import msgspec

from reconciler.core.versions import later, latest_first, order_of, semver
from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.observation import Phase, State
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.members import Group
from reconciler.platforms.memfault.wire import Activated, Deployment

ACTIVE = frozenset({"in_progress", "done"})
"""In force, confirmed (CLI deploy.py). `done` does not say that devices have updated, inferred."""
INACTIVE = frozenset({"pulled", "aborted"})
"""Confirmed in code (NCS)."""
NORMAL, STAGED = "normal", "staged_rollout"
"""Confirmed (WEB api/deployments; CLI deploy.py)."""
REDRAW = "with `redraw: true` in the connection it is pulled and activated anew, with another sample"
"""What people can do where a server does not raise percentages."""


class SlotEvidence(msgspec.Struct):
    """All that is known of one slot. `active` are full releases in force, `deltas` the others.

    `ambiguities` make the slot unknown; `must_pass` says which versions devices must pass through (None: the platform
    does not say); `group` is None where no device of the cohort reports this type, `unread` says why reports are not known.
    """

    active: list[Deployment] = []
    deltas: list[Deployment] = []
    ambiguities: list[Condition] = []
    must_pass: Mapping[str, bool | None] = {}
    group: Group | None = None
    unread: str = ""
    released: frozenset[str] = frozenset()
    unreleased: frozenset[str] = frozenset()
    """Versions that devices report: known to be among the releases, or known not to be any with a payload."""
    goes_back: bool = False
    """Whether the cohort lets devices go back to lower versions: those ahead are on their way then."""
    switched_off: bool = False
    """Whether updates are switched off for the cohort."""


class ActivationOrder(msgspec.Struct, frozen=True):
    """The active versions of a slot: the highest, those it makes needless, and those below that stay of use.

    `assigned` is a version, or a delta by both of its versions; `target` is what devices report once they took it.
    """

    assigned: str
    target: str
    percent: int | None
    extra_versions: tuple[str, ...]
    through: tuple[str, ...]
    """Devices must pass through them on the way up."""
    undeclared: tuple[str, ...]
    """Whether devices must pass through them is not declared: they stay, for they do no harm below the highest one."""
    base: str | None
    """What devices outside the sample of a staged rollout are given."""


def percent_of(activations: Sequence[Deployment]) -> int | None:
    """Return the staged percentage of a version's activations, None for all devices. The widest one counts.

    A finished normal activation shows 0: it means something for staged ones alone, inferred (SW example).
    """
    shares = [100 if one.type == NORMAL else math.floor(one.rollout_percent or 0) for one in activations]
    widest = max(shares)
    return None if widest >= 100 else widest


def activation_order(slot: SlotEvidence) -> ActivationOrder | None:
    """Return how the active versions of a slot stand to each other; None where there are none.

    While the highest one is staged, the rest of the cohort is given the highest normal one below it: that is of use.
    """
    by_name: dict[str, list[Deployment]] = defaultdict(list)
    for one in (*slot.active, *slot.deltas):
        by_name[one.release.name].append(one)
    if not by_name:
        return None
    lead, lower = lead_of(slot)
    percent = percent_of(by_name[lead.name])
    through = [version for version in lower if slot.must_pass.get(version)]
    free = [version for version in lower if slot.must_pass.get(version) is False]
    undeclared = [version for version in lower if slot.must_pass.get(version) is None]
    base = None
    if percent is not None:
        base = next((version for version in free if percent_of(by_name[version]) is None), None)
    others = tuple(version for version in free if version != base)
    if len(lead.versions) > 1 and not others:
        others = (lead.name,)  # no manifest can ask for a delta: so it shows as something that is to go
    return ActivationOrder(lead.name, lead.versions[-1], percent, others, tuple(through), tuple(undeclared), base)


def lead_of(slot: SlotEvidence) -> tuple[Activated, list[str]]:
    """Return what leads a slot that has anything active, and the full releases below, the latest first."""
    full = {one.release.name: one.release for one in slot.active}
    by_target = {one.release.versions[-1]: one.release for one in slot.deltas}
    first, *rest = latest_first([*full, *by_target])
    return full.get(first) or by_target[first], [version for version in rest if version in full]


def state_of(slot: SlotEvidence) -> State:
    """Return what the observation of a slot is."""
    order = activation_order(slot)
    spread = slot.group.spread if slot.group is not None else ()
    nothing = State(spread=spread, size=0, conditions=_kept(spread))
    state = nothing if order is None else _assigned(slot, order, spread)
    if not slot.ambiguities:
        return state
    return msgspec.structs.replace(state, phase=Phase.UNKNOWN, since=None, conditions=tuple(slot.ambiguities))


def _assigned(slot: SlotEvidence, order: ActivationOrder, spread: tuple[tuple[str, int], ...]) -> State:
    assigned = State(
        assigned=order.assigned,
        extra_versions=order.extra_versions,
        settings=() if order.percent is None else ((ROLLOUT, order.percent),),
        spread=spread,
    )
    conditions = [*_staying(order), *_deltas(slot, order)]
    if slot.switched_off:
        conditions.insert(0, Condition(ConditionCode.UPDATES_OFF))
    if slot.unread:
        conditions.insert(0, Condition(ConditionCode.REPORTS_UNREAD, text=clean(slot.unread)))
        return msgspec.structs.replace(assigned, phase=Phase.MOVING, ready=0, conditions=tuple(conditions), spread=())
    seen, silent = (slot.group.seen, slot.group.silent) if slot.group is not None else (Counter(), Counter())
    asked = seen or silent  # where all are silent they are waited for: nothing is settled by nobody answering
    size = expected(asked.total(), order.percent)
    ready = asked[order.target]
    ahead = sum(count for version, count in asked.items() if version is not None and _is_ahead(slot, version, order))
    conditions[:0] = _reports(slot, asked)
    if ahead:
        conditions.insert(0, Condition(ConditionCode.REPORTS_LATER, count=ahead))
    if seen and silent:
        conditions.append(Condition(ConditionCode.SILENT, count=silent.total()))
    if order.percent is not None and asked:
        staged = Condition(ConditionCode.STAGED, count=ready, of=asked.total(), percent=order.percent)
        conditions.append(staged)
    moving = ready < size
    return msgspec.structs.replace(
        assigned,
        reported=order.target if size and not moving else _most_common(asked),
        phase=Phase.MOVING if moving else Phase.SETTLED,
        since=_since(slot, order) if moving else None,
        ahead=ahead > 0 and not slot.goes_back,
        ready=min(ready, size),
        size=size,
        conditions=tuple(conditions),
    )


def _is_ahead(slot: SlotEvidence, version: str, order: ActivationOrder) -> bool:
    """Return whether a version is later than what is assigned. One that is no known release has an order if semantic."""
    ordered = version in slot.released or semver(version) is not None
    return ordered and later(version, order.target)


def _reports(slot: SlotEvidence, asked: Counter[str | None]) -> Iterator[Condition]:
    """Yield what devices report that no release explains."""
    for version in sorted(slot.unreleased & asked.keys()):
        yield Condition(ConditionCode.REPORTS_UNRELEASED, (version,), count=asked[version])
    if slot.group is None:
        return
    unreadable = slot.group.unreadable
    if unreadable.total():
        yield Condition(ConditionCode.REPORTS_UNREADABLE, count=unreadable.total())
    unsaid = asked[None] - unreadable[bool(slot.group.seen)]
    if unsaid:
        yield Condition(ConditionCode.REPORTS_NOTHING, count=unsaid)


def expected(devices: int, percent: int | None) -> int:
    """Return how many of so many devices are to report a version.

    The devices of a staged rollout are drawn at random, confirmed (MDX docs/platform/ota.mdx; CLI help). So their number
    varies, and only so many are expected as a fair draw falls short of about one time in forty.
    """
    if percent is None or not devices:
        return devices
    share = percent / 100
    least = devices * share - 2 * math.sqrt(devices * share * (1 - share))
    return max(min(1, percent), math.floor(least))


def _since(slot: SlotEvidence, order: ActivationOrder) -> float | None:
    """Return when the highest version was activated, or its percentage last changed, in seconds since 1970."""
    times = [
        (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        for one in (*slot.active, *slot.deltas)
        if one.release.name == order.assigned
        for moment in (one.deployed_date, one.updated_date if order.percent is not None else None)
        if moment is not None
    ]
    return max(times, default=None)


def _most_common(counts: Counter[str | None]) -> str | None:
    known = [version for version in counts if version is not None]
    key = order_of(known)
    return max(known, key=lambda version: (counts[version], key(version)), default=None)


def _staying(order: ActivationOrder) -> Iterator[Condition]:
    """Yield which lower activations stay, and why."""
    for version in order.through:
        yield Condition(ConditionCode.REQUIRED_STEP, (version,))
    if order.undeclared:
        yield Condition(ConditionCode.MAYBE_REQUIRED_STEP, order.undeclared)
    if order.base is not None:
        yield Condition(ConditionCode.BASE_STAYS, (order.base,))


def _deltas(slot: SlotEvidence, order: ActivationOrder) -> list[Condition]:
    """Return which deltas are active."""
    ends = {one.release.name: one.release.versions for one in slot.deltas}
    leads = {True: ConditionCode.DELTA_LEADS, False: ConditionCode.DELTA_ACTIVE}
    return [Condition(leads[name == order.assigned], versions) for name, versions in ends.items()]


def _kept(spread: tuple[tuple[str, int], ...]) -> tuple[Condition, ...]:
    """Return who keeps what where nothing is active.

    Nothing uninstalls, confirmed (WEB docs/best-practices/ota-downgrades).
    """
    if not spread:
        return ()
    kept = sorted(spread, key=lambda one: (-one[1], one[0]))
    return (
        Condition(ConditionCode.NOTHING_ACTIVE),
        *(Condition(ConditionCode.KEPT, (version,), count=count) for version, count in kept),
    )
