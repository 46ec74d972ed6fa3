"""A platform in memory whose changes take two steps: deliver, then install; to go: uninstall, then delete."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Request, Review
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.observation import EMPTY, Phase, State
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Query, Snapshot
from reconciler.ports import Capabilities
from tests.unit.engine.memory import ACCEPTED, Clock, Memory

DELIVER, INSTALL, UNINSTALL, DELETE = "memory.deliver", "memory.install", "memory.uninstall", "memory.delete"


class Stepping(Memory):
    """Steps take `takes` seconds. `drops` counts accepted calls that are lost on the way to the unit, `blocks` hold.

    `during` are functions called at each reading, first entry first: what people do meanwhile.
    """

    def __init__(self, clock: Clock, count: int = 2, assigned: str | None = "1") -> None:
        super().__init__(clock, count, assigned)
        self.retries_itself = False
        self.takes = 5.0
        self.drops = 0
        self.due: list[tuple[float, str, Callable[[], None]]] = []
        self.blocks: dict[str, tuple[Hold, ...]] = {}
        self.during: list[Callable[[], object] | None] = []
        self.steps: list[tuple[str, tuple[str, ...]]] = []
        self.failing: set[str] = set()

    @property
    def capabilities(self) -> Capabilities:
        return msgspec.structs.replace(super().capabilities, steps=True)

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        happens = self.during.pop(0) if self.during else None
        if happens is not None:
            happens()
        for at, unit, effect in list(self.due):
            if at <= self.clock.time:
                self.due.remove((at, unit, effect))
                effect()
        return super().observe(query)

    def step(self, change: Change, snapshot: Snapshot) -> str:
        state = snapshot.state("w1", snapshot.units.index[change.unit.id])
        if change.to is not None and change.to == state.assigned and state.phase is not Phase.FAILED:
            return INSTALL if state.phase is Phase.READY else DELETE
        if change.to is not None:
            return DELIVER
        return UNINSTALL if state.assigned is not None else DELETE

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        follows = {DELIVER: (INSTALL,), UNINSTALL: (DELETE,)}
        return Review(
            holds={
                position: self.blocks[change.unit.id]
                for position, change in enumerate(changes)
                if change.unit.id in self.blocks
            },
            later={
                position: follows[step]
                for position, change in enumerate(changes)
                if (step := self.step(change, snapshot)) in follows
            },
        )

    def compile(
        self,
        changes: Sequence[Change],
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        fleet_wide: Collection[str],
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        groups: dict[tuple[str, str], list[int]] = {}
        for position, change in enumerate(changes):
            groups.setdefault((self.step(change, snapshot), change.to or ""), []).append(position)
        return tuple(
            Action(
                call=call,
                request=Request("POST", "/step", {"version": to, "units": [changes[slot].unit.id for slot in slots]}),
                slots=tuple(slots),
            )
            for (call, to), slots in sorted(groups.items())
        )

    def execute(self, action: Action, deadline: float) -> Receipt:
        units, version = action.request.body["units"], action.request.body["version"]
        self.steps.append((action.call, tuple(units)))
        answer = self.script.pop(0) if self.script else ACCEPTED
        receipt = answer(action) if callable(answer) else answer
        if receipt.kind is ReceiptKind.ACCEPTED:
            for unit in units:
                self.begin(action.call, unit, version)
        return receipt

    def begin(self, call: str, unit: str, version: str) -> None:
        """Let a step begin on a unit; it ends later."""
        if self.drops:
            self.drops -= 1
            return
        state = self.slots.get((unit, "w1"), EMPTY)
        if call in {DELIVER, INSTALL}:
            others = tuple(one for one in {state.assigned, *state.extra_versions} if one is not None and one != version)
            self.put(unit, State(version, state.reported, Phase.MOVING, extra_versions=others))
        self.due.append((self.clock.time + self.takes, unit, lambda: self.end(call, unit, version)))

    def end(self, call: str, unit: str, version: str) -> None:
        """Let a step end on a unit."""
        state = self.slots[unit, "w1"]
        if call == DELIVER:
            self.put(unit, State(version, state.reported, Phase.READY, extra_versions=state.extra_versions))
        elif call == INSTALL and unit in self.failing:
            self.put(
                unit,
                State(version, state.reported, Phase.FAILED, extra_versions=state.extra_versions, error="no space"),
            )
        elif call == INSTALL:
            self.put(unit, State(version, version, extra_versions=state.extra_versions))
        elif call == UNINSTALL:
            self.put(unit, State(extra_versions=(state.assigned or "",)))
        else:
            self.put(unit, State(state.assigned, state.reported))

    def put(self, unit: str, state: State) -> None:
        """Set what a unit shows."""
        self.slots[unit, "w1"] = state


def blocked(code: HoldReason, text: str) -> tuple[Hold, ...]:
    """Return the one reason."""
    return (Hold(code, text),)
