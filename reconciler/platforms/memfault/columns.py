"""What was read of a project, as the columns of a snapshot."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

import msgspec

from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.snapshot import Coverage, References, Snapshot, Workload
from reconciler.model.unit import Labels, Reach, Unit, Units, labels_of
from reconciler.platforms.memfault.members import UNKNOWN, Group
from reconciler.platforms.memfault.slots import SlotEvidence, state_of
from reconciler.platforms.memfault.wire import Cohort
from reconciler.platforms.memfault.workloads import Workloads
from reconciler.platforms.reading.columns import StateColumns

MOST = 10**9
"""Devices of a cohort that are believed."""

HARDWARE, CHECKS = "hardware", "version_checks"
"""Labels of cohorts. `hardware/TYPE/VERSION` is how many devices with that hardware version, seen lately, report that
software type; `version_checks` is `off` where the cohort lets devices go back to lower versions."""


class Columns(msgspec.Struct):
    """One reading. `unread` says by cohort why what its devices report is not known; `slots` are by cohort and type."""

    cohorts: list[Cohort]
    workloads: Workloads
    groups: Mapping[tuple[str, str], Group]
    sizes: Mapping[str, tuple[int, int]]
    """By cohort, how many devices it has, and how many of them were seen lately."""
    unread: Mapping[str, str]
    slots: Mapping[tuple[str, str], SlotEvidence]
    references: References
    coverage: Coverage

    def snapshot(self, identity: str, read_at: float) -> Snapshot:
        """Return it as the model has it; `read_at` in seconds since 1970."""
        cohorts = {cohort.slug: cohort for cohort in self.cohorts}
        units = Units.build(self._unit(one, *self.sizes.get(one.slug, (0, 0))) for one in cohorts.values())
        table = StateColumns(len(units), EMPTY)
        for name in self.workloads.names:
            numbers = [table.number(self._state(cohorts[slug], name)) for slug in units.ids]
            if any(numbers):
                table.columns[name] = array("I", numbers)
        known = {key: value for key, value in self.references.items() if key[0] in units.index}
        return Snapshot(
            identity=identity,
            units=units,
            workloads=tuple(Workload(name, name) for name in self.workloads.names),
            states=table.states,
            columns=table.columns,
            coverage=self.coverage,
            read_at=read_at,
            references=known,
        )

    def _state(self, cohort: Cohort, name: str) -> State:
        """Return the state of a slot. One that shows no activation is empty only where the reading proves that."""
        slug = cohort.slug
        slot = self.slots.get((slug, name))
        if slot is None:
            if not self.coverage.complete:
                return EMPTY  # number 0: what that means follows from the coverage
            slot = SlotEvidence()
        slot.unread = self.unread.get(slug, "")
        slot.group = None if slot.unread else self.groups.get((slug, name))
        strangers = self.groups.get((slug, UNKNOWN))
        if strangers is not None and slot.group is None and not slot.unread:
            slot.unread = f"its devices ({strangers.size:,}) do not say which software type they run"
        slot.goes_back, slot.switched_off = bool(cohort.bypass_version_checks), cohort.updates_enabled is False
        state = state_of(slot)
        bare = state.assigned is None and state.phase is not Phase.UNKNOWN
        return EMPTY if bare and not self.coverage.complete else state

    def _unit(self, cohort: Cohort, devices: int, seen: int) -> Unit:
        """Return a cohort as a unit. It is reachable if any of its devices was seen lately; nobody knows where it has none."""
        slug = cohort.slug
        silent = Reach.DISCONNECTED if devices else Reach.UNKNOWN
        unread = slug in self.unread
        if unread:
            count = cohort.count_devices
            devices = count if count is not None and 0 <= count <= MOST else 1
        return Unit(
            row=0,
            id=slug,
            name=cohort.name or slug,
            labels=labels_of([("cohort", slug), *self._labels(cohort)]),
            reach=Reach.UNKNOWN if unread else Reach.CONNECTED if seen else silent,
            size=devices,
            agent=None,
            assignable=True,
        )

    def _labels(self, cohort: Cohort) -> Iterable[tuple[str, str]]:
        for name in self.workloads.names:
            group = self.groups.get((cohort.slug, name))
            for hardware, count in group.hardware.items() if group is not None else ():
                yield f"{HARDWARE}/{name}/{hardware}", str(count)
        if cohort.bypass_version_checks:
            yield CHECKS, "off"


def hardware_of(labels: Labels, software_type: str) -> dict[str, int]:
    """Return from the labels of a cohort how many devices seen lately have which hardware, of those that report a type."""
    prefix = f"{HARDWARE}/{software_type}/"
    return {key.removeprefix(prefix): int(count) for key, count in labels if key.startswith(prefix)}
