"""The activations of a project, gathered by slot: what is in force, and what makes a slot unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from reconciler.model.snapshot import References
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault import wire
from reconciler.platforms.memfault.slots import ACTIVE, INACTIVE, NORMAL, ROLLOUT, STAGED, Slot
from reconciler.platforms.memfault.wire import Deployment, Page
from reconciler.platforms.memfault.workloads import Workloads


class Activations:
    """Folds pages of deployments. Rows of the past are dropped: they are most of the list."""

    def __init__(self) -> None:
        """Start empty."""
        self.problems: list[str] = []
        self._kept: list[Deployment] = []
        self._odd: list[tuple[str, str]] = []
        self._ids: set[int] = set()

    def fold(self, page: Page[Deployment]) -> None:
        """Take one page."""
        for row in page.rows:
            if row.id in self._ids:
                self.problems.append(f"deployment {row.id} is shown twice: deployments came or went meanwhile")
            self._ids.add(row.id)
            if row.status not in INACTIVE:
                self._kept.append(row)
        for raw, why in page.odd:
            self._take_odd(raw, why)

    def _take_odd(self, raw: bytes, why: str) -> None:
        """Take a row of an unexpected shape. One of the past says nothing any more, whatever became of its cohort."""
        if _is_past(raw):
            return
        try:
            row = wire.placed(raw)
        except msgspec.ValidationError:
            self.problems.append(f"a deployment cannot be read, not even of which cohort it is: {clean(why)}")
            return
        self._odd.append((row.cohort.slug, f"deployment {row.id} has an unexpected value: {clean(why)}"))

    @property
    def any(self) -> bool:
        """Return whether anything is or may be in force."""
        return bool(self._kept or self._odd)

    def slots(self, workloads: Workloads) -> tuple[dict[tuple[str, str], Slot], References]:
        """Return slots by cohort and software type, and the ids of their activations by cohort, type and version."""
        slots: dict[tuple[str, str], Slot] = defaultdict(Slot)
        ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for row in sorted(self._kept, key=lambda one: one.id):
            cohort, told = row.cohort.slug, row.release.told
            names = workloads.candidates(told[-1]) if told else tuple(workloads.names)
            for name in names:
                slot = slots[cohort, name]
                puzzles = list(_puzzles(row, told, names))
                slot.puzzles += puzzles
                if puzzles:
                    continue
                ids[cohort, name, row.release.name].append(str(row.id))
                (slot.active if len(told) == 1 else slot.deltas).append(row)
        for cohort, why in self._odd:
            for name in workloads.names:
                slots[cohort, name].puzzles.append(why)
        return slots, {key: ",".join(found) for key, found in sorted(ids.items())}


def _is_past(raw: bytes) -> bool:
    try:
        return wire.past(raw).status in INACTIVE
    except msgspec.ValidationError:
        return False


def _puzzles(row: Deployment, told: tuple[str, ...], names: tuple[str, ...]) -> Iterator[str]:
    """Yield why an activation leaves its slots unknown. One that waits for approval is never made again."""
    what = clean(f"deployment {row.id} of {row.release.name or 'a release'}")
    if not told:
        yield f"{what} names no version"
    if row.status not in ACTIVE:
        yield f"{what} has the status {clean(row.status)!r}: approve or pull it on the platform"
    elif told and len(names) > 1:
        yield f"{what} may be of any of the software types {', '.join(names)}"
    if row.type not in {NORMAL, STAGED}:
        yield f"{what} is of the type {clean(row.type)!r}, which is not known"
    elif row.type == STAGED and not _is_percent(row.rollout_percent):
        yield f"{what} is staged to {row.rollout_percent} ({ROLLOUT}), which is no whole percentage"


def _is_percent(value: float | None) -> bool:
    return value is not None and 0 <= value <= 100 and value == int(value)
