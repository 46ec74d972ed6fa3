"""What one run sent, the next one sends no second time while nothing of it shows, whatever clocks do; later it does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.core.decide import PlanRequest
from reconciler.core.flight import CALL_DEADLINE, CLOCKS
from reconciler.core.progress import RESEND_AFTER
from reconciler.core.remember import Remembering
from reconciler.engine.apply import Applying
from reconciler.engine.plan import plan
from reconciler.engine.run import Options
from reconciler.model.change import Action
from reconciler.model.event import Called
from reconciler.model.fleet import Rollout
from reconciler.model.hold import HoldReason
from reconciler.model.outcome import Receipt, ReceiptKind
from tests.unit.engine.memory import LOST, NOW, REFUSED, Clock, Memory, request


class Late(Memory):
    """A platform that shows later what it accepted."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, 2)
        self.late: list[Action] = []

    def carry_out(self, action: Action) -> None:
        self.late.append(action)

    def show(self) -> None:
        """Show everything."""
        while self.late:
            super().carry_out(self.late.pop(0))


class World:
    """Runs that share a history."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.platform = Late(self.clock)
        self.history = Remembering(NOW, durable=True)
        self.runs = 0

    def run(
        self, version: str = "2", *, killed: bool = False, wait: bool = False, asked: PlanRequest | None = None
    ) -> list[HoldReason]:
        """Make one run, which may be killed before it sees an answer; return why changes were held."""
        self.runs += 1
        self.clock.time += 1
        found = plan(asked or request(version), lambda name: self.platform, self.clock, self.history)
        options = Options(wait=wait, deadline=30.0)
        for event in Applying(found, options, self.clock, run=f"run {self.runs}").events():
            if killed and isinstance(event, Called):
                break
            self.history.record(event)
        return [reason.code for one in found.plan.fleets[0].held for reason in one.reasons]

    @property
    def sent(self) -> Sequence[str | None]:
        """Return the versions of all calls."""
        return [version for version, _ in self.platform.calls]


@pytest.fixture
def world() -> World:
    return World()


def test_what_was_accepted_is_not_sent_again_until_it_had_its_time_to_show(world: World) -> None:
    assert world.run() == []
    assert world.run() == [HoldReason.IN_FLIGHT, HoldReason.IN_FLIGHT]
    assert world.sent == ["2"]
    world.clock.time += RESEND_AFTER
    assert world.run() == []
    assert world.sent == ["2", "2"]
    world.platform.show()
    assert world.run() == []
    assert world.sent == ["2", "2"]


def test_what_a_killed_run_may_have_sent_waits_for_as_long_as_the_call_may_take(world: World) -> None:
    world.run(killed=True)
    world.clock.time += CALL_DEADLINE
    assert len(world.run()) == 2
    assert world.sent == ["2"]
    world.clock.time += CLOCKS
    assert world.run() == []
    assert world.sent == ["2", "2"]


def test_what_took_effect_is_done_however_the_run_ended(world: World) -> None:
    world.run(killed=True)
    world.platform.show()
    assert world.run() == []
    assert world.sent == ["2"]


def test_another_version_goes_at_once(world: World) -> None:
    world.run()
    assert world.run("3") == []
    assert world.sent == ["2", "3"]


def test_a_slot_that_moved_meanwhile_is_decided_by_what_it_is(world: World) -> None:
    world.run()
    world.platform.set("u0", "1.5")
    assert world.run() == [HoldReason.IN_FLIGHT]
    assert world.platform.calls[-1] == ("2", ("u0",))


@pytest.mark.parametrize("receipt", [REFUSED, LOST, Receipt(ReceiptKind.UNPROVED, "moved")], ids=lambda one: one.kind)
def test_an_answer_that_is_no_acceptance_holds_nothing(world: World, receipt: Receipt) -> None:
    world.platform.script = [receipt] * 50
    world.run()
    before = len(world.sent)
    world.platform.script = []
    assert world.run() == []
    assert len(world.sent) == before + 1


@pytest.mark.parametrize("step", [-3600.0, 0.0, 5.0])
def test_a_clock_that_steps_sends_nothing_twice(world: World, step: float) -> None:
    world.run()
    world.clock.step = step
    assert len(world.run()) == 2
    assert world.sent == ["2"]


def test_what_a_run_sends_itself_it_follows_to_its_end(world: World) -> None:
    world.run(wait=True)
    assert world.sent == ["2"]
    assert world.run(wait=True) == [HoldReason.IN_FLIGHT] * 2


def test_what_is_in_flight_has_its_place_among_those_that_move(world: World) -> None:
    asked = request("2", rollout=Rollout(waves=["100%"], max_moving="1"))
    for _ in range(3):
        world.run(asked=asked)
    assert [len(units) for _, units in world.platform.calls] == [1]
    world.platform.show()
    world.run(asked=asked)
    assert sorted(unit for _, units in world.platform.calls for unit in units) == ["u0", "u1"]
