"""Whether today's plan is no more than what was reviewed: then it may go although what the reviews rest on moved since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.change import Change, Held, Verb
from reconciler.model.outcome import Excess, Surplus
from reconciler.model.plan import FleetPlan, Plan

Entry = Change | Held
Key = tuple[str, str, str]
"""The application, the unit, the workload."""


def excess(today: Plan, reviewed: Sequence[Plan]) -> tuple[Excess, ...]:
    """Return every change of today's plan that no reviewed plan has, later stages included.

    A change is covered where a reviewed one gives the same slot the same version with the same settings, takes nothing away
    that the reviewed one leaves, and goes back only where that does, too. What else the slot has meanwhile does not matter:
    that it moved is why this is asked.
    """
    known: dict[Key, list[Entry]] = {}
    for plan in reviewed:
        for fleet in plan.fleets:
            for one in _going(fleet):
                known.setdefault(_key(fleet, one), []).append(one)
    return tuple(_beyond(today, known))


def _beyond(today: Plan, known: dict[Key, list[Entry]]) -> Iterator[Excess]:
    for fleet in today.fleets:
        for one in _going(fleet):
            like = known.get(_key(fleet, one), [])
            same = [other for other in like if (other.to, other.settings) == (one.to, one.settings)]
            enough = [other for other in same if _takes(one) <= _takes(other) | {other.from_}]
            if any(other.downgrade or not one.downgrade for other in enough):
                continue
            why = _why(like, same, enough)
            yield Excess(
                fleet=fleet.fleet,
                unit=one.unit,
                workload=one.workload,
                verb=one.verb or Verb.RELEASE,
                from_=one.from_,
                to=one.to,
                why=why,
                reviewed=like[0].to if like else None,
                origin=one.origin,
            )


def _why(like: Sequence[Entry], same: Sequence[Entry], enough: Sequence[Entry]) -> Surplus:
    if enough:
        return Surplus.DOWNGRADE
    return Surplus.REMOVES_MORE if same else Surplus.OTHER_VERSION if like else Surplus.NOT_REVIEWED


def _going(fleet: FleetPlan) -> Iterator[Entry]:
    """Yield what a plan lets go: its changes, and what follows them in the same run."""
    yield from fleet.changes
    yield from (one for one in fleet.held if one.follows)


def _key(fleet: FleetPlan, one: Entry) -> Key:
    return fleet.basis.target, one.unit.id, one.workload.id


def _takes(one: Entry) -> set[str | None]:
    """Return the versions that go besides the one that is replaced."""
    return {version for version in one.extra_versions if version != one.to} if isinstance(one, Change) else set()
