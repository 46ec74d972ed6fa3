"""Requirements of workloads on each other (`requires:`): which changes must wait for another slot, and why.

A requirement speaks of every unit in the scope of its fleet, whichever fleet moves a slot there. Two things are held: a
change that assigns the workload, until what it requires is reported, assigned and meant to stay; and a change that takes
the required workload out of what is required, while the one that needs it is there. No two changes of one plan can
break a requirement together: the first is held where the manifests want something else of the required slot, and only
there can the second be. What is unknown is never taken for met, and never for gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from reconciler.core.need import Accepts, Need, Side, Wish
from reconciler.core.select import Mask
from reconciler.core.versions import semver
from reconciler.model.change import Hold, HoldReason, Verb
from reconciler.model.desired import Want
from reconciler.model.observation import Phase, State

Slot = tuple[str, str, str]
"""(connection, unit id, workload id)."""

ASSIGNING = frozenset({Verb.RELEASE, Verb.REPLACE})
SAMPLE = 3


class Block(msgspec.Struct, frozen=True):
    """Why a change must wait for other slots.

    `problem` says what is the matter, `outlook` what becomes of it where this plan does not move those slots. It is over
    when each of `awaits` has a version that `accepts` takes, or is empty (`accepts` None); `subject` names what to wait
    for. Without `awaits` no change can end it. `wanted`: the manifests ask for that change, and it was not made yet.
    `strays` are versions that must be gone from there besides.
    """

    problem: str
    outlook: str = ""
    subject: str = ""
    awaits: tuple[Slot, ...] = ()
    accepts: Accepts | None = None
    wanted: bool = False
    strays: tuple[str, ...] = ()

    @property
    def hold(self) -> Hold:
        """Return it as a reason, as long as nothing of this plan ends it."""
        return Hold(HoldReason.REQUIREMENT_NOT_MET, "; ".join(part for part in (self.problem, self.outlook) if part))


class Gate(msgspec.Struct):
    """What requirements say of the changes of one workload of one connection."""

    asks: list[_Ask] = []
    serves: list[_Serve] = []

    def blocks(self, row: int, verb: Verb, to: str | None) -> tuple[Block, ...]:
        """Return why a change of a slot must wait: `row` of its unit, and the version that it is moved to."""
        found = [line.block(row) for line in self.asks] if verb in ASSIGNING else []
        found += [line.block(row) for line in self.serves if not line.need.accepts.takes(to)]
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
            ask = _Ask(need, own, other, unread.get(need.connection, ""))
            for workload_id in _holders(need, own):
                found.setdefault(workload_id, Gate()).asks.append(ask)
        if need.connection == connection:
            serve = _Serve(need, sides.get(need.home), own, unread.get(need.home, ""))
            for workload_id in _required(need, own):
                found.setdefault(workload_id, Gate()).serves.append(serve)
    return found


def _holders(need: Need, home: Side) -> list[str]:
    return home.meant(need.workload, [need.document.spec.workloads[need.workload]])


def _required(need: Need, there: Side) -> list[str]:
    own = need.document.spec.workloads
    return there.meant(need.required, there.listed(need.required) if need.tag else [own[need.required]])


def _scope(need: Need, home: Side) -> Mask:
    return home.resolutions[need.document.name].scope


# --- a workload that requires another one -------------------------------------------------------------------------------


class _Ask:
    """One line, seen from the workload that requires. `there` is None where it could not be read; `why` says why."""

    def __init__(self, need: Need, home: Side, there: Side | None, why: str) -> None:
        where = f" on the unit of {need.connection} with the same {need.tag}" if need.tag else ""
        self.need = need
        self.home = home
        self.there = there
        self.why = why
        self.lead = f"requires {need.required} {need.accepts}{where} ({need.origin}), but"
        self.scope = _scope(need, home)
        self.required = _required(need, there) if there is not None else []
        self.met: dict[int, bool] = {}

    def block(self, row: int) -> Block | None:
        """Return why the workload may not be assigned on a unit; None where it may."""
        if not self.scope[row]:
            return None
        if self.there is None:
            return Block(f"{self.lead} {self.need.connection} could not be read: {self.why}")
        if len(self.required) != 1:
            which = "several workloads" if self.required else "no workload"
            return Block(f"{self.lead} {self.need.connection} has {which} of that name")
        partner = self._partner(row, self.there) if self.need.tag else row
        if isinstance(partner, str):
            return Block(f"{self.lead} {partner}")
        return self._judge(partner, self.there)

    def _partner(self, row: int, there: Side) -> int | str:
        """Return the row of the one unit with the same value of the tag, or why there is none."""
        tag = self.need.tag
        values = self.home.values(tag, row)
        if len(values) != 1:
            return f"this unit has {'several values' if values else 'no value'} of the tag {tag}"
        if not there.snapshot.coverage.complete:
            return f"{self.need.connection} was not read completely: {'; '.join(there.snapshot.coverage.problems)}"
        (value,) = values
        rows = [mate for mate in there.bearers(tag, value) if there.snapshot.units.assignable[mate]]
        return rows[0] if len(rows) == 1 else f"{len(rows) or 'no'} units of it have {tag} {value}"

    def _judge(self, row: int, there: Side) -> Block | None:
        """Return a block where the required slot, whose row this is, does not meet the requirement, or will not."""
        accepts, workload_id = self.need.accepts, self.required[0]
        column = there.snapshot.columns.get(workload_id)
        number = column[row] if column is not None else 0
        state = there.snapshot.states[number]
        if number not in self.met:
            self.met[number] = satisfied(state, accepts)
        wish = there.wish(workload_id, row)
        contradiction = wish is not None and not accepts.takes(wish.value.version)
        if self.met[number] and not contradiction:
            return None
        slot = (self.need.connection, there.snapshot.units.ids[row], workload_id)
        return Block(
            f"{self.lead} {_seen(state, accepts)}",
            _outlook(self.need, state, wish),
            self.need.required,
            () if contradiction else (slot,),
            accepts,
            wanted=wish is not None and not contradiction and not _under_way(state, accepts),
            strays=_strays(state, accepts),
        )


def satisfied(state: State, accepts: Accepts) -> bool:
    """Return whether every device of a slot reports what is required, and the platform was told nothing else."""
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


def _seen(state: State, accepts: Accepts) -> str:
    if state.phase is Phase.UNKNOWN:
        return f"what is there is unknown ({state.note})" if state.note else "what is there is unknown"
    versions = _reports(state)
    words = f"{' and '.join(versions) or 'nothing'} {'are' if len(versions) > 1 else 'is'} reported"
    strange = [version for version in versions if accepts.range is not None and semver(version) is None]
    if strange:
        words += f", and {strange[0]} is no semantic version"
    if versions and state.assigned not in versions:
        words += f", and {state.assigned or 'nothing'} is assigned"
    if strays := _strays(state, accepts):
        words += f", and {' and '.join(strays)} {'are' if len(strays) > 1 else 'is'} there as well"
    return words


def _outlook(need: Need, state: State, wish: Wish | None) -> str:
    if wish is None:
        return f"no fleet manages {need.required} there"
    if not need.accepts.takes(wish.value.version):
        return f"the manifests contradict each other: they want {need.required} {wish.value} there ({wish.origin})"
    if _under_way(state, need.accepts):
        return f"{state.assigned} is on its way there"
    return f"{wish.value} is wanted there"


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


class _Serve:
    """One line, seen from the required workload. `home` is None where it could not be read; `why` says why."""

    def __init__(self, need: Need, home: Side | None, there: Side, why: str) -> None:
        self.need = need
        self.home = home
        self.there = there
        self.why = why
        self.lead = f"{need.workload} requires {need.required} {need.accepts} ({need.origin})"
        self.holders = _holders(need, home) if home is not None else []

    def block(self, row: int) -> Block | None:
        """Return why what is required may not leave a unit; None where it may."""
        need = self.need
        if self.home is None:
            return Block(f"{self.lead}, and {need.home} could not be read: {self.why}")
        coverage = self.home.snapshot.coverage
        if need.tag and not coverage.complete:
            return Block(f"{self.lead}, and {need.home} was not read completely: {'; '.join(coverage.problems)}")
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
        return sorted(mate for mate in rows if scope[mate])

    def _present(self, found: list[tuple[str, int, State]], home: Side) -> Block:
        """Return the block for slots where the workload that requires is, or may be."""
        workload_id, row, state = found[0]
        units = home.snapshot.units
        names = ", ".join(units.names[mate] for _, mate, _ in found[:SAMPLE])
        more = f" and {len(found) - SAMPLE:,} more" if len(found) > SAMPLE else ""
        where = f"on {names}{more} of {self.need.home}" if self.need.tag else "here"
        wish = home.wish(workload_id, row)
        unknown = any(seen.phase is Phase.UNKNOWN for _, _, seen in found)
        slots = tuple((self.need.home, units.ids[mate], holder) for holder, mate, _ in found)
        return Block(
            f"{self.lead} and {'may be, which is unknown,' if unknown else _presence(state)} {where}",
            "" if unknown else _parting(self.need, state, wish),
            self.need.workload,
            () if unknown else slots,
            wanted=not unknown and wish is not None and wish.value.want is Want.ABSENT and _holds(state),
        )


def _may_be_there(state: State) -> bool:
    known = state.phase is not Phase.UNKNOWN
    return not known or _holds(state) or bool(_reports(state))


def _presence(state: State) -> str:
    return f"is assigned ({state.assigned})" if state.assigned is not None else "is still"


def _parting(need: Need, state: State, wish: Wish | None) -> str:
    if wish is None:
        return f"no fleet removes {need.workload} there"
    if wish.value.want is Want.VERSION:
        return f"the manifests contradict each other: they want {need.workload} {wish.value} there ({wish.origin})"
    return "its removal is wanted" if _holds(state) else "its removal is on its way"


def _holds(state: State) -> bool:
    return state.assigned is not None or bool(state.extra_versions)
