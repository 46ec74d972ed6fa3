"""A run that goes on through the waves of a rollout: later waves as later stages of the same run, until it is halted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.core.decide import PlanRequest
from reconciler.core.remember import Remembering
from reconciler.engine.apply import Applying
from reconciler.engine.plan import plan
from reconciler.engine.rollout import chosen, rollouts, ruled
from reconciler.engine.run import Options
from reconciler.errors import SettingsError
from reconciler.model.event import AnyEvent, Halted, Met
from reconciler.model.fleet import Failure, Rollout, Selector, Wave
from reconciler.model.hold import HoldReason
from reconciler.model.observation import Phase, State
from reconciler.model.outcome import Outcome, Result
from reconciler.model.plan import FleetPlan, Plan
from reconciler.model.release import ReleaseInfo
from reconciler.model.ruling import Command, Ruling
from reconciler.model.unit import Reach
from tests.unit.engine.memory import NOW, Clock, Memory, gone, request

FIRST = Wave(units=Selector(ids=["u0"]))
WAVES = Rollout(waves=[FIRST, Wave(units=Selector(ids=["u1", "u2"])), "100%"])
ASKED = request(rollout=WAVES)


def carried(
    memory: Memory,
    asked: PlanRequest = ASKED,
    *,
    saved: Plan | None = None,
    history: Remembering | None = None,
    **options: Any,
) -> tuple[dict[str, Outcome], list[AnyEvent]]:
    """Apply it to the end, with every event remembered as it comes; return what came of each unit, and the events."""
    kept = history or Remembering(memory.clock.now(), durable=True)
    today = plan(asked, lambda name: memory, memory.clock, kept)
    given = {"concurrency": 1, "deadline": 600.0, **options}
    run = Applying(today, Options(**given), memory.clock, run="test", saved=saved)
    events = []
    for event in run.events():
        kept.record(event)
        events.append(event)
    return {one.unit.id: one for one in run.outcomes}, events


class Failing(Memory):
    """Units that take nothing: each fails at once."""

    def set(self, unit: str, version: str | None) -> None:
        self.slots[unit, "w1"] = State(version, "1", Phase.FAILED, since=self.clock.time, error="no space")


def sent(memory: Memory) -> list[tuple[str, ...]]:
    return [units for _, units in memory.calls]


def test_waves_open_one_after_the_other_in_one_run() -> None:
    memory = Memory(Clock())
    outcomes, events = carried(memory)
    assert sent(memory) == [("u0",), ("u1", "u2"), ("u3",)]
    assert {one.result for one in outcomes.values()} == {Result.DONE}
    met = [(one.wave, one.met) for one in events if isinstance(one, Met)]
    assert (0, True) in met
    assert (1, True) in met
    assert met.count((0, True)) == 1


def test_a_run_that_does_not_wait_leaves_the_other_waves() -> None:
    memory = Memory(Clock())
    outcomes, _ = carried(memory, wait=False)
    assert sent(memory) == [("u0",)]
    assert set(outcomes) == {"u0"}


def test_a_failing_version_halts_the_run_and_nothing_waits_for_the_deadline() -> None:
    memory = Failing(Clock())
    halting = msgspec.structs.replace(WAVES, failure=Failure(percent="10%"))
    outcomes, events = carried(memory, request(rollout=halting))
    assert sent(memory) == [("u0",)]
    assert outcomes["u0"].result is Result.FAILED
    assert {one.result for unit, one in outcomes.items() if unit != "u0"} == {Result.NOT_TRIED}
    assert {one.holds[0].code for unit, one in outcomes.items() if unit != "u0"} == {HoldReason.ROLLOUT_HALTED}
    (halt,) = [one for one in events if isinstance(one, Halted)]
    assert (halt.failed, halt.attempted, [one.id for one in halt.units]) == (1, 1, ["u0"])
    assert memory.clock.time - NOW < 60


def test_a_wave_that_never_succeeds_is_waited_for_until_the_deadline() -> None:
    memory = Failing(Clock())
    outcomes, _ = carried(memory)
    assert outcomes["u3"].result is Result.NOT_TRIED
    assert [hold.code for hold in outcomes["u3"].holds] == [HoldReason.WAVE_NOT_OPEN]
    assert memory.clock.time - NOW >= 600


def test_so_many_at_a_time_go_until_all_have_it() -> None:
    memory = Memory(Clock(), count=6)
    outcomes, _ = carried(memory, request(rollout=Rollout(max_moving="2")))
    assert [len(units) for units in sent(memory)] == [2, 2, 2]
    assert {one.result for one in outcomes.values()} == {Result.DONE}


def test_a_wave_soaks_within_a_run() -> None:
    memory = Memory(Clock())
    began = memory.clock.time
    carried(memory, request(rollout=msgspec.structs.replace(WAVES, soak="60s")), deadline=1000.0)
    assert sent(memory) == [("u0",), ("u1", "u2"), ("u3",)]
    assert memory.clock.time - began >= 120


def test_a_saved_plan_has_the_later_waves_and_is_bound_to_their_versions() -> None:
    memory = Memory(Clock())
    saved = plan(ASKED, lambda name: memory, memory.clock).plan
    assert {one.stage for one in saved.fleets[0].held} == {2, 3}
    outcomes, _ = carried(memory, saved=saved)
    assert {one.result for one in outcomes.values()} == {Result.DONE}

    memory = Memory(Clock())
    memory.slots["u0", "w1"] = State("2", "2")
    later = plan(ASKED, lambda name: memory, memory.clock).plan
    assert [one.unit.id for one in later.fleets[0].changes] == ["u1", "u2"]
    memory.catalogue = {"2": ReleaseInfo(found=True, identity="another")}
    outcomes, _ = carried(memory, saved=later)
    assert {one.result for one in outcomes.values()} == {Result.STALE}
    assert not memory.calls


def test_a_unit_that_comes_back_is_sent_it_in_a_later_run() -> None:
    memory = Memory(Clock())
    memory.units["u0"] = memory.units["u3"] = Reach.DISCONNECTED
    outcomes, _ = carried(memory, deadline=60.0)
    assert not memory.calls  # nobody of the first wave can show whether it works
    assert not {"u0", "u3"} & {unit for unit, one in outcomes.items() if one.result is Result.DONE}
    memory.units["u0"] = memory.units["u3"] = Reach.CONNECTED
    carried(memory)
    assert sent(memory) == [("u0",), ("u1", "u2"), ("u3",)]


# --- what people say ----------------------------------------------------------------------------------------------------


def asked_of(history: Remembering, memory: Memory) -> list[FleetPlan]:
    return list(plan(ASKED, lambda name: memory, memory.clock, history).plan.fleets)


def say(history: Remembering, memory: Memory, command: Command) -> Ruling:
    planned = plan(ASKED, lambda name: memory, memory.clock, history)
    one = chosen(rollouts(planned, "fleet", "poller"), None)
    event = ruled(one, command, reason="why", by="ann", history=history, clock=memory.clock, run="r")
    return event.ruling


def test_what_a_person_says_is_remembered_and_obeyed() -> None:
    memory = Memory(Clock())
    history = Remembering(NOW, durable=True)
    say(history, memory, Command.PAUSE)
    assert not asked_of(history, memory)[0].changes
    say(history, memory, Command.RESUME)
    assert [one.unit.id for one in asked_of(history, memory)[0].changes] == ["u0"]
    assert say(history, memory, Command.PROMOTE).wave == 0
    assert [one.unit.id for one in asked_of(history, memory)[0].changes] == ["u0", "u1", "u2"]
    say(history, memory, Command.ABORT)
    assert not asked_of(history, memory)[0].changes
    for command in (Command.PAUSE, Command.RESUME, Command.PROMOTE):
        with pytest.raises(SettingsError, match="aborted"):
            say(history, memory, command)
    say(history, memory, Command.ABORT)


@pytest.mark.parametrize(
    ("command", "assigned", "words"),
    [
        (Command.RESUME, "1", "nothing to resume"),
        (Command.PROMOTE, "2", "nothing to promote"),
    ],
)
def test_what_has_no_effect_is_refused(command: Command, assigned: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        say(Remembering(NOW, durable=True), Memory(Clock(), assigned=assigned), command)


def test_what_nobody_would_remember_is_refused() -> None:
    with pytest.raises(SettingsError, match="no history"):
        say(Remembering(NOW, durable=False), Memory(Clock()), Command.PAUSE)


def test_rollouts_are_found_by_any_name_and_misses_are_said() -> None:
    memory = Memory(Clock())
    planned = plan(ASKED, lambda name: memory, memory.clock)
    (one,) = rollouts(planned)
    assert rollouts(planned, "fleet") == rollouts(planned, "fleet", "w1") == [one]
    assert chosen([one], "2") == one
    for what, words in (("flet", "did you mean 'fleet'"),):
        with pytest.raises(SettingsError, match=words):
            rollouts(planned, what)
    with pytest.raises(SettingsError, match="did you mean 'poller'"):
        rollouts(planned, "fleet", "polle")
    with pytest.raises(SettingsError, match="no rollout of 3"):
        chosen([one], "3")
    with pytest.raises(SettingsError, match="no rollout here"):
        chosen([], None)
    with pytest.raises(SettingsError, match="several versions"):
        chosen([one, one], None)
    memory.unreadable = [gone()]
    unread = plan(ASKED, lambda name: memory, memory.clock)
    with pytest.raises(SettingsError, match="no connection"):
        rollouts(unread, "fleet")
