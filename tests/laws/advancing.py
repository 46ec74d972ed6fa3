"""A fleet in memory for the laws of `core.advance`: pure compilers, calls with and without effect, and what people do meanwhile.

Nothing here reads or sends: a world is a dict of slots, a reading is a `Sight` of it, a call changes it or does not.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import msgspec

from reconciler.core.assessment import FleetAssessment, assess
from reconciler.core.plan import fleet_plan
from reconciler.core.progress import Call, Sight
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Review, SlotId
from reconciler.model.fleet import Document
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.plan import FleetPlan
from reconciler.model.release import Catalog, Release, ReleaseInfo
from reconciler.model.snapshot import PROVED, Coverage, Snapshot, Workload
from reconciler.model.unit import Reach, Unit, Units
from tests.laws.strategies import NOW, WHOLE

WORKLOADS = (Workload("w1", "poller"), Workload("w2", "vision"))
OLD, NEW, FOREIGN = "1", "2", "9"
ONE, STEPS, PAIRS = "one call", "steps", "two calls of one pass"
HELD: tuple[Hold, ...] = (Hold(HoldReason.REQUIREMENT_NOT_MET, "something else must take effect first"),)

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]
"""Chooses what happens; the first option is that nothing goes wrong."""


class Compiling(msgspec.Struct, frozen=True):
    """The platform's compiler for one reading. `ids` is how many slots one call carries."""

    kind: str
    ids: int
    snapshot: Snapshot
    blocked: frozenset[str]

    def review(self, changes: Sequence[Change]) -> Review:
        """Hold blocked units; say which steps follow."""
        blocked = [position for position, change in enumerate(changes) if change.unit.id in self.blocked]
        follows: dict[str, tuple[str, ...]] = {"deliver": ("install",), "uninstall": ("delete",)}
        steps = [self._step(change) if self.kind == STEPS else "" for change in changes]
        later = {position: follows[step] for position, step in enumerate(steps) if step in follows}
        return Review(holds=dict.fromkeys(blocked, HELD), later=later)

    def compile(
        self,
        changes: Sequence[Change],
        fleet_wide: Collection[str],
        *,
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Gather slots of the same call; a refused bulk call has single ones instead."""
        groups: dict[tuple[int, str, str, str], list[int]] = {}
        for position, change in enumerate(changes):
            for stage, call in self._calls(change, refused):
                groups.setdefault((stage, call, change.workload.id, change.to or ""), []).append(position)
        found: list[Action] = []
        for (stage, call, workload, _), slots in sorted(groups.items()):
            goes_wide = wide and call == "bulk" and workload in fleet_wide
            size = len(slots) if goes_wide else 1 if call == "single" else self.ids
            for start in range(0, len(slots), size):
                part = tuple(slots[start : start + size])
                found.append(
                    Action(call=call, request=Request("POST", f"/{call}"), slots=part, stage=stage, wide=goes_wide)
                )
        return tuple(found)

    def _calls(self, change: Change, refused: Refusals) -> list[tuple[int, str]]:
        slot = change.unit.id, change.workload.id
        if self.kind == ONE:
            return [(0, "single" if "bulk" in refused.get(slot, ()) else "bulk")]
        if self.kind == STEPS:
            return [(0, self._step(change))]
        state = self._state(change)
        return [*([(0, "activate")] if change.to not in {None, state.assigned} else []), (1, "pull")]

    def _step(self, change: Change) -> str:
        state = self._state(change)
        if change.to is None:
            return "uninstall" if state.assigned is not None else "delete"
        if state.assigned != change.to or state.phase is Phase.FAILED:
            return "deliver"
        return "install" if state.phase is Phase.READY else "delete"

    def _state(self, change: Change) -> State:
        return self.snapshot.state(change.workload.id, self.snapshot.units.index[change.unit.id])


class World:
    """Units and what they have, under one clock of seconds. `foreign` are slots at which somebody else did something."""

    def __init__(
        self, document: Document, kind: str, ids: int, slots: dict[SlotId, State], away: Collection[str]
    ) -> None:
        self.document = document
        self.kind = kind
        self.ids = ids
        self.slots = slots
        self.units = {unit: Reach.DISCONNECTED if unit in away else Reach.CONNECTED for unit, _ in slots}
        self.blocked: set[str] = set()
        self.content = "id-1"
        self.foreign: set[SlotId] = set()
        self.late: list[tuple[str, Change]] = []
        self.bad: set[str] = set()
        self.time = 1000.0
        self.stop = False

    def __repr__(self) -> str:
        """Return what a failing example must show."""
        slots = {slot: (one.assigned, *one.extra_versions) for slot, one in self.slots.items()}
        return f"World({self.kind}, ids={self.ids}, slots={slots}, blocked={self.blocked}, bad={self.bad})"

    # --- reading ------------------------------------------------------------------------------------------------------

    def sight(self, number: int, *, whole: bool = True, lacking: Collection[str] = ()) -> Sight:
        """Read it; units of `lacking` are not shown, and that the reading is not complete is."""
        snapshot = self._snapshot(lacking)
        one = self.assessment(snapshot)
        compiler = Compiling(self.kind, self.ids, snapshot, frozenset(self.blocked))
        found = Sight(number=number, snapshot=snapshot, patience=one.patience, compiler=compiler, done_at=self.time)
        if not whole:
            return found
        return msgspec.structs.replace(found, plan=self._plan(one, compiler), assessment=one)

    def wanted(self, unit: str, workload: str) -> str | None:
        """Return the version that a slot is to have; what the fleet does not speak of keeps what it has."""
        said = self.document.spec.workloads.get({"w1": "poller", "w2": "vision"}[workload])
        return self.slots[unit, workload].assigned if said is None else None if said.absent else NEW

    def assessment(self, snapshot: Snapshot) -> FleetAssessment:
        """Judge the fleet."""
        return assess(
            self.document,
            connection="plant",
            platform="memory",
            channels={},
            snapshot=snapshot,
            now=NOW + self.time,
            retries_itself=self.kind == ONE,
            filters=WHOLE,
        )

    def _plan(self, one: FleetAssessment, compiler: Compiling) -> FleetPlan:
        """Plan; what a requirement holds goes in a later stage."""
        releases = [Release(workload.id, version) for workload in WORKLOADS for version in (OLD, NEW, FOREIGN)]
        catalog: Catalog = {it: ReleaseInfo(found=True, identity=self.content) for it in releases}
        plan = fleet_plan(one, catalog, compiler, manifest="digest", commit=None)
        held = tuple(msgspec.structs.replace(it, stage=2) if it.unit.id in self.blocked else it for it in plan.held)
        return msgspec.structs.replace(plan, held=held)

    def _snapshot(self, lacking: Collection[str]) -> Snapshot:
        units = sorted(unit for unit in self.units if unit not in lacking)
        states = [EMPTY, *(self.slots.get((unit, it.id), EMPTY) for it in WORKLOADS for unit in units)]
        first = {it.id: 1 + number * len(units) for number, it in enumerate(WORKLOADS)}
        return Snapshot(
            identity="memory:world",
            units=Units.build(Unit(0, unit, unit, (), self.units[unit], 1, "2.0.0", True) for unit in units),
            workloads=WORKLOADS,
            states=states,
            columns={it.id: array("I", range(first[it.id], first[it.id] + len(units))) for it in WORKLOADS},
            coverage=Coverage(False, ("a page could not be read",)) if lacking else PROVED,
            read_at=NOW + self.time,
        )

    # --- what calls do ------------------------------------------------------------------------------------------------

    def answer(self, call: Call, what: str) -> Receipt | None:
        """Let a call have what comes of it; return what the platform says."""
        if self.bad.intersection(change.unit.id for change in call.changes):
            return Receipt(ReceiptKind.REJECTED, "one of the ids is bad", 400)
        if what == "accepted without effect" and self.kind == PAIRS:
            what = "accepted"  # a later call of the same pass rests on it
        if what in {"accepted", "lost, but it works"}:
            self.work(call)
        if what == "accepted in part":
            out = call.changes[0].unit.id
            for change in call.changes:
                if change.unit.id != out:
                    self._effect(call.action.call, change)
            return Receipt(ReceiptKind.ACCEPTED, status=200, refused=((out, "it is offline"),))
        if what == "lost, and it works later":
            self.late += [(call.action.call, change) for change in call.changes]
        return RECEIPTS[what] if what != "alternative" or call.action.call == "bulk" else RECEIPTS["rejected"]

    def work(self, call: Call) -> None:
        """Let a call have its effect."""
        for change in call.changes:
            self._effect(call.action.call, change)

    def arrive(self) -> None:
        """Let calls of which nobody knew have their effect."""
        for call, change in self.late:
            self._effect(call, change)
        self.late.clear()

    def settle(self) -> None:
        """Let connected units take what they were given."""
        for slot, state in self.slots.items():
            if state.phase is Phase.MOVING and self.units[slot[0]] is Reach.CONNECTED:
                self.slots[slot] = State(state.assigned, state.assigned, extra_versions=state.extra_versions)

    def _effect(self, call: str, change: Change) -> None:
        slot = change.unit.id, change.workload.id
        now = self.slots.get(slot)
        if now is None:
            return
        there = {now.assigned, *now.extra_versions} - {None, change.to}
        others = tuple(sorted(one for one in there if one is not None))
        if call in {"bulk", "single"}:
            self.slots[slot] = State(change.to, now.reported, Phase.MOVING) if change.to else State()
        elif call == "deliver" and now.assigned != change.to:
            self.slots[slot] = State(change.to, now.reported, Phase.READY, extra_versions=others)
        elif call == "install" or (call == "activate" and now.assigned != change.to):
            self.slots[slot] = State(change.to, now.reported, Phase.MOVING, extra_versions=others)
        elif call == "uninstall" and now.assigned is not None:
            self.slots[slot] = State(extra_versions=tuple(sorted({now.assigned, *now.extra_versions})))
        elif call in {"delete", "pull"}:
            kept = now.assigned if now.assigned == change.to else None
            self.slots[slot] = State(kept, now.reported if kept else None, now.phase if kept else Phase.SETTLED)

    # --- what others do -----------------------------------------------------------------------------------------------

    def meddle(self, what: str, unit: str) -> None:
        """Let somebody do something, to a unit that is there."""
        if unit not in self.units:
            return
        slot = unit, "w1"
        now = self.slots[slot]
        if what == "assign":
            self.slots[slot] = State(FOREIGN, FOREIGN)
        elif what == "assign ours":
            self.slots[slot] = State(NEW, NEW)
        elif what == "pause":
            self.slots[slot] = msgspec.structs.replace(now, phase=Phase.PAUSED)
        elif what == "fail":
            self.slots[slot] = msgspec.structs.replace(now, phase=Phase.FAILED, error="no space")
        elif what == "overwrite":
            self.content = "id-2"
            self.foreign |= set(self.slots)
        elif what == "delete":
            del self.units[unit]
            self.slots = {one: state for one, state in self.slots.items() if one[0] != unit}
        else:
            self.units[unit] = Reach.DISCONNECTED if what == "go away" else Reach.CONNECTED
            return
        self.foreign |= {(unit, it.id) for it in WORKLOADS} if what == "delete" else {slot}


RECEIPTS: dict[str, Receipt | None] = {
    "accepted": Receipt(ReceiptKind.ACCEPTED, status=201),
    "accepted without effect": Receipt(ReceiptKind.ACCEPTED, status=201),
    "accepted in part": None,
    "rejected": Receipt(ReceiptKind.REJECTED, "no", 400),
    "no rights": Receipt(ReceiptKind.REJECTED, "the token expired", 401),
    "too soon": Receipt(ReceiptKind.REJECTED, "too many requests", 429),
    "not reached": Receipt(ReceiptKind.REJECTED, "no connection", None),
    "alternative": Receipt(ReceiptKind.REJECTED, "this gateway has no such call", 404, alternative=True),
    "lost, but it works": Receipt(ReceiptKind.UNKNOWN, "the connection broke off"),
    "lost": Receipt(ReceiptKind.UNKNOWN, "the connection broke off"),
    "lost, and it works later": Receipt(ReceiptKind.UNKNOWN, "the connection broke off"),
    "objected": Receipt(ReceiptKind.UNPROVED, "3 hold it, the plan moves 2"),
    "not sent": None,
}
MEDDLING = ("nothing", "assign", "assign ours", "pause", "fail", "overwrite", "delete", "go away", "come back")
