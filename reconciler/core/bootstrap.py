"""What is running → a fleet that says exactly that, as short as people would write it.

Each workload gets its most common version; who differs is told by tags where tags tell it, else by ids or pins, whichever
is shortest. A slot with nothing assigned is never given a version. Slots that today's rules would change (content
overwritten, leftovers, not readable) stay unmanaged and are named in the notes: an import plans to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from reconciler.core.describe import Described, DesiredValues, describe
from reconciler.core.judge import CHANGES, HELD, Patience, verdict
from reconciler.model.desired import UNMANAGED, Desired, version
from reconciler.model.fleet import Choice, FleetSpec, Pin, Selector, WorkloadSpec
from reconciler.model.kind import is_version
from reconciler.model.observation import State
from reconciler.model.snapshot import Snapshot, Workload
from reconciler.model.unit import Reach
from reconciler.model.verdict import Verdict

Measure = Callable[[FleetSpec], int]
"""Lines that a fleet takes when written."""

SAMPLE = 3

WORDS = {
    Verdict.UNKNOWN: "whose state is unknown",
    Verdict.DIFFERS: "whose content was overwritten under the same version name",
    Verdict.LEFTOVER: "with other versions besides the assigned one",
    Verdict.PAUSED: "paused on the platform",
    Verdict.RETRY: "that failed and would be retried",
    Verdict.NEXT: "with one step done, where the next call is due",
}


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A fleet as it runs. `notes` say what was left out; `slots` are those the fleet manages, `units` those in scope.

    `application` is what was read, without secrets.
    """

    spec: FleetSpec
    application: str
    notes: tuple[str, ...]
    units: int
    slots: int
    names: dict[str, str] = {}
    """What units are called that pins name by their ids, where that is something else."""


def bootstrap(
    snapshot: Snapshot, connection: str, *, retries_itself: bool, measure: Measure, cohorts: bool = False
) -> Imported:
    """Return the shortest fleet that changes nothing of what this snapshot shows.

    `retries_itself` is the platform's, as is `cohorts`: its units are cohorts. `measure` tells which of several ways to
    say the same takes fewer lines.
    """
    return _Importer(snapshot, connection, retries_itself=retries_itself, cohorts=cohorts).run(measure)


class _Importer:
    """Carries what all steps of one import share."""

    def __init__(self, snapshot: Snapshot, connection: str, *, retries_itself: bool, cohorts: bool) -> None:
        self.snapshot = snapshot
        self.cohorts = cohorts
        self.connection = connection
        self.patience = Patience(now=snapshot.read_at, retries_itself=retries_itself)
        self.rows = [row for row, assignable in enumerate(snapshot.units.assignable) if assignable]
        self.left_out: Counter[Verdict] = Counter()
        self.unwritable = 0
        self.desired = {workload.id: self._desired_values(workload) for workload in snapshot.workloads}
        self.held = [workload for workload in snapshot.workloads if self.desired[workload.id].held]
        self.keys = _keys(self.held, snapshot.workloads)
        self.holding = set(chain.from_iterable(self.desired[workload.id].held_rows for workload in self.held))

    def run(self, measure: Measure) -> Imported:
        ways = [self._compact(ids=True), self._compact(ids=False)]
        lines, _, spec = min((measure(way), order, way) for order, way in enumerate(ways))
        if lines > len(self.holding):  # each of them takes a line at least where every slot is pinned
            plain = self._pinned()
            spec = plain if measure(plain) < lines else spec
        return Imported(
            spec=spec,
            application=self.snapshot.identity,
            notes=tuple(self._notes()),
            units=len(self.rows),
            slots=sum(self.desired[workload.id].held for workload in self.held),
            names=self._names(spec.pins),
        )

    # --- what each slot should say -----------------------------------------------------------------------------------

    def _desired_values(self, workload: Workload) -> DesiredValues:
        values: dict[Desired, int] = {UNMANAGED: 0}
        known: dict[tuple[int, int], int] = {}
        states = self.snapshot.column(workload.id)
        reach = self.snapshot.units.reach
        numbers: list[int] = []
        for row in self.rows:
            key = states[row], reach[row]
            found = known.get(key)
            if found is None:
                found = known[key] = values.setdefault(self._desired(*key), len(values))
            numbers.append(found)
        self._count_left_out(Counter((states[row], reach[row]) for row in self.rows), known)
        return DesiredValues(rows=self.rows, numbers=numbers, values=list(values))

    def _desired(self, number: int, reach: int) -> Desired:
        state = self.snapshot.states[number]
        if state.assigned is None or not is_version(state.assigned):
            return UNMANAGED
        found = self._verdict(state, reach)
        return UNMANAGED if found in CHANGES or found in HELD else version(state.assigned, state.settings)

    def _verdict(self, state: State, reach: int) -> Verdict:
        """Return what the slot would be once git says what is assigned now; what stands besides counts before it settles."""
        desired = version(state.assigned or "", state.settings)
        found = verdict(desired, state, Reach(reach), self.patience)
        return Verdict.LEFTOVER if state.extra_versions and found is not Verdict.UNKNOWN else found

    def _count_left_out(self, seen: Counter[tuple[int, int]], known: dict[tuple[int, int], int]) -> None:
        for (number, reach), count in seen.items():
            state = self.snapshot.states[number]
            if known[number, reach] or state.assigned is None:
                continue
            found = self._verdict(state, reach)
            if found in WORDS:
                self.left_out[found] += count
            else:
                self.unwritable += count

    # --- ways to say it ---------------------------------------------------------------------------------------------

    def _compact(self, *, ids: bool) -> FleetSpec:
        pinned: set[int] = set()
        found: dict[str, Described] = {}
        for workload in self.held:
            one = describe(self.desired[workload.id], self.snapshot.units, pinned, ids=ids, cohorts=self.cohorts)
            pinned |= one.pins.keys()
            found[workload.id] = one
        return self._spec(found)

    def _pinned(self) -> FleetSpec:
        """Return the longest way: every slot for itself."""
        return self._spec(
            {
                workload.id: Described(
                    value=UNMANAGED, pins={row: value for row, value in self.desired[workload.id] if value != UNMANAGED}
                )
                for workload in self.held
            }
        )

    def _spec(self, found: dict[str, Described]) -> FleetSpec:
        workloads: dict[str, WorkloadSpec] = {}
        pins: dict[int, dict[str, Pin]] = {}
        for workload in self.held:
            key, workload_id = self.keys[workload.id]
            one = found[workload.id]
            workloads[key] = one.spec(workload_id)
            for row, value in one.pins.items():
                pins.setdefault(row, {})[key] = _pin(value)
        ids = self.snapshot.units.ids
        rows = sorted(pins, key=lambda row: (self.snapshot.units.names[row], ids[row]))
        return FleetSpec(
            connection=self.connection,
            units=Selector(all=True),
            workloads=workloads,
            pins={ids[row]: pins[row] for row in rows},
        )

    def _names(self, pinned: Iterable[str]) -> dict[str, str]:
        units = self.snapshot.units
        names = {unit_id: units.names[units.index[unit_id]] for unit_id in pinned}
        return {unit_id: name for unit_id, name in names.items() if name not in {"", unit_id}}

    # --- what is not said -------------------------------------------------------------------------------------------

    def _notes(self) -> Iterator[str]:
        units = self.snapshot.units
        others = len(units) - len(self.rows)
        if others:
            yield f"left out: {_count(others, 'unit')} of a class that takes no assignments"
        empty = [row for row in self.rows if row not in self.holding]
        if empty:
            yield f"{_count(len(empty), 'unit')} with nothing to manage: {_sample([units.names[row] for row in empty])}"
        unused = [workload.name for workload in self.snapshot.workloads if not self.desired[workload.id].held]
        if unused:
            yield f"left out: workloads that are on no unit: {_sample(unused)}"
        for found, count in sorted(self.left_out.items()):
            yield f"left unmanaged: {_count(count, 'slot')} {WORDS[found]}"
        if self.unwritable:
            yield f"left unmanaged: {_count(self.unwritable, 'slot')} whose version name cannot be written in a manifest"
        for workload in self.held:
            key, workload_id = self.keys[workload.id]
            if workload_id and key != workload.name:
                yield f"{key} stands for the workload {workload.name!r} ({workload_id}): another one has the same name"


def _keys(held: Sequence[Workload], workloads: Sequence[Workload]) -> dict[str, tuple[str, str | None]]:
    """Return what each workload is called in the manifest, and the id it needs there because its name is not its own."""
    names = Counter(workload.name for workload in workloads)
    taken = {name for name, count in names.items() if name and count == 1}
    found: dict[str, tuple[str, str | None]] = {}
    for workload in held:
        if workload.name and names[workload.name] == 1:
            found[workload.id] = workload.name, None
            continue
        key = workload.name or workload.id
        while key in taken:
            key = f"{key}-{workload.id}"
        taken.add(key)
        found[workload.id] = key, workload.id
    return found


def _pin(value: Desired) -> Pin:
    if value.version is None:
        return Choice(unmanaged=True)
    return Choice(version=value.version, settings=dict(value.settings)) if value.settings else value.version


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _sample(names: Sequence[str]) -> str:
    more = f" and {len(names) - SAMPLE:,} more" if len(names) > SAMPLE else ""
    return ", ".join(names[:SAMPLE]) + more
