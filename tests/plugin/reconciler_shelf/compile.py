"""Changes → the fewest calls, pure: one for every 50 shelves that get the same version of a package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.change import Action, Change, Request

SHELVES_PER_CALL = 50
ASSIGN = "shelf.assign"


def compile_changes(changes: Sequence[Change], path: str) -> Iterator[Action]:
    """Yield calls that carry out all changes; a removal assigns nothing."""
    groups: dict[tuple[str, str | None], list[int]] = {}
    for position, change in enumerate(changes):
        groups.setdefault((change.workload.id, change.to), []).append(position)
    for (package, version), positions in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] or "")):
        positions.sort(key=lambda position: changes[position].unit.id)
        for start in range(0, len(positions), SHELVES_PER_CALL):
            slots = tuple(positions[start : start + SHELVES_PER_CALL])
            shelves = [changes[slot].unit.id for slot in slots]
            body = {"package": package, "version": version, "shelves": shelves}
            yield Action(call=ASSIGN, request=Request("POST", path, body), slots=slots)
