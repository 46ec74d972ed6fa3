"""What `requires:` of the manifests says, and what one reading of a connection shows of it. Judging is `core.require`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from reconciler.core.names import meant
from reconciler.core.resolve import Column, Resolution
from reconciler.core.versions import Range, parse_range
from reconciler.model.desired import Desired
from reconciler.model.fleet import Document, Requirement, WorkloadSpec
from reconciler.model.origin import Origin, Path
from reconciler.model.snapshot import Snapshot


class Accepts(msgspec.Struct, frozen=True):
    """Which versions meet a requirement: those of a list, or of a range."""

    versions: tuple[str, ...] = ()
    range: Range | None = None

    def takes(self, version: str | None) -> bool:
        """Return whether a version meets it; nothing never does."""
        if version is None:
            return False
        return version in self.versions if self.range is None else version in self.range

    def __str__(self) -> str:
        return " or ".join(self.versions) if self.range is None else self.range.text


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One line under `requires:`. `connection` is the required one's; `tag` is empty where both are on one unit."""

    document: Document
    path: Path
    workload: str
    required: str
    connection: str
    tag: str
    accepts: Accepts

    @property
    def home(self) -> str:
        """Return the connection of the workload that requires."""
        connection: str = self.document.spec.connection
        return connection

    @property
    def origin(self) -> Origin:
        """Return where it is written."""
        return self.document.locate(self.path)


def needs(fleets: Iterable[Document]) -> list[Need]:
    """Return every requirement of checked manifests."""
    return [
        _need(document, name, required, said)
        for document in fleets
        for name, spec in document.spec.workloads.items()
        for required, said in spec.requires.items()
    ]


def _need(document: Document, name: str, required: str, said: str | list[str] | Requirement) -> Need:
    full = said if isinstance(said, Requirement) else Requirement(version=said)
    version = full.version
    accepts = Accepts(range=parse_range(version)) if isinstance(version, str) else Accepts(tuple(version))
    return Need(
        document=document,
        path=("spec", "workloads", name, "requires", required),
        workload=name,
        required=required,
        connection=full.connection or document.spec.connection,
        tag=full.tag or "",
        accepts=accepts,
    )


def tied_to(lines: Collection[Need], connections: Collection[str]) -> frozenset[str]:
    """Return the other connections that requirements tie to these, in either direction."""
    found = {one.connection for one in lines if one.home in connections}
    found |= {one.home for one in lines if one.connection in connections}
    return frozenset(found.difference(connections))


class DesiredSlot(msgspec.Struct, frozen=True, gc=False):
    """What the manifests say of a slot, and who says it."""

    value: Desired
    document: Document
    path: Path

    @property
    def origin(self) -> Origin:
        """Return where it is written."""
        return self.document.locate(self.path)


class Side:
    """One connection as requirements see it: what was read, and what all its fleets say of that."""

    def __init__(self, snapshot: Snapshot, resolutions: Collection[Resolution]) -> None:
        self.snapshot = snapshot
        self.resolutions = {one.document.name: one for one in resolutions}
        self._claims: dict[str, dict[int, tuple[Resolution, Column]]] = {}

    def meant(self, name: str, specs: Iterable[WorkloadSpec]) -> list[str]:
        """Return the ids of the workloads that entries of a name mean; none or several where that is not certain."""
        return [one.id for one in meant(name, specs, self.snapshot.workloads)]

    def listed(self, name: str) -> list[WorkloadSpec]:
        """Return the entries of a workload in all fleets of the connection."""
        specs = [one.spec.workloads.get(name) for one in self.resolutions.values()]
        return [spec for spec in specs if spec is not None]

    def desired(self, workload_id: str, row: int) -> DesiredSlot | None:
        """Return what the manifests say of a slot; None where no fleet manages it."""
        if workload_id not in self._claims:
            self._claims[workload_id] = {
                row: (one, column)
                for one in self.resolutions.values()
                if (column := one.columns.get(workload_id)) is not None
                for row in column.claims()
            }
        found = self._claims[workload_id].get(row)
        if found is None:
            return None
        rule = found[1].rule(row)
        return DesiredSlot(rule.value, found[0].document, rule.path)

    def values(self, tag: str, row: int) -> list[str]:
        """Return the values of a tag that a unit bears."""
        units = self.snapshot.units
        return [value for key, value in units.label_sets[units.labels[row]] if key == tag]

    def bearers(self, tag: str, value: str) -> list[int]:
        """Return the units that bear a value of a tag."""
        units = self.snapshot.units
        return [row for number in units.tagged(tag).get(value, ()) for row in units.labelled(number)]
