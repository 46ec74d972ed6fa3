"""What one reading of a connection showed: states in columns, and what of it is proved."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import msgspec

from reconciler.model.observation import EMPTY, UNSEEN, State
from reconciler.model.release import Catalog
from reconciler.model.unit import Ref, Units


class Query(msgspec.Struct, frozen=True):
    """What to read: None is everything; ids narrow it. Of the unit `detail` all that is told is wanted.

    That is its id or name, or one of these, a slash, and a workload.
    """

    units: frozenset[str] | None = None
    workloads: frozenset[str] | None = None
    detail: str = ""
    continued: bool = False
    """Whether a later reading may go on from this one, of everything: what that takes is noted in its `mark`."""
    full: bool = False
    """Whether everything is read, although there is an earlier reading to go on from."""


class Coverage(msgspec.Struct, frozen=True):
    """Whether the reading proved what it did not show. `problems` says why not, for people."""

    complete: bool
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out without harm: fields that decide nothing and had another type than documented."""
    unseen: int = 0
    """Units that the platform counts and did not show; which fleets and workloads they have nobody knows."""


PROVED = Coverage(complete=True)


class Workload(msgspec.Struct, frozen=True):
    """Something versioned that the platform knows by this id and name.

    `minimum_agent` is the lowest agent version that runs it, where the platform sets one for all versions.
    """

    id: str
    name: str
    minimum_agent: str | None = None

    @property
    def ref(self) -> Ref:
        """Return it as plans name it."""
        return Ref(self.id, self.name)


References = dict[tuple[str, str, str], str]
"""The platform's own ids of versions, by (unit id or empty, workload id, version)."""


class Snapshot(msgspec.Struct, kw_only=True, eq=False):
    """The observations of one reading.

    `states[0]` stands for "no row was shown", and is set here: EMPTY when coverage is complete, UNSEEN otherwise.
    `columns[workload id][row of units]` is an index into `states`; a workload without a column has no rows at all.
    `read_at` is when reading began, in seconds since 1970. `identity` names the application that was read.
    `references` are the platform's own ids of versions, where calls need them, by (unit id, workload id, version); the
    unit id is empty where the id is the same on every unit.
    `releases` are what the reading itself showed of releases on units, where the platform's look-ups need it.
    """

    identity: str
    units: Units
    workloads: tuple[Workload, ...]
    states: list[State]
    columns: dict[str, array[int]]
    coverage: Coverage
    read_at: float
    references: References = {}
    releases: Catalog = {}
    full_at: float | None = None
    """When the full reading began that this one goes on from, where only what changed since was read; else None."""
    mark: object = None
    """What its platform needs to go on from here, None where it cannot; nobody else looks at it."""
    doubt: str = ""
    """Why everything was read although there was an earlier reading to go on from."""

    def __post_init__(self) -> None:
        self.workloads = tuple(sorted(self.workloads, key=lambda workload: (workload.name, workload.id)))
        self.states[0] = EMPTY if self.coverage.complete else UNSEEN

    @property
    def read_in_full_at(self) -> float:
        """Return when the last full reading began that this one rests on: its own, where it is one."""
        return self.read_at if self.full_at is None else self.full_at

    def column(self, workload_id: str) -> array[int]:
        """Return the state numbers of a workload, one a unit (all 0 when it has no rows)."""
        found = self.columns.get(workload_id)
        return found if found is not None else array("I", bytes(4 * len(self.units)))

    def state(self, workload_id: str, row: int) -> State:
        """Return the observation of one slot."""
        column = self.columns.get(workload_id)
        return self.states[column[row]] if column is not None else self.states[0]

    def reference(self, unit_id: str, workload_id: str, version: str) -> str:
        """Return the platform's own id of a version on a unit; empty where the reading did not show one."""
        own = self.references.get((unit_id, workload_id, version))
        return own if own is not None else self.references.get(("", workload_id, version), "")

    def holders(self, workload_id: str) -> Iterator[int]:
        """Yield the rows that show anything assigned, reported or besides in this workload."""
        occupied = [state.occupied for state in self.states]
        for row, number in enumerate(self.column(workload_id)):
            if occupied[number]:
                yield row
