"""Veto: requirements of workloads on each other (`requires:`), and which slots a change must wait for.

A requirement speaks of every unit in the scope of its fleet, whichever fleet moves a slot there. Two things are held: a
change that assigns the workload, until what it requires is reported, assigned and meant to stay; and a change that takes
the required workload out of what is required, while the one that needs it is there. No two changes of one plan can
break a requirement together: the first is held where the manifests want something else of the required slot, and only
there can the second be. What is unknown is never taken for met, and never for gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from reconciler.core.need import Accepts, DesiredSlot, Need, Side
from reconciler.core.select import Rows
from reconciler.core.versions import semver
from reconciler.model.change import Verb
from reconciler.model.desired import Want
from reconciler.model.hold import Hold, HoldReason, Outlook, Problem, Unmet
from reconciler.model.observation import Phase, State

Slot = tuple[str, str, str]
"""(connection, unit id, workload id)."""

ASSIGNING = frozenset({Verb.RELEASE, Verb.REPLACE})
SAMPLE = 3


class Block(msgspec.Struct, frozen=True):
    """Why a change must wait for other slots.

    It is over when each of `awaits` has a version that `accepts` takes, or is empty (`accepts` None). Without `awaits` no
    change can end it. `asked`: the manifests ask for that change, and it was not made yet.
    """

    unmet: Unmet
    awaits: tuple[Slot, ...] = ()
    accepts: Accepts | None = None
    asked: bool = False

    @property
    def hold(self) -> Hold:
        """Return it as a reason, as long as nothing of this plan ends it."""
        return Hold(HoldReason.REQUIREMENT_NOT_MET, requirement=self.unmet)


class Gate(msgspec.Struct):
    """What requirements say of the changes of one workload of one connection."""

    dependencies: list[DependencyCheck] = []
    dependents: list[DependentCheck] = []

    def blocks(self, row: int, verb: Verb, to: str | None) -> tuple[Block, ...]:
        """Return why a change of a slot must wait: `row` of its unit, and the version that it is moved to."""
        found = [check.block(row) for check in self.dependencies] if verb in ASSIGNING else []
        found += [check.block(row) for check in self.dependents if not check.need.accepts.takes(to)]
        return tuple(block for block in found if block is not None)

    def holds(self, row: int, verb: Verb, to: str | None) -> tuple[Hold, ...]:
        """Return the reasons that hold a change."""
        return tuple(block.hold for block in self.blocks(row, verb, to))


Gates = Mapping[str, Gate]
"""The gates of one connection by workload id; workloads that no requirement speaks of have none."""


def gates(lines: Iterable[Need], connection: str, sides: Mapping[str, Side], unread: Mapping[str, str]) -> Gates:
    """Return the gates of a connection that was read.

    `sides` are all connections that were read, `unread` says of the others why they were not.
    """
    found: dict[str, Gate] = {}
    own = sides[connection]
    for need in lines:
        if need.home == connection:
            other = sides.get(need.connection)
            check = DependencyCheck(need, own, other, unread.get(need.connection, ""))
            for workload_id in _holders(need, own):
                found.setdefault(workload_id, Gate()).dependencies.append(check)
        if need.connection == connection:
            dependent = DependentCheck(need, sides.get(need.home), own, unread.get(need.home, ""))
            for workload_id in _required(need, own):
                found.setdefault(workload_id, Gate()).dependents.append(dependent)
    return found


def _holders(need: Need, home: Side) -> list[str]:
    return home.meant(need.workload, [need.document.spec.workloads[need.workload]])


def _required(need: Need, there: Side) -> list[str]:
    own = need.document.spec.workloads
    return there.meant(need.required, there.listed(need.required) if need.tag else [own[need.required]])


def _scope(need: Need, home: Side) -> Rows:
    return home.resolutions[need.document.name].scope


# --- a workload that requires another one -------------------------------------------------------------------------------


class DependencyCheck:
    """One line, seen from the workload that requires. `there` is None where it could not be read; `why` says why."""

    def __init__(self, need: Need, home: Side, there: Side | None, why: str) -> None:
        self.need = need
        self.home = home
        self.there = there
        self.scope = _scope(need, home)
        self.required = _required(need, there) if there is not None else []
        self.met: dict[int, bool] = {}
        self.unmet = Unmet(
            requires=True,
            workload=need.required,
            required=need.required,
            accepts=str(need.accepts),
            origin=need.origin,
            problem=Problem.NOT_READ,
            connection=need.connection,
            tag=need.tag,
            why=why,
        )

    def block(self, row: int) -> Block | None:
        """Return why the workload may not be assigned on a unit; None where it may."""
        if row not in self.scope:
            return None
        if self.there is None:
            return Block(self.unmet)
        if len(self.required) != 1:
            return self._blocked(Problem.SEVERAL_WORKLOADS if self.required else Problem.NO_WORKLOAD)
        partner = self._partner(row, self.there) if self.need.tag else row
        return partner if isinstance(partner, Block) else self._judge(partner, self.there)

    def _blocked(self, problem: Problem, **fields: object) -> Block:
        return Block(msgspec.structs.replace(self.unmet, problem=problem, **{"why": "", **fields}))

    def _partner(self, row: int, there: Side) -> int | Block:
        """Return the row of the one unit with the same value of the tag, or why there is none."""
        tag = self.need.tag
        values = self.home.values(tag, row)
        if len(values) != 1:
            return self._blocked(Problem.SEVERAL_TAG_VALUES if values else Problem.NO_TAG_VALUE)
        coverage = there.snapshot.coverage
        if not coverage.complete:
            return self._blocked(Problem.READ_INCOMPLETELY, why="; ".join(coverage.problems))
        rows = [mate for mate in there.bearers(tag, values[0]) if there.snapshot.units.assignable[mate]]
        return rows[0] if len(rows) == 1 else self._blocked(Problem.NOT_ONE_PARTNER, value=values[0], count=len(rows))

    def _judge(self, row: int, there: Side) -> Block | None:
        """Return a block where the required slot, whose row this is, does not meet the requirement, or will not."""
        accepts, workload_id = self.need.accepts, self.required[0]
        column = there.snapshot.columns.get(workload_id)
        number = column[row] if column is not None else 0
        state = there.snapshot.states[number]
        if number not in self.met:
            self.met[number] = satisfied(state, accepts)
        desired = there.desired(workload_id, row)
        contradiction = desired is not None and not accepts.takes(desired.value.version)
        if self.met[number] and not contradiction:
            return None
        slot = (self.need.connection, there.snapshot.units.ids[row], workload_id)
        outlook, what = _outlook(self.need, state, desired)
        return Block(
            msgspec.structs.replace(
                self.unmet,
                why="",
                **_evidence(state, accepts),
                outlook=outlook,
                desired=what,
                desired_at=desired.origin if desired is not None and contradiction else None,
            ),
            () if contradiction else (slot,),
            accepts,
            asked=desired is not None and not contradiction and not _under_way(state, accepts),
        )


def satisfied(state: State, accepts: Accepts) -> bool:
    """Return whether every device of a slot reports what is required, and nothing else is assigned."""
    if not _under_way(state, accepts):
        return False
    versions = _reports(state)
    reporting = sum(count for _, count in state.spread) if state.spread else state.ready
    everybody = reporting is None or reporting >= state.size
    return bool(versions) and all(map(accepts.takes, versions)) and everybody


def _reports(state: State) -> tuple[str, ...]:
    if state.spread:
        return tuple(version for version, count in state.spread if count)
    return (state.reported,) if state.reported is not None else ()


def _evidence(state: State, accepts: Accepts) -> dict[str, object]:
    """Return what is there instead of what is required."""
    if state.phase is Phase.UNKNOWN:
        return {"problem": Problem.MAYBE_PRESENT, "conditions": state.conditions}
    versions = _reports(state)
    strange = [version for version in versions if accepts.range is not None and semver(version) is None]
    return {
        "problem": Problem.NOT_REPORTED,
        "reported": versions,
        "assigned": state.assigned,
        "strays": _strays(state, accepts),
        "not_semantic": strange[0] if strange else "",
    }


def _outlook(need: Need, state: State, desired: DesiredSlot | None) -> tuple[Outlook, str]:
    if desired is None:
        return Outlook.UNMANAGED, ""
    if not need.accepts.takes(desired.value.version):
        return Outlook.CONTRADICTION, str(desired.value)
    if _under_way(state, need.accepts):
        return Outlook.ON_THE_WAY, state.assigned or ""
    return Outlook.DESIRED, str(desired.value)


def _under_way(state: State, accepts: Accepts) -> bool:
    return state.phase is not Phase.UNKNOWN and accepts.takes(state.assigned) and not _strays(state, accepts)


def _strays(state: State, accepts: Accepts) -> tuple[str, ...]:
    """Return what is on a device besides, or comes there, and is not what is required: it may run, or install itself.

    What else is active for a cohort is lower than what is assigned: no device goes back to it.
    """
    if state.ready is not None:
        return ()
    return tuple(
        version for version in state.extra_versions if version != state.reported and not accepts.takes(version)
    )


# --- a workload that others require -------------------------------------------------------------------------------------


class DependentCheck:
    """One line, seen from the required workload. `home` is None where it could not be read; `why` says why."""

    def __init__(self, need: Need, home: Side | None, there: Side, why: str) -> None:
        self.need = need
        self.home = home
        self.there = there
        self.holders = _holders(need, home) if home is not None else []
        self.unmet = Unmet(
            requires=False,
            workload=need.workload,
            required=need.required,
            accepts=str(need.accepts),
            origin=need.origin,
            problem=Problem.NOT_READ,
            connection=need.home,
            tag=need.tag,
            why=why,
        )

    def block(self, row: int) -> Block | None:
        """Return why what is required may not leave a unit; None where it may."""
        if self.home is None:
            return Block(self.unmet)
        coverage = self.home.snapshot.coverage
        if self.need.tag and not coverage.complete:
            why = "; ".join(coverage.problems)
            return Block(msgspec.structs.replace(self.unmet, problem=Problem.READ_INCOMPLETELY, why=why))
        found = [
            (workload_id, mate, state)
            for workload_id in self.holders
            for mate in self._mates(row, self.home)
            if _may_be_there(state := self.home.snapshot.state(workload_id, mate))
        ]
        return self._present(found, self.home) if found else None

    def _mates(self, row: int, home: Side) -> list[int]:
        """Return the units in scope whose requirement may be about this row."""
        scope = _scope(self.need, home)
        tag = self.need.tag
        rows = {mate for value in self.there.values(tag, row) for mate in home.bearers(tag, value)} if tag else {row}
        return sorted(mate for mate in rows if mate in scope)

    def _present(self, found: list[tuple[str, int, State]], home: Side) -> Block:
        """Return the block for slots where the workload that requires is, or may be."""
        workload_id, row, state = found[0]
        units = home.snapshot.units
        desired = home.desired(workload_id, row)
        unknown = any(seen.phase is Phase.UNKNOWN for _, _, seen in found)
        outlook, what = (Outlook.NONE, "") if unknown else _parting(state, desired)
        slots = tuple((self.need.home, units.ids[mate], holder) for holder, mate, _ in found)
        unmet = msgspec.structs.replace(
            self.unmet,
            problem=Problem.MAYBE_PRESENT if unknown else Problem.PRESENT,
            why="",
            assigned=state.assigned,
            units=tuple(units.names[mate] for _, mate, _ in found[:SAMPLE]),
            more=max(0, len(found) - SAMPLE),
            outlook=outlook,
            desired=what,
            desired_at=desired.origin if desired is not None and outlook is Outlook.CONTRADICTION else None,
        )
        leaving = not unknown and desired is not None and desired.value.want is Want.ABSENT and state.holds
        return Block(unmet, () if unknown else slots, asked=leaving)


def _may_be_there(state: State) -> bool:
    known = state.phase is not Phase.UNKNOWN
    return not known or state.holds or bool(_reports(state))


def _parting(state: State, desired: DesiredSlot | None) -> tuple[Outlook, str]:
    if desired is None:
        return Outlook.UNMANAGED, ""
    if desired.value.want is Want.VERSION:
        return Outlook.CONTRADICTION, str(desired.value)
    return (Outlook.DESIRED if state.holds else Outlook.ON_THE_WAY), ""
