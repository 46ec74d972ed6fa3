"""The activations of a project, gathered by slot: what is in force, and what makes a slot unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reconciler.model.condition import Condition, ConditionCode
from reconciler.model.snapshot import References
from reconciler.platforms.answers import clean
from reconciler.platforms.memfault.connection import ROLLOUT
from reconciler.platforms.memfault.slots import ACTIVE, INACTIVE, NORMAL, STAGED, SlotEvidence
from reconciler.platforms.memfault.wire import Deployment
from reconciler.platforms.memfault.workloads import Workloads
from reconciler.platforms.reading.pages import Malformed, Page


class Activations:
    """Folds pages of deployments. Rows of the past are dropped: they are most of the list."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._kept: list[Deployment] = []
        self.notes: set[str] = set()
        self._malformed: list[tuple[str, str, str]] = []
        self._ids: set[int] = set()

    def fold(self, page: Page[Deployment]) -> None:
        """Take one page."""
        for row in page.items:
            if row.id in self._ids:
                self.problems.append(f"deployment {row.id} is shown twice: deployments came or went meanwhile")
            self._ids.add(row.id)
            if row.status not in INACTIVE:
                self._kept.append(row)
        for one in page.malformed:
            self._add_malformed(one)
        self.notes.update(page.notes)

    def _add_malformed(self, one: Malformed) -> None:
        """Take a row that cannot be read. One of the past says nothing any more, whatever became of its cohort."""
        if one.text("status") in INACTIVE:
            return
        cohort = one.fields.get("cohort")
        if cohort is None:
            self.problems.append(f"a deployment cannot be read, not even of which cohort it is: {clean(one.why)}")
            return
        release = one.fields.get("release")
        version = release.versions[-1] if release is not None and release.versions else ""
        self._malformed.append((cohort.slug, version, f"deployment {one.fields.get('id')}: {clean(one.why)}"))

    @property
    def any(self) -> bool:
        """Return whether anything is or may be in force."""
        return bool(self._kept or self._malformed)

    def slots(self, workloads: Workloads) -> tuple[dict[tuple[str, str], SlotEvidence], References]:
        """Return slots by cohort and software type, and the ids of their activations by cohort, type and version."""
        slots: dict[tuple[str, str], SlotEvidence] = defaultdict(SlotEvidence)
        ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for row in sorted(self._kept, key=lambda one: one.id):
            cohort, versions = row.cohort.slug, row.release.versions
            names = workloads.candidates(versions[-1] if versions else "")
            for name in names:
                slot = slots[cohort, name]
                ambiguities = list(_ambiguities(row, names))
                slot.ambiguities += ambiguities
                if ambiguities:
                    continue
                ids[cohort, name, row.release.name].append(str(row.id))
                (slot.active if len(versions) == 1 else slot.deltas).append(row)
        for cohort, version, why in self._malformed:
            for name in workloads.candidates(version):
                slots[cohort, name].ambiguities.append(Condition(ConditionCode.UNEXPECTED_VALUE, text=why))
        return slots, {key: ",".join(found) for key, found in sorted(ids.items())}


def _ambiguities(row: Deployment, names: tuple[str, ...]) -> Iterator[Condition]:
    """Yield why an activation leaves its slots unknown. One that waits for approval is never made again."""
    versions, what = (row.release.name,) if row.release.versions else (), f"deployment {row.id}"
    if not versions:
        yield Condition(ConditionCode.NO_VERSION, text=what)
    if row.status not in ACTIVE:
        yield Condition(ConditionCode.UNKNOWN_STATUS, versions, text=f"{what}, {clean(row.status)}")
    elif versions and len(names) > 1:
        yield Condition(ConditionCode.SEVERAL_WORKLOADS, versions, text=", ".join(names))
    if row.type not in {NORMAL, STAGED}:
        yield Condition(ConditionCode.UNEXPECTED_VALUE, versions, text=f"{what}: type {clean(row.type)!r}")
    elif row.type == STAGED and not _is_percent(row.rollout_percent):
        text = f"{what}: {ROLLOUT} {row.rollout_percent}, no whole percentage"
        yield Condition(ConditionCode.UNEXPECTED_VALUE, versions, text=text)


def _is_percent(value: float | None) -> bool:
    return value is not None and 0 <= value <= 100 and value == int(value)
