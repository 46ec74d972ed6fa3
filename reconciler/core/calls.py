"""What is ready to go → the calls that carry it: the fewest, and no larger than earlier refusals allow. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.assessment import FleetAssessment
from reconciler.core.progress import Call, Sight, Track
from reconciler.model.change import Action, Change, Refusals, SlotId

Ready = Mapping[SlotId, tuple[Track, Change]]
"""What may be sent, by slot: where it stands, and the change."""


def compiled(ready: Ready, sight: Sight, refused: Refusals) -> list[Call]:
    """Return the calls of changes that may go on a reading; none where only open slots were read."""
    if sight.assessment is None:
        return []
    compiler = _Compiling(sight, sight.assessment, refused)
    return [
        Call(action, tuple(part[position] for position in action.slots))
        for part, wide in compiler.parts(ready)
        for action in compiler.actions(part, wide=wide)
    ]


class _Compiling:
    """The platform's compiler with what stays the same for all parts."""

    def __init__(self, sight: Sight, assessment: FleetAssessment, refused: Refusals) -> None:
        self.sight = sight
        self.assessment = assessment
        self.refused = refused

    def actions(self, changes: list[Change], *, wide: bool) -> tuple[Action, ...]:
        wide = wide and not self.assessment.by_ids
        return self.sight.compiler.compile(changes, self.assessment.fleet_wide, wide=wide, refused=self.refused)

    def parts(self, ready: Ready) -> Iterator[tuple[list[Change], bool]]:
        """Yield changes that are compiled together, with whether they may go in calls without ids."""
        groups: dict[tuple[int, bool], list[Change]] = {}
        for track, change in ready.values():
            groups.setdefault((track.cap, track.wide), []).append(change)
        for (cap, wide), part in sorted(groups.items(), key=lambda group: group[0]):
            if cap:
                yield from self._split(part, cap)
            else:
                yield part, wide

    def _split(self, changes: list[Change], cap: int) -> Iterator[tuple[list[Change], bool]]:
        """Yield parts so that no call of one carries more than `cap` slots: bisection is a cap per slot."""
        seen: set[int] = set()
        for action in self.actions(changes, wide=False):
            unseen = [position for position in action.slots if position not in seen]
            seen.update(unseen)
            for start in range(0, len(unseen), cap):
                yield [changes[position] for position in unseen[start : start + cap]], False
