"""When waves open: each wave before must have been attempted, must report the version, and must have done so long enough. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec

from reconciler.core.course import Tally
from reconciler.model.fleet import Rollout
from reconciler.model.hold import ClosedBy, Closing
from reconciler.model.quantity import percent, seconds

ALL = "100%"
"""How many must report the version where the fleet does not say."""


class Opening(msgspec.Struct, frozen=True):
    """Which waves are open. `met` says of each wave whether it meets its success now, soaked or not."""

    closed_from: int
    """The number of the first wave that is closed: one more than there are where all are open."""
    closing: Closing | None
    """What the last open wave lacks, where units come after it."""
    met: tuple[bool, ...]


def opening(  # the waves, and what is known besides
    spec: Rollout,
    waves: Sequence[Tally],
    *,
    complete: bool,
    promoted: int,
    since: Mapping[int, float],
    now: float,
) -> Opening:
    """Return which waves are open.

    `complete`: the reading proved what it did not show. Waves up to `promoted` are taken as succeeded. `since` is when a
    wave met its success, or something of it was asked last; `now` and these in seconds since 1970.
    """
    lacks = [_lacks(number, tally, spec) for number, tally in enumerate(waves)]
    met = tuple(one is None for one in lacks)
    last = max((number for number, tally in enumerate(waves) if tally.units), default=0)
    for number, tally in enumerate(waves[:last]):
        if number <= promoted or not tally.units:
            continue
        closing = Closing(wave=number, by=ClosedBy.INCOMPLETE) if not complete else lacks[number]
        closing = closing or _soaks(number, spec, since.get(number, now), now)
        if closing is not None:
            return Opening(number + 1, closing, met)
    return Opening(len(waves) + 1, None, met)


def _lacks(number: int, tally: Tally, spec: Rollout) -> Closing | None:
    """Return what keeps a wave from having succeeded."""
    if not tally.units:
        return None
    if tally.to_go:
        return Closing(wave=number, by=ClosedBy.TO_GO, count=tally.to_go, of=tally.units)
    if not tally.attempted:
        return Closing(wave=number, by=ClosedBy.NOBODY, count=tally.owed, of=tally.units)
    needs = spec.success or ALL
    if not tally.reporting or tally.reporting * 100 < percent(needs) * tally.attempted:
        reporting, of = tally.reporting, tally.attempted
        return Closing(wave=number, by=ClosedBy.SUCCESS, count=reporting, of=of, needs=needs)
    return None


def _soaks(number: int, spec: Rollout, since: float, now: float) -> Closing | None:
    if spec.soak is None:
        return None
    wanted = seconds(spec.soak)
    left = wanted - max(0.0, now - since)
    return Closing(wave=number, by=ClosedBy.SOAK, count=ceil(left), of=ceil(wanted)) if left > 0 else None
